/**
 * A file that thousands of crashes wait for arrives while new crashes keep coming: how long until all of them have their names, and whether
 * the progress that the dashboard shows ever goes back. The crashes are copies, as rows, of one real crash whose dump is gone: names only.
 *
 * usage: node packages/system-tests/bench/arrival.ts [--crashes 10000] [--beside 5]     beside: new crashes per second meanwhile
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { uploadSymbols } from "../src/crashes.ts";
import { queryOnce, startInstallation, until } from "../src/installation.ts";
import { usageOf } from "../src/processes.ts";
import { createSender } from "../src/sender.ts";

const { values } = parseArgs({ options: { crashes: { type: "string", default: "10000" }, beside: { type: "string", default: "5" } } });
const [crashes, beside] = [values.crashes, values.beside].map(Number) as [number, number];
const say = (line: string) => process.stdout.write(`${line}\n`);

const salvage = await startInstallation();
const sender = createSender(salvage, 4);
try {
  // Dumps go after the first report: what then waits, waits for names alone.
  await salvage.query("UPDATE projects SET wait_for_symbols_days = 0");
  const { text: crashId } = await sender.post(salvage, 0);
  await until("a provisional crash", 60_000, async () => {
    const [row] = await salvage.query("SELECT 1 FROM crashes WHERE id = $1 AND state = 'provisional' AND dump_state = 'deleted'", [
      crashId,
    ]);
    return row ?? null;
  });
  await copy(crashId, crashes - 1);
  const before = await usageOf(salvage.system, false);

  let running = true;
  let posted = 1;
  const newcomers = (async () => {
    for (; running; posted++) {
      await sender.post(salvage, posted);
      await sleep(1000 / beside);
    }
  })();
  const startedAt = performance.now();
  await uploadSymbols(salvage);
  const uploadedAt = performance.now();
  const shown: number[] = [];
  const left = async () => {
    const [row] = await salvage.query<{ left: number; done: number | null; total: number | null }>(
      `SELECT (SELECT count(*)::int FROM crashes WHERE state = 'provisional') AS left, a.done, a.total
       FROM (SELECT 1) one LEFT JOIN arrival_progress a ON true ORDER BY a.total DESC NULLS LAST LIMIT 1`,
    );
    if (row === undefined) throw new Error("no answer");
    if (row.done !== null && row.total !== null && row.total > 0) shown.push(row.done / row.total);
    return row.left;
  };
  while ((await left()) > 0) await sleep(250);
  const seconds = (performance.now() - uploadedAt) / 1000;
  const after = await usageOf(salvage.system, false);
  running = false;
  await newcomers;

  const [check] = await salvage.query<{ upgraded: number; kinds: string[] }>(
    "SELECT count(*)::int AS upgraded, array_agg(DISTINCT kind) AS kinds FROM reports WHERE revision = 2",
  );
  const back = shown.filter((share, place) => place > 0 && share < (shown[place - 1] ?? 0)).length;
  say(`${crashes} crashes waited; ${beside} new ones a second meanwhile`);
  say(
    `  ${seconds.toFixed(1)} s from the uploaded file to the last upgrade (${((uploadedAt - startedAt) / 1000).toFixed(1)} s to upload and check it); ${(crashes / seconds).toFixed(0)} per second`,
  );
  say(
    `  ${check?.upgraded} second revisions, of kind ${check?.kinds.join(", ")}; progress looked at ${shown.length} times, went back ${back} times`,
  );
  for (const [part, { cpuSeconds }] of after) {
    const spent = cpuSeconds - (before.get(part)?.cpuSeconds ?? 0);
    say(`  ${part.padEnd(10)} ${((1000 * spent) / crashes).toFixed(1).padStart(6)} ms of processor per upgrade`);
  }
  if (back > 0 || (check?.upgraded ?? 0) < crashes) process.exitCode = 1;
} finally {
  sender.close();
  await salvage.stop();
}

/** Copies a finished crash with its report and missing files. All copies share its report's blob, which an upgrade reads and leaves. */
async function copy(crashId: string, count: number): Promise<void> {
  const row = (table: string, changes: string) => `(jsonb_populate_record(t, ${changes})).* FROM ${table} t`;
  await salvage.query(
    `WITH copies AS MATERIALIZED (SELECT gen_random_uuid() AS id FROM generate_series(1, $2::int)),
     crash AS (INSERT INTO crashes SELECT ${row("crashes", "jsonb_build_object('id', k.id, 'event_id', k.id)")}, copies k WHERE t.id = $1 RETURNING id),
     report AS (INSERT INTO reports SELECT ${row("reports", "jsonb_build_object('crash_id', k.id)")}, copies k WHERE t.crash_id = $1),
     missing AS (INSERT INTO crash_missing_files SELECT ${row("crash_missing_files", "jsonb_build_object('crash_id', k.id)")}, copies k WHERE t.crash_id = $1),
     issue AS (UPDATE issues SET crash_count = crash_count + $2::int WHERE id = (SELECT issue_id FROM crashes WHERE id = $1))
     UPDATE missing_files SET waiting_crashes = waiting_crashes + $2::int WHERE id IN (SELECT missing_file_id FROM crash_missing_files WHERE crash_id = $1 AND open)`,
    [crashId, count],
  );
  // Autovacuum has done so where they came one by one.
  await queryOnce(salvage.system.databases.databaseOwnerUrl, "ANALYZE crashes, reports, crash_missing_files");
}
