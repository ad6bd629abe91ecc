/** The budget, the coalescing and the order of pokes, on real timers with short times. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { PokeQueue } from "./poke-queue.ts";

const quiet = { onError: () => {} };

test("many pokes of one lane become one send, and a poke during a send becomes another", async (t) => {
  const sent: string[] = [];
  const releases: (() => void)[] = [];
  const queue = new PokeQueue({
    ...quiet,
    coalesceMs: 5,
    laneIntervalMs: 20,
    send: (lane) => {
      sent.push(lane);
      return new Promise<void>((resolve) => releases.push(resolve));
    },
  });
  t.after(async () => {
    for (const release of releases) release();
    await queue.close();
  });
  for (let i = 0; i < 100; i++) queue.poke("a");
  await sleep(60);
  assert.deepEqual(sent, ["a"]);
  queue.poke("a");
  await sleep(60);
  assert.deepEqual(sent, ["a", "a"], "the poke came after the first send began, so it needs its own");
});

test("a busy lane does not starve the others", async (t) => {
  const sent: string[] = [];
  const queue = new PokeQueue({
    ...quiet,
    coalesceMs: 0,
    laneIntervalMs: 0,
    sendsPerSecond: 50,
    maxInFlight: 1,
    send: async (lane) => {
      sent.push(lane);
      if (lane === "busy") queue.poke("busy");
      await sleep(5);
    },
  });
  t.after(() => queue.close());
  queue.poke("busy");
  queue.poke("b");
  queue.poke("c");
  while (sent.length < 4) await sleep(5);
  assert.deepEqual(sent.slice(0, 4), ["busy", "b", "c", "busy"]);
});

test("no more sends than the budget, however many lanes", async () => {
  let sends = 0;
  const queue = new PokeQueue({
    ...quiet,
    coalesceMs: 0,
    sendsPerSecond: 10,
    send: async () => {
      sends += 1;
    },
  });
  for (let lane = 0; lane < 200; lane++) queue.poke(`lane ${lane}`);
  await sleep(300);
  const soFar = sends;
  await queue.close();
  // A loaded machine sleeps longer than it was told, so only "far fewer than asked for" is certain.
  assert.ok(soFar >= 10 && soFar <= 60, `${soFar} sends in 0.3 s with a budget of 10 per second and a burst of 10`);
  assert.equal(sends, 200, "closing sends what waits");
});

test("a failed send is reported and dropped, and the lane can be poked again", async () => {
  const failed: string[] = [];
  let sends = 0;
  const outcomes: string[] = [];
  const queue = new PokeQueue({
    coalesceMs: 0,
    laneIntervalMs: 5,
    onPoke: (outcome) => outcomes.push(outcome),
    onError: (lane) => failed.push(lane),
    send: async () => {
      sends += 1;
      if (sends === 1) throw new Error("away");
    },
  });
  queue.poke("a");
  await sleep(40);
  assert.deepEqual(failed, ["a"]);
  assert.equal(sends, 1);
  queue.poke("a");
  await sleep(40);
  assert.equal(sends, 2);
  queue.poke("a");
  queue.poke("a");
  await queue.close();
  assert.deepEqual(outcomes, ["failed", "sent", "coalesced", "sent"]);
});
