/** Processing Issues: what do I upload, from where, and what do I gain? */
import type { Metadata } from "next";
import { createLoader } from "nuqs/server";
import { nextPage } from "#web/features/crash-list/index.ts";
import { missingFilters, missingListInput, ProcessingIssues } from "#web/features/processing-issues/index.ts";
import { paths } from "#web/features/workspace/index.ts";
import { trpc } from "#web/server/caller.ts";
import { HydrateClient } from "#web/server/hydrate.tsx";
import { PageHeader } from "#web/ui/page.tsx";
import { read, readList } from "../../../read.ts";

export const metadata: Metadata = { title: "Processing Issues" };
const filters = createLoader(missingFilters);

export default async function ProcessingIssuesPage({ params, searchParams }: PageProps<"/[org]/[project]/processing-issues">) {
  const { org, project } = await params;
  const here = paths.processingIssues(org, project);
  const { tab } = await filters(searchParams);
  const input = { orgSlug: org, projectSlug: project };
  const [settings] = await Promise.all([
    read(here, trpc.projects.bySlug.queryOptions(input)),
    readList(here, trpc.missingFiles.list.infiniteQueryOptions(missingListInput(org, project, tab), nextPage)),
  ]);
  return (
    <HydrateClient>
      <PageHeader
        title="Processing Issues"
        description="Debug files that crashes wait for. Upload one and every crash that waits for it is upgraded in place."
      />
      <ProcessingIssues projectSlug={project} hasCrashes={settings.crashCount > 0} />
    </HydrateClient>
  );
}
