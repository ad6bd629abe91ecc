import assert from "node:assert/strict";
import { test } from "node:test";
import { BufferSource } from "./byte-source.ts";
import { Cursor } from "./cursor.ts";
import { FormatError } from "./format-error.ts";

const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);

test("reads in both byte orders", () => {
  assert.equal(new Cursor(bytes, "t").u32(), 0x04030201);
  assert.equal(new Cursor(bytes, "t", 0, false).u32(), 0x01020304);
  assert.equal(new Cursor(bytes, "t").u16(), 0x0201);
  assert.equal(new Cursor(bytes, "t").u64(), 0x0807060504030201n);
  assert.equal(new Cursor(bytes, "t", 0, false).u64(), 0x0102030405060708n);
});

test("an error names what, where in the file, and why", () => {
  const cursor = new Cursor(bytes, "minidump: ThreadList entry", 0x1f3c);
  cursor.skip(4);
  assert.throws(
    () => cursor.bytes(48),
    (error: unknown) =>
      error instanceof FormatError &&
      error.message === "minidump: ThreadList entry at 0x1f40: need 48 bytes, 5 left" &&
      error.offset === 0x1f40,
  );
  assert.equal(cursor.pos, 4, "a failed read moves nothing");
});

test("u64AsNumber refuses what a number cannot hold", () => {
  assert.equal(new Cursor(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0), "t").u64AsNumber(), Number.MAX_SAFE_INTEGER);
  assert.throws(() => new Cursor(Uint8Array.of(0, 0, 0, 0, 0, 0, 0x20, 0), "t").u64AsNumber(), FormatError);
});

test("a buffer is read by ranges, never past its end", () => {
  const source = new BufferSource(bytes);
  assert.deepEqual([...source.read(7, 2)], [8, 9]);
  assert.deepEqual([...source.read(9, 0)], []);
  assert.throws(() => source.read(8, 2), /need 2 bytes, 1 left/);
  assert.throws(() => source.read(-1, 1), FormatError);
  assert.throws(() => source.read(0, Number.NaN), FormatError);
});
