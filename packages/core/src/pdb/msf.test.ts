/** The container: streams of any block size put together from scattered blocks, and directories that lie. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { msfFile } from "../../test/pdb-file.ts";
import { BufferSource, type ByteSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import { Msf } from "./msf.ts";

const pattern = (bytes: number, seed: number) => Uint8Array.from({ length: bytes }, (_, i) => (i * 7 + seed) & 255);

test("streams of every block size, directories whose block list takes several blocks", () => {
  for (const blockBytes of [512, 4096, 8192, 32768, 65536]) {
    // 40,000 small streams of 512-byte blocks: a directory of 320 KB, whose 626 numbers fill five blocks.
    const small = blockBytes === 512 ? 40_000 : 100;
    const streams = [undefined, pattern(3 * blockBytes + 5, 1), ...Array.from({ length: small }, (_, i) => Uint8Array.of(i & 255))];
    const msf = new Msf(new BufferSource(msfFile(streams, blockBytes)));
    assert.deepEqual(msf.whole(1, 1 << 20), streams[1]);
    assert.deepEqual(msf.stream(1, blockBytes - 2, 4), streams[1]!.subarray(blockBytes - 2, blockBytes + 2));
    assert.deepEqual([...msf.whole(2 + small - 1, 16)], [(small - 1) & 255]);
    assert.equal(msf.streamBytes(0), 0);
    assert.equal(msf.streamBytes(1 << 20), 0);
  }
});

test("blocks that lie together are read together, scattered ones in order", () => {
  const bytes = msfFile([undefined, pattern(512 * 6, 3)]);
  const reads: [number, number][] = [];
  const source: ByteSource = {
    size: bytes.length,
    read(offset, length) {
      reads.push([offset, length]);
      return bytes.subarray(offset, offset + length);
    },
  };
  const msf = new Msf(source);
  const stream = msf.open(1);
  reads.length = 0;
  stream.read(100, 2000);
  assert.deepEqual(reads, [[3 * 512 + 100, 2000]]);
  // The second and third block change places.
  const view = new DataView(bytes.buffer);
  const list = bytes.length - 1024 + 4 + 4 * 2;
  view.setUint32(list + 4, 5, true);
  view.setUint32(list + 8, 4, true);
  const scattered = new Msf(new BufferSource(bytes)).open(1);
  assert.deepEqual(scattered.read(510, 4), Uint8Array.of(...bytes.subarray(4 * 512 - 2, 4 * 512), ...bytes.subarray(5 * 512, 5 * 512 + 2)));
  assert.equal(scattered.place(512), 5 * 512);
  assert.throws(() => scattered.read(3000, 100), FormatError);
});

test("a file of 16 GB is read by ranges", () => {
  // The first blocks are real; block 0x3ffffe, behind 4 GB in every unit but the block's, holds the stream.
  const bytes = msfFile([undefined, pattern(100, 9)], 4096);
  const view = new DataView(bytes.buffer);
  const far = 0x3ffffe;
  view.setUint32(bytes.length - 2 * 4096 + 12, far, true);
  const source: ByteSource = {
    size: 0x400000 * 4096,
    read(offset, length) {
      if (offset >= far * 4096) return pattern(4096, 5).subarray(offset - far * 4096, offset - far * 4096 + length);
      assert.ok(offset + length <= bytes.length);
      return bytes.subarray(offset, offset + length);
    },
  };
  const stream = new Msf(source).open(1);
  assert.deepEqual(stream.read(10, 90), pattern(4096, 5).subarray(10, 100));
  assert.equal(stream.place(10), far * 4096 + 10);
});

test("containers that lie are a FormatError", () => {
  const bytes = msfFile([undefined, pattern(600, 1)]);
  const changed = (at: number, value: number) => {
    const copy = bytes.slice();
    new DataView(copy.buffer).setUint32(at, value, true);
    return () => new Msf(new BufferSource(copy)).whole(1, 1 << 30);
  };
  const directory = bytes.length - 1024;
  for (const blockBytes of [0, 1, 256, 513, 1 << 17, 0xffffffff]) assert.throws(changed(32, blockBytes), /block size/);
  assert.throws(changed(44, 0x7fffffff), /directory of 2147483647 bytes/);
  assert.throws(changed(52, 0xffffffff), FormatError);
  assert.throws(changed(directory, 0x10000), /65536 streams/);
  assert.throws(changed(directory + 8, 0x40000000), /bytes in a file of/);
  assert.throws(changed(directory + 12, 0xfffffff0), FormatError);
  // A block that is named twice is read twice, no more.
  assert.equal(changed(directory + 16, 3)().length, 600);
});
