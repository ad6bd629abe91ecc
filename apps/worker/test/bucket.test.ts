/** The road of a crash with blobs in a bucket: every file that a child reads is a copy, and none of a dump stays. */
import "./no-inspector.ts";
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { startTestS3, type TestS3 } from "@salvage/testkit/s3";
import { sampleDump, sampleSymbols } from "./fixtures.ts";
import { startWorld, type World } from "./world.ts";

describe("blobs in a bucket", () => {
  let s3: TestS3;
  let world: World;
  before(async () => {
    s3 = await startTestS3();
    world = await startWorld({ blobUrl: s3.url("worker") });
    await world.startWorker();
  });
  after(async () => {
    await world?.stop();
    await s3?.stop();
  });

  test("crash first, then symbols, then a second crash; the dumps are gone from bucket and disk", async () => {
    const inState = (id: string, state: string) => world.until(`${id} ${state}`, async () => (await world.crash(id)).state === state);
    const first = await world.post(sampleDump({ processId: 1 }));
    await inState(first, "provisional");
    await world.upload(sampleSymbols(), "app.sym");
    await inState(first, "complete");
    const second = await world.post(sampleDump({ processId: 2 }));
    await inState(second, "complete");
    const kinds = async () => {
      const found = new Set<string>();
      for await (const { key } of world.blobs.list("org/")) found.add(key.split("/")[2] ?? "");
      return found;
    };
    await world.until("the dumps are deleted", async () => !(await kinds()).has("dump"));
    assert.deepEqual(await kinds(), new Set(["report", "symcache", "upload"]));
    const copies = await readdir(world.env.BLOB_DIR, { recursive: true });
    assert.equal(copies.filter((name) => name.includes("/")).length, 2, "the upload and its lookup file");
  });
});
