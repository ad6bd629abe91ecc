/** An invitation's link. */
import type { Metadata } from "next";
import { AcceptInvitation } from "#web/features/account/index.ts";
import { BackHomeLink, SimpleFrame } from "#web/features/shell/index.ts";
import { formatRole } from "#web/features/workspace/index.ts";
import { api, currentUser } from "#web/server/caller.ts";

export const metadata: Metadata = { title: "Invitation", referrer: "no-referrer" };

export default async function InvitePage({ params }: PageProps<"/invite/[token]">) {
  const { token } = await params;
  const [preview, user] = await Promise.all([api.invitations.preview({ token }).catch(() => null), currentUser()]);
  if (preview === null) {
    return (
      <SimpleFrame title="This invitation is over" description="It was used, withdrawn, or older than a week. Ask for a new link.">
        <BackHomeLink />
      </SimpleFrame>
    );
  }
  return (
    <SimpleFrame title={`Join ${preview.organizationName}`} description={`You are invited as ${formatRole(preview.role).toLowerCase()}.`}>
      <AcceptInvitation token={token} preview={preview} signedInAs={user?.email ?? null} />
    </SimpleFrame>
  );
}
