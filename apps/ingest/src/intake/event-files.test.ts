/** Files with event data: order of the breadcrumb files, damage, and limits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { packMessage } from "../../test/pack-message.ts";
import { limits } from "../limits.ts";
import { mergeEvent } from "./event.ts";
import { EventFiles, eventFileKind } from "./event-files.ts";

async function* pieces(bytes: Buffer, size = 7): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const crumbs = (...entries: [string, string][]) =>
  Buffer.concat(entries.map(([message, timestamp]) => packMessage({ message, timestamp: `2026-01-01T00:00:${timestamp}Z` })));

test("the event file and the breadcrumb files are one event; the older file's crumbs come first, the ring's length is kept", async () => {
  const files = new EventFiles(assert.fail);
  await files.take("breadcrumbs", "__sentry-breadcrumb1", pieces(crumbs(["new", "40"])));
  await files.take("breadcrumbs", "__sentry-breadcrumb2", pieces(crumbs(["old 1", "10"], ["old 2", "20"], ["old 3", "30"])));
  await files.take(
    "event",
    "__sentry-event",
    pieces(packMessage({ release: "a@1", contexts: { os: { name: "Linux" } }, breadcrumbs: [{ message: "no" }] })),
  );
  const event = mergeEvent(files.sources);
  assert.deepEqual(
    event.breadcrumbs.map((crumb) => crumb.message),
    ["old 2", "old 3", "new"],
  );
  assert.equal(event.release, "a@1");
  assert.deepEqual(event.contexts, { os: { name: "Linux" } });
  assert.equal(files.said.length, 3);
});

test("damage costs what cannot be read, and is said; too large and too many as well", async () => {
  const notes: string[] = [];
  const files = new EventFiles((note) => notes.push(note));
  const whole = crumbs(["one", "10"], ["two", "20"]);
  await files.take("breadcrumbs", "__sentry-breadcrumb1", pieces(whole.subarray(0, -3)));
  await files.take("event", "__sentry-event", pieces(Buffer.from("no MessagePack at all")));
  let read = 0;
  async function* endless(): AsyncGenerator<Buffer> {
    for (; read < 3 * limits.maxEventFileBytes; read += 65_536) yield Buffer.alloc(65_536);
  }
  await files.take("event", "__sentry-event", endless());
  assert.equal(read, 3 * limits.maxEventFileBytes, "read to its end, so that the parts behind it can be read");
  await files.take("event", "a", pieces(packMessage({ release: "r" })));
  await files.take("event", "b", pieces(packMessage({ release: "r" })));
  await files.take("event", "c", pieces(packMessage({ release: "r" })));
  const event = mergeEvent(files.sources);
  assert.deepEqual(
    event.breadcrumbs.map((crumb) => crumb.message),
    ["one"],
  );
  assert.equal(event.release, "r");
  assert.match(notes[0] ?? "", /^__sentry-breadcrumb1: MessagePack at byte \d+: \d+ bytes wanted, \d+ are there; 1 before it are kept$/);
  assert.equal(notes.length, 3);
  assert.match(notes[1] ?? "", /larger than 1048576 bytes/);
  assert.match(notes[2] ?? "", /^c: left out, more than 4 files/);
});

test("the names of the form's fields", () => {
  assert.equal(eventFileKind("__sentry-event"), "event");
  assert.equal(eventFileKind("__sentry-breadcrumb2"), "breadcrumbs");
  for (const name of ["__sentry-breadcrumb3", "constructor", "log", null]) assert.equal(eventFileKind(name), null);
});
