/**
 * Full disks: one that holds the blobs alone, and one that holds the database, Temporal's store and the logs. Senders get 503 in clear words, nothing
 * that was accepted is lost, and when there is room again everything goes on by itself.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { brokenRows } from "../chaos/invariants.ts";
import { SmallDisk } from "../chaos/small-disk.ts";
import { ChaosStack } from "../chaos/stack.ts";
import { type Answer, Traffic } from "../chaos/traffic.ts";
import { until } from "../src/installation.ts";

const blobs = await mkdtemp(join(tmpdir(), "salvage-blobs-"));
const blobDisk = await SmallDisk.mount(blobs, 64);
const skip = blobDisk === null ? "this user may not mount a small file system" : false;
let stack: ChaosStack;
let traffic: Traffic;
before(async () => {
  if (skip !== false) return;
  stack = await ChaosStack.start({ BLOB_DIR: blobs });
  traffic = new Traffic(stack, 1);
});
after(async () => {
  await stack?.stop();
  await stack?.closeProxies();
  await stack?.remove();
  await blobDisk?.unmount();
  await rm(blobs, { recursive: true, force: true });
});

test("the blobs' disk is full: crashes and debug files are refused in words, and taken when there is room", { skip }, async () => {
  await Promise.all([traffic.crash(0), traffic.crash(0)]);
  await blobDisk?.fill();
  const answers: Answer[] = [];
  const sending = traffic.crash(0, true, (answer) => answers.push(answer));
  const refused = await until("the crash is refused", 10_000, async () => answers[0] ?? null);
  assert.equal(refused.status, 503);
  assert.match(refused.text, /not enough disk space to keep the file/);
  const upload = await fetch(`${stack.publicUrl}/api/v1/organizations/demo/debug-files?name=a.sym`, {
    method: "POST",
    headers: { authorization: `Bearer ${stack.token}` },
    body: "MODULE Linux x86_64 000000000000000000000000000000000 a\n",
  });
  assert.equal(upload.status, 503);
  assert.match(await upload.text(), /not enough disk space to keep the file/);
  await blobDisk?.makeRoom();
  await Promise.all([sending, traffic.upload(0)]);
  assert.deepEqual(await brokenRows(stack, traffic), []);
});

test("the database's disk is full: what cannot be recorded is refused, what was accepted is finished", { skip }, async (t) => {
  await stack.disk?.fill();
  // Some rows find room in pages that are there already; PostgreSQL may end, and come back when it can write.
  const answers: Answer[] = [];
  const sending = Array.from({ length: 30 }, () => traffic.crash(1, true, (answer) => answers.push(answer)));
  await sleep(3_000);
  for (const { status, text } of answers) assert.match(`${status} ${text}`, /^503 .*(not ready|disk space)/s);
  const inWords = answers.filter(({ text }) => /not enough disk space/.test(text)).length;
  t.diagnostic(`${answers.length} answers other than 200, ${inWords} of them said that there is no space`);
  await stack.disk?.makeRoom();
  await Promise.all([...sending, traffic.upload(1)]);
  assert.deepEqual(await brokenRows(stack, traffic), []);
});
