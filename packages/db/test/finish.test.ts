/**
 * Crashes that end at the same time are written together: the rows they leave are those that one after the other leaves, whatever they share,
 * and one that the database refuses takes no other with it.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { FinishedCrash, FinishOutcome } from "../src/system/ports.ts";
import { debugId, finished, issueCounts, missingFile, type Rows, receivedCrash, startRows, type Tenant } from "./rows.ts";

const crashes = 40;

let rows: Rows;
before(async () => {
  rows = await startRows();
});
after(() => rows.stop());

/** What the n-th crash's report says, in its first and in its second revision: shared keys, keys that change hands, shared and own files, system files. */
function says(n: number, revision: number): Partial<FinishedCrash> {
  const provisional = revision === 1 && n % 3 !== 0;
  const files = [
    ...(n % 2 === 0 ? [missingFile(debugId("a"), { needs: n % 4 === 0 ? "both" : "names" })] : []),
    ...(n % 3 === 1 ? [missingFile(debugId("b"), { name: "ignored.pdb" })] : []),
    ...(n % 5 === 0 ? [missingFile(debugId("c"), { own: false, needs: "unwind" })] : []),
    ...(n % 7 === 0 ? [missingFile(debugId("a"), { needs: "unwind" })] : []),
  ];
  return {
    groupingKey: revision === 1 ? `raw-${n % 6}` : `named-${n % 4}`,
    signature: revision === 1 ? `engine + ${n % 6}` : `Engine::f${n % 4}`,
    groupingProvisional: provisional,
    cause: n % 4 === 0 ? null : `cause ${n % 4}`,
    missing: revision === 1 ? files : files.slice(1),
  };
}

type Write = (work: readonly (() => Promise<FinishOutcome>)[]) => Promise<FinishOutcome[]>;

async function inTurn(work: readonly (() => Promise<FinishOutcome>)[]): Promise<FinishOutcome[]> {
  const outcomes: FinishOutcome[] = [];
  for (const one of work) outcomes.push(await one());
  return outcomes;
}

/** Two revisions of all crashes, written as `write` does it. @returns the tenant's rows, in words that two tenants share */
async function history(write: Write) {
  const tenant = await rows.createTenant();
  await rows.sql.query("UPDATE projects SET keep_dump_days = 0 WHERE id = $1", [tenant.projectId]);
  const rule =
    "INSERT INTO ignore_rules (id, organization_id, project_id, pattern, version, created_by) VALUES (gen_random_uuid(), $1, $2, $3, $4, 'Ada')";
  await rows.sql.query(rule, [tenant.organizationId, tenant.projectId, "ignored.*", null]);
  const ids: string[] = [];
  for (let n = 0; n < crashes; n++) {
    const receivedAt = new Date(Date.UTC(2026, 0, 1, 0, n));
    ids.push(
      (await rows.db.crashes.insertReceived(receivedCrash(tenant, { receivedAt, release: n % 8 === 0 ? null : `game@${n % 5}` }))).crashId,
    );
  }
  const { claimToken, crashes: claimed } = await rows.db.crashes.claimBatch({ projectId: tenant.projectId, limit: 64, leaseMs: 60_000 });
  const byId = new Map(claimed.map((crash) => [crash.crashId, crash]));
  const finish = async (token: string, crash: (typeof claimed)[number], n: number) => {
    const outcome = await rows.db.crashes.finish(token, crash.crashId, finished(crash, says(n, crash.revision + 1)));
    assert.equal(outcome.outcome, "finished");
    return outcome as FinishOutcome;
  };
  const crashOf = (id: string) => {
    const crash = byId.get(id);
    assert.ok(crash);
    return crash;
  };
  const first = await write(ids.map((id, n) => () => finish(claimToken, crashOf(id), n)));
  await rows.sql.query(
    "UPDATE issues SET state = 'resolved', resolved_at = '2026-01-01T00:00:30Z' WHERE project_id = $1 AND signature LIKE '%2'",
    [tenant.projectId],
  );
  const claims = await Promise.all(ids.map((id) => rows.db.arrivals.claimForUpgrade(id, 60_000)));
  const second = await write(
    claims.map((claim, n) => () => {
      assert.ok(claim.outcome === "claimed");
      return finish(claim.claimToken, claim.crash, n);
    }),
  );
  return { rows: await rowsOf(tenant, ids), first: first.map(inWords), second: second.map(inWords) };
}

function inWords({ state, revision, releasedBlobKeys, newIssue }: FinishOutcome) {
  return { state, revision, released: releasedBlobKeys.length, newIssue };
}

async function rowsOf(tenant: Tenant, ids: readonly string[]) {
  const ask = async (text: string) => (await rows.sql.query(text, [tenant.projectId])).rows;
  return {
    crashes: (
      await ask(
        `SELECT c.id, c.state, c.revision, c.missing_count, c.dump_state, c.claim_token, c.queued_at, i.signature, c.dump_delete_after IS NULL AS kept
         FROM crashes c JOIN issues i ON i.id = c.issue_id WHERE c.project_id = $1`,
      )
    )
      .toSorted((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id))
      .map(({ id: _, ...row }) => row),
    issues: await ask(
      `SELECT signature, provisional, crash_count, first_seen_at, last_seen_at, (SELECT array_agg(v ORDER BY v) FROM unnest(versions) v) AS versions,
         (SELECT count(*)::int FROM crashes c WHERE c.issue_id = i.id) AS crashes, (SELECT array_agg(grouping_key ORDER BY grouping_key) FROM issue_keys k WHERE k.issue_id = i.id) AS keys
       FROM issues i WHERE project_id = $1 ORDER BY 1`,
    ),
    files: await ask(
      `SELECT file_key, state, own, waiting_crashes, (SELECT array_agg(v ORDER BY v) FROM unnest(versions) v) AS versions, first_seen_at, last_seen_at, ignore_rule_id IS NULL AS unruled,
         (SELECT count(*)::int FROM crash_missing_files w WHERE w.missing_file_id = m.id AND w.open) AS open
       FROM missing_files m WHERE project_id = $1 ORDER BY 1`,
    ),
    waiting: (
      await ask(
        "SELECT w.crash_id, w.file_key, w.needs, w.own, w.open FROM crash_missing_files w JOIN crashes c ON c.id = w.crash_id WHERE c.project_id = $1",
      )
    )
      .map(({ crash_id, ...row }) => ({ crash: ids.indexOf(crash_id), ...row }))
      .toSorted((a, b) => a.crash - b.crash || a.file_key.localeCompare(b.file_key)),
    reports: await ask(
      "SELECT r.revision, r.kind, count(*)::int FROM reports r JOIN crashes c ON c.id = r.crash_id WHERE c.project_id = $1 GROUP BY 1, 2 ORDER BY 1, 2",
    ),
    bytes: (await rows.sql.query("SELECT used_bytes::int FROM storage_usage WHERE organization_id = $1", [tenant.organizationId])).rows,
  };
}

test("together leaves the rows that one after the other leaves", async () => {
  const one = await history(inTurn);
  const many = await history((work) => Promise.all(work.map((start) => start())));
  assert.deepEqual(many.rows, one.rows);
  assert.deepEqual(many.second, one.second);
  const count = (outcomes: typeof one.first) => outcomes.filter((outcome) => outcome.newIssue).length;
  assert.equal(count(many.first), count(one.first));
  assert.deepEqual(
    many.first.map(({ newIssue: _, ...rest }) => rest),
    one.first.map(({ newIssue: _, ...rest }) => rest),
  );
});

test("one that the database refuses takes no other with it, and one whose claim is lost is told so", async () => {
  const tenant = await rows.createTenant();
  for (let n = 0; n < 8; n++) await rows.db.crashes.insertReceived(receivedCrash(tenant));
  const { claimToken, crashes: claimed } = await rows.db.crashes.claimBatch({ projectId: tenant.projectId, limit: 64, leaseMs: 60_000 });
  const lost = claimed[5]?.crashId;
  await rows.sql.query("UPDATE crashes SET claim_token = gen_random_uuid() WHERE id = $1", [lost]);
  const answers = await Promise.allSettled(
    claimed.map((crash, n) =>
      rows.db.crashes.finish(
        claimToken,
        crash.crashId,
        finished(crash, n === 2 ? { crashAddress: "\0" } : { groupingKey: `key-${n % 2}` }),
      ),
    ),
  );
  assert.deepEqual(
    answers.map((answer) => (answer.status === "fulfilled" ? answer.value.outcome : "refused")),
    ["finished", "finished", "refused", "finished", "finished", "lost claim", "finished", "finished"],
  );
  assert.deepEqual(
    (await rows.sql.query("SELECT state, count(*)::int FROM crashes WHERE project_id = $1 GROUP BY 1 ORDER BY 1", [tenant.projectId])).rows,
    [
      { state: "complete", count: 6 },
      { state: "processing", count: 2 },
    ],
  );
  assert.equal(await rows.one("SELECT sum(crash_count)::int FROM issues WHERE project_id = $1", [tenant.projectId]), 6);
});

test("the same crash twice at once is written once", async () => {
  const tenant = await rows.createTenant();
  await rows.db.crashes.insertReceived(receivedCrash(tenant));
  const { claimToken, crashes: claimed } = await rows.db.crashes.claimBatch({ projectId: tenant.projectId, limit: 1, leaseMs: 60_000 });
  const [crash] = claimed;
  assert.ok(crash);
  const outcomes = await Promise.all([1, 2].map(() => rows.db.crashes.finish(claimToken, crash.crashId, finished(crash))));
  assert.deepEqual(outcomes.map(({ outcome }) => outcome).toSorted(), ["finished", "lost claim"]);
});

test("two groups that move crashes between two issues in both directions end, with right counters", async () => {
  const tenant = await rows.createTenant();
  const ids: string[] = [];
  for (let n = 0; n < 16; n++) ids.push((await rows.db.crashes.insertReceived(receivedCrash(tenant))).crashId);
  const { claimToken, crashes: claimed } = await rows.db.crashes.claimBatch({ projectId: tenant.projectId, limit: 64, leaseMs: 60_000 });
  await Promise.all(
    claimed.map((crash, n) => rows.db.crashes.finish(claimToken, crash.crashId, finished(crash, { groupingKey: n % 2 === 0 ? "A" : "B" }))),
  );
  const claims = await Promise.all(claimed.map((crash) => rows.db.arrivals.claimForUpgrade(crash.crashId, 60_000)));
  await Promise.all(
    claims.map((claim, n) => {
      assert.ok(claim.outcome === "claimed");
      return rows.db.crashes.finish(claim.claimToken, claim.crash.crashId, finished(claim.crash, { groupingKey: n % 2 === 0 ? "B" : "A" }));
    }),
  );
  assert.deepEqual(await issueCounts(rows, tenant), [
    { counted: 8, crashes: 8 },
    { counted: 8, crashes: 8 },
  ]);
});
