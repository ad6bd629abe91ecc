/** Accepted means kept: parts of the system are killed in the middle of work, and every accepted crash is finished, once. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { postMany, uploadSymbols } from "../src/crashes.ts";
import { type Installation, startInstallation, until } from "../src/installation.ts";

const crashesPerKill = 60;
let salvage: Installation;
let posted = 0;
before(async () => {
  salvage = await startInstallation();
});
after(async () => {
  await salvage.stop();
});

/** Kills a service's whole process group, as the kernel's out-of-memory killer or a power cut would. */
function kill(name: "worker" | "temporal" | "postgres"): void {
  const pid = salvage.system.states().find((state) => state.name === name)?.pid;
  assert.ok(pid, `${name} runs`);
  process.kill(name === "postgres" ? pid : -pid, "SIGKILL");
}

async function finished(): Promise<number> {
  const rows = await salvage.query<{ n: number }>("SELECT count(*)::int AS n FROM crashes WHERE state IN ('provisional', 'complete')");
  return rows[0]?.n ?? 0;
}

async function assertEachFinishedOnce(ids: readonly string[]): Promise<void> {
  assert.equal(new Set(ids).size, ids.length);
  const rows = await salvage.query<{ crashes: number; reports: number; unfinished: number; counted: number; rejected: number }>(`
    SELECT (SELECT count(*)::int FROM crashes) AS crashes,
           (SELECT count(*)::int FROM reports WHERE revision = 1) AS reports,
           (SELECT count(*)::int FROM crashes WHERE state IN ('received', 'processing')) AS unfinished,
           (SELECT count(*)::int FROM crashes WHERE state = 'rejected') AS rejected,
           (SELECT sum(crash_count)::int FROM issues) AS counted`);
  assert.deepEqual(rows[0], { crashes: posted, reports: posted, unfinished: 0, rejected: 0, counted: posted });
}

for (const victim of ["worker", "temporal", "postgres"] as const) {
  test(`kill -9 of ${victim} in the middle of a batch`, async () => {
    const base = await finished();
    const sending = postMany(salvage, crashesPerKill, 8, posted);
    posted += crashesPerKill;
    // Some are done and most are not: that is the middle.
    await until("a few finished", 60_000, async () => ((await finished()) >= base + 3 ? true : null));
    kill(victim);
    const ids = await sending;
    await until("every crash finished", 120_000, async () => ((await finished()) === posted ? true : null));
    await assertEachFinishedOnce(ids);
  });
}

test("kill -9 of the worker in the middle of an arrival", async () => {
  await uploadSymbols(salvage);
  const complete = async () =>
    (await salvage.query<{ n: number }>("SELECT count(*)::int AS n FROM crashes WHERE state = 'complete'"))[0]?.n ?? 0;
  await until("a few upgraded", 60_000, async () => ((await complete()) > 0 ? true : null));
  kill("worker");
  await until("all upgraded", 120_000, async () => ((await complete()) === posted ? true : null));
  const rows = await salvage.query<{ reports: number; top: number; counted: number }>(`
    SELECT (SELECT count(*)::int FROM reports) AS reports, (SELECT max(revision) FROM crashes) AS top,
           (SELECT sum(crash_count)::int FROM issues) AS counted`);
  assert.deepEqual(rows[0], { reports: 2 * posted, top: 2, counted: posted });
});
