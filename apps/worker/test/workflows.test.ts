/** The workflows alone, on a real Temporal server, with activities that the test decides: every promise of their files. */
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pokeSignal, progressQuery, taskQueues, type WorkProgress, workflowIds, workflowTypes } from "@salvage/contracts";
import type { ImportOutcome } from "../src/activities/import.ts";
import type { IntakeBatch } from "../src/activities/intake.ts";
import type { UpgradePage } from "../src/activities/upgrade.ts";
import { ensureBundle, startTemporalHarness, type TemporalHarness } from "./temporal-harness.ts";

describe("workflows", () => {
  let harness: TemporalHarness;
  /** What the activities do in the running test. */
  const script = {
    processBatch: async (_: unknown): Promise<IntakeBatch> => ({ claimed: 0, empty: true }),
    upgradePage: async (_: { cursor: string | null; done: number }): Promise<UpgradePage> => lastPage,
    importFiles: async (_: unknown): Promise<ImportOutcome> => ({ organizationId: null, awaitedFileKeys: [] }),
    wakeArrivals: async (_: unknown): Promise<void> => {},
    attemptDelivery: async (_: unknown): Promise<{ nextAttemptInMs: number | null }> => ({ nextAttemptInMs: null }),
    sweepOnce: async (): Promise<void> => {},
    retainOnce: async (): Promise<void> => {},
  };
  const lastPage: UpgradePage = { visited: 0, upgraded: 0, busy: 0, waiting: 0, next: null, cut: false };
  const idle = { ...script };
  const activities = Object.fromEntries(
    Object.keys(script).map((name) => [name, (input: never) => (script[name as keyof typeof script] as (input: never) => unknown)(input)]),
  );

  before(async () => {
    harness = await startTemporalHarness();
    await harness.worker({ taskQueue: taskQueues.main, workflowBundle: { codePath: await ensureBundle() }, activities });
    for (const queue of [taskQueues.intake, taskQueues.upgrade, taskQueues.import]) await harness.worker({ taskQueue: queue, activities });
  });
  after(() => harness.stop());
  beforeEach(() => {
    Object.assign(script, idle);
  });

  const pokeIntake = (projectId: string) =>
    harness.client.workflow.signalWithStart(workflowTypes.intake, {
      workflowId: workflowIds.intake(projectId),
      taskQueue: taskQueues.main,
      args: [{ projectId }],
      signal: pokeSignal,
    });
  const arrive = (fileKey: string) =>
    harness.client.workflow.signalWithStart(workflowTypes.arrival, {
      workflowId: workflowIds.arrival("o", fileKey),
      taskQueue: taskQueues.main,
      args: [{ organizationId: "o", fileKey, cursor: null, done: 0 }],
      signal: pokeSignal,
    });

  test("a lane ends on an empty claim, and a poke during that claim makes it look again", async () => {
    let claims = 0;
    script.processBatch = async () => {
      claims += 1;
      if (claims === 1) {
        await pokeIntake("1");
        await sleep(100);
      }
      return { claimed: 0, empty: true };
    };
    const handle = await pokeIntake("1");
    await handle.result();
    assert.ok(claims >= 2, `${claims} claims`);
  });

  /**
   * Runs a lane over batches of one crash each. A batch is in flight until as many as are due were so at once, or half a second.
   * @param workers what the batches answer, by how many crashes are left
   * @returns how many batches were in flight at most, when none is left
   */
  async function mostInFlight(projectId: string, crashes: number, workers?: (left: number) => number): Promise<number> {
    let left = crashes;
    let inFlight = 0;
    let most = 0;
    script.processBatch = async () => {
      inFlight += 1;
      most = Math.max(most, inFlight);
      const due = 2 * (workers?.(left) ?? 1);
      const waitsUntil = Date.now() + 500;
      do await sleep(20);
      while (most < due && Date.now() < waitsUntil);
      inFlight -= 1;
      const known = workers === undefined ? {} : { workers: workers(left) };
      if (left === 0) return { claimed: 0, empty: true, ...known };
      left -= 1;
      return { claimed: 1, empty: false, ...known };
    };
    await (await pokeIntake(projectId)).result();
    assert.equal(left, 0);
    return most;
  }

  test("a lane keeps at most two batches in flight and ends when both came back empty", async () => {
    assert.equal(await mostInFlight("2", 20), 2);
  });

  test("a lane keeps two batches per worker in flight, also for workers that come while it runs", async () => {
    assert.equal(await mostInFlight("4", 60, (left) => (left > 50 ? 1 : 3)), 6);
  });

  test("a lane asks the other workers, too, for crashes whose key the one that was asked lacks", async () => {
    let left = 1;
    let asked = 0;
    script.processBatch = async () => {
      asked += 1;
      const hasTheKey = asked === 6;
      if (!hasTheKey || left === 0) return { claimed: 0, empty: true, workers: 3, othersMay: left > 0 };
      left -= 1;
      return { claimed: 1, empty: false, workers: 3, othersMay: false };
    };
    await (await pokeIntake("5")).result();
    assert.equal(left, 0);
    // Nobody has the key: each is asked, and the lane ends.
    left = 1;
    asked = 6;
    await (await pokeIntake("6")).result();
    assert.deepEqual([left, asked], [1, 13]);
  });

  test("a lane survives batches that fail", async () => {
    let calls = 0;
    script.processBatch = async () => {
      calls += 1;
      if (calls === 1) throw new Error("the database is away");
      return { claimed: 0, empty: true };
    };
    await (await pokeIntake("3")).result();
    assert.equal(calls, 2);
  });

  test("an arrival visits page after page, revisits busy crashes and answers its progress", async () => {
    const cursors: (string | null)[] = [];
    const pages: UpgradePage[] = [
      { visited: 2, upgraded: 2, busy: 0, waiting: 3, next: "p2", cut: false },
      { visited: 3, upgraded: 2, busy: 1, waiting: 1, next: null, cut: false },
      { visited: 1, upgraded: 1, busy: 0, waiting: 0, next: null, cut: false },
    ];
    script.upgradePage = async ({ cursor }) => {
      cursors.push(cursor);
      return pages[cursors.length - 1] ?? lastPage;
    };
    const handle = await arrive("K1");
    await sleep(800); // within the pause for the busy one
    const progress = await harness.client.workflow.getHandle(handle.workflowId).query<WorkProgress>(progressQuery);
    assert.deepEqual(progress, { done: 4, total: 5 });
    await handle.result();
    // The start's own signal asks for one more scan from the start; then page 2, then from the start for the busy one.
    assert.equal(cursors.length, 3);
    assert.equal(cursors.at(-1), null);
  });

  test("an arrival whose file helps nobody who waits ends instead of turning for ever", async () => {
    let pages = 0;
    script.upgradePage = async () => {
      pages += 1;
      return { visited: 2, upgraded: 0, busy: 0, waiting: 2, next: null, cut: false };
    };
    await (await arrive("K2")).result();
    assert.ok(pages <= 2, `${pages} pages`);
  });

  test("a second file of the same id sends a running arrival back to its first page", async () => {
    const cursors: (string | null)[] = [];
    script.upgradePage = async ({ cursor }) => {
      cursors.push(cursor);
      if (cursors.length === 2) {
        await arrive("K3");
        await sleep(50);
      }
      return cursors.length < 4 ? { visited: 1, upgraded: 1, busy: 0, waiting: 9, next: `p${cursors.length + 1}`, cut: false } : lastPage;
    };
    await (await arrive("K3")).result();
    assert.equal(cursors[2], null, `scan from the start after the second poke: ${cursors}`);
  });

  test("an import wakes the arrivals of the files that somebody waits for, and no others", async () => {
    const woken: unknown[] = [];
    script.wakeArrivals = async (input) => void woken.push(input);
    const run = (uploadId: string) =>
      harness.client.workflow.execute(workflowTypes.import, {
        workflowId: workflowIds.import(uploadId),
        taskQueue: taskQueues.main,
        args: [{ uploadId }],
      });
    await run("u1");
    assert.deepEqual(woken, []);
    script.importFiles = async () => ({ organizationId: "o", awaitedFileKeys: ["A", "B"] });
    await run("u2");
    assert.deepEqual(woken, [{ organizationId: "o", fileKeys: ["A", "B"] }]);
  });

  test("a webhook is tried again after the pauses it is told", async () => {
    const pauses = [50, 50, null];
    let attempts = 0;
    script.attemptDelivery = async () => ({ nextAttemptInMs: pauses[attempts++] ?? null });
    await harness.client.workflow.execute(workflowTypes.webhook, {
      workflowId: workflowIds.webhook("d"),
      taskQueue: taskQueues.main,
      args: [{ deliveryId: "d" }],
    });
    assert.equal(attempts, 3);
  });

  test("sweep and retention do one round each", async () => {
    const rounds: string[] = [];
    script.sweepOnce = async () => void rounds.push("sweep");
    script.retainOnce = async () => void rounds.push("retention");
    for (const type of [workflowTypes.sweep, workflowTypes.retention]) {
      await harness.client.workflow.execute(type, { workflowId: `${type} once`, taskQueue: taskQueues.main, args: [] });
    }
    assert.deepEqual(rounds, ["sweep", "retention"]);
  });
});
