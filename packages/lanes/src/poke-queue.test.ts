/** The budget, the coalescing and the order of pokes, on real timers with short times. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { PokeQueue } from "./poke-queue.ts";

const quiet = { onError: () => {} };

test("many pokes of one lane become one send, and a poke during a send becomes another", async () => {
  const sent: string[] = [];
  let release = () => {};
  const queue = new PokeQueue({
    ...quiet,
    coalesceMs: 5,
    laneIntervalMs: 20,
    send: (lane) => {
      sent.push(lane);
      return new Promise<void>((resolve) => {
        release = resolve;
      });
    },
  });
  for (let i = 0; i < 100; i++) queue.poke("a");
  await sleep(60);
  assert.deepEqual(sent, ["a"]);
  queue.poke("a");
  await sleep(60);
  assert.deepEqual(sent, ["a", "a"], "the poke came after the first send began, so it needs its own");
  release();
  const closing = queue.close();
  release();
  await Promise.race([closing, sleep(50)]);
});

test("a busy lane does not starve the others", async () => {
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
  queue.poke("busy");
  queue.poke("b");
  queue.poke("c");
  await sleep(100);
  assert.deepEqual(sent.slice(0, 4), ["busy", "b", "c", "busy"]);
  await queue.close();
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
  assert.ok(sends >= 10 && sends <= 15, `${sends} sends in 0.3 s with a budget of 10 per second and a burst of 10`);
  await queue.close();
  assert.equal(sends, 200, "closing sends what waits");
});

test("a failed send is reported and dropped, and the lane can be poked again", async () => {
  const failed: string[] = [];
  let sends = 0;
  const queue = new PokeQueue({
    coalesceMs: 0,
    laneIntervalMs: 5,
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
  await queue.close();
});
