/** Accepted means kept: lost pokes, killed workers and a lost Temporal store strand no crash, and none is finished twice. */
import "./no-inspector.ts";
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startTestTemporal } from "@salvage/testkit/temporal";
import { sampleDump } from "./fixtures.ts";
import { startWorld, type World } from "./world.ts";

const mainScript = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const dump = (processId: number) => sampleDump({ buildId: "b".repeat(32), processId });

describe("nothing is lost", () => {
  let world: World;
  before(async () => {
    world = await startWorld({ ownTemporal: true });
  });
  after(() => world.stop());

  const allFinishedOnce = async (ids: readonly string[], timeoutMs: number) => {
    await world.until(
      `${ids.length} crashes finished`,
      async () => {
        const { rows } = await world.sql.query("SELECT count(*)::int AS left FROM crashes WHERE id = ANY ($1) AND state <> 'provisional'", [
          ids,
        ]);
        return rows[0].left === 0;
      },
      timeoutMs,
    );
    const { rows } = await world.sql.query(
      "SELECT crash_id, count(*)::int FROM reports WHERE crash_id = ANY ($1) GROUP BY 1 HAVING count(*) <> 1",
      [ids],
    );
    assert.deepEqual(rows, [], "one report each");
  };

  /** A worker in a process of its own, to be killed. */
  function spawnWorker(): { child: ChildProcess; ready: Promise<void> } {
    const child = spawn(process.execPath, [mainScript], {
      env: { ...world.processEnv, LOG_LEVEL: "info", PATH: process.env.PATH },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ready = new Promise<void>((resolve, reject) => {
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        if (text.includes("worker ready")) resolve();
      });
      child.once("exit", (code, signal) => reject(new Error(`the worker ended: ${code ?? signal}`)));
    });
    ready.catch(() => {});
    return { child, ready };
  }
  const ended = (child: ChildProcess) =>
    new Promise<{ code: number | null; signal: string | null }>((resolve) =>
      child.once("exit", (code, signal) => resolve({ code, signal })),
    );

  test("a report whose commit is not answered keeps its blob", async () => {
    let answersLost = 0;
    const finish: typeof world.db.crashes.finish = async (...args) => {
      const outcome = await world.db.crashes.finish(...args);
      if (answersLost++ === 0) throw new Error("Connection terminated unexpectedly");
      return outcome;
    };
    const worker = await world.startWorker({ db: { ...world.db, crashes: { ...world.db.crashes, finish } } });
    const id = await world.post(dump(9_000));
    await allFinishedOnce([id], 20_000);
    // Whatever the worker deletes afterwards is deleted now.
    await worker.stop();
    assert.equal(answersLost, 1);
    const { rows } = await world.sql.query("SELECT report_blob_key AS key FROM crashes WHERE id = $1", [id]);
    assert.equal(await world.blobs.exists(rows[0].key), true);
  });

  test("a database without room blames no crash: each is tried until it is finished", async () => {
    // A sequence counts what is rolled back, too.
    await world.sql.query("CREATE SEQUENCE tries");
    await world.sql.query(
      `CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
         BEGIN PERFORM nextval('tries'); RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$`,
    );
    await world.sql.query("CREATE TRIGGER no_room BEFORE INSERT ON reports EXECUTE FUNCTION no_room()");
    const worker = await world.startWorker();
    const id = await world.post(dump(9_001));
    await world.until("tried twice", async () => Number((await world.sql.query("SELECT last_value FROM tries")).rows[0].last_value) >= 2);
    const { rows } = await world.sql.query("SELECT deaths, rejection_reason FROM crashes WHERE id = $1", [id]);
    assert.deepEqual(rows[0], { deaths: 0, rejection_reason: null });
    await world.sql.query("DROP FUNCTION no_room CASCADE");
    await allFinishedOnce([id], 20_000);
    await worker.stop();
  });

  test("a worker killed in the middle of a batch, and the next one, finish every crash once", async () => {
    const first = spawnWorker();
    await first.ready;
    const ids = await Promise.all(Array.from({ length: 150 }, (_, n) => world.post(dump(n))));
    await world.until("some crashes finished", async () =>
      (await world.crashes()).some((crash) => ids.includes(crash.id) && crash.state === "provisional"),
    );
    const gone = ended(first.child);
    first.child.kill("SIGKILL");
    await gone;
    const { rows } = await world.sql.query("SELECT count(*)::int AS claimed FROM crashes WHERE claim_token IS NOT NULL");
    assert.ok(rows[0].claimed > 0, "it was killed in the middle");
    const second = spawnWorker();
    await second.ready;
    world.lanes.pokeIntake(world.projectId);
    await allFinishedOnce(ids, 40_000);
    const good = ended(second.child);
    second.child.kill("SIGTERM");
    assert.deepEqual(await good, { code: 0, signal: null });
  });

  test("an orderly stop in the middle hands crashes back at once, and none is blamed", async () => {
    const ids = await Promise.all(Array.from({ length: 120 }, (_, n) => world.post(dump(1_000 + n))));
    const worker = await world.startWorker();
    await world.until(
      "some crashes finished",
      async () =>
        (await world.crash(ids[0] ?? "")).state === "provisional" ||
        (await world.crashes()).some((row) => ids.includes(row.id) && row.state === "provisional"),
    );
    await worker.stop();
    const { rows } = await world.sql.query(
      "SELECT count(*)::int AS held FROM crashes WHERE claim_token IS NOT NULL OR attempt_open OR deaths > 0",
    );
    assert.equal(rows[0].held, 0);
    await world.startWorker();
    world.lanes.pokeIntake(world.projectId);
    await allFinishedOnce(ids, 30_000);
  });

  test("ninety crashes poked at once from many sides: none is stranded", async () => {
    const ids = await Promise.all(Array.from({ length: 90 }, (_, n) => world.post(dump(2_000 + n))));
    await allFinishedOnce(ids, 30_000);
  });

  test("Temporal's store deleted with crashes queued: the sweep finds them", async () => {
    const ids = await Promise.all(Array.from({ length: 30 }, (_, n) => world.post(dump(3_000 + n), { poke: false })));
    const port = Number(world.temporal.address.split(":")[1]);
    await world.temporal.stop();
    const fresh = await startTestTemporal({ own: true, port });
    after(() => fresh.stop());
    await allFinishedOnce(ids, 75_000);
  });
});
