/** What must hold after any run, asked of the rows, the disk and the process table. Each answer is a sentence that says what is wrong. */
import { readdir, readFile, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { createBlobStore } from "@salvage/blobs";
import { createSystemDbAcrossOrganizations } from "@salvage/db/system";
import { until } from "../src/installation.ts";
import type { ChaosStack } from "./stack.ts";
import type { Traffic } from "./traffic.ts";

const settleMs = 180_000;

/** Waits until nothing is under way, then looks. @returns one sentence per broken invariant */
export async function brokenInvariants(stack: ChaosStack, traffic: Traffic): Promise<string[]> {
  const broken: string[] = [];
  const expect = (holds: boolean, sentence: string) => {
    if (!holds) broken.push(sentence);
  };
  const count = async (sql: string, values: unknown[] = []) =>
    Number((await stack.query<{ n: string }>(`SELECT count(*) AS n ${sql}`, values))[0]?.n);
  const good = traffic.sent.filter((sent) => sent.good);
  const waitingForNothing = `FROM crash_missing_files w JOIN crashes c ON c.id = w.crash_id JOIN debug_file_keys k ON k.organization_id = w.organization_id AND k.file_key = w.file_key
    JOIN debug_files f ON f.id = k.debug_file_id WHERE w.open AND f.deleted_at IS NULL AND ((w.needs IN ('names', 'both') AND f.has_names) OR (w.needs IN ('unwind', 'both') AND f.has_unwind AND c.dump_state = 'held'))`;
  const unfinished = "FROM crashes WHERE state IN ('received', 'processing')";

  await until("every crash finished and every file imported", settleMs, async () =>
    (await count(unfinished)) === 0 && (await count("FROM debug_file_uploads WHERE state NOT IN ('ready', 'rejected')")) === 0
      ? true
      : null,
  ).catch(() => null);
  await until("every crash that waits for a file that is there upgraded", settleMs, async () =>
    (await count(waitingForNothing)) === 0 ? true : null,
  ).catch(() => null);

  expect((await count(unfinished)) === 0, `${await count(unfinished)} crashes are not finished`);
  expect((await count(waitingForNothing)) === 0, `${await count(waitingForNothing)} crashes wait for files that are there`);
  const rows = await stack.query<{ id: string; event_id: string; state: string; reason: string | null; dump_state: string }>(
    "SELECT id, event_id, state, rejection_reason AS reason, dump_state FROM crashes",
  );
  const byEvent = new Map(rows.map((row) => [row.event_id, row]));
  expect(rows.length === traffic.sent.length, `${traffic.sent.length} crashes were sent, ${rows.length} are there`);
  expect(byEvent.size === rows.length, "a crash is there twice");
  for (const sent of traffic.sent) {
    const row = byEvent.get(sent.eventId);
    if (row === undefined) broken.push(`crash ${sent.crashId} was accepted and is not there`);
    else if (row.id !== sent.crashId) broken.push(`crash ${sent.crashId} is there as ${row.id}`);
    else if (sent.good) {
      const expected = traffic.uploaded.has(sent.build) ? "complete" : "provisional";
      if (row.state !== expected)
        broken.push(`crash ${row.id} of build ${sent.build} is ${row.state}, not ${expected}: ${row.reason ?? ""}`);
    } else if (row.state !== "rejected" || row.reason === null)
      broken.push(`damaged crash ${row.id} is ${row.state}, reason ${row.reason}`);
  }
  const [issues] = await stack.query<{ counted: number; wrong: number }>(
    `SELECT coalesce(sum(i.crash_count), 0)::int AS counted, (count(*) FILTER (WHERE i.crash_count <> (SELECT count(*) FROM crashes c WHERE c.issue_id = i.id)))::int AS wrong FROM issues i`,
  );
  expect(issues?.counted === good.length, `issues count ${issues?.counted} crashes, ${good.length} were good`);
  expect(issues?.wrong === 0, `${issues?.wrong} issues count other crashes than they have`);
  expect(
    (await count(
      "FROM missing_files m WHERE m.waiting_crashes <> (SELECT count(*) FROM crash_missing_files w WHERE w.missing_file_id = m.id AND w.open)",
    )) === 0,
    "a missing file counts other crashes than wait for it",
  );
  expect(
    (await count("FROM (SELECT crash_id, revision FROM reports GROUP BY 1, 2 HAVING count(*) > 1) twice")) === 0,
    "a report is there twice",
  );
  expect((await count("FROM crashes WHERE state = 'complete' AND dump_state = 'held'")) === 0, "a complete crash still has its dump");
  broken.push(...(await brokenBlobs(stack)));
  return broken;
}

/** Rows whose blob is missing, and blobs that no row names once the collector has been by. */
async function brokenBlobs(stack: ChaosStack): Promise<string[]> {
  const broken: string[] = [];
  const folder = join(stack.home, "blobs");
  const named = await stack.query<{ key: string }>(
    `SELECT dump_blob_key AS key FROM crashes WHERE dump_state = 'held' UNION ALL SELECT blob_key FROM crash_attachments UNION ALL SELECT blob_key FROM reports
     UNION ALL SELECT source_blob_key FROM debug_files WHERE deleted_at IS NULL UNION ALL SELECT symcache_blob_key FROM debug_files WHERE symcache_blob_key IS NOT NULL`,
  );
  for (const { key } of named) if (!(await exists(join(folder, key)))) broken.push(`a row names blob ${key}, which is not there`);

  // The collector takes only what is old, and looks when the worker starts.
  const longAgo = new Date(Date.now() - 48 * 60 * 60 * 1000);
  const store = createBlobStore(folder);
  for await (const { key } of store.list("org/")) await utimes(join(folder, key), longAgo, longAgo).catch(() => undefined);
  for (const name of await readdir(join(folder, "tmp")).catch(() => []))
    await utimes(join(folder, "tmp", name), longAgo, longAgo).catch(() => undefined);
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
  await until("the collector has been by", 120_000, async () => ((await orphans()).length === 0 ? true : null)).catch(() => null);
  for (const key of await orphans()) broken.push(`no row names blob ${key}`);
  const halves = await readdir(join(folder, "tmp")).catch(() => []);
  if (halves.length > 0) broken.push(`${halves.length} interrupted writes are left`);
  return broken;
}

/** After the stop: nothing of ours runs or lies about. */
export async function leftovers(stack: ChaosStack): Promise<string[]> {
  const broken: string[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const environment = await readFile(`/proc/${name}/environ`, "utf8").catch(() => "");
    if (environment.split("\0").includes(`SALVAGE_HOME=${stack.home}`)) broken.push(`process ${name} still runs`);
  }
  const temporary = await readdir(join(stack.home, "worker-tmp"), { recursive: true }).catch(() => []);
  if (temporary.length > 0) broken.push(`${temporary.length} temporary files of the worker are left: ${temporary.slice(0, 3).join(", ")}`);
  return broken;
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );
