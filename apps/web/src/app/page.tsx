/** Start: to the first organization, or to making one. */
import { redirect } from "next/navigation";
import { FirstOrganization } from "#web/features/account/index.ts";
import { SimpleFrame } from "#web/features/shell/index.ts";
import { paths } from "#web/features/workspace/index.ts";
import { api, pageData, requireUser } from "#web/server/caller.ts";

export default async function Home() {
  await requireUser("/");
  const [first] = await pageData(() => api.organizations.mine());
  if (first !== undefined) redirect(paths.org(first.slug));
  return (
    <SimpleFrame title="Welcome" description="You belong to no organization yet. Make one, or ask for an invitation.">
      <FirstOrganization />
    </SimpleFrame>
  );
}
