/** Every page of an organization: who looks and what they may do, rail and top bar. */
import { notFound } from "next/navigation";
import type { ReactNode } from "react";
import { Shell } from "#web/features/shell/index.ts";
import { OrgProvider, paths } from "#web/features/workspace/index.ts";
import { requireUser, trpc } from "#web/server/caller.ts";
import { HydrateClient } from "#web/server/hydrate.tsx";
import { services } from "#web/server/services.ts";
import { read } from "../read.ts";

export default async function OrgLayout({ params, children }: { params: Promise<{ org: string }>; children: ReactNode }) {
  const { org } = await params;
  const here = paths.org(org);
  const user = await requireUser(here);
  const orgs = await read(here, trpc.organizations.mine.queryOptions());
  const current = orgs.find((each) => each.slug === org);
  if (current === undefined) notFound();
  await read(here, trpc.projects.names.queryOptions({ orgSlug: org }));
  return (
    <OrgProvider
      value={{ orgSlug: org, orgName: current.name, role: current.role, publicUrl: services().publicUrl, crashUrl: services().crashUrl }}
    >
      <HydrateClient>
        <Shell orgs={orgs} user={{ name: user.name, email: user.email }}>
          {children}
        </Shell>
      </HydrateClient>
    </OrgProvider>
  );
}
