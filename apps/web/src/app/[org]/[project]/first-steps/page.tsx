/** First steps of a project. */
import type { Metadata } from "next";
import { FirstSteps } from "#web/features/first-steps/index.ts";
import { paths } from "#web/features/workspace/index.ts";
import { trpc } from "#web/server/caller.ts";
import { HydrateClient } from "#web/server/hydrate.tsx";
import { PageHeader } from "#web/ui/page.tsx";
import { read } from "../../../read.ts";

export const metadata: Metadata = { title: "First steps" };

export default async function FirstStepsPage({ params }: PageProps<"/[org]/[project]/first-steps">) {
  const { org, project } = await params;
  const here = paths.firstSteps(org, project);
  const input = { orgSlug: org, projectSlug: project };
  const [settings] = await Promise.all([
    read(here, trpc.projects.bySlug.queryOptions(input)),
    read(here, trpc.clientKeys.list.queryOptions(input)),
    read(here, trpc.crashes.list.queryOptions(input)),
    read(here, trpc.debugFiles.list.queryOptions({ orgSlug: org })),
    read(here, trpc.members.list.queryOptions({ orgSlug: org })),
  ]);
  return (
    <HydrateClient>
      <PageHeader
        title={`First steps of ${settings.name}`}
        description="Three steps to crashes with names. The ticks follow along by themselves."
      />
      <FirstSteps projectSlug={project} projectId={settings.id} />
    </HydrateClient>
  );
}
