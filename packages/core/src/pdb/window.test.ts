/** Windows on streams that are held whole and on those that are not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BufferSource } from "../bytes/byte-source.ts";
import { MsfStream } from "./msf-stream.ts";
import { StreamWindow } from "./window.ts";

function windowOn(bytes: number): StreamWindow {
  const data = Uint8Array.from({ length: bytes }, (_, i) => i % 251);
  const blocks = Uint32Array.from({ length: Math.ceil(bytes / 4096) }, (_, i) => i);
  const padded = new Uint8Array(blocks.length * 4096);
  padded.set(data);
  return new StreamWindow(new MsfStream(new BufferSource(padded), 4096, blocks, bytes, "test"));
}

test("a small stream is held whole, a large one piece by piece", () => {
  const small = windowOn(10_000);
  assert.ok(small.hold(9000, 1000));
  assert.deepEqual([small.start, small.end], [0, 10_000]);
  assert.equal(small.second(), small);

  const large = windowOn(9 << 20);
  for (const [offset, length] of [
    [5_000_000, 4],
    [4_999_999, 2],
    [0, 3 << 20],
    [(9 << 20) - 4, 4],
  ] as const) {
    assert.ok(large.hold(offset, length));
    assert.ok(large.start <= offset && offset + length <= large.end);
    assert.ok(large.end - large.start <= Math.max(length, 1 << 20));
    for (const at of [offset, offset + length - 1]) {
      assert.equal(large.bytes[at - large.start], at % 251);
      assert.equal(large.view.getUint8(at - large.start), at % 251);
    }
  }
  assert.notEqual(large.second(), large);
});

test("nothing behind the end is held", () => {
  const window = windowOn(100);
  assert.equal(window.hold(99, 2), false);
  assert.equal(window.hold(0, 100), true);
  assert.equal(StreamWindow.empty().hold(0, 1), false);
});
