/** Where `salvage login` sends people: a code from a terminal becomes a login. */
import type { Metadata } from "next";
import { Activate } from "#web/features/device-codes/index.ts";
import { BackHomeLink, SimpleFrame } from "#web/features/shell/index.ts";
import { api, pageData, requireUser } from "#web/server/caller.ts";

export const metadata: Metadata = { title: "Sign a machine in", referrer: "no-referrer" };

export default async function ActivatePage({ searchParams }: PageProps<"/activate">) {
  const { code } = await searchParams;
  const given = typeof code === "string" ? code.slice(0, 20) : "";
  const path = given === "" ? "/activate" : `/activate?code=${encodeURIComponent(given)}`;
  const user = await requireUser(path);
  const organizations = await pageData(() => api.organizations.mine(), path);
  if (organizations.length === 0)
    return (
      <SimpleFrame title="Sign a machine in" description="You belong to no organization yet, so there is nothing to sign in to.">
        <BackHomeLink />
      </SimpleFrame>
    );
  return (
    <SimpleFrame title="Sign a machine in" description={`You are ${user.email}. The machine shows a code in its terminal.`}>
      <Activate code={given} organizations={organizations} />
    </SimpleFrame>
  );
}
