/** Webhooks of a project. */
import type { Metadata } from "next";
import { Webhooks } from "#web/features/webhooks/index.ts";
import { paths } from "#web/features/workspace/index.ts";
import { trpc } from "#web/server/caller.ts";
import { HydrateClient } from "#web/server/hydrate.tsx";
import { read } from "../../../../read.ts";

export const metadata: Metadata = { title: "Webhooks" };

export default async function WebhooksPage({ params }: PageProps<"/[org]/[project]/settings/webhooks">) {
  const { org, project } = await params;
  await read(paths.settings(org, project, "webhooks"), trpc.webhooks.list.queryOptions({ orgSlug: org, projectSlug: project }));
  return (
    <HydrateClient>
      <Webhooks projectSlug={project} />
    </HydrateClient>
  );
}
