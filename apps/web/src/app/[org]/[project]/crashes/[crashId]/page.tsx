/** One crash. */
import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { CrashPage, withRevision } from "#web/features/crash-detail/index.ts";
import { paths } from "#web/features/workspace/index.ts";
import { getQueryClient, trpc } from "#web/server/caller.ts";
import { HydrateClient } from "#web/server/hydrate.tsx";
import { read } from "../../../../read.ts";

export const metadata: Metadata = { title: "Crash" };

export default async function CrashDetailPage({ params }: PageProps<"/[org]/[project]/crashes/[crashId]">) {
  const { org, project, crashId } = await params;
  const crash = await read(paths.crash(org, project, crashId), trpc.crashes.byId.queryOptions({ orgSlug: org, crashId }));
  if (crash.projectSlug !== project) redirect(paths.crash(org, crash.projectSlug, crash.id));
  // A report that cannot be read must not hide what is known of the crash: the page itself says so.
  if (crash.hasReport)
    await getQueryClient().prefetchQuery(withRevision(trpc.crashes.report.queryOptions({ orgSlug: org, crashId }), crash.revision));
  return (
    <HydrateClient>
      <CrashPage crashId={crashId} />
    </HydrateClient>
  );
}
