/** Ingest and worker with a Temporal that wants TLS, a certificate and an API key of them: a crash is taken and finished, as anywhere else. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "../src/installation.ts";
import { startMachines } from "../src/machines.ts";
import { MachinesTraffic } from "../src/machines-traffic.ts";

const skip = spawnSync("openssl", ["version"]).status === 0 ? false : "openssl is not here to make certificates";

test("a crash goes through a guarded Temporal, and the API key stands in no log", { skip }, async (t) => {
  const machines = await startMachines({ guarded: true });
  t.after(() => machines.stop());
  const [ingest] = await Promise.all([machines.start("ingest", "ingest"), machines.start("worker", "worker")]);
  const traffic = new MachinesTraffic(machines);
  await traffic.postUntilAccepted([ingest], 0);
  await until("a report", 60_000, async () => {
    const [row] = await machines.query<{ state: string }>("SELECT state FROM crashes");
    return row?.state === "provisional" ? true : null;
  });
  assert.deepEqual(await traffic.broken(), []);
  assert.deepEqual(await machines.stopParts(), { ingest: 0, worker: 0 });
  for (const name of (await readdir(machines.folder)).filter((file) => file.endsWith(".log")))
    assert.ok(!(await readFile(join(machines.folder, name), "utf8")).includes(machines.shared.TEMPORAL_API_KEY ?? ""), name);
});
