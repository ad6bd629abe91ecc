/** What a start prints while it goes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createSteps } from "./steps.ts";

const recorded = () => {
  let text = "";
  const steps = createSteps((piece) => {
    text += piece;
  });
  return { steps, text: () => text.replace(/\d+\.\d s/g, "N s") };
};

test("a step shows its name at once and its duration when done", async () => {
  const { steps, text } = recorded();
  const result = await steps.step(
    "Database schema",
    async () => 3,
    (applied) => `${applied} migrations`,
  );
  assert.equal(result, 3);
  assert.equal(text(), "  Database schema … N s  (3 migrations)\n");
});

test("overlapping steps end with whole lines", async () => {
  const { steps, text } = recorded();
  let finish: () => void = () => undefined;
  const slow = steps.step("Temporal", () => new Promise<void>((resolve) => (finish = resolve)));
  await steps.step("PostgreSQL", async () => undefined);
  finish();
  await slow;
  assert.equal(text(), "  Temporal …\n  PostgreSQL … N s\n  Temporal … N s\n");
});

test("a failed step says so and throws on", async () => {
  const { steps, text } = recorded();
  await assert.rejects(
    steps.step("Temporal", async () => {
      throw new Error("no");
    }),
    /no/,
  );
  assert.equal(text(), "  Temporal … failed after N s\n");
});
