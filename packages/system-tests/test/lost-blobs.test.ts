/** A blob store that lost what it said to have kept: the crash is rejected with that reason, its neighbours are finished, the file can be sent again. */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ChaosStack } from "../chaos/stack.ts";
import { Traffic } from "../chaos/traffic.ts";
import { until } from "../src/installation.ts";

let stack: ChaosStack;
let traffic: Traffic;
before(async () => {
  stack = await ChaosStack.start();
  traffic = new Traffic(stack, 1);
});
after(async () => {
  await stack?.stop();
  await stack?.closeProxies();
  await stack?.remove();
});

const states = async () =>
  new Map(
    (
      await stack.query<{ id: string; state: string; reason: string | null }>("SELECT id, state, rejection_reason AS reason FROM crashes")
    ).map((row) => [row.id, row]),
  );
const done = async () => ![...(await states()).values()].some(({ state }) => state === "received" || state === "processing");

test("dumps that are gone are rejected by that reason; the others are finished", async () => {
  await stack.blobFault("lying", true);
  await Promise.all([traffic.crash(0), traffic.crash(0)]);
  await stack.blobFault("lying", false);
  await Promise.all([traffic.crash(0), traffic.crash(0)]);
  await until("all four are finished", 60_000, async () => ((await done()) ? true : null));
  const rows = await states();
  const of = traffic.sent.map(({ crashId }) => rows.get(crashId ?? ""));
  assert.deepEqual(
    of.map((row) => row?.state),
    ["rejected", "rejected", "provisional", "provisional"],
  );
  for (const row of of.slice(0, 2)) assert.match(row?.reason ?? "", /no longer stored|not stored|gone/);
});

test("a debug file whose upload is gone is refused with the reason, and taken when it is sent again", async () => {
  await stack.blobFault("lying", true);
  await traffic.upload(1);
  await stack.blobFault("lying", false);
  const uploads = async () =>
    await stack.query<{ state: string; reason: string | null }>("SELECT state, reason FROM debug_file_uploads ORDER BY created_at");
  await until("the upload is finished", 60_000, async () => ((await uploads()).every(({ state }) => state === "rejected") ? true : null));
  assert.match((await uploads())[0]?.reason ?? "", /no longer stored/);
  await traffic.crash(1);
  await traffic.upload(1);
  const crashId = traffic.sent.at(-1)?.crashId ?? "";
  await until("the crash is complete", 60_000, async () => ((await states()).get(crashId)?.state === "complete" ? true : null));
});

test("a lookup file that is gone costs no crash: the debug file itself is read", async () => {
  const [file] = await stack.query<{ key: string }>("SELECT symcache_blob_key AS key FROM debug_files");
  await rm(join(stack.home, "blobs", file?.key ?? "none"));
  await traffic.crash(1);
  const crashId = traffic.sent.at(-1)?.crashId ?? "";
  await until("the crash is complete", 60_000, async () => ((await states()).get(crashId)?.state === "complete" ? true : null));
});
