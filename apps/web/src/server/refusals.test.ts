/** accepted and notThrottled: a repository's word becomes the code and sentence of the table, anything else passes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { TRPCError } from "@trpc/server";
import { accepted, notThrottled } from "./refusals.ts";

const code = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof TRPCError);
    return error.code;
  }
  return "passed";
};

test("refusals throw", () => {
  assert.equal(
    code(() => accepted(null)),
    "NOT_FOUND",
  );
  assert.equal(
    code(() => accepted("not found")),
    "NOT_FOUND",
  );
  assert.equal(
    code(() => accepted("forbidden")),
    "FORBIDDEN",
  );
  assert.equal(
    code(() => accepted("last owner")),
    "CONFLICT",
  );
  assert.equal(
    code(() => accepted("slug taken")),
    "CONFLICT",
  );
});

test("answers pass unchanged, inherited names of objects included", () => {
  const row = { id: "1" };
  assert.equal(accepted<typeof row | "not found" | null>(row), row);
  assert.equal(accepted("done"), "done");
  assert.equal(accepted("toString"), "toString");
  assert.equal(accepted(0), 0);
});

test("a throttled answer says how long to wait", () => {
  const until = new Date(Date.now() + 30_000);
  assert.equal(
    code(() => notThrottled({ throttledUntil: until })),
    "TOO_MANY_REQUESTS",
  );
  assert.throws(() => notThrottled({ throttledUntil: until }), /try again in (29|30) s/);
  assert.equal(notThrottled<"done" | { throttledUntil: Date }>("done"), "done");
});
