/** Lent memory: free when every byte was given back, never before, and never what was not lent. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createFilesystemBlobStore } from "./filesystem.ts";
import { giveBack, lend } from "./lent-memory.ts";
import { createDataKey, sealStream, unsealStream } from "./sealed.ts";

test("a piece is free when all of its parts were given back, in any order", () => {
  const piece = lend(new Uint8Array(100));
  giveBack(piece.subarray(90));
  giveBack(piece.subarray(0, 10));
  giveBack(piece.subarray(5, 5));
  assert.equal(piece.byteLength, 100);
  giveBack(piece.subarray(10, 90));
  assert.equal(piece.byteLength, 0);
});

test("what was not lent, and what is a part of a larger buffer, stays", () => {
  const mine = new Uint8Array(10);
  giveBack(mine);
  assert.equal(mine.byteLength, 10);
  const pooled = lend(Buffer.from("a few bytes of the pool that all small buffers share"));
  giveBack(pooled);
  assert.equal(pooled.toString().slice(0, 5), "a few");
});

test("sealing and storing give back what they have read and written, and store what was there", async () => {
  const dir = await mkdtemp(join(tmpdir(), "salvage-lent-"));
  try {
    const store = createFilesystemBlobStore(dir);
    const dataKey = createDataKey();
    const context = { organizationId: "o", projectId: "1", crashId: "c", part: "dump" };
    const bytes = (n: number) => new Uint8Array(70_001).fill(n);
    const plain = Array.from({ length: 9 }, (_, n) => lend(bytes(n)));
    const sealed: Uint8Array[] = [];
    async function* watched() {
      for await (const piece of sealStream(plain, dataKey, context)) {
        sealed.push(piece);
        yield piece;
      }
    }
    await store.put("org/a/dump/c1", watched());
    assert.deepEqual([...new Set(plain.map((piece) => piece.byteLength))], [0]);
    // What is left: the header, and a tag of 16 bytes for each of the ten chunks.
    assert.deepEqual(
      sealed.filter((piece) => piece.byteLength > 0).map((piece) => piece.byteLength),
      [32, ...Array.from({ length: 10 }, () => 16)],
    );
    const blob = await store.open("org/a/dump/c1");
    const read = Buffer.concat(await Array.fromAsync(unsealStream(blob, dataKey, context)));
    await blob.close();
    assert.ok(read.equals(Buffer.concat(Array.from({ length: 9 }, (_, n) => bytes(n)))));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
