/** Members and invitations. */
import type { Metadata } from "next";
import { Members } from "#web/features/members/index.ts";
import { paths } from "#web/features/workspace/index.ts";
import { trpc } from "#web/server/caller.ts";
import { HydrateClient } from "#web/server/hydrate.tsx";
import { PageHeader } from "#web/ui/page.tsx";
import { read } from "../../read.ts";

export const metadata: Metadata = { title: "Members" };

export default async function MembersPage({ params }: PageProps<"/[org]/members">) {
  const { org } = await params;
  await read(paths.members(org), trpc.members.list.queryOptions({ orgSlug: org }));
  return (
    <HydrateClient>
      <PageHeader title="Members" description="Who may see this organization, and what they may do." />
      <Members />
    </HydrateClient>
  );
}
