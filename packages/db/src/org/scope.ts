/** What every repository of an organization closes over: its transactions, who acts, and the audit log. */
import type { AppDatabase, Tx } from "../scope.ts";
import { asUuid, storableText } from "../shared/text.ts";
import type { OrgActor } from "./ports.ts";

export type OrgScope = {
  readonly organizationId: string;
  readonly actor: OrgActor;
  /** The actor as people read it: "Ada (ada@example.org)", "token ci". */
  readonly label: string;
  /** A transaction that sees this organization only. */
  run<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Writes an audit entry in the same transaction as the deed. */
  audit(tx: Tx, action: string, subject: string, detail?: Record<string, string | number | boolean | readonly string[]>): Promise<void>;
};

export function createOrgScope(database: AppDatabase, input: { organizationId: string; actor: OrgActor; label: string }): OrgScope {
  const { organizationId, actor, label } = input;
  return {
    organizationId,
    actor,
    label,
    run: (work) => database.transaction({ organizationId }, work),
    async audit(tx, action, subject, detail = {}) {
      const plain = Object.fromEntries(Object.entries(detail).map(([key, value]) => [key, typeof value === "object" ? [...value] : value]));
      await tx.models.auditEntry.create({
        data: { organizationId, actor: label, action, subject: storableText(subject, 300), detail: plain },
      });
    },
  };
}

export type ProjectRow = { id: bigint; slug: string; name: string };

/** The living project of that slug, null when there is none. */
export async function findProject(scope: OrgScope, tx: Tx, projectSlug: string): Promise<ProjectRow | null> {
  return tx.models.project.findFirst({
    where: { organizationId: scope.organizationId, slug: storableText(projectSlug, 100), deletedAt: null },
    select: { id: true, slug: true, name: true },
  });
}

/** Those of the texts that are ids. */
export function validIds(ids: readonly string[]): string[] {
  return [...new Set(ids.map(asUuid).filter((id) => id !== null))];
}

/** SQL: crashes per day of the last 14 days (UTC), oldest first, of crashes c that fulfil `condition`. */
export function crashesByDay(condition: string): string {
  return `ARRAY(SELECT coalesce(n.crashes, 0)::int FROM generate_series(0, 13) AS d(i) LEFT JOIN (
      SELECT (now() AT TIME ZONE 'UTC')::date - (c.received_at AT TIME ZONE 'UTC')::date AS age, count(*) AS crashes FROM crashes c
      WHERE ${condition} AND c.deleted_at IS NULL AND c.received_at >= (date_trunc('day', now() AT TIME ZONE 'UTC') - interval '13 days') AT TIME ZONE 'UTC' GROUP BY 1
    ) n ON n.age = 13 - d.i ORDER BY d.i)`;
}
