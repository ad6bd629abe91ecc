/** Of two ingest and three worker processes on shared services one of each is killed in the middle of work: nothing is lost, nothing is there twice. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { demoFiles, repositoryRoot } from "@salvage/launcher";
import { until } from "../src/installation.ts";
import { type Machines, type Part, startMachines } from "../src/machines.ts";
import { leftBehind, MachinesTraffic } from "../src/machines-traffic.ts";

let salvage: Machines;
let ingests: Part[];
let workers: Part[];
before(async () => {
  salvage = await startMachines();
  workers = await Promise.all(["worker-1", "worker-2", "worker-3"].map((name) => salvage.start("worker", name)));
  ingests = await Promise.all(["ingest-1", "ingest-2"].map((name) => salvage.start("ingest", name)));
});
after(() => salvage?.stop());

const count = async (sql: string) => Number((await salvage.query<{ n: string }>(`SELECT count(*) AS n ${sql}`))[0]?.n);

test("kill -9 of one ingest and one worker, in intake and again in an arrival", async () => {
  const traffic = new MachinesTraffic(salvage);
  const crashesPerSender = 25;
  const send = () =>
    Promise.all(
      Array.from({ length: 12 }, async (_, turn) => {
        for (let sent = 0; sent < crashesPerSender; sent++) await traffic.postUntilAccepted(ingests, turn + sent);
      }),
    );
  /** As whoever supervises does: killed, and started again with what it had. */
  const killAndRestart = async (parts: Part[], index: number, app: "ingest" | "worker") => {
    const part = parts[index] as Part;
    part.child.kill("SIGKILL");
    await part.ended;
    parts[index] = await salvage.start(app, part.name);
  };

  const sending = send();
  await until("some are finished, most are not", 60_000, async () => ((await count("FROM reports")) > 5 ? true : null));
  await Promise.all([killAndRestart(ingests, 0, "ingest"), killAndRestart(workers, 0, "worker")]);
  await sending;

  const symbols = await readFile(join(repositoryRoot, demoFiles.secondSymbols));
  const upload = `${ingests[1]?.url}/api/v1/organizations/acme/debug-files?name=driftwood.sym`;
  const answer = await fetch(upload, { method: "POST", body: symbols, headers: { authorization: `Bearer ${salvage.token}` } });
  assert.equal(answer.status, 201, await answer.text());
  const upgraded = "FROM crashes WHERE revision > 1";
  await until("some are upgraded", 120_000, async () => ((await count(upgraded)) > 0 ? true : null));
  await Promise.all([killAndRestart(ingests, 1, "ingest"), killAndRestart(workers, 1, "worker")]);

  assert.deepEqual(await traffic.broken(), []);
  assert.equal(await count("FROM crashes WHERE state = 'complete'"), 12 * crashesPerSender);
  const codes = await salvage.stopParts();
  assert.deepEqual(Object.values(codes), [0, 0, 0, 0, 0], JSON.stringify(codes));
  assert.deepEqual(await leftBehind([...ingests, ...workers]), []);
});

test("an ingest with another secret holds up nobody; a worker that is given it finishes its crashes", async () => {
  const secret = "the secret of a machine that was set up by mistake";
  await Promise.all(["worker-4", "worker-5"].map((name) => salvage.start("worker", name)));
  const [right, wrong] = await Promise.all([
    salvage.start("ingest", "ingest-3"),
    salvage.start("ingest", "ingest-4", { SALVAGE_SECRET: secret }),
  ]);
  const finished = "FROM crashes WHERE state IN ('provisional', 'complete')";
  const before = await count(finished);
  const traffic = new MachinesTraffic(salvage, 10_000);
  for (let each = 0; each < 5; each++) await traffic.postUntilAccepted([wrong], 0);
  for (let each = 0; each < 5; each++) await traffic.postUntilAccepted([right], 0);
  await until("those of the right one are finished", 60_000, async () => ((await count(finished)) === before + 5 ? true : null));
  assert.equal(await count("FROM crashes WHERE state = 'received'"), 5);
  await salvage.start("worker", "worker-6", { SALVAGE_PREVIOUS_SECRETS: secret });
  await until("those of the wrong one, too", 90_000, async () => ((await count(finished)) === before + 10 ? true : null));
});
