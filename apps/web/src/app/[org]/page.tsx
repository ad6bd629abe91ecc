/** Projects: is anything on fire? */
import type { Metadata } from "next";
import { ProjectList } from "#web/features/projects/index.ts";
import { paths } from "#web/features/workspace/index.ts";
import { trpc } from "#web/server/caller.ts";
import { HydrateClient } from "#web/server/hydrate.tsx";
import { ButtonLink } from "#web/ui/button.tsx";
import { PageHeader } from "#web/ui/page.tsx";
import { read } from "../read.ts";

export const metadata: Metadata = { title: "Projects" };

export default async function ProjectsPage({ params }: PageProps<"/[org]">) {
  const { org } = await params;
  await read(paths.org(org), trpc.projects.list.queryOptions({ orgSlug: org }));
  return (
    <HydrateClient>
      <PageHeader title="Projects" actions={<ButtonLink href={paths.newProject(org)}>New project</ButtonLink>} />
      <ProjectList />
    </HydrateClient>
  );
}
