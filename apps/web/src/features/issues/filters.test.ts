/** Filters of the address become the procedure's input. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { issueListInput } from "./filters.ts";

test("unset filters are left out, so that server and browser share one cache key", () => {
  assert.deepEqual(issueListInput("acme", "game", { q: "  ", state: "all", sort: "crashes" }), {
    orgSlug: "acme",
    projectSlug: "game",
    sort: "crashes",
  });
});

test("set filters are passed on", () => {
  assert.deepEqual(issueListInput("acme", "game", { q: " draw ", state: "regressed", sort: "lastSeen" }), {
    orgSlug: "acme",
    projectSlug: "game",
    sort: "lastSeen",
    search: "draw",
    state: "regressed",
  });
});
