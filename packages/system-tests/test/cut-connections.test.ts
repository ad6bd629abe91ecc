/**
 * Connections that are reset, stall, or close one half: between senders and ingest, and between the apps and PostgreSQL, Temporal, and a bucket that
 * holds the blobs. Senders try again, and every crash is finished once.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startTestS3, type TestS3 } from "@salvage/testkit/s3";
import { CuttingProxy, cuts } from "../chaos/cutting-proxy.ts";
import { brokenRows } from "../chaos/invariants.ts";
import { ChaosStack } from "../chaos/stack.ts";
import { Traffic } from "../chaos/traffic.ts";

const stallMs = 800;
let s3: TestS3;
let bucket: CuttingProxy;
let stack: ChaosStack;
let traffic: Traffic;
before(async () => {
  s3 = await startTestS3();
  bucket = await CuttingProxy.listen(() => Number(new URL(s3.endpoint).port));
  const url = s3.url("cut").replace(encodeURIComponent(s3.endpoint), encodeURIComponent(`http://127.0.0.1:${bucket.port}`));
  stack = await ChaosStack.start({ ...s3.env, BLOB_URL: url });
  traffic = new Traffic(stack, 1);
});
after(async () => {
  await stack?.stop();
  await stack?.closeProxies();
  await stack?.remove();
  await bucket?.close();
  await s3?.stop();
});

let build = 0;
for (const whose of ["senders", "postgres", "temporal", "bucket"] as const) {
  test(`${whose}: every cut in the middle of work`, async () => {
    const proxy = whose === "bucket" ? bucket : stack.proxies[whose];
    for (const how of cuts) {
      build++;
      const work = [...Array.from({ length: 4 }, () => traffic.crash(build)), traffic.upload(build)];
      let struck = 0;
      // At once and again, until it met somebody: connections come and go.
      for (let attempt = 0; struck === 0 && attempt < 50; attempt++) {
        await sleep(20);
        if (attempt > 0) work.push(traffic.crash(build));
        struck = await proxy.cut(how, stallMs);
      }
      assert.ok(struck > 0, `a connection of ${whose} was open`);
      await Promise.all(work);
    }
  });
}

test("every crash is finished once, with its file", async () => {
  assert.deepEqual(await brokenRows(stack, traffic), []);
});
