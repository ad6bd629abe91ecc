/** Client keys of a project. */
import type { Metadata } from "next";
import { ClientKeys } from "#web/features/client-keys/index.ts";
import { paths } from "#web/features/workspace/index.ts";
import { trpc } from "#web/server/caller.ts";
import { HydrateClient } from "#web/server/hydrate.tsx";
import { read } from "../../../../read.ts";

export const metadata: Metadata = { title: "Client keys" };

export default async function ClientKeysPage({ params }: PageProps<"/[org]/[project]/settings/client-keys">) {
  const { org, project } = await params;
  const here = paths.settings(org, project, "client-keys");
  const input = { orgSlug: org, projectSlug: project };
  const [settings] = await Promise.all([
    read(here, trpc.projects.bySlug.queryOptions(input)),
    read(here, trpc.clientKeys.list.queryOptions(input)),
  ]);
  return (
    <HydrateClient>
      <ClientKeys projectSlug={project} projectId={settings.id} />
    </HydrateClient>
  );
}
