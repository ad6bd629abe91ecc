/** The words for numbers, sizes and times. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatBytes, formatCount, formatCountUpTo, formatDuration, formatRelative, plural, shortHex } from "./format.ts";

test("counts carry thousands separators and the right noun", () => {
  assert.equal(formatCount(1234567), "1,234,567");
  assert.deepEqual(
    [9_999, 10_000].map((value) => formatCountUpTo(value, 10_000)),
    ["9,999", "10,000+"],
  );
  assert.equal(plural(1, "crash", "crashes"), "1 crash");
  assert.equal(plural(0, "crash", "crashes"), "0 crashes");
  assert.equal(plural(2, "file"), "2 files");
});

test("sizes switch units at 1024", () => {
  assert.equal(formatBytes(1023), "1023 B");
  assert.equal(formatBytes(1024), "1.0 KiB");
  assert.equal(formatBytes(200 * 1024 * 1024), "200 MiB");
});

test("addresses lose their leading zeros, not their last digit", () => {
  assert.equal(shortHex("0x0000000000000048"), "0x48");
  assert.equal(shortHex("0x0000000000000000"), "0x0");
  assert.equal(shortHex("0x7f00"), "0x7f00");
});

test("durations name at most two units", () => {
  assert.equal(formatDuration(42), "42 s");
  assert.equal(formatDuration(3 * 3600), "3 h");
  assert.equal(formatDuration(2 * 86_400 + 4 * 3600 + 59), "2 d 4 h");
});

test("relative times read in both directions and turn into a date", () => {
  const now = Date.parse("2026-06-30T12:00:00Z");
  assert.equal(formatRelative("2026-06-30T11:59:58Z", now), "just now");
  assert.equal(formatRelative("2026-06-30T11:57:00Z", now), "3 min ago");
  assert.equal(formatRelative("2026-07-06T12:00:00Z", now), "in 6 d");
  assert.equal(formatRelative("2026-05-01T12:00:00Z", now), "1 May");
  assert.equal(formatRelative("2024-05-01T12:00:00Z", now), "1 May 2024");
  assert.equal(formatRelative("soon", now), "soon");
});
