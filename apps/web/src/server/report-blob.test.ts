/** readReport: what is stored comes back; a report that was replaced meanwhile is read anew; damage and size are noticed. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { BlobNotFound, type BlobStore, blobKeys, createBlobStore } from "@salvage/blobs";
import { readReport } from "./report-blob.ts";

let dir: string;
let blobs: BlobStore;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), "salvage-report-blob-"));
  blobs = createBlobStore(dir);
});
after(() => rm(dir, { recursive: true, force: true }));

const keyOf = (crash: string, revision = 1) => blobKeys.report("o1", crash, revision, "0123abcd");

test("the JSON comes back as it was written", async () => {
  await blobs.put(keyOf("c1"), [gzipSync('{"status":"OK","threads":[]}')]);
  assert.deepEqual(await readReport(blobs, async () => keyOf("c1")), { status: "OK", threads: [] });
});

test("a revision that was replaced while reading is read anew", async () => {
  await blobs.put(keyOf("c2", 2), [gzipSync('{"revision":2}')]);
  const keys = [keyOf("c2", 1), keyOf("c2", 2)];
  assert.deepEqual(await readReport(blobs, async () => keys.shift() ?? ""), { revision: 2 });
});

test("a blob that is gone, cut off, or unpacks to more than a report ever has is an error", async () => {
  await assert.rejects(
    readReport(blobs, async () => keyOf("none")),
    BlobNotFound,
  );
  await blobs.put(keyOf("cut"), [gzipSync("x".repeat(10_000)).subarray(0, 20)]);
  await assert.rejects(readReport(blobs, async () => keyOf("cut")));
  await blobs.put(keyOf("bomb"), [gzipSync(Buffer.alloc(65 * 1024 * 1024))]);
  await assert.rejects(
    readReport(blobs, async () => keyOf("bomb")),
    /larger|maxOutputLength|buffer/i,
  );
});
