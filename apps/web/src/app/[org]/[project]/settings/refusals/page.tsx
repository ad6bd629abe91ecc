/** Posts that did not become a crash. */
import type { Metadata } from "next";
import { Refusals } from "#web/features/settings/index.ts";
import { paths } from "#web/features/workspace/index.ts";
import { trpc } from "#web/server/caller.ts";
import { HydrateClient } from "#web/server/hydrate.tsx";
import { read } from "../../../../read.ts";

export const metadata: Metadata = { title: "Drop log" };

export default async function RefusalsPage({ params }: PageProps<"/[org]/[project]/settings/refusals">) {
  const { org, project } = await params;
  await read(paths.settings(org, project, "refusals"), trpc.refusals.list.queryOptions({ orgSlug: org, projectSlug: project }));
  return (
    <HydrateClient>
      <Refusals projectSlug={project} />
    </HydrateClient>
  );
}
