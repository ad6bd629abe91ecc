/**
 * Writing reports: the one place where a crash gets a revision, an issue and its missing files, by compare-and-set on claim token and
 * revision. Crashes that end at the same time are written in one transaction: a few statements and one commit for many, and one lock
 * instead of a queue for the issue, file and quota that they share.
 *
 * Order of row locks: crashes by id, then issues by id, then missing files by key; the organization's repositories keep the same
 * order. What remains (two missing files in two statements) is a deadlock that PostgreSQL ends and the pool tries again.
 */
import { createHash } from "node:crypto";
import type { CrashState, FileNeed } from "@salvage/contracts";
import pg from "pg";
import type { Sql, SqlPool } from "../../shared/sql.ts";
import { storableText, storableTextOrNull } from "../../shared/text.ts";
import { together } from "../../shared/together.ts";
import { readyForCrashes } from "../arrivals.ts";
import type { FinishedCrash, FinishOutcome, LostClaim, MissingFileInput } from "../ports.ts";
import { type Joined, joinIssue, joinIssues } from "./issue.ts";
import { closeMissing, type Lacking, openMissing } from "./missing.ts";
import { dropUnwindNeeds, endClaim, releaseDumps } from "./settle.ts";

const maxCrashesAtOnce = 64;
/** What a finished crash waits for others when crashes end one after the other anyway. */
const pauseMs = 15;
/** Longer keys are stored as their hash: an index entry has a bounded size. */
const maxGroupingKeyLength = 300;

export type LockedCrash = {
  id: string;
  organization_id: string;
  project_id: string;
  state: CrashState;
  issue_id: string | null;
  received_at: Date;
  claimed_at: Date;
  release: string | null;
  dump_state: "held" | "deleted";
  wait_for_symbols_days: number;
  keep_dump_days: number;
  key_issue_id: string | null;
  waiting: { fileKey: string; needs: FileNeed }[] | null;
};

type Finishing = { claimToken: string; crashId: string; result: FinishedCrash };
type Finished = FinishOutcome | LostClaim;
type Failed = { outcome: "failed"; error: unknown };
/** A crash under way through one transaction. */
type Writing = { crash: LockedCrash; result: FinishedCrash; joined: Joined } & Lacking;

/** The database refuses a report's own values, and nothing of it was written. Whatever else a finish throws is no crash's fault, and may come after the commit. */
export class ReportRefused extends Error {
  override name = "ReportRefused";
}

/** SQLSTATE classes of the surroundings: connection, rollback, no room, not in the state, intervention, system. */
const surroundings = /^(08|40|53|55|57|58)/;

function blamed(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  // Not what pg says of a lost connection, which is a plain Error.
  const refused = error instanceof pg.DatabaseError ? !surroundings.test(error.code ?? "") : error instanceof TypeError;
  return refused ? new ReportRefused(error.message, { cause: error }) : error;
}

/** @returns finishes one crash; resolves when its report is committed */
export function createFinish(pool: SqlPool): (claimToken: string, crashId: string, result: FinishedCrash) => Promise<Finished> {
  const finish = together<Finishing, Finished | Failed>({ work: (crashes) => finishAll(pool, crashes), most: maxCrashesAtOnce, pauseMs });
  return async (claimToken, crashId, result) => {
    const ended = finish({ claimToken, crashId, result: { ...result, groupingKey: boundedKey(result.groupingKey) } });
    const outcome = await ended.catch((error: unknown): Failed => ({ outcome: "failed", error }));
    if (outcome.outcome === "failed") throw blamed(outcome.error);
    return outcome;
  };
}

/** @throws only while nothing is committed: then each may be tried by itself */
async function finishAll(pool: SqlPool, finishing: readonly Finishing[]): Promise<(Finished | Failed)[]> {
  const outcomes = new Map<Finishing, Finished | Failed>();
  for (let left = [...finishing]; left.length > 0; left = left.filter((each) => !outcomes.has(each))) {
    const now = firstPer(left, ({ crashId }) => crashId);
    const written = await pool
      .transaction((sql) => write(sql, now))
      .catch((error: unknown) => {
        if (outcomes.size === 0) throw error;
        return new Map<Finishing, Finished>();
      });
    for (const [each, outcome] of written) outcomes.set(each, outcome);
    // Whose key nobody owns, or whose issue went away meanwhile, is written alone; those of the same key find its issue then.
    const alone = now.filter((each) => !outcomes.has(each));
    for (const each of firstPer(alone, ({ result }) => result.groupingKey)) {
      const outcome = await pool
        .transaction((sql) => write(sql, [each]))
        .then((one) => one.get(each))
        .catch((error: unknown): Failed => ({ outcome: "failed", error }));
      if (outcome !== undefined) outcomes.set(each, outcome);
    }
  }
  // After the commit: an import that published before it could not see these rows, and one that publishes now will.
  const lacking = finishing.filter((each) => outcomes.get(each)?.outcome === "finished" && each.result.missing.length > 0);
  const ready =
    lacking.length === 0
      ? new Map<string, string[]>()
      : await readyForCrashes(
          pool,
          lacking.map(({ crashId }) => crashId),
        ).catch(() => new Map<string, string[]>()); // The sweep asks the same.
  return finishing.map((each) => {
    const outcome = outcomes.get(each) ?? { outcome: "lost claim" };
    return outcome.outcome === "finished" ? { ...outcome, readyNow: ready.get(each.crashId) ?? [] } : outcome;
  });
}

function firstPer<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return [...new Map(items.toReversed().map((item) => [keyOf(item), item])).values()].reverse();
}

/** @returns an outcome of each crash that was written or lost; one alone always has one */
async function write(sql: Sql, finishing: readonly Finishing[]): Promise<Map<Finishing, Finished>> {
  const outcomes = new Map<Finishing, Finished>();
  const locked = await lock(sql, finishing);
  const claimed: { each: Finishing; crash: LockedCrash }[] = [];
  for (const each of finishing) {
    const crash = locked.get(each.crashId);
    if (crash === undefined) outcomes.set(each, { outcome: "lost claim" });
    else claimed.push({ each, crash });
  }
  const joined = await join(sql, claimed);
  const writing = claimed.flatMap(({ each, crash }): (Writing & { each: Finishing })[] => {
    const to = joined.get(crash.id);
    if (to === undefined) return [];
    const { result } = each;
    const missing = distinctByKey(crash.dump_state === "deleted" ? result.missing.flatMap(withoutDump) : result.missing);
    const before = new Set((crash.waiting ?? []).map((file) => file.fileKey));
    return [{ each, crash, result, joined: to, issueId: to.issueId, missing, before }];
  });
  if (writing.length === 0) return outcomes;
  const blocking = await openMissing(sql, writing);
  await closeMissing(sql, writing);
  const revisions = await writeReports(sql, writing, blocking);
  const stateOf = new Map(writing.map(({ crash }) => [crash.id, (blocking.get(crash.id) ?? 0) > 0 ? "provisional" : "complete"] as const));
  const released = await release(sql, writing, stateOf);
  const lost = writing.filter(({ crash, missing }) => missing.length > 0 && released.has(crash.id)).map(({ crash }) => crash.id);
  if (lost.length > 0) for (const id of await dropUnwindNeeds(sql, lost)) stateOf.set(id, "complete");
  for (const { each, crash, joined: to } of writing) {
    outcomes.set(each, {
      outcome: "finished",
      state: stateOf.get(crash.id) ?? "complete",
      revision: revisions.get(crash.id) ?? 0,
      ...to,
      readyNow: [],
      releasedBlobKeys: released.get(crash.id) ?? [],
      webhookDeliveryIds: to.newIssue || to.regressed ? await queueWebhooks(sql, crash, to) : [],
    });
  }
  return outcomes;
}

/** Locks the crashes whose claim and revision still hold. */
async function lock(sql: Sql, finishing: readonly Finishing[]): Promise<Map<string, LockedCrash>> {
  const rows = await sql.rows<LockedCrash>(
    `SELECT c.id, c.organization_id, c.project_id::text, c.state, c.issue_id, c.received_at, c.claimed_at, c.release, c.dump_state,
       (SELECT p.wait_for_symbols_days FROM projects p WHERE p.id = c.project_id), (SELECT p.keep_dump_days FROM projects p WHERE p.id = c.project_id),
       (SELECT k.issue_id FROM issue_keys k WHERE k.project_id = c.project_id AND k.grouping_key = n.grouping_key) AS key_issue_id,
       (SELECT jsonb_agg(jsonb_build_object('fileKey', m.file_key, 'needs', m.needs)) FROM crash_missing_files m WHERE m.crash_id = c.id AND m.open) AS waiting
     FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[]) AS n(id, claim_token, revision, grouping_key)
     JOIN crashes c ON c.id = n.id AND c.claim_token = n.claim_token AND c.revision = n.revision
     WHERE c.deleted_at IS NULL ORDER BY c.id FOR UPDATE OF c`,
    [
      finishing.map(({ crashId }) => crashId),
      finishing.map(({ claimToken }) => claimToken),
      finishing.map(({ result }) => result.revisionBase),
      finishing.map(({ result }) => result.groupingKey),
    ],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** @returns by crash; absent where it must be written alone */
async function join(sql: Sql, claimed: readonly { each: Finishing; crash: LockedCrash }[]): Promise<Map<string, Joined>> {
  const [first] = claimed;
  if (first === undefined) return new Map();
  if (claimed.length === 1) return new Map([[first.crash.id, await joinIssue(sql, first.crash, first.each.result)]]);
  return joinIssues(
    sql,
    claimed.flatMap(({ each, crash }) => (crash.key_issue_id === null ? [] : { crash, result: each.result, issueId: crash.key_issue_id })),
  );
}

/** @returns the crashes' new revisions */
async function writeReports(sql: Sql, writing: readonly Writing[], blocking: ReadonlyMap<string, number>): Promise<Map<string, number>> {
  const input = writing.map(({ crash, result, issueId }) => ({
    id: crash.id,
    state: (blocking.get(crash.id) ?? 0) > 0 ? "provisional" : "complete",
    blocking: blocking.get(crash.id) ?? 0,
    issue_id: issueId,
    blob_key: result.reportBlobKey,
    signature: storableText(result.signature, 500),
    grouping_key: result.groupingKey,
    grouping_provisional: result.groupingProvisional,
    crash_reason: storableTextOrNull(result.crashReason, 500),
    crash_address: result.crashAddress,
    os: storableTextOrNull(result.os, 100),
    cpu: storableTextOrNull(result.cpu, 100),
    cause: storableTextOrNull(result.cause, 1000),
    kind: result.kind,
    size_bytes: result.reportSizeBytes,
    core_version: result.coreVersion,
    wait_days: crash.wait_for_symbols_days,
    keep_days: crash.keep_dump_days,
  }));
  // A crash that was queued again while somebody had it stays queued; names alone do not answer "process again" while the dump is held.
  const rows = await sql.rows<{ id: string; revision: number }>(
    `WITH input AS MATERIALIZED (
       SELECT * FROM jsonb_to_recordset($1::jsonb) AS n(id uuid, state text, blocking int, issue_id uuid, blob_key text, signature text, grouping_key text,
         grouping_provisional boolean, crash_reason text, crash_address text, os text, cpu text, cause text, kind text, size_bytes bigint,
         core_version text, wait_days int, keep_days int)
     ), crash AS (
       UPDATE crashes c SET ${endClaim}, state = n.state, missing_count = n.blocking, issue_id = n.issue_id, revision = revision + 1, finished_at = now(),
         report_blob_key = n.blob_key, signature = n.signature, grouping_key = n.grouping_key, grouping_provisional = n.grouping_provisional,
         crash_reason = n.crash_reason, crash_address = n.crash_address, os = n.os, cpu = n.cpu, cause = n.cause,
         last_failure = NULL, given_up_at = NULL,
         queued_at = CASE WHEN queued_at > claimed_at OR (n.kind = 'names_only' AND dump_state = 'held') THEN queued_at ELSE NULL END,
         dump_delete_after = CASE
           WHEN dump_state = 'deleted' THEN NULL
           WHEN n.state = 'provisional' THEN received_at + n.wait_days * interval '1 day'
           WHEN c.state = 'complete' AND dump_delete_after IS NOT NULL THEN dump_delete_after
           ELSE now() + n.keep_days * interval '1 day' END
       FROM input n WHERE c.id = n.id AND c.id = ANY ($2::uuid[]) RETURNING c.id, c.revision, c.organization_id
     ), report AS (
       INSERT INTO reports (crash_id, revision, organization_id, kind, blob_key, size_bytes, core_version, signature)
       SELECT crash.id, crash.revision, crash.organization_id, n.kind, n.blob_key, n.size_bytes, n.core_version, n.signature FROM crash JOIN input n USING (id)
     )
     SELECT id, revision FROM crash`,
    [JSON.stringify(input), writing.map(({ crash }) => crash.id)],
  );
  return new Map(rows.map((row) => [row.id, row.revision]));
}

/** Dumps that nobody waits for any more. @returns blobs to delete, by crash */
async function release(
  sql: Sql,
  writing: readonly Writing[],
  stateOf: ReadonlyMap<string, "provisional" | "complete">,
): Promise<Map<string, string[]>> {
  const held = writing.filter(({ crash }) => crash.dump_state === "held");
  const complete = held.filter(({ crash }) => stateOf.get(crash.id) === "complete" && crash.keep_dump_days === 0);
  const unawaited = held.filter(
    ({ crash, result }) =>
      stateOf.get(crash.id) === "provisional" && crash.wait_for_symbols_days === 0 && result.missing.some((file) => file.own),
  );
  const released = new Map<string, string[]>();
  for (const [crashes, reason] of [
    [complete, "complete"],
    [unawaited, "waiting_time_ended"],
  ] as const) {
    if (crashes.length === 0) continue;
    const ids = crashes.map(({ crash }) => crash.id);
    for (const [id, keys] of await releaseDumps(sql, ids, reason)) released.set(id, keys);
  }
  return released;
}

async function queueWebhooks(sql: Sql, crash: LockedCrash, joined: { issueId: string; newIssue: boolean }): Promise<string[]> {
  const rows = await sql.rows<{ id: string }>(
    `INSERT INTO webhook_deliveries (id, organization_id, webhook_id, event, issue_id, crash_id, next_attempt_at)
     SELECT gen_random_uuid(), organization_id, id, $2, $3, $4, now() FROM webhooks WHERE project_id = $1 AND NOT disabled AND $2 = ANY (events) RETURNING id`,
    [crash.project_id, joined.newIssue ? "issue.new" : "issue.regressed", joined.issueId, crash.id],
  );
  return rows.map((row) => row.id);
}

function boundedKey(key: string): string {
  const text = storableText(key, 100_000);
  return text.length <= maxGroupingKeyLength ? text : `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

/** Once the dump is gone only names can still come. */
function withoutDump(file: MissingFileInput): MissingFileInput[] {
  return file.needs === "unwind" ? [] : [{ ...file, needs: "names" }];
}

/** A module loaded twice asks once, for everything that either needs. */
function distinctByKey(files: readonly MissingFileInput[]): MissingFileInput[] {
  const byKey = new Map<string, MissingFileInput>();
  for (const file of files) {
    const other = byKey.get(file.fileKey);
    if (other === undefined) byKey.set(file.fileKey, file);
    else byKey.set(file.fileKey, { ...other, needs: other.needs === file.needs ? file.needs : "both", own: other.own || file.own });
  }
  return [...byKey.values()];
}
