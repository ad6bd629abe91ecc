/**
 * The secret before and after a rotation, as ingest has it: what was sealed before opens, also to a process that still has the old secret alone
 * when it learns the new one as a previous one; what comes is sealed under the new one; without the old one the answer says which secret is missing.
 * A whole installation that is rotated while it runs: packages/system-tests/test/rotation.long.test.ts.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createKeyring } from "@salvage/blobs";
import { dumpOf, type Harness, startIngest, testSecret } from "./harness.ts";
import { startTenants, type Tenants } from "./tenants.ts";

const next = "the-next-secret-the-next-secret-the-next";
let world: Tenants;
let token: string;
before(async () => {
  world = await startTenants();
  token = (await world.a.db.tokens.create({ name: "reader", scopes: ["dump:download"] })).token;
});
after(() => world?.stop());

test("dumps from before and after a rotation open, each under its own secret", async (t) => {
  const { system: db, gate } = world;
  const old = await startIngest(t, { db, gate });
  const over = (secrets: readonly [string, ...string[]]) => startIngest(t, { db, gate, secrets, blobs: () => old.blobs });
  const post = async (ingest: Harness, seed: number) => {
    const url = `${ingest.url}/api/${world.a.projectId}/minidump/?sentry_key=${world.a.publicKey}`;
    const answer = await fetch(url, { method: "POST", body: new Uint8Array(dumpOf(70_000, seed)) });
    assert.equal(answer.status, 200);
    return await answer.text();
  };
  const dump = (ingest: Harness, crashId: string) =>
    fetch(`${ingest.url}/api/v1/crashes/${crashId}/dump`, { headers: { Authorization: `Bearer ${token}` } });
  const keyOf = async (crashId: string) =>
    (await world.rows<{ key: string }>("SELECT dump_key_id AS key FROM crashes WHERE id = $1", crashId))[0]?.key;

  const before = await post(old, 1);
  // Several machines: the new secret is told to all as a previous one first, then it takes the first place, one process after the other.
  const told = await over([testSecret, next]);
  const rotated = await over([next, testSecret]);
  const during = await post(told, 2);
  const after = await post(rotated, 3);
  assert.deepEqual(
    [await keyOf(before), await keyOf(during), await keyOf(after)],
    [createKeyring(testSecret).keyId, createKeyring(testSecret).keyId, createKeyring(next).keyId],
  );
  for (const ingest of [told, rotated]) {
    for (const [crashId, seed] of [
      [before, 1],
      [during, 2],
      [after, 3],
    ] as const) {
      const answer = await dump(ingest, crashId);
      assert.equal(answer.status, 200);
      assert.ok(Buffer.from(await answer.arrayBuffer()).equals(dumpOf(70_000, seed)));
    }
  }

  const without = await over([next]);
  assert.equal((await dump(without, after)).status, 200);
  assert.equal((await dump(without, before)).status, 500);
  const log = without.lines.join("");
  assert.match(log, new RegExp(`wrapped with secret ${createKeyring(testSecret).keyId}, which is not configured`));
  for (const secret of [testSecret, next, token]) assert.ok(!log.includes(secret));
});
