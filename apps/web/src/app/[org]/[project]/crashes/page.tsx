/** Crashes of a project. */
import type { Metadata } from "next";
import { createLoader } from "nuqs/server";
import { CrashList, crashFilters, crashListInput, nextPage } from "#web/features/crash-list/index.ts";
import { paths } from "#web/features/workspace/index.ts";
import { trpc } from "#web/server/caller.ts";
import { HydrateClient } from "#web/server/hydrate.tsx";
import { PageHeader } from "#web/ui/page.tsx";
import { readList } from "../../../read.ts";

export const metadata: Metadata = { title: "Crashes" };
const filters = createLoader(crashFilters);

export default async function CrashesPage({ params, searchParams }: PageProps<"/[org]/[project]/crashes">) {
  const { org, project } = await params;
  await readList(
    paths.crashes(org, project),
    trpc.crashes.list.infiniteQueryOptions(crashListInput(org, project, await filters(searchParams)), nextPage),
  );
  return (
    <HydrateClient>
      <PageHeader title="Crashes" description="Every crash that was accepted, newest first." />
      <CrashList projectSlug={project} />
    </HydrateClient>
  );
}
