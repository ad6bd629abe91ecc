/** What every blob store must do, as tests over a store that a caller opens. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { type TestContext, test } from "node:test";
import { InvalidBlobKey } from "./keys.ts";
import { BlobNotFound, type BlobStore } from "./store.ts";

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

/** @param open an empty store for one test */
export function storeCases(name: string, open: (t: TestContext) => Promise<BlobStore>): void {
  test(`${name}: a blob is read back whole, by ranges, as a stream and as a file`, async (t) => {
    const store = await open(t);
    const bytes = Buffer.from(Array.from({ length: 700_000 }, (_, i) => (i * 7) & 255));
    const pieces = [bytes.subarray(0, 1), bytes.subarray(1, 5000), bytes.subarray(5000)];
    assert.deepEqual(await store.put("org/a/dump/c1", pieces), { size: 700_000 });
    assert.ok((await collect(store.createReadStream("org/a/dump/c1"))).equals(bytes));
    const blob = await store.open("org/a/dump/c1");
    assert.equal(blob.size, 700_000);
    assert.deepEqual(Buffer.from(await blob.read(699_990, 10)), bytes.subarray(699_990));
    assert.equal((await blob.read(700_000, 0)).length, 0);
    await assert.rejects(blob.read(699_991, 10), RangeError);
    await assert.rejects(blob.read(-1, 1), RangeError);
    await blob.close();
    const file = await store.localFile("org/a/dump/c1");
    assert.ok((await readFile(file.path)).equals(bytes));
    await file.release();
  });

  test(`${name}: an absent blob`, async (t) => {
    const store = await open(t);
    await assert.rejects(store.open("org/a/dump/none"), BlobNotFound);
    await assert.rejects(collect(store.createReadStream("org/a/dump/none")), BlobNotFound);
    assert.equal(await store.exists("org/a/dump/none"), false);
    await store.delete("org/a/dump/none");
    await store.put("org/a/dump/c", []);
    assert.equal(await store.exists("org/a/dump/c"), true);
    assert.equal(await store.exists("org/a/dump"), false);
    assert.equal(await store.exists("org/a/dump/c/below"), false);
    assert.equal(await store.delete("org/a/dump/c"), true);
    assert.equal(await store.exists("org/a/dump/c"), false);
  });

  test(`${name}: a source that fails leaves nothing, and the old blob stays`, async (t) => {
    const store = await open(t);
    await store.put("org/a/dump/c", [Buffer.from("old")]);
    for (const bytes of [100_000, 20_000_000]) {
      async function* broken() {
        for (let sent = 0; sent < bytes; sent += 100_000) yield Buffer.alloc(100_000);
        throw new Error("sender went away");
      }
      await assert.rejects(store.put("org/a/dump/c", broken()), /sender went away/);
      await assert.rejects(store.put("org/a/dump/new", broken()), /sender went away/);
    }
    assert.equal((await collect(store.createReadStream("org/a/dump/c"))).toString(), "old");
    assert.deepEqual(
      (await Array.fromAsync(store.list(""))).map(({ key }) => key),
      ["org/a/dump/c"],
    );
    assert.equal(await store.removeStaleTemporaryFiles(0), 0);
  });

  test(`${name}: only keys of the scheme`, async (t) => {
    const store = await open(t);
    const long = "x".repeat(600);
    for (const key of [
      "../x",
      "org/../../x",
      "/etc/passwd",
      "org//x",
      "org/./x",
      "",
      "org/",
      "a\\b",
      "org/x\0y",
      "tmp/../../x",
      "org/.hidden",
      long,
    ]) {
      await assert.rejects(store.put(key, []), InvalidBlobKey, key);
      await assert.rejects(store.open(key), InvalidBlobKey, key);
      await assert.rejects(store.delete(key), InvalidBlobKey, key);
      await assert.rejects(async () => await store.localFile(key), InvalidBlobKey, key);
    }
  });

  test(`${name}: listing by prefix`, async (t) => {
    const store = await open(t);
    for (const key of ["org/b/dump/2", "org/b/dump/1", "org/b/report/1/1-aa.json.gz", "org/bb/dump/9"])
      await store.put(key, [Buffer.from(key)]);
    const keys = async (prefix: string) => (await Array.fromAsync(store.list(prefix))).map((info) => info.key).toSorted();
    assert.deepEqual(await keys("org/b/"), ["org/b/dump/1", "org/b/dump/2", "org/b/report/1/1-aa.json.gz"]);
    assert.deepEqual(await keys("org/b/dump/2"), ["org/b/dump/2"]);
    assert.deepEqual(await keys("org/b"), ["org/b/dump/1", "org/b/dump/2", "org/b/report/1/1-aa.json.gz", "org/bb/dump/9"]);
    assert.equal((await keys("")).length, 4);
    assert.deepEqual(await keys("org/none/"), []);
    await assert.rejects(keys("../"), InvalidBlobKey);
    const [first] = await Array.fromAsync(store.list("org/bb/"));
    assert.equal(first?.size, "org/bb/dump/9".length);
    assert.ok(Math.abs((first?.modifiedAt.getTime() ?? 0) - Date.now()) < 60_000);
  });
}
