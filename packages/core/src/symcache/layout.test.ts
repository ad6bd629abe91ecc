import assert from "node:assert/strict";
import { test } from "node:test";
import * as layout from "./layout.ts";

test("record sizes: a change here is a new version of the format", () => {
  assert.deepEqual(layout.recordBytes, { function: 16, inline: 16, range: 16, row: 8, rule: 8, winRow: 8, winFrame: 48, index: 8 });
  assert.equal(layout.symcacheVersion, 2);
  assert.equal(layout.pageBytes, 4096);
  assert.equal(layout.payloadBytes, 4080);
  assert.equal(layout.headerBytes, 120);
  for (const size of Object.values(layout.recordBytes)) assert.equal(layout.payloadBytes % size, 0);
});

test("header fields follow each other without gap or overlap", () => {
  assert.deepEqual(
    Object.values(layout.headerField),
    Array.from({ length: 28 }, (_, i) => 8 + 4 * i),
  );
  assert.equal(layout.headerField.sourceBytesHigh + 4, layout.headerBytes);
});

test("the page trailer", () => {
  assert.deepEqual(layout.trailer, { kind: 4080, used: 4082, number: 4084, reserved: 4088, checksum: 4092 });
  assert.equal(layout.pageKindName(5), "ranges");
  assert.equal(layout.pageKindName(99), "unknown kind 99");
});

test("the checksum sees every single changed byte", () => {
  const bytes = new Uint8Array(layout.pageBytes);
  const view = new DataView(bytes.buffer);
  const before = layout.pageChecksum(view);
  assert.equal(before, 0x4223fd0c);
  for (let at = 0; at < layout.trailer.checksum; at++) {
    bytes[at] = 1 << (at % 8);
    assert.notEqual(layout.pageChecksum(view), before, `byte ${at}`);
    bytes[at] = 0;
  }
});
