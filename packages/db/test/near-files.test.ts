/** Which held files are near a missing one, and how long finding them takes among thousands. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { createOrgGate, type OrgDb, type OrgGate } from "../src/index.ts";
import { debugId, finishNew, missingFile, publish, type Rows, startRows, type Tenant } from "./rows.ts";

let rows: Rows;
let gate: OrgGate;
before(async () => {
  rows = await startRows();
  gate = createOrgGate({ databaseUrl: rows.database.databaseUrl });
});
after(async () => {
  await gate.close();
  await rows.stop();
});

async function enter(): Promise<{ tenant: Tenant; db: OrgDb; wantedId: string }> {
  const tenant = await rows.createTenant();
  const userId = randomUUID();
  await rows.sql.query("INSERT INTO users (id, email, name) VALUES ($1::uuid, $1::text || '@example.org', 'Ada')", [userId]);
  await rows.sql.query("INSERT INTO memberships (organization_id, user_id, role) VALUES ($1, $2, 'owner')", [
    tenant.organizationId,
    userId,
  ]);
  const slug = await rows.one<string>("SELECT slug FROM organizations WHERE id = $1", [tenant.organizationId]);
  const db = await gate.authorizeOrganization(userId, slug, "organization:own");
  if (db === null || db === "forbidden") throw new Error("not let in");
  await finishNew(rows, tenant, { missing: [missingFile(debugId("a"))] });
  const gone = await finishNew(rows, tenant, { missing: [missingFile(debugId("a"))] });
  await rows.sql.query("UPDATE crashes SET dump_state = 'deleted', dump_wrapped_key = NULL, dump_deleted_at = now() WHERE id = $1", [
    gone.crashId,
  ]);
  const wantedId = await rows.one<string>("SELECT id FROM missing_files WHERE organization_id = $1", [tenant.organizationId]);
  return { tenant, db, wantedId };
}

test("the nearest first: the build itself, its GUID with another age, its name; nothing else", async () => {
  const { tenant, db, wantedId } = await enter();
  const age2 = `${debugId("a").slice(0, 32)}2`;
  await publish(rows, tenant, debugId("1"), { name: "other.pdb" });
  await publish(rows, tenant, debugId("2"), { name: "Engine.PDB", cpu: "arm64" });
  await publish(rows, tenant, debugId("3"), { name: "engine.dll", kind: "pe" });
  await publish(rows, tenant, age2, { name: "engine2.pdb" });
  await publish(rows, tenant, `${debugId("a").slice(0, 31)}B0`, { name: "neighbour.pdb" });
  await publish(rows, tenant, debugId("a"), { hasNames: false, features: ["symbols", "unwind"] });
  const near = await db.missingFiles.near({ missingFileId: wantedId });
  assert.deepEqual(
    near?.files.map((file) => [file.match, file.name, file.debugId]),
    [
      ["same_key", "engine.pdb", debugId("a")],
      ["same_guid", "engine2.pdb", age2],
      ["same_name", "engine.dll", debugId("3")],
      ["same_name", "Engine.PDB", debugId("2")],
    ],
  );
  assert.deepEqual([near?.files[0]?.hasNames, near?.files[0]?.hasUnwind], [false, true]);
  assert.deepEqual([near?.waitingCrashes, near?.waitingWithoutDump], [2, 1]);
});

test("at most five, deleted ones not, none for an id that is no missing file", async () => {
  const { tenant, db, wantedId } = await enter();
  assert.deepEqual((await db.missingFiles.near({ missingFileId: wantedId }))?.files, []);
  for (const digit of ["1", "2", "3", "4", "5", "6", "7"]) {
    const file = await publish(rows, tenant, debugId(digit));
    if (digit === "7") await db.debugFiles.delete({ debugFileId: file.id });
  }
  const near = await db.missingFiles.near({ missingFileId: wantedId });
  assert.deepEqual(
    near?.files.map((file) => file.debugId),
    ["6", "5", "4", "3", "2"].map(debugId),
  );
  assert.equal(await db.missingFiles.near({ missingFileId: randomUUID() }), null);
});

test("among 20,000 files of other names the answer comes at once", async () => {
  const { tenant, db, wantedId } = await enter();
  const file = await publish(rows, tenant, debugId("1"));
  await rows.sql.query(
    `INSERT INTO debug_files (id, organization_id, upload_id, file_key, name, kind, debug_id, features, size_bytes, sha256, source_blob_key, has_names, has_unwind, ready_at)
     SELECT gen_random_uuid(), organization_id, upload_id, upper(md5(n::text)) || '0', 'lib' || n || '.so', kind, upper(md5(n::text)) || '0', features, size_bytes,
       md5(n::text), source_blob_key, true, true, now() - n * interval '1 second' FROM debug_files, generate_series(1, 20000) n WHERE id = $1`,
    [file.id],
  );
  await rows.sql.query("ANALYZE debug_files");
  const start = performance.now();
  const near = await db.missingFiles.near({ missingFileId: wantedId });
  const ms = performance.now() - start;
  assert.equal(near?.files.length, 1);
  assert.ok(ms < 1000, `${ms.toFixed(0)} ms`);
});
