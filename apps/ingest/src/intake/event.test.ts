/** Sources become one event: their order decides, nothing is overwritten, everything is bounded. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeEvent, timeOf } from "./event.ts";

test("earlier sources win; objects merge; null and absent are filled; lists are kept whole", () => {
  const event = mergeEvent([
    { release: null, tags: { a: "1" }, contexts: { os: { name: "Linux" } }, breadcrumbs: [{ message: "first" }] },
    { release: "r@1", environment: "e", tags: { a: "no", b: "2" }, contexts: { os: { name: "no", version: "6" }, gpu: { name: "g" } } },
    { environment: "no", dist: "d", breadcrumbs: [{ message: "second" }], user: { id: 7, email: "a@b.c" } },
    "no object",
    null,
  ]);
  assert.equal(event.release, "r@1");
  assert.equal(event.environment, "e");
  assert.equal(event.dist, "d");
  assert.deepEqual(event.tags, { a: "1", b: "2" });
  assert.deepEqual(event.contexts, { os: { name: "Linux", version: "6" }, gpu: { name: "g" }, user: { id: 7, email: "a@b.c" } });
  assert.equal(event.user, "a@b.c");
  assert.deepEqual(
    event.breadcrumbs.map((crumb) => crumb.message),
    ["first"],
  );
});

test("the first readable event id of the sources is the crash's", () => {
  const id = "0123456789abcdef0123456789abcdef";
  assert.equal(
    mergeEvent([{ event_id: "no id" }, {}, { event_id: id }, { event_id: "f".repeat(32) }]).eventId,
    "01234567-89ab-cdef-0123-456789abcdef",
  );
  assert.equal(mergeEvent([{ event_id: "0".repeat(32) }]).eventId, null);
});

test("breadcrumbs: a list or its values, times of both kinds, the newest hundred, scrubbed", () => {
  const event = mergeEvent([
    {
      breadcrumbs: {
        values: [
          ...Array.from({ length: 150 }, (_, i) => ({ message: `crumb ${i}` })),
          "no object",
          { timestamp: 1_700_000_000.5, category: "http", level: "info", type: "http", data: { url: "https://u:p@h/x", token: "t" } },
          { timestamp: "2026-01-02T03:04:05Z", message: 7 },
        ],
      },
    },
  ]);
  assert.equal(event.breadcrumbs.length, 99, "100 looked at, one was no object");
  assert.equal(event.breadcrumbs[0]?.message, "crumb 53");
  assert.deepEqual(event.breadcrumbs.at(-2), {
    at: "2023-11-14T22:13:20.500Z",
    type: "http",
    category: "http",
    level: "info",
    message: null,
    data: { url: "https://[scrubbed]@h/x", token: "[scrubbed]" },
  });
  assert.equal(event.breadcrumbs.at(-1)?.at, "2026-01-02T03:04:05.000Z");
  assert.equal(timeOf("yesterday"), null);
  assert.equal(timeOf(1e300), null);
});

test("what the dump says better is not kept; other members stand with the annotations", () => {
  const event = mergeEvent([
    { level: "fatal", exception: { values: [1] }, debug_meta: { images: [1] }, extra: { level: "mine" }, logger: "x" },
  ]);
  assert.deepEqual(event.extra, { level: "mine", logger: "x" });
});

test("huge and deep events are cut, and say so", () => {
  const extra = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`e${i}`, "x".repeat(20_000)]));
  let deep: unknown = {};
  for (let i = 0; i < 100; i++) deep = { deep };
  const contexts = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`c${i}`, { text: "y".repeat(20_000) }]));
  const event = mergeEvent([{ extra, contexts }, { deep }, { release: "r" }]);
  assert.ok(JSON.stringify(event).length < 900_000);
  assert.match(String(event.extra.left_out), /^74 more than 524288 bytes hold: e26, e27/);
  assert.match(String(event.contexts.left_out?.value), /more than 262144 bytes hold/);
  assert.equal(event.release, "r");
  assert.deepEqual(Object.keys(mergeEvent([JSON.parse('{"extra":{"__proto__":{"polluted":1}}}')]).extra), ["__proto__"]);
});
