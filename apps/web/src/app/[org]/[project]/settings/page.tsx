/** General settings of a project. */
import type { Metadata } from "next";
import { GeneralSettings } from "#web/features/settings/index.ts";
import { paths } from "#web/features/workspace/index.ts";
import { trpc } from "#web/server/caller.ts";
import { HydrateClient } from "#web/server/hydrate.tsx";
import { read } from "../../../read.ts";

export const metadata: Metadata = { title: "Settings" };

export default async function SettingsPage({ params }: PageProps<"/[org]/[project]/settings">) {
  const { org, project } = await params;
  await read(paths.settings(org, project), trpc.projects.bySlug.queryOptions({ orgSlug: org, projectSlug: project }));
  return (
    <HydrateClient>
      <GeneralSettings projectSlug={project} />
    </HydrateClient>
  );
}
