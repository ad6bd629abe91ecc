/**
 * Crashes per second from row to report, everything real: `node bench/throughput.ts [crashes]`. Prints one line per phase. The
 * crashes are stored before the clock starts, so it measures the worker, not ingest; PostgreSQL and Temporal share the machine.
 */
import "../test/no-inspector.ts";
import { sampleDump, sampleSymbols } from "../test/fixtures.ts";
import { startWorld } from "../test/world.ts";

const crashes = Number(process.argv[2] ?? 600);
const world = await startWorld();
try {
  const buildId = "c".repeat(32);
  const left = async (state: string) => {
    const { rows } = await world.sql.query("SELECT count(*)::int AS left FROM crashes WHERE state <> $1", [state]);
    return Number(rows[0].left);
  };
  const phase = async (name: string, state: string, start: () => Promise<unknown>) => {
    const startedAt = performance.now();
    await start();
    await world.until(name, async () => (await left(state)) === 0, 600_000);
    const seconds = (performance.now() - startedAt) / 1000;
    console.log(`${name}: ${crashes} crashes in ${seconds.toFixed(2)} s, ${(crashes / seconds).toFixed(1)} per second`);
  };
  for (let n = 0; n < crashes; n++) await world.post(sampleDump({ buildId, processId: n }), { poke: false });
  // The worker's start is in it: its first sweep finds the rows at once.
  await phase("start, then first reports with symbols missing", "provisional", () => world.startWorker());
  await phase("upload to last upgrade (import, re-walk)", "complete", () => world.upload(sampleSymbols({ buildId }), "app.sym"));
} finally {
  await world.stop();
}
