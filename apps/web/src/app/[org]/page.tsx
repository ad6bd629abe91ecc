/** Projects: is anything on fire? */
import type { Metadata } from "next";
import { ProjectList } from "#web/features/projects/index.ts";
import { paths } from "#web/features/workspace/index.ts";
import { ButtonLink } from "#web/ui/button.tsx";
import { PageHeader } from "#web/ui/page.tsx";

export const metadata: Metadata = { title: "Projects" };

export default async function ProjectsPage({ params }: PageProps<"/[org]">) {
  const { org } = await params;
  return (
    <>
      <PageHeader title="Projects" actions={<ButtonLink href={paths.newProject(org)}>New project</ButtonLink>} />
      <ProjectList />
    </>
  );
}
