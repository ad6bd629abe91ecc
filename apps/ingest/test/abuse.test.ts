/** Every hostile post gets its answer, leaves nothing on the disk, and ingest goes on. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { hostilePosts } from "@salvage/testkit/hostile-posts";
import { dumpOf, startIngest, waitFor } from "./harness.ts";
import { createMemoryDb, publicKey } from "./memory-db.ts";

const path = `/api/42/minidump/?sentry_key=${publicKey}`;

test("each hostile post", async (t) => {
  const memory = createMemoryDb();
  const ingest = await startIngest(t, { db: memory.db, gate: memory.gate });
  for (const each of hostilePosts(16 * 1024 * 1024)) {
    await t.test(each.name, { skip: each.skip ?? false }, async () => {
      const before = memory.crashes.length;
      const answer = await each.run(ingest.port, path);
      assert.match(answer, each.expect);
      assert.equal(memory.crashes.length - before, each.crashes);
      const kept = memory.crashes.flatMap((crash) => [crash.dump, ...crash.attachments]).map((ref) => ref.blobKey);
      await waitFor("nothing else on the disk", async () => (await ingest.files()).join() === kept.sort().join());
    });
  }
  const last = await fetch(ingest.url + path, { method: "POST", body: new Uint8Array(dumpOf(1000)) });
  assert.equal(last.status, 200, "it still takes crashes");
});

test("a thousand connections that send a byte now and then hold no files and no one up", async (t) => {
  const memory = createMemoryDb();
  const ingest = await startIngest(t, { db: memory.db, gate: memory.gate });
  const slow: Socket[] = Array.from({ length: 1000 }, () => connect(ingest.port, "127.0.0.1"));
  t.after(() => {
    for (const socket of slow) socket.destroy();
  });
  for (const socket of slow) {
    socket.on("error", () => undefined);
    socket.write(`POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-dmp\r\nContent-Length: 100000\r\n\r\nM`);
  }
  for (let i = 0; i < 20; i++) {
    const answer = await fetch(ingest.url + path, { method: "POST", body: new Uint8Array(dumpOf(10_000, i + 1)) });
    assert.equal(answer.status, 200);
    slow[i]?.write("D");
  }
  assert.equal(memory.crashes.length, 20);
  for (const socket of slow) socket.destroy();
  await waitFor("only the crashes are on the disk", async () => (await ingest.files()).length === 20);
  await waitFor("each is counted", () => memory.countOf("aborted") === 1000);
});
