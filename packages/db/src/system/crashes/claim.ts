/**
 * Claims: who works on a crash, for how long, and what happens when its process dies.
 *
 * A claim is one committed UPDATE that sets a token and a lease; no transaction stays open during the work, and every later
 * write names the token. An attempt is counted when it starts (`attempt_open`), not when its batch is claimed; an upgrade starts with its claim. A claim that
 * finds an open attempt of an ended lease knows that the process died in it: `deaths` grows, and the crash comes alone from
 * then on; a death while alone grows `deaths_alone`, and at two of these the crash is given up. Only its lane runs a crash alone: an arrival, which has
 * many under way at once, hands such a crash over to it.
 */
import { randomUUID } from "node:crypto";
import type { CrashState, FileNeed } from "@salvage/contracts";
import type { Sql, SqlPool } from "../../shared/sql.ts";
import { asProjectId, asUuid, storableText } from "../../shared/text.ts";
import { together } from "../../shared/together.ts";
import type { ClaimedBatch, ClaimedCrash } from "../ports.ts";
import { giveUp } from "./settle.ts";

const maxDeathsAlone = 2;
const maxStartsAtOnce = 64;
const diedReason = "processing this crash ended its process twice while it ran alone";

/**
 * What every claim sets; `c` is the crash, the arguments are SQL. Only what is queued during the claim may
 * stand after `claimed_at`: a crash whose sender's transaction began after this one and committed before its snapshot is put back.
 */
const claimColumns = (token: string, leaseMs: string, attemptOpen: boolean) => `claim_token = ${token}, claimed_at = now(),
  queued_at = CASE WHEN c.queued_at > now() THEN now() ELSE c.queued_at END, lease_until = now() + ${leaseMs} * interval '1 millisecond',
  deaths = c.deaths + c.attempt_open::int, deaths_alone = c.deaths_alone + (c.attempt_open AND c.deaths > 0)::int, attempt_open = ${attemptOpen},
  state = CASE c.state WHEN 'received' THEN 'processing' ELSE c.state END`;

/**
 * The crash's project, looked up per crash. Joined with, statistics of a young database make it the way to the crashes: by way of all of the project's.
 */
const ofProject = (column: string) => `(SELECT p.${column} FROM projects p WHERE p.id = c.project_id)`;
const projectLives = ofProject("deleted_at IS NULL");

const claimedColumns = `c.id, c.organization_id, c.project_id::text, c.state, c.revision, c.report_blob_key, c.dump_state, c.dump_blob_key, c.dump_wrapped_key,
  c.dump_key_id, c.dump_size_bytes, c.release, c.received_at, c.deaths, c.deaths_alone, c.last_failure,
  ${ofProject("own_patterns")} AS own_patterns, ${ofProject("not_own_patterns")} AS not_own_patterns,
  CASE WHEN c.revision = 0 THEN NULL ELSE (
    SELECT jsonb_agg(jsonb_build_object('fileKey', m.file_key, 'needs', m.needs)) FROM crash_missing_files m WHERE m.crash_id = c.id AND m.open
  ) END AS waiting`;

type ClaimedRow = {
  id: string;
  organization_id: string;
  project_id: string;
  state: CrashState;
  revision: number;
  report_blob_key: string | null;
  dump_state: "held" | "deleted";
  dump_blob_key: string;
  dump_wrapped_key: Buffer | null;
  dump_key_id: string;
  dump_size_bytes: number;
  release: string | null;
  received_at: Date;
  deaths: number;
  deaths_alone: number;
  last_failure: string | null;
  own_patterns: string[];
  not_own_patterns: string[];
  waiting: { fileKey: string; needs: FileNeed }[] | null;
};

/** Oldest first, at most `limit`; see the file's head for what comes alone. */
export async function claimBatch(
  pool: SqlPool,
  input: { projectId: string; limit: number; leaseMs: number; keyIds?: readonly string[] },
): Promise<ClaimedBatch> {
  const projectId = asProjectId(input.projectId);
  const claimToken = randomUUID();
  if (projectId === null) return { claimToken, crashes: [], sealedOtherwise: false };
  const free =
    "project_id = $1 AND queued_at IS NOT NULL AND (lease_until IS NULL OR lease_until < now()) AND deleted_at IS NULL AND ($5::text[] IS NULL OR dump_state <> 'held' OR dump_key_id = ANY ($5))";
  for (;;) {
    const rows = await pool.rows<ClaimedRow>(
      `WITH oldest AS (
         SELECT id, (deaths > 0 OR attempt_open) AS suspect FROM crashes WHERE ${free} ORDER BY queued_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
       ), others AS (
         SELECT id FROM crashes WHERE ${free} AND deaths = 0 AND NOT attempt_open AND NOT (SELECT suspect FROM oldest)
         ORDER BY queued_at, id LIMIT $4 FOR UPDATE SKIP LOCKED
       )
       UPDATE crashes c SET ${claimColumns("$2", "$3", false)}
       WHERE c.id = ANY (ARRAY(SELECT id FROM oldest UNION SELECT id FROM others)) AND ${projectLives}
       RETURNING ${claimedColumns}`,
      [projectId, claimToken, input.leaseMs, input.limit, input.keyIds ?? null],
    );
    const poisoned = rows.filter((row) => row.deaths_alone >= maxDeathsAlone);
    for (const row of poisoned) await giveUp(pool, claimToken, row.id, givenUpReason(row.last_failure));
    const alive = rows.filter((row) => row.deaths_alone < maxDeathsAlone);
    if (alive.length === 0 && poisoned.length > 0) continue;
    alive.sort((a, b) => a.received_at.getTime() - b.received_at.getTime());
    const sealedOtherwise = alive.length === 0 && input.keyIds !== undefined && (await waitsSealedOtherwise(pool, projectId, input.keyIds));
    return { claimToken, crashes: alive.map(claimedCrash), sealedOtherwise };
  }
}

async function waitsSealedOtherwise(sql: Sql, projectId: bigint, keyIds: readonly string[]): Promise<boolean> {
  const rows = await sql.rows(
    "SELECT 1 FROM crashes WHERE project_id = $1 AND queued_at IS NOT NULL AND dump_state = 'held' AND dump_key_id <> ALL ($2) AND deleted_at IS NULL LIMIT 1",
    [projectId, keyIds],
  );
  return rows.length > 0;
}

type Upgrading = { id: string; leaseMs: number };
type ClaimedForUpgrade = { outcome: "claimed"; claimToken: string; crash: ClaimedCrash } | { outcome: "busy" | "gone" };

const upgradable = "c.revision > 0 AND c.deleted_at IS NULL AND c.given_up_at IS NULL";
const free = "(c.lease_until IS NULL OR c.lease_until < now())";
const suspect = "(c.deaths > 0 OR c.attempt_open)";

/**
 * @returns claims one crash with a report, for an arrival, and starts its attempt. One whose process died in it is queued for its lane,
 *   and busy until then.
 */
export function createClaimForUpgrade(pool: SqlPool): (crashId: string, leaseMs: number) => Promise<ClaimedForUpgrade> {
  const claim = together<Upgrading, ClaimedForUpgrade>({ work: (crashes) => claimAll(pool, crashes), most: maxStartsAtOnce, pauseMs: 0 });
  return async (crashId, leaseMs) => {
    const id = asUuid(crashId);
    return id === null ? { outcome: "gone" } : claim({ id, leaseMs });
  };
}

async function claimAll(pool: SqlPool, upgrading: readonly Upgrading[]): Promise<ClaimedForUpgrade[]> {
  const tokens = new Map(upgrading.map(({ id }) => [id, randomUUID()]));
  const ids = [...tokens.keys()].sort();
  const leases = new Map(upgrading.map(({ id, leaseMs }) => [id, leaseMs]));
  const rows = await pool.rows<ClaimedRow>(
    `UPDATE crashes c SET ${claimColumns("n.claim_token", "n.lease_ms", true)}
     FROM unnest($1::uuid[], $2::uuid[], $3::float8[]) AS n(id, claim_token, lease_ms)
     WHERE c.id = n.id AND ${upgradable} AND ${free} AND NOT ${suspect} AND ${projectLives}
     RETURNING ${claimedColumns}`,
    [ids, ids.map((id) => tokens.get(id)), ids.map((id) => leases.get(id))],
  );
  const claimed = new Map(rows.map((row) => [row.id, row]));
  const answers: ClaimedForUpgrade[] = [];
  for (const { id } of upgrading) {
    const row = claimed.get(id);
    claimed.delete(id); // asked for twice at once: the second finds it busy
    answers.push(
      row === undefined ? await unclaimed(pool, id) : { outcome: "claimed", claimToken: tokens.get(id) ?? "", crash: claimedCrash(row) },
    );
  }
  return answers;
}

async function unclaimed(pool: SqlPool, id: string): Promise<{ outcome: "busy" | "gone" }> {
  await pool.run(
    `UPDATE crashes c SET deaths = c.deaths + c.attempt_open::int, attempt_open = false, claim_token = NULL, claimed_at = NULL, lease_until = NULL, queued_at = now()
     WHERE c.id = $1 AND ${upgradable} AND ${free} AND ${suspect} AND c.queued_at IS NULL`,
    [id],
  );
  const busy = await pool.rows(`SELECT 1 FROM crashes c WHERE c.id = $1 AND ${upgradable} AND (NOT ${free} OR ${suspect})`, [id]);
  return { outcome: busy.length > 0 ? "busy" : "gone" };
}

/** @returns notes that one crash's work starts; false when its claim is lost */
export function createStartAttempt(pool: SqlPool): (claimToken: string, crashId: string) => Promise<boolean> {
  const start = together<{ claimToken: string; crashId: string }, boolean>({
    most: maxStartsAtOnce,
    pauseMs: 0,
    async work(starting) {
      const rows = await pool.rows<{ id: string; claim_token: string }>(
        `UPDATE crashes c SET attempt_open = true FROM unnest($1::uuid[], $2::uuid[]) AS n(id, claim_token)
         WHERE c.id = n.id AND c.claim_token = n.claim_token RETURNING c.id, c.claim_token`,
        [starting.map(({ crashId }) => crashId), starting.map(({ claimToken }) => claimToken)],
      );
      const started = new Set(rows.map((row) => `${row.id} ${row.claim_token}`));
      return starting.map(({ crashId, claimToken }) => started.has(`${crashId} ${claimToken}`));
    },
  });
  return (claimToken, crashId) => start({ claimToken, crashId });
}

/** A crash whose row is being written just now is left to the next heartbeat: waiting for it could end in a deadlock. */
export function heartbeatClaim(sql: Sql, claimToken: string, leaseMs: number): Promise<number> {
  return sql.run(
    `UPDATE crashes SET lease_until = now() + $2 * interval '1 millisecond'
     WHERE id IN (SELECT id FROM crashes WHERE claim_token = $1 FOR UPDATE SKIP LOCKED)`,
    [claimToken, leaseMs],
  );
}

/** Back to where it was before the claim; an attempt that was stopped in good order does not count. */
export async function releaseClaim(sql: Sql, claimToken: string, crashIds: readonly string[] | undefined): Promise<void> {
  await sql.run(
    `UPDATE crashes SET claim_token = NULL, claimed_at = NULL, lease_until = NULL, attempt_open = false,
       state = CASE WHEN state = 'processing' AND revision = 0 THEN 'received' ELSE state END
     WHERE claim_token = $1 AND ($2::uuid[] IS NULL OR id = ANY ($2::uuid[]))`,
    [claimToken, crashIds ?? null],
  );
}

/** A death seen from outside (the worker lives): counted at once, and the claim ends. */
export async function recordFailure(
  pool: SqlPool,
  claimToken: string,
  crashId: string,
  reason: string,
): Promise<"queued" | "rejected" | "kept report" | "lost claim"> {
  const [row] = await pool.rows<{ deaths_alone: number }>(
    `UPDATE crashes c SET deaths = c.deaths + 1, deaths_alone = c.deaths_alone + (c.deaths > 0)::int, attempt_open = false, last_failure = $3
     WHERE id = $1 AND claim_token = $2 RETURNING c.deaths_alone`,
    [crashId, claimToken, storableText(reason, 1000)],
  );
  if (row === undefined) return "lost claim";
  if (row.deaths_alone >= maxDeathsAlone) return giveUp(pool, claimToken, crashId, reason);
  // An upgrade goes through the lane too: only there it runs alone.
  const released = await pool.run(
    `UPDATE crashes SET claim_token = NULL, claimed_at = NULL, lease_until = NULL, queued_at = coalesce(queued_at, now()),
       state = CASE WHEN state = 'processing' AND revision = 0 THEN 'received' ELSE state END
     WHERE id = $1 AND claim_token = $2`,
    [crashId, claimToken],
  );
  return released === 1 ? "queued" : "lost claim";
}

function givenUpReason(lastFailure: string | null): string {
  return lastFailure ?? diedReason;
}

function claimedCrash(row: ClaimedRow): ClaimedCrash {
  return {
    crashId: row.id,
    organizationId: row.organization_id,
    projectId: row.project_id,
    state: row.state,
    revision: row.revision,
    reportBlobKey: row.report_blob_key,
    dump:
      row.dump_state === "held" && row.dump_wrapped_key !== null
        ? { blobKey: row.dump_blob_key, wrappedKey: row.dump_wrapped_key, keyId: row.dump_key_id, sizeBytes: row.dump_size_bytes }
        : null,
    release: row.release,
    receivedAt: row.received_at,
    ownPatterns: row.own_patterns,
    notOwnPatterns: row.not_own_patterns,
    alone: row.deaths > 0,
    waiting: row.waiting ?? [],
  };
}
