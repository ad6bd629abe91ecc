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

/** SQL: crashes per day of the last 14 days (UTC), oldest first, of crashes c that fulfil `condition`, which leaves out deleted ones. */
export function crashesByDay(condition: string): string {
  const startOf = (age: string) => `(date_trunc('day', now() AT TIME ZONE 'UTC') - (${age}) * interval '1 day') AT TIME ZONE 'UTC'`;
  return `ARRAY(SELECT (SELECT count(*)::int FROM crashes c WHERE ${condition} AND c.received_at >= ${startOf("d.age")} AND c.received_at < ${startOf("d.age - 1")})
    FROM generate_series(13, 0, -1) AS d(age) ORDER BY d.age DESC)`;
}
