/** What must hold after any run, asked of the rows, the disk and the process table. Each answer is a sentence that says what is wrong. */
import { readdir, readFile, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { createBlobStore } from "@salvage/blobs";
import { createSystemDbAcrossOrganizations } from "@salvage/db/system";
import { until } from "../src/installation.ts";
import type { ChaosStack } from "./stack.ts";
import type { Sent, Traffic } from "./traffic.ts";

const settleMs = 180_000;

type CrashRow = {
  id: string;
  event_id: string;
  state: string;
  reason: string | null;
  revision: number;
  first_reports: number;
  dump_key: string;
  report_keys: string[];
};

export const unfinished = "FROM crashes WHERE state IN ('received', 'processing')";
export const stillHeld = "FROM crashes WHERE claim_token IS NOT NULL OR attempt_open OR queued_at IS NOT NULL";
/** One that was given up is one whose report was lost by a blob store that lied; `brokenCrash` looks at it. */
export const waitingForNothing = `FROM crash_missing_files w JOIN crashes c ON c.id = w.crash_id JOIN debug_file_keys k ON k.organization_id = w.organization_id AND k.file_key = w.file_key
  JOIN debug_files f ON f.id = k.debug_file_id WHERE w.open AND f.deleted_at IS NULL AND c.given_up_at IS NULL
  AND ((w.needs IN ('names', 'both') AND f.has_names) OR (w.needs IN ('unwind', 'both') AND f.has_unwind AND c.dump_state = 'held'))`;
export const bytesOfRows = `SELECT o.slug, u.used_bytes::float8 AS counted, (
    (SELECT coalesce(sum(dump_size_bytes), 0) FROM crashes WHERE organization_id = o.id AND dump_state = 'held')
    + (SELECT coalesce(sum(size_bytes), 0) FROM crash_attachments WHERE organization_id = o.id)
    + (SELECT coalesce(sum(size_bytes), 0) FROM debug_file_uploads WHERE organization_id = o.id AND blob_key <> '')
    + (SELECT coalesce(sum(CASE WHEN f.source_blob_key = p.blob_key THEN 0 ELSE f.size_bytes END + f.symcache_size_bytes), 0)
       FROM debug_files f JOIN debug_file_uploads p ON p.id = f.upload_id WHERE f.organization_id = o.id AND f.source_blob_key <> ''))::float8 AS stored
  FROM organizations o JOIN storage_usage u ON u.organization_id = o.id`;

/** Waits until nothing is under way, then looks at rows and disk, and has housekeeping done. @returns one sentence per broken invariant */
export async function brokenInvariants(stack: ChaosStack, traffic: Traffic): Promise<string[]> {
  const broken = await brokenRows(stack, traffic);
  broken.push(...(await missingBlobs(stack, await stack.liedAbout())));
  broken.push(...(await afterHousekeeping(stack)));
  return broken;
}

/** The part that is asked of the database alone. */
export async function brokenRows(stack: ChaosStack, traffic: Traffic): Promise<string[]> {
  const broken: string[] = [];
  const count = async (sql: string) => Number((await stack.query<{ n: string }>(`SELECT count(*) AS n ${sql}`))[0]?.n);
  const none = async (sql: string, sentence: (n: number) => string) => {
    const n = await count(sql);
    if (n > 0) broken.push(sentence(n));
  };
  const settled = async (what: string, sql: string) => {
    await until(what, settleMs, async () => ((await count(sql)) === 0 ? true : null)).catch(() => null);
  };
  const imported = "FROM debug_file_uploads WHERE state NOT IN ('ready', 'rejected')";

  await settled("every file imported", imported);
  if ((await traffic.uploadLostAgain()) > 0) await settled("every file that was sent again imported", imported);
  await settled("every crash finished", unfinished);
  await settled("every crash that waits for a file that is there upgraded", waitingForNothing);
  await settled("nobody holds a crash", stillHeld);

  await none(imported, (n) => `${n} uploads are not finished`);
  await none(unfinished, (n) => `${n} crashes are not finished`);
  await none(stillHeld, (n) => `${n} crashes are queued or held though nothing is to do`);
  await none(waitingForNothing, (n) => `${n} crashes wait for files that are there`);
  broken.push(...(await brokenCrashes(stack, traffic, await stack.liedAbout())));
  broken.push(...(await brokenCounts(stack, traffic)));
  const waiting = "(SELECT count(*) FROM crash_missing_files w WHERE w.missing_file_id = m.id AND w.open)";
  await none(
    `FROM missing_files m WHERE m.waiting_crashes <> ${waiting}`,
    (n) => `${n} missing files count other crashes than wait for them`,
  );
  await none("FROM arrival_progress WHERE done > total", (n) => `${n} arrivals are further than their end`);
  await none("FROM crashes WHERE state = 'complete' AND dump_state = 'held'", (n) => `${n} complete crashes still have their dump`);
  return broken;
}

/** Each sent crash against its row. */
async function brokenCrashes(stack: ChaosStack, traffic: Traffic, lied: ReadonlySet<string>): Promise<string[]> {
  const rows = await stack.query<CrashRow>(
    `SELECT c.id, c.event_id, c.state, c.rejection_reason AS reason, c.revision, c.dump_blob_key AS dump_key,
       (SELECT count(*)::int FROM reports r WHERE r.crash_id = c.id AND r.kind = 'first') AS first_reports,
       ARRAY(SELECT r.blob_key FROM reports r WHERE r.crash_id = c.id ORDER BY r.revision) AS report_keys
     FROM crashes c`,
  );
  const broken: string[] = [];
  const byEvent = new Map(rows.map((row) => [row.event_id, row]));
  if (byEvent.size !== rows.length) broken.push("a crash is there twice");
  if (rows.length !== traffic.sent.length) broken.push(`${traffic.sent.length} crashes were sent, ${rows.length} are there`);
  for (const sent of traffic.sent) {
    const row = byEvent.get(sent.eventId);
    const wrong = row === undefined ? "was accepted and is not there" : brokenCrash(sent, row, traffic.uploaded.has(sent.build), lied);
    if (wrong !== null) broken.push(`crash ${sent.crashId} of build ${sent.build} ${wrong}`);
  }
  return broken;
}

/** @returns what is wrong with one crash, or null */
function brokenCrash(sent: Sent, row: CrashRow, hasFile: boolean, lied: ReadonlySet<string>): string | null {
  if (row.id !== sent.crashId) return `is there as ${row.id}`;
  if (row.state === "rejected") {
    if (row.reason === null) return "is rejected without a reason";
    if (row.revision > 0) return "is rejected and has a report";
    return !sent.good || lied.has(row.dump_key) ? null : `is good and was rejected: ${row.reason}`;
  }
  if (!sent.good) return `is damaged and was not rejected: ${row.state}`;
  // One report for the crash, one for the file: more would be work done twice.
  const causes = hasFile ? 2 : 1;
  if (row.first_reports !== 1 || row.report_keys.length !== row.revision)
    return `has ${row.first_reports} first reports of ${row.revision}`;
  if (row.revision > causes) return `was processed ${row.revision} times, with ${causes} causes`;
  const expected = hasFile ? "complete" : "provisional";
  const lostReport = row.report_keys.some((key) => lied.has(key));
  return row.state === expected || lostReport ? null : `is ${row.state}, not ${expected}`;
}

/** Counters against the rows they count. */
async function brokenCounts(stack: ChaosStack, traffic: Traffic): Promise<string[]> {
  const broken: string[] = [];
  const [issues] = await stack.query<{ counted: number; wrong: number; finished: number }>(
    `SELECT coalesce(sum(i.crash_count), 0)::int AS counted, (SELECT count(*)::int FROM crashes WHERE state IN ('provisional', 'complete')) AS finished,
       (count(*) FILTER (WHERE i.crash_count <> (SELECT count(*) FROM crashes c WHERE c.issue_id = i.id)))::int AS wrong FROM issues i`,
  );
  if (issues?.counted !== issues?.finished) broken.push(`issues count ${issues?.counted} crashes, ${issues?.finished} have a report`);
  if (issues?.wrong !== 0) broken.push(`${issues?.wrong} issues count other crashes than they have`);
  for (const { slug, counted, stored } of await stack.query<{ slug: string; counted: number; stored: number }>(bytesOfRows))
    if (counted !== stored) broken.push(`organization ${slug} counts ${counted} bytes, its rows name ${stored}`);
  // Who was told that all is well is counted; who was not may be.
  const [dropped] = await stack.query<{ n: number }>(
    "SELECT coalesce(sum(count), 0)::int AS n FROM refusal_counts WHERE project_id = $1 AND reason = 'storage_quota'",
    [stack.full.projectId],
  );
  const { tried, answered } = traffic.overQuota;
  const n = dropped?.n ?? 0;
  if (n < answered || n > tried) broken.push(`${answered} of ${tried} posts over the quota were answered, ${n} are counted`);
  return broken;
}

/** Rows whose blob is not there, though the store did not lie about it. */
async function missingBlobs(stack: ChaosStack, lied: ReadonlySet<string>): Promise<string[]> {
  const named = await stack.query<{ key: string }>(
    `SELECT dump_blob_key AS key FROM crashes WHERE dump_state = 'held' UNION ALL SELECT blob_key FROM crash_attachments UNION ALL SELECT blob_key FROM reports
     UNION ALL SELECT source_blob_key FROM debug_files WHERE deleted_at IS NULL UNION ALL SELECT symcache_blob_key FROM debug_files WHERE symcache_blob_key IS NOT NULL`,
  );
  const broken: string[] = [];
  for (const { key } of named)
    if (!lied.has(key) && !(await exists(join(stack.home, "blobs", key)))) broken.push(`a row names blob ${key}, which is not there`);
  return broken;
}

/** Lets the time of half of the dumps that are held end, makes every blob old, and has the collector come by. */
async function afterHousekeeping(stack: ChaosStack): Promise<string[]> {
  const broken: string[] = [];
  const folder = join(stack.home, "blobs");
  const over = await stack.query<{ key: string }>(
    `UPDATE crashes SET dump_delete_after = now() - interval '1 minute'
     WHERE dump_state = 'held' AND id IN (SELECT id FROM crashes WHERE dump_state = 'held' ORDER BY id LIMIT (SELECT (count(*) + 1) / 2 FROM crashes WHERE dump_state = 'held'))
     RETURNING dump_blob_key AS key`,
  );
  // The collector takes only what is old, and looks when the worker starts.
  const longAgo = new Date(Date.now() - 48 * 60 * 60 * 1000);
  const store = createBlobStore(folder);
  for await (const { key } of store.list("org/")) await utimes(join(folder, key), longAgo, longAgo).catch(() => undefined);
  const halves = () => readdir(join(folder, "tmp")).catch(() => []);
  for (const name of await halves()) await utimes(join(folder, "tmp", name), longAgo, longAgo).catch(() => undefined);
  await stack.loseTemporalStore();
  stack.kill("worker");

  const orphans = async () => {
    const db = createSystemDbAcrossOrganizations({ databaseSystemUrl: stack.databaseUrl() });
    try {
      const keys: string[] = [];
      for await (const { key } of store.list("org/")) keys.push(key);
      return await db.retention.unknownBlobKeys(keys);
    } finally {
      await db.close();
    }
  };
  const overdue = async () => {
    const left: string[] = [];
    for (const { key } of over) if (await exists(join(folder, key))) left.push(key);
    return left;
  };
  await until("the collector has been by", 120_000, async () =>
    (await orphans()).length + (await overdue()).length + (await halves()).length === 0 ? true : null,
  ).catch(() => null);
  for (const key of await orphans()) broken.push(`no row names blob ${key}`);
  for (const key of await overdue()) broken.push(`the time of dump ${key} is over, and it is still there`);
  const left = await halves();
  if (left.length > 0) broken.push(`${left.length} interrupted writes are left`);
  return broken;
}

/** After the stop: nothing of ours runs or lies about. */
export async function leftovers(stack: ChaosStack): Promise<string[]> {
  const broken: string[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    // Apps have the home in their environment, children of the worker the folder of the fail points in it, PostgreSQL and Temporal an argument below it.
    const [environment, command] = await Promise.all(
      ["environ", "cmdline"].map((file) => readFile(`/proc/${name}/${file}`, "utf8").catch(() => "")),
    );
    if (environment?.includes(stack.home) || command?.includes(stack.home))
      broken.push(`process ${name} still runs: ${command?.replaceAll("\0", " ")}`);
  }
  const temporary = await readdir(join(stack.home, "tmp"), { recursive: true }).catch(() => []);
  if (temporary.length > 0) broken.push(`${temporary.length} temporary files of the worker are left: ${temporary.slice(0, 3).join(", ")}`);
  return broken;
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );
