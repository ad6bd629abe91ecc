/**
 * Writing a report: the one place where a crash gets a revision, an issue and its missing files. One transaction, compare-and-set
 * on claim token and revision; few round trips, since this runs once per crash.
 *
 * Order of row locks: the crash, then issues by id, then missing files by key; the organization's repositories keep the same
 * order. What remains (two missing files in two statements) is a deadlock that PostgreSQL ends and the pool tries again.
 */
import { createHash } from "node:crypto";
import type { CrashState, FileNeed } from "@salvage/contracts";
import { only, type Sql, type SqlPool } from "../../shared/sql.ts";
import { storableText, storableTextOrNull } from "../../shared/text.ts";
import { readyForCrash } from "../arrivals.ts";
import type { FinishedCrash, FinishOutcome, LostClaim, MissingFileInput } from "../ports.ts";
import { joinIssue } from "./issue.ts";
import { closeMissing, openMissing } from "./missing.ts";
import { dropUnwindNeeds, endClaim, releaseDump } from "./settle.ts";

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

export async function finish(
  pool: SqlPool,
  claimToken: string,
  crashId: string,
  result: FinishedCrash,
): Promise<FinishOutcome | LostClaim> {
  const groupingKey = boundedKey(result.groupingKey);
  const outcome = await pool.transaction((sql) => write(sql, claimToken, crashId, { ...result, groupingKey }));
  if (outcome.outcome === "lost claim") return outcome;
  // After the commit: an import that published before it could not see these rows, and one that publishes now will.
  const readyNow = result.missing.length > 0 ? await readyForCrash(pool, crashId) : [];
  return { ...outcome, readyNow };
}

async function write(sql: Sql, claimToken: string, crashId: string, result: FinishedCrash): Promise<FinishOutcome | LostClaim> {
  const [crash] = await sql.rows<LockedCrash>(
    `SELECT c.id, c.organization_id, c.project_id::text, c.state, c.issue_id, c.received_at, c.claimed_at, c.release, c.dump_state,
       p.wait_for_symbols_days, p.keep_dump_days,
       (SELECT k.issue_id FROM issue_keys k WHERE k.project_id = c.project_id AND k.grouping_key = $4) AS key_issue_id,
       (SELECT jsonb_agg(jsonb_build_object('fileKey', m.file_key, 'needs', m.needs)) FROM crash_missing_files m WHERE m.crash_id = c.id AND m.open) AS waiting
     FROM crashes c JOIN projects p ON p.id = c.project_id
     WHERE c.id = $1 AND c.claim_token = $2 AND c.revision = $3 AND c.deleted_at IS NULL FOR UPDATE OF c`,
    [crashId, claimToken, result.revisionBase, result.groupingKey],
  );
  if (crash === undefined) return { outcome: "lost claim" };
  const joined = await joinIssue(sql, crash, result);
  const dumpGoes = crash.wait_for_symbols_days === 0 && result.missing.some((file) => file.own);
  const missing = distinctByKey(crash.dump_state === "deleted" ? result.missing.flatMap(withoutDump) : result.missing);
  const keys = new Set(missing.map((file) => file.fileKey));
  const before = new Set((crash.waiting ?? []).map((file) => file.fileKey));
  const blocking = missing.length > 0 ? await openMissing(sql, crash, missing, before, { ...result, issueId: joined.issueId }) : 0;
  if ([...before].some((key) => !keys.has(key))) await closeMissing(sql, crash, [...keys]);
  let state: "provisional" | "complete" = blocking > 0 ? "provisional" : "complete";
  const revision = await writeReport(sql, crash, result, { state, blocking, issueId: joined.issueId });
  const releasedBlobKeys: string[] = [];
  if (crash.dump_state === "held") {
    if (state === "complete" && crash.keep_dump_days === 0) releasedBlobKeys.push(...(await releaseDump(sql, crashId, "complete")));
    else if (state === "provisional" && dumpGoes) releasedBlobKeys.push(...(await releaseDump(sql, crashId, "waiting_time_ended")));
    if (releasedBlobKeys.length > 0 && missing.length > 0) state = await dropUnwindNeeds(sql, crashId, state);
  }
  const webhookDeliveryIds = joined.newIssue || joined.regressed ? await queueWebhooks(sql, crash, joined) : [];
  return {
    outcome: "finished",
    state,
    revision,
    issueId: joined.issueId,
    newIssue: joined.newIssue,
    regressed: joined.regressed,
    movedFromIssueId: joined.movedFromIssueId,
    readyNow: [],
    releasedBlobKeys,
    webhookDeliveryIds,
  };
}

async function writeReport(
  sql: Sql,
  crash: LockedCrash,
  result: FinishedCrash,
  outcome: { state: "complete" | "provisional"; blocking: number; issueId: string },
): Promise<number> {
  // A crash that was queued again while somebody had it stays queued; names alone do not answer "process again" while the dump is held.
  const { revision } = only(
    await sql.rows<{ revision: number }>(
      `WITH crash AS (
         UPDATE crashes c SET ${endClaim}, state = $2, missing_count = $3, issue_id = $4, revision = revision + 1, finished_at = now(), report_blob_key = $5,
           signature = $6, grouping_key = $7, grouping_provisional = $8, crash_reason = $9, crash_address = $10, os = $11, cpu = $12, cause = $13,
           used_debug_file_ids = $14::uuid[], upgrade_blocked_at = NULL,
           queued_at = CASE WHEN queued_at > claimed_at OR ($15 = 'names_only' AND dump_state = 'held') THEN queued_at ELSE NULL END,
           dump_delete_after = CASE
             WHEN dump_state = 'deleted' THEN NULL
             WHEN $2 = 'provisional' THEN received_at + $18 * interval '1 day'
             WHEN c.state = 'complete' AND dump_delete_after IS NOT NULL THEN dump_delete_after
             ELSE now() + $19 * interval '1 day' END
         WHERE id = $1 RETURNING id, revision, organization_id
       ), report AS (
         INSERT INTO reports (crash_id, revision, organization_id, kind, blob_key, size_bytes, core_version, signature)
         SELECT id, revision, organization_id, $15, $5, $16::bigint, $17, $6 FROM crash
       )
       SELECT revision FROM crash`,
      [
        crash.id,
        outcome.state,
        outcome.blocking,
        outcome.issueId,
        result.reportBlobKey,
        storableText(result.signature, 500),
        result.groupingKey,
        result.groupingProvisional,
        storableTextOrNull(result.crashReason, 500),
        result.crashAddress,
        storableTextOrNull(result.os, 100),
        storableTextOrNull(result.cpu, 100),
        storableTextOrNull(result.cause, 1000),
        result.usedDebugFileIds,
        result.kind,
        result.reportSizeBytes,
        result.coreVersion,
        crash.wait_for_symbols_days,
        crash.keep_dump_days,
      ],
    ),
  );
  return revision;
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
