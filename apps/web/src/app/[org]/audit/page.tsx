/** The audit log. */
import type { Metadata } from "next";
import { AuditLog } from "#web/features/audit/index.ts";
import { nextPage } from "#web/features/crash-list/index.ts";
import { paths } from "#web/features/workspace/index.ts";
import { trpc } from "#web/server/caller.ts";
import { HydrateClient } from "#web/server/hydrate.tsx";
import { PageHeader } from "#web/ui/page.tsx";
import { readList } from "../../read.ts";

export const metadata: Metadata = { title: "Audit log" };

export default async function AuditPage({ params }: PageProps<"/[org]/audit">) {
  const { org } = await params;
  await readList(paths.audit(org), trpc.audit.list.infiniteQueryOptions({ orgSlug: org }, nextPage));
  return (
    <HydrateClient>
      <PageHeader title="Audit log" description="Who did what, newest first. Every download of a minidump is here." />
      <AuditLog />
    </HydrateClient>
  );
}
