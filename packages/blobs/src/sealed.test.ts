/** Sealed blobs: every range reads as the plain text does, and nothing that was tampered with opens. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  createDataKey,
  SealBroken,
  type SealContext,
  SealedFile,
  sealedChunkBytes,
  sealedSize,
  sealStream,
  unsealedSize,
  unsealStream,
} from "./sealed.ts";
import type { RandomAccessBlob } from "./store.ts";

const context: SealContext = { organizationId: "o1", projectId: "7", crashId: "c1", part: "dump" };
const stride = sealedChunkBytes + 16;

async function seal(plain: Uint8Array, dataKey: Uint8Array, pieceBytes = 10_000): Promise<Buffer> {
  const pieces = Array.from({ length: Math.ceil(plain.length / pieceBytes) }, (_, i) =>
    plain.subarray(i * pieceBytes, (i + 1) * pieceBytes),
  );
  return Buffer.concat(await Array.fromAsync(sealStream(pieces, dataKey, context)));
}

const blobOf = (bytes: Uint8Array): RandomAccessBlob => ({
  size: bytes.length,
  read: async (offset, length) => bytes.subarray(offset, offset + length),
  close: async () => undefined,
});

const unseal = async (sealed: Uint8Array, dataKey: Uint8Array, as = context) =>
  Buffer.concat(await Array.fromAsync(unsealStream(blobOf(sealed), dataKey, as)));

async function onDisk(t: TestContext, bytes: Uint8Array): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "salvage-sealed-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  await writeFile(join(dir, "blob"), bytes);
  return join(dir, "blob");
}

test("round trip at the sizes where chunks begin and end", async (t) => {
  const dataKey = createDataKey();
  for (const size of [0, 1, 15, sealedChunkBytes - 1, sealedChunkBytes, sealedChunkBytes + 1, 3 * sealedChunkBytes, 300_001]) {
    const plain = randomBytes(size);
    const sealed = await seal(plain, dataKey, size === 300_001 ? 200_000 : 10_000);
    assert.equal(sealed.length, sealedSize(size));
    assert.equal(unsealedSize(sealed.length), size);
    assert.ok((await unseal(sealed, dataKey)).equals(plain), `${size} bytes`);
    const file = SealedFile.open(await onDisk(t, sealed), dataKey, context);
    assert.equal(file.size, size);
    assert.ok(Buffer.from(file.read(0, size)).equals(plain));
    file.close();
  }
});

test("any range equals the same range of the plain text", async (t) => {
  const dataKey = createDataKey();
  // More chunks than the cache holds.
  const plain = randomBytes(80 * sealedChunkBytes + 123);
  const file = SealedFile.open(await onDisk(t, await seal(plain, dataKey, 1 << 20)), dataKey, context);
  t.after(() => file.close());
  for (let i = 0; i < 2000; i++) {
    const offset = Math.floor(Math.random() * (plain.length + 1));
    const length = Math.floor(Math.random() * Math.min(plain.length - offset + 1, i % 10 === 0 ? 400_000 : 600));
    assert.ok(Buffer.from(file.read(offset, length)).equals(plain.subarray(offset, offset + length)), `${length} at ${offset}`);
  }
  assert.throws(() => file.read(plain.length - 1, 2), RangeError);
  assert.throws(() => file.read(-1, 1), RangeError);
  assert.throws(() => file.read(Number.NaN, 1), RangeError);
});

test("the plain text does not stand in the blob, and sealing twice gives other bytes", async () => {
  const dataKey = createDataKey();
  const plain = Buffer.from("MDMP a secret on the stack ".repeat(5000));
  const sealed = await seal(plain, dataKey);
  assert.equal(sealed.indexOf("secret"), -1);
  assert.ok(!(await seal(plain, dataKey)).equals(sealed));
});

test("a changed byte anywhere does not open", async () => {
  const dataKey = createDataKey();
  const sealed = await seal(randomBytes(2 * sealedChunkBytes + 50), dataKey);
  for (const at of [0, 9, 13, 20, 32, 40_000, 32 + sealedChunkBytes, 32 + stride + 5, sealed.length - 20, sealed.length - 1]) {
    const changed = Buffer.from(sealed);
    changed[at] = (changed[at] ?? 0) ^ 1;
    await assert.rejects(unseal(changed, dataKey), SealBroken, `byte ${at}`);
  }
});

test("a cut file does not open, wherever it is cut", async (t) => {
  const dataKey = createDataKey();
  const sealed = await seal(randomBytes(3 * sealedChunkBytes), dataKey);
  for (const length of [0, 10, 32, 40, 48, 32 + stride, 32 + stride + 8, 32 + stride + 16, 32 + 2 * stride, sealed.length - 1]) {
    await assert.rejects(unseal(sealed.subarray(0, length), dataKey), SealBroken, `cut to ${length}`);
    const path = await onDisk(t, sealed.subarray(0, length));
    assert.throws(() => SealedFile.open(path, dataKey, context), SealBroken, `cut to ${length}`);
  }
  await assert.rejects(unseal(Buffer.concat([sealed, randomBytes(stride)]), dataKey), SealBroken);
});

test("chunks in another order, or of another blob of the same crash, do not open", async () => {
  const dataKey = createDataKey();
  const sealed = await seal(randomBytes(3 * sealedChunkBytes + 1), dataKey);
  const swapped = Buffer.from(sealed);
  sealed.copy(swapped, 32, 32 + stride, 32 + 2 * stride);
  sealed.copy(swapped, 32 + stride, 32, 32 + stride);
  await assert.rejects(unseal(swapped, dataKey), /chunk 0 does not open/);
  const other = await seal(randomBytes(3 * sealedChunkBytes + 1), dataKey);
  const spliced = Buffer.concat([sealed.subarray(0, 32 + stride), other.subarray(32 + stride)]);
  await assert.rejects(unseal(spliced, dataKey), SealBroken);
});

test("another crash, project, organization, part or key does not open it", async (t) => {
  const dataKey = createDataKey();
  const sealed = await seal(randomBytes(100), dataKey);
  const path = await onDisk(t, sealed);
  for (const change of [
    { crashId: "c2" },
    { projectId: "8" },
    { organizationId: "o2" },
    { part: "attachment/0" },
    { organizationId: "o", projectId: "17" },
  ]) {
    await assert.rejects(unseal(sealed, dataKey, { ...context, ...change }), SealBroken, JSON.stringify(change));
    assert.throws(() => SealedFile.open(path, dataKey, { ...context, ...change }), SealBroken);
  }
  await assert.rejects(unseal(sealed, createDataKey()), SealBroken);
  await assert.rejects(unseal(sealed, randomBytes(16)), /16 bytes, not 32/);
});
