import assert from "node:assert/strict";
import { test } from "node:test";
import { readDamaged } from "../../../test/damaged.ts";
import { zipOf } from "../../../test/zip.ts";
import { ZipError, zipNames } from "./zip-names.ts";

const blobOf = (bytes: Buffer) => ({
  size: bytes.length,
  read: async (offset: number, length: number) => {
    assert.ok(offset >= 0 && offset + length <= bytes.length, "inside the blob");
    return bytes.subarray(offset, offset + length);
  },
  close: async () => undefined,
});
const zip = zipOf(["a/B0/a.sym", "first"], ["ä", "second!"]);
const names = [
  { name: "a/B0/a.sym", sizeBytes: 5 },
  { name: "ä", sizeBytes: 7 },
];

test("names and sizes; a comment at the end; an empty zip", async () => {
  assert.deepEqual(await zipNames(blobOf(zip)), names);
  const commented = Buffer.concat([zip, Buffer.from("PK\u0005\u0006 a comment")]);
  commented.writeUInt16LE(commented.length - zip.length, zip.length - 2);
  assert.deepEqual(await zipNames(blobOf(commented)), names);
  assert.deepEqual(await zipNames(blobOf(zipOf())), []);
});

test("zip64", async () => {
  const end = zip.subarray(-22);
  const end64 = Buffer.alloc(56);
  end64.writeUInt32LE(0x06064b50, 0);
  end64.writeBigUInt64LE(BigInt(end.readUInt32LE(12)), 40);
  end64.writeBigUInt64LE(BigInt(end.readUInt32LE(16)), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(zip.length - 22), 8);
  const large = Buffer.concat([zip.subarray(0, -22), end64, locator, end]);
  large.writeUInt32LE(0xffffffff, large.length - 6);
  assert.deepEqual(await zipNames(blobOf(large)), names);
  locator.writeBigUInt64LE(2n ** 63n, 8);
  const wrong = Buffer.concat([zip.subarray(0, -22), end64, locator, large.subarray(-22)]);
  await assert.rejects(zipNames(blobOf(wrong)), /its zip64 end at byte \d+ is outside of it/);
});

test("ten thousand damaged zips: names or a sentence, never another error", async () => {
  await readDamaged(
    zip,
    [0x50, 0x4b, 1, 2, 5, 6, 0, 0xff],
    (body) => zipNames(blobOf(body)),
    (error) => error instanceof ZipError,
  );
});
