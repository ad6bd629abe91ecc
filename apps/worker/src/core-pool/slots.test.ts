/** Who is served next: fair between projects, a slot kept for others, all slots for one that must be alone. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Slots } from "./slots.ts";

/** Asks in turn, and notes in which order they were served. */
function crowd(slots: Slots) {
  const order: string[] = [];
  const ask = (name: string, who: string, count = 1) => void slots.take(count, who).then(() => order.push(name));
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
  return { order, ask, settled };
}

const useTimers = (t: TestContext) => t.mock.timers.enable({ apis: ["setTimeout"] });

test("one project alone has all slots, in the order of asking", async (t) => {
  useTimers(t);
  const slots = new Slots(2);
  const { order, ask, settled } = crowd(slots);
  for (const name of ["1", "2", "3"]) ask(name, "a");
  await settled();
  assert.deepEqual(order, ["1", "2"]);
  slots.give(1, "a");
  await settled();
  assert.deepEqual(order, ["1", "2", "3"]);
});

test("a project that comes beside a crowd of another's is served next, and keeps a slot", async (t) => {
  useTimers(t);
  const slots = new Slots(2);
  const { order, ask, settled } = crowd(slots);
  for (let i = 0; i < 50; i++) ask(`a${i}`, "a");
  ask("b0", "b");
  await settled();
  slots.give(1, "a");
  await settled();
  assert.deepEqual(order, ["a0", "a1", "b0"]);
  // The other's slot stays free for its next one, while the crowd goes on in its own.
  slots.give(1, "b");
  await settled();
  assert.equal(order.length, 3);
  slots.give(1, "a");
  await settled();
  assert.deepEqual(order.slice(3), ["a2"]);
  ask("b1", "b");
  await settled();
  assert.deepEqual(order.slice(4), ["b1"]);
});

test("a slot that was kept goes to the crowd once the other stays away", async (t) => {
  useTimers(t);
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const slots = new Slots(2);
  const { order, ask, settled } = crowd(slots);
  for (const name of ["a0", "a1", "a2"]) ask(name, "a");
  ask("b0", "b");
  slots.give(1, "a");
  slots.give(1, "b");
  now += 4_900;
  t.mock.timers.tick(500);
  await settled();
  assert.deepEqual(order, ["a0", "a1", "b0"]);
  now += 200;
  t.mock.timers.tick(500);
  await settled();
  assert.deepEqual(order, ["a0", "a1", "b0", "a2"]);
});

test("a request for all slots waits for all, and is not overtaken for ever", async (t) => {
  useTimers(t);
  const slots = new Slots(2);
  const { order, ask, settled } = crowd(slots);
  ask("a0", "a");
  ask("b0", "b");
  ask("alone", "a", 2);
  for (let i = 1; i < 5; i++) ask(`b${i}`, "b");
  slots.give(1, "a");
  await settled();
  slots.give(1, "b");
  await settled();
  assert.deepEqual(order, ["a0", "b0", "alone"]);
  slots.give(2, "a");
  await settled();
  assert.deepEqual(order.slice(3), ["b1"]);
});
