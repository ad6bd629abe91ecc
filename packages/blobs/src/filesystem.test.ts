/** The filesystem store: what is written is whole or absent, keys cannot leave the folder, interrupted writes leave nothing. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createFilesystemBlobStore } from "./filesystem.ts";
import { InvalidBlobKey } from "./keys.ts";
import { BlobNotFound } from "./store.ts";

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "salvage-blobs-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

test("a blob is read back whole, by ranges and as a stream", async (t) => {
  const store = createFilesystemBlobStore(await folder(t));
  const bytes = Buffer.from(Array.from({ length: 700_000 }, (_, i) => (i * 7) & 255));
  assert.deepEqual(await store.put("org/a/dump/c1", [bytes.subarray(0, 1), bytes.subarray(1, 5000), bytes.subarray(5000)]), {
    size: 700_000,
  });
  assert.ok((await collect(store.createReadStream("org/a/dump/c1"))).equals(bytes));
  const blob = await store.open("org/a/dump/c1");
  assert.equal(blob.size, 700_000);
  assert.deepEqual(Buffer.from(await blob.read(699_990, 10)), bytes.subarray(699_990));
  assert.equal((await blob.read(700_000, 0)).length, 0);
  await assert.rejects(blob.read(699_991, 10), RangeError);
  await assert.rejects(blob.read(-1, 1), RangeError);
  await blob.close();
  assert.equal((await stat(store.localPath("org/a/dump/c1") ?? "")).mode & 0o777, 0o600);
});

test("an absent blob", async (t) => {
  const store = createFilesystemBlobStore(await folder(t));
  await assert.rejects(store.open("org/a/dump/none"), BlobNotFound);
  await assert.rejects(collect(store.createReadStream("org/a/dump/none")), BlobNotFound);
  assert.equal(await store.exists("org/a/dump/none"), false);
  assert.equal(await store.delete("org/a/dump/none"), false);
  await store.put("org/a/dump/c", []);
  assert.equal(await store.exists("org/a/dump/c"), true);
  assert.equal(await store.exists("org/a/dump"), false);
  assert.equal(await store.exists("org/a/dump/c/below"), false);
  assert.equal(await store.delete("org/a/dump/c"), true);
  assert.equal(await store.exists("org/a/dump/c"), false);
});

test("a source that fails leaves neither blob nor temporary file, and the old blob stays", async (t) => {
  const dir = await folder(t);
  const store = createFilesystemBlobStore(dir);
  await store.put("org/a/dump/c", [Buffer.from("old")]);
  async function* broken() {
    yield Buffer.alloc(100_000);
    throw new Error("sender went away");
  }
  await assert.rejects(store.put("org/a/dump/c", broken()), /sender went away/);
  assert.equal((await collect(store.createReadStream("org/a/dump/c"))).toString(), "old");
  assert.deepEqual(await readdir(join(dir, "tmp")), []);
});

test("keys cannot leave the folder", async (t) => {
  const store = createFilesystemBlobStore(await folder(t));
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
    "x".repeat(600),
  ]) {
    await assert.rejects(store.put(key, []), InvalidBlobKey, key);
    await assert.rejects(store.open(key), InvalidBlobKey, key);
    await assert.rejects(store.delete(key), InvalidBlobKey, key);
    assert.throws(() => store.localPath(key), InvalidBlobKey, key);
  }
});

test("the folder of a crash goes with its last blob, also while another is being written to it", async (t) => {
  const dir = await folder(t);
  const store = createFilesystemBlobStore(dir);
  await store.put("org/a/report/c/1-aa.json.gz", []);
  await store.put("org/a/report/c/2-aa.json.gz", []);
  await store.delete("org/a/report/c/1-aa.json.gz");
  assert.deepEqual(await readdir(join(dir, "org/a/report")), ["c"]);
  await store.delete("org/a/report/c/2-aa.json.gz");
  assert.deepEqual(await readdir(join(dir, "org/a/report")), []);
  await store.put("org/a/dump/c", []);
  await store.delete("org/a/dump/c");
  assert.deepEqual(await readdir(join(dir, "org/a")), ["dump", "report"]);
  await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      await store.put(`org/a/report/c/${i}-aa.json.gz`, [Buffer.from("x")]);
      await store.delete(`org/a/report/c/${i}-aa.json.gz`);
    }),
  );
});

test("listing by prefix", async (t) => {
  const dir = await folder(t);
  const store = createFilesystemBlobStore(dir);
  for (const key of ["org/b/dump/2", "org/b/dump/1", "org/b/report/1/1-aa.json.gz", "org/bb/dump/9"])
    await store.put(key, [Buffer.from(key)]);
  await writeFile(join(dir, "tmp", "half"), "x");
  const keys = async (prefix: string) => (await Array.fromAsync(store.list(prefix))).map((info) => info.key);
  assert.deepEqual(await keys("org/b/"), ["org/b/dump/1", "org/b/dump/2", "org/b/report/1/1-aa.json.gz"]);
  assert.deepEqual(await keys("org/b/dump/2"), ["org/b/dump/2"]);
  assert.deepEqual(await keys("org/b"), ["org/b/dump/1", "org/b/dump/2", "org/b/report/1/1-aa.json.gz", "org/bb/dump/9"]);
  assert.equal((await keys("")).length, 4);
  assert.deepEqual(await keys("org/none/"), []);
  await assert.rejects(keys("../"), InvalidBlobKey);
  const [first] = await Array.fromAsync(store.list("org/bb/"));
  assert.equal(first?.size, "org/bb/dump/9".length);
});

test("only old temporary files are swept; free space is known", async (t) => {
  const dir = await folder(t);
  const store = createFilesystemBlobStore(dir);
  await store.put("org/a/dump/c", []);
  await writeFile(join(dir, "tmp", "new"), "x");
  await writeFile(join(dir, "tmp", "old"), "x");
  await utimes(join(dir, "tmp", "old"), new Date(0), new Date(0));
  assert.equal(await store.removeStaleTemporaryFiles(60_000), 1);
  assert.deepEqual(await readdir(join(dir, "tmp")), ["new"]);
  assert.ok(((await store.freeBytes()) ?? 0) > 0);
});
