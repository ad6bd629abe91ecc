/** One's own account. */
import type { Metadata } from "next";
import { ChangePassword, Sessions } from "#web/features/account/index.ts";
import { BackHomeLink, SimpleFrame } from "#web/features/shell/index.ts";
import { requireUser, trpc } from "#web/server/caller.ts";
import { HydrateClient } from "#web/server/hydrate.tsx";
import { read } from "../read.ts";

export const metadata: Metadata = { title: "Account" };

export default async function AccountPage() {
  const user = await requireUser("/account");
  await read("/account", trpc.account.sessions.queryOptions());
  return (
    <HydrateClient>
      <SimpleFrame title={user.name} description={user.email} wide>
        <div className="space-y-4">
          <ChangePassword />
          <Sessions />
          <BackHomeLink />
        </div>
      </SimpleFrame>
    </HydrateClient>
  );
}
