/** A project opens on its issues. */
import { redirect } from "next/navigation";
import { paths } from "#web/features/workspace/index.ts";

export default async function ProjectPage({ params }: PageProps<"/[org]/[project]">) {
  const { org, project } = await params;
  redirect(paths.issues(org, project));
}
