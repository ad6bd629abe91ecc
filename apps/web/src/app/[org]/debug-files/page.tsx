/** Debug files of the organization. */
import type { Metadata } from "next";
import { createLoader } from "nuqs/server";
import { nextPage } from "#web/features/crash-list/index.ts";
import { DebugFiles, debugFileFilters, debugFilesInput } from "#web/features/debug-files/index.ts";
import { paths } from "#web/features/workspace/index.ts";
import { trpc } from "#web/server/caller.ts";
import { HydrateClient } from "#web/server/hydrate.tsx";
import { PageHeader } from "#web/ui/page.tsx";
import { read, readList } from "../../read.ts";

export const metadata: Metadata = { title: "Debug files" };
const filters = createLoader(debugFileFilters);

export default async function DebugFilesPage({ params, searchParams }: PageProps<"/[org]/debug-files">) {
  const { org } = await params;
  const { q } = await filters(searchParams);
  await Promise.all([
    readList(paths.debugFiles(org), trpc.debugFiles.list.infiniteQueryOptions(debugFilesInput(org, q), nextPage)),
    read(paths.debugFiles(org), trpc.uploads.recent.queryOptions({ orgSlug: org })),
  ]);
  return (
    <HydrateClient>
      <PageHeader title="Debug files" description="They give stacks their names. Shared by all projects of the organization." />
      <DebugFiles />
    </HydrateClient>
  );
}
