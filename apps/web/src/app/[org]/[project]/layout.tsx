/** Every page of a project: it must exist. */
import type { ReactNode } from "react";
import { paths } from "#web/features/workspace/index.ts";
import { trpc } from "#web/server/caller.ts";
import { read } from "../../read.ts";

export default async function ProjectLayout({
  params,
  children,
}: {
  params: Promise<{ org: string; project: string }>;
  children: ReactNode;
}) {
  const { org, project } = await params;
  await read(paths.project(org, project), trpc.projects.bySlug.queryOptions({ orgSlug: org, projectSlug: project }));
  return children;
}
