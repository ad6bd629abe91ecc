/** Deletions wait while they are held, and dumps go once they are not. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createFilesystemBlobStore } from "./filesystem.ts";
import { withHeldDeletions } from "./held-deletions.ts";

test("held: nothing goes; let go: dumps and attachments go, the rest is left to the collector; the answer is asked for once a second", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "salvage-held-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 0;
  t.mock.method(performance, "now", () => now);
  const plain = createFilesystemBlobStore(dir);
  let held: boolean | null = true;
  let asked = 0;
  const store = withHeldDeletions(plain, async () => {
    asked++;
    if (held === null) throw new Error("the database is away");
    return held;
  });
  const keys = ["org/a/dump/c", "org/a/attachment/c/0", "org/a/symcache/f.1", "org/a/dump/d"];
  for (const key of keys) await store.put(key, [Buffer.from("x")]);
  const there = async () => (await Array.fromAsync(plain.list(""))).map(({ key }) => key).toSorted();

  for (const key of keys.slice(0, 3)) assert.equal(await store.delete(key), false);
  assert.equal(asked, 1);
  assert.deepEqual(await there(), keys.toSorted());

  now += 1_000;
  held = null;
  assert.equal(await store.delete("org/a/dump/d"), false, "who cannot ask does not delete");

  now += 5_000;
  held = false;
  t.mock.timers.tick(5_000);
  while ((await there()).length > 1) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(await there(), ["org/a/symcache/f.1"]);
  assert.equal(await store.delete("org/a/symcache/f.1"), true);
  assert.equal(asked, 3);
});
