/** The rate limiter and the key cache, with a clock of the test's own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClientKeyAnswer, SystemDb } from "@salvage/db/system";
import { AppError } from "../http/app-error.ts";
import { limits } from "../limits.ts";
import { createClientKeys } from "./client-keys.ts";
import { createRateLimiter } from "./rate-limit.ts";

test("a minute's worth at once, then the rate; keys apart; zero lets nothing through", () => {
  let now = 0;
  const limiter = createRateLimiter(() => now);
  const taken = (keyId: string, perMinute: number, times: number) =>
    Array.from({ length: times }, () => limiter.take(keyId, perMinute)).filter(Boolean).length;
  assert.equal(taken("a", 60, 100), 60);
  assert.equal(taken("b", 5, 100), 5);
  now += 10_000;
  assert.equal(taken("a", 60, 100), 10);
  now += 3_600_000;
  assert.equal(taken("a", 60, 100), 60, "never more than a minute's worth");
  assert.equal(taken("c", 0, 5), 0);
  assert.equal(taken("a", 1, 5), 0, "a lowered rate holds at once");
});

test("of several rates the first that has nothing left is said, and then no token is taken", () => {
  let now = 0;
  const limiter = createRateLimiter(() => now);
  const rates = [
    { id: "key", perMinute: 3 },
    { id: "project", perMinute: 2 },
  ];
  const ask = () => limiter.takeAll(rates)?.over.id ?? "granted";
  assert.deepEqual([ask(), ask(), ask()], ["granted", "granted", "project"]);
  assert.equal(limiter.takeAll(rates)?.askedThisMinute, 4);
  now += 30_000;
  assert.equal(ask(), "granted", "the key kept the token that the project refused");
  now += 30_000;
  assert.equal(ask(), "granted");
  assert.deepEqual([ask(), limiter.takeAll(rates)?.askedThisMinute], ["project", 3], "a new minute");
});

function keysDb(answer: () => ClientKeyAnswer) {
  const calls: string[] = [];
  const touched: string[][] = [];
  const keys: SystemDb["keys"] = {
    async find(projectId, publicKey) {
      calls.push(`${projectId}/${publicKey}`);
      return answer();
    },
    projectOf: async () => null,
    async touch(keyIds) {
      touched.push([...keyIds]);
    },
  };
  return { db: { keys }, calls, touched };
}

const key = {
  organizationId: "o",
  projectId: "1",
  keyId: "k",
  disabled: false,
  rateLimitPerMinute: null,
  projectRateLimitPerMinute: null,
  organizationRateLimitPerMinute: null,
  maxDumpBytes: null,
  maxAttachmentBytes: null,
  maxAttachments: null,
  storageUsedBytes: 0,
  storageQuotaBytes: null,
};

test("an answer is remembered for a few seconds, and a disabled key stops after that", async () => {
  let now = 0;
  let disabled = false;
  const { db, calls } = keysDb(() => ({ found: "key", key: { ...key, disabled } }));
  const keys = createClientKeys(db, () => now);
  await Promise.all([keys.authenticate("1", "k"), keys.authenticate("1", "k")]);
  disabled = true;
  now += limits.keyCacheMs - 1;
  await keys.authenticate("1", "k");
  assert.equal(calls.length, 1);
  now += 1;
  await assert.rejects(
    keys.authenticate("1", "k"),
    (error) => error instanceof AppError && error.status === 403 && error.reason === "disabled_key",
  );
});

test("a failed query is not remembered; unknown project and wrong key answer alike", async () => {
  let fail = true;
  let answer: ClientKeyAnswer = { found: "nothing" };
  const { db } = keysDb(() => {
    if (fail) throw new Error("away");
    return answer;
  });
  const keys = createClientKeys(db);
  await assert.rejects(keys.authenticate("1", "k"), (error) => error instanceof AppError && error.status === 503);
  fail = false;
  const messages: string[] = [];
  for (answer of [{ found: "nothing" } as const, { found: "project", organizationId: "o", projectId: "1" } as const]) {
    await keys.authenticate("1", String(messages.length)).catch((error: AppError) => messages.push(`${error.status} ${error.message}`));
  }
  assert.equal(messages.length, 2);
  assert.equal(messages[0], messages[1]);
});

test("the use of a key is noted once a minute", async () => {
  let now = 0;
  const { db, touched } = keysDb(() => ({ found: "key", key }));
  const keys = createClientKeys(db, () => now);
  keys.used("k");
  keys.used("k");
  await keys.flush();
  keys.used("k");
  await keys.flush();
  now += 60_000;
  keys.used("k");
  await keys.flush();
  assert.deepEqual(touched, [["k"], ["k"]]);
});
