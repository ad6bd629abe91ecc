/** The filesystem store: what is written is whole or absent, keys cannot leave the folder, interrupted writes leave nothing. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createFilesystemBlobStore } from "./filesystem.ts";
import { storeCases } from "./store-cases.ts";

async function folder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "salvage-blobs-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

storeCases("a folder", async (t) => createFilesystemBlobStore(await folder(t)));

test("a folder says whether a blob was there to be deleted", async (t) => {
  const store = createFilesystemBlobStore(await folder(t));
  assert.equal(await store.delete("org/a/dump/none"), false);
  await store.put("org/a/dump/c", []);
  assert.equal(await store.delete("org/a/dump/c"), true);
});

test("a blob's file is for its owner alone, and temporary files are no blobs", async (t) => {
  const dir = await folder(t);
  const store = createFilesystemBlobStore(dir);
  await store.put("org/a/dump/c", [Buffer.from("x")]);
  assert.equal((await stat(join(dir, "org/a/dump/c"))).mode & 0o777, 0o600);
  await writeFile(join(dir, "tmp", "half"), "x");
  assert.deepEqual(
    (await Array.fromAsync(store.list(""))).map(({ key }) => key),
    ["org/a/dump/c"],
  );
});

test("a source that fails leaves no temporary file", async (t) => {
  const dir = await folder(t);
  const store = createFilesystemBlobStore(dir);
  await store.put("org/a/dump/c", [Buffer.from("old")]);
  async function* broken() {
    yield Buffer.alloc(100_000);
    throw new Error("sender went away");
  }
  await assert.rejects(store.put("org/a/dump/c", broken()), /sender went away/);
  assert.deepEqual(await readdir(join(dir, "tmp")), []);
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
