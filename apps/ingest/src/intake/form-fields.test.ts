/** How fields become facts: forms, precedence, what is scrubbed, and hostile texts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { mergeEvent, normalizeEventId } from "./event.ts";
import { formEvent } from "./form-fields.ts";
import { scrubText, scrubValue } from "./scrub.ts";

const read = (...pairs: [string, string][]) => mergeEvent([formEvent(pairs.map(([name, value]) => ({ name, value })))]);

test("sentry as JSON", () => {
  const facts = read([
    "sentry",
    '{"release":"app@1.2","environment":"prod","tags":{"a":"1","n":2},"user":{"id":"7","email":"a@b.c"},"extra":{"x":1},"level":"fatal","event_id":"0123456789ABCDEF0123456789ABCDEF"}',
  ]);
  assert.equal(facts.release, "app@1.2");
  assert.equal(facts.environment, "prod");
  assert.deepEqual(facts.tags, { a: "1", n: "2" });
  assert.equal(facts.user, "a@b.c");
  assert.deepEqual(facts.extra, { x: 1, level: "fatal" });
  assert.equal(facts.eventId, "01234567-89ab-cdef-0123-456789abcdef");
});

test("bracket form, and tags as pairs", () => {
  const facts = read(
    ["sentry[release]", "r"],
    ["sentry[tags][x]", "y"],
    ["sentry[extra][deep][er]", "z"],
    ["sentry[event_id]", "0123456789abcdef0123456789abcdef"],
  );
  assert.equal(facts.release, "r");
  assert.deepEqual(facts.tags, { x: "y" });
  assert.deepEqual(facts.extra, { deep: { er: "z" } });
  assert.equal(facts.eventId, "01234567-89ab-cdef-0123-456789abcdef");
  assert.deepEqual(read(["sentry", '{"tags":[["a","b"],["c"],7]}']).tags, { a: "b" });
});

test("malformed or too deep paths are plain fields", () => {
  const facts = read(["sentry[a", "1"], ["sentry[a]b", "2"], ["sentry[]", "3"], [`sentry${"[a]".repeat(8)}`, "4"]);
  assert.deepEqual(Object.values(facts.extra), ["1", "2", "3", "4"]);
});

test("three underscores are whole objects, two are pieces", () => {
  const facts = read(
    ["sentry__10", '"}}'],
    ["sentry___initialScope", '{"release":"scope","tags":{"one":"1"}}'],
    ["sentry__2", 'ase":"pieces","tags":{"two":"'],
    ["sentry__1", '{"rele'],
    ["sentry__2", 'ase":"again","tags":{"two":"'],
    ["sentry__9", "2"],
  );
  // The first piece stands before the scope.
  assert.equal(facts.release, "again");
  assert.deepEqual(facts.tags, { one: "1", two: "2" });
});

test("what comes first wins; objects merge, null is filled, bad JSON is dropped", () => {
  const facts = read(
    ["sentry", '{"release":null,"tags":{"a":"1"}}'],
    ["sentry", "{oops"],
    ["sentry[release]", "second"],
    ["sentry[tags][a]", "no"],
    ["sentry[tags][b]", "2"],
    ["x", "1"],
    ["x", "2"],
  );
  assert.equal(facts.release, "second");
  assert.deepEqual(facts.tags, { a: "1", b: "2" });
  assert.deepEqual(facts.extra, { x: "1" });
});

test("the event id of pieces is not asked, JSON before bracket", () => {
  assert.equal(read(["sentry__1", '{"event_id":"0123456789abcdef0123456789abcdef"}']).eventId, null);
  assert.equal(
    read(["sentry[event_id]", "1".repeat(32)], ["sentry", `{"event_id":"${"2".repeat(32)}"}`]).eventId,
    "22222222-2222-2222-2222-222222222222",
  );
  assert.equal(normalizeEventId("0".repeat(32)), null);
  assert.equal(normalizeEventId("nope"), null);
});

test("product and version of the uploaders", () => {
  assert.equal(read(["_productName", "App"], ["_version", "3"], ["prod", "Electron"], ["ver", "30"]).release, "App@3");
  assert.equal(read(["prod", "Electron"], ["ver", "30"]).release, "Electron@30");
  assert.equal(read(["ver", "30"]).release, "30");
  assert.equal(read(["prod", "x"]).release, null);
});

test("secrets are scrubbed; environment and command lines never stay", () => {
  const facts = read(
    ["api_token", "abc"],
    ["Authorization", "Basic abcdefgh"],
    ["note", "sent Bearer abcdefghijkl to https://me:pw@host/x?token=abc&y=1"],
    ["path", "C:\\Users\\Erika\\game.exe and /home/erika/core"],
    ["CommandLine", "game --password=x"],
    [
      "sentry",
      '{"contexts":{"process":{"env":{"HOME":"/x"},"argv":["a"],"pid":1}},"user":"erika","tags":{"session_token":"t"},"extra":{"nested":{"Set-Cookie":"a=b","ok":[{"pwd":"p"}]}}}',
    ],
  );
  assert.deepEqual(facts.extra, {
    api_token: "[scrubbed]",
    Authorization: "[scrubbed]",
    note: "sent Bearer [scrubbed] to https://[scrubbed]@host/x?token=[scrubbed]&y=1",
    path: "C:\\Users\\<user>\\game.exe and /home/<user>/core",
    nested: { "Set-Cookie": "[scrubbed]", ok: [{ pwd: "[scrubbed]" }] },
  });
  assert.deepEqual(facts.contexts, { process: { pid: 1 } });
  assert.deepEqual(facts.tags, { session_token: "[scrubbed]" });
  assert.equal(facts.user, "erika");
});

test("hostile texts are storable and cannot touch prototypes", () => {
  const facts = read(
    ["a\u0000b", "c\u0000d\ud800"],
    ["__proto__", "x"],
    ["sentry", '{"__proto__":{"polluted":1},"extra":{"constructor":{"prototype":{"polluted":1}}}}'],
    ["sentry", "[".repeat(200_000)],
    ["sentry", `{"a":${"[".repeat(5000)}${"]".repeat(5000)}}`],
  );
  assert.equal(({} as Record<string, unknown>).polluted, undefined);
  const text = JSON.stringify(facts);
  assert.ok(!text.includes("\\u0000") && !text.includes("\\ud800"));
  assert.equal(facts.extra["a\ufffdb"], "c\ufffdd\ufffd");
  assert.equal(scrubText("x".repeat(100_000)).length, 32 * 1024);
  let deep: unknown = 1;
  for (let i = 0; i < 100; i++) deep = { deep };
  assert.match(JSON.stringify(scrubValue(deep)), /nested too deeply/);
});

test("texts made to be slow to scrub are not", () => {
  const before = performance.now();
  for (const text of ["eyJ-", "a.", "sntrys_/", "bearer ", "-----BEGIN ", "?token=", "/home/", "a://", "ghp_"])
    scrubText(text.repeat(32_768 / text.length));
  assert.ok(performance.now() - before < 1_000);
});
