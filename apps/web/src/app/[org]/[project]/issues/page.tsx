/** Issues of a project. */
import type { Metadata } from "next";
import { createLoader } from "nuqs/server";
import { nextPage } from "#web/features/crash-list/index.ts";
import { IssueList, issueFilters, issueListInput } from "#web/features/issues/index.ts";
import { paths } from "#web/features/workspace/index.ts";
import { trpc } from "#web/server/caller.ts";
import { HydrateClient } from "#web/server/hydrate.tsx";
import { PageHeader } from "#web/ui/page.tsx";
import { read, readList } from "../../../read.ts";

export const metadata: Metadata = { title: "Issues" };
const filters = createLoader(issueFilters);

export default async function IssuesPage({ params, searchParams }: PageProps<"/[org]/[project]/issues">) {
  const { org, project } = await params;
  const here = paths.issues(org, project);
  const [settings] = await Promise.all([
    read(here, trpc.projects.bySlug.queryOptions({ orgSlug: org, projectSlug: project })),
    readList(here, trpc.issues.list.infiniteQueryOptions(issueListInput(org, project, await filters(searchParams)), nextPage)),
  ]);
  return (
    <HydrateClient>
      <PageHeader title="Issues" description="Crashes that happen in the same place." />
      <IssueList projectSlug={project} hasCrashes={settings.crashCount > 0} />
    </HydrateClient>
  );
}
