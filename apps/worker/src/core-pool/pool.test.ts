/** The pool under hostile input, with real child processes: each breach costs one task, and the next one runs. */
import "../../test/no-inspector.ts";
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { FormatError } from "@salvage/core";
import { ChildDied, CorePool, PoolClosed, SystemRefused, TaskBroken } from "./pool.ts";
import type { Tasks } from "./tasks.ts";
import { residentBytes } from "./watchdog.ts";

const childScript = fileURLToPath(new URL("../../test/children/hostile-child.ts", import.meta.url));
type Answer = { pid: number; environment: string[] };

/** The hostile child takes orders instead of dumps. */
function order(pool: CorePool, act: string, options?: { alone: boolean }): Promise<Answer> {
  return pool.run("inspect", { act } as unknown as Tasks["inspect"]["input"], options) as unknown as Promise<Answer>;
}

describe("children", () => {
  const deaths: string[] = [];
  const pool = new CorePool({
    slots: 2,
    maxTaskRssBytes: 200 * 1024 * 1024,
    maxTaskMs: 1_500,
    childScript,
    onDeath: (cause) => deaths.push(cause),
  });
  after(() => pool.close());

  test("a child knows nothing of the worker's environment", async () => {
    assert.deepEqual((await order(pool, "answer")).environment, []);
  });

  test("verdicts on the input, on our code and on the system are told apart", async () => {
    await assert.rejects(
      order(pool, "bad input"),
      (error) => error instanceof FormatError && error.offset === 16 && error.reason === "not one",
    );
    await assert.rejects(order(pool, "broken"), TaskBroken);
    await assert.rejects(order(pool, "system"), SystemRefused);
  });

  test("a loop, a flood of memory and an exit cost one task each, while others go on", async () => {
    const bystanders = Promise.all(Array.from({ length: 20 }, () => order(pool, "slow")));
    const ends = await Promise.allSettled([order(pool, "loop"), order(pool, "allocate"), order(pool, "exit")]);
    const causes = ends.map((end) => (end.status === "rejected" && end.reason instanceof ChildDied ? end.reason.deathCause : "lived"));
    assert.deepEqual(causes, ["time", "memory", "exit"]);
    assert.deepEqual([...deaths].sort(), ["exit", "memory", "time"]);
    assert.equal((await bystanders).length, 20);
    assert.ok((await order(pool, "answer")).pid > 0);
  });

  test("alone means that nothing else runs", async () => {
    const ends: string[] = [];
    const note = (name: string) => () => ends.push(name);
    await Promise.all([
      order(pool, "slow").then(note("first")),
      order(pool, "slow", { alone: true }).then(note("alone")),
      order(pool, "slow").then(note("after")),
      order(pool, "slow").then(note("after")),
    ]);
    assert.deepEqual(ends, ["first", "alone", "after", "after"]);
  });
});

test("a child is replaced after enough tasks, and nobody waits while the next one starts", async (t) => {
  const slowStart = fileURLToPath(new URL("../../test/children/slow-start-child.ts", import.meta.url));
  const pool = new CorePool({ slots: 1, recycleAfterTasks: 2, childScript: slowStart });
  t.after(() => pool.close());
  await pool.warm();
  const pids = new Set<number>();
  let longestMs = 0;
  while (pids.size < 3) {
    const since = performance.now();
    pids.add((await order(pool, "slow")).pid);
    longestMs = Math.max(longestMs, performance.now() - since);
  }
  assert.ok(longestMs < 1_000, `a task took ${longestMs.toFixed(0)} ms, a start takes 1,500`);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const [first = 0, second = 0] = pids;
  for (const pid of [first, second]) assert.equal(residentBytes(pid) || null, null, "who was replaced is gone");
});

test("children are replaced while they work, and stay as many as there are slots", async (t) => {
  const pool = new CorePool({ slots: 2, recycleAfterTasks: 3, childScript });
  t.after(() => pool.close());
  const pids = new Set((await Promise.all(Array.from({ length: 60 }, () => order(pool, "slow")))).map(({ pid }) => pid));
  assert.ok(pids.size > 2, `${pids.size} children`);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  for (const { pid } of await Promise.all([order(pool, "slow"), order(pool, "slow")])) pids.add(pid);
  assert.ok([...pids].filter((pid) => residentBytes(pid)).length <= 2);
});

test("closing ends tasks and children, and blames nobody", async () => {
  const pool = new CorePool({ slots: 2, childScript, onDeath: () => assert.fail("not a death") });
  const { pid } = await order(pool, "answer");
  const tasks = Promise.allSettled([order(pool, "loop"), order(pool, "loop"), order(pool, "answer")]);
  setTimeout(() => void pool.close(), 300);
  for (const end of await tasks) assert.ok(end.status === "rejected" && end.reason instanceof PoolClosed);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(residentBytes(pid) || null, null, "the child is gone");
});

test("children at rest are ended after a while, and started again when needed", async (t) => {
  const pool = new CorePool({ slots: 1, idleMs: 100, childScript });
  t.after(() => pool.close());
  const { pid } = await order(pool, "answer");
  await new Promise((resolve) => setTimeout(resolve, 400));
  assert.equal(residentBytes(pid) || null, null);
  assert.notEqual((await order(pool, "answer")).pid, pid);
});

test("a task whose child is ended from outside runs again, alone; a third death is the task's", async (t) => {
  const deaths: string[] = [];
  const pool = new CorePool({ slots: 2, retriesAfterExit: 2, childScript, onDeath: (cause) => deaths.push(cause) });
  t.after(() => pool.close());
  const { pid } = await order(pool, "answer");
  const slow = order(pool, "slow");
  process.kill(pid, "SIGKILL");
  const answer = await slow;
  assert.notEqual(answer.pid, pid);
  assert.deepEqual(deaths, ["exit"]);
  await assert.rejects(order(pool, "exit"), (error) => error instanceof ChildDied && error.deathCause === "exit");
  assert.deepEqual(deaths, ["exit", "exit", "exit", "exit"]);
});
