/** What posts may have: rates, sizes, storage. */
import type { Metadata } from "next";
import { Limits } from "#web/features/settings/index.ts";
import { paths } from "#web/features/workspace/index.ts";
import { trpc } from "#web/server/caller.ts";
import { HydrateClient } from "#web/server/hydrate.tsx";
import { read } from "../../../../read.ts";

export const metadata: Metadata = { title: "Limits" };

export default async function LimitsPage({ params }: PageProps<"/[org]/[project]/settings/limits">) {
  const { org, project } = await params;
  await read(paths.settings(org, project, "limits"), trpc.limits.ofProject.queryOptions({ orgSlug: org, projectSlug: project }));
  return (
    <HydrateClient>
      <Limits projectSlug={project} />
    </HydrateClient>
  );
}
