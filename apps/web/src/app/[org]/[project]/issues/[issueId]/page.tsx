/** One issue. An issue that was joined with another leads to that one. */
import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { IssuePage } from "#web/features/issues/index.ts";
import { paths } from "#web/features/workspace/index.ts";
import { trpc } from "#web/server/caller.ts";
import { HydrateClient } from "#web/server/hydrate.tsx";
import { read } from "../../../../read.ts";

export const metadata: Metadata = { title: "Issue" };

export default async function IssueDetailPage({ params }: PageProps<"/[org]/[project]/issues/[issueId]">) {
  const { org, project, issueId } = await params;
  const issue = await read(paths.issue(org, project, issueId), trpc.issues.byId.queryOptions({ orgSlug: org, issueId }));
  if (issue.id !== issueId || issue.projectSlug !== project) redirect(paths.issue(org, issue.projectSlug, issue.id));
  return (
    <HydrateClient>
      <IssuePage issueId={issueId} projectSlug={project} />
    </HydrateClient>
  );
}
