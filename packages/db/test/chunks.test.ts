/** Chunks and transfers: one organization never learns what another holds, halves go in time, a file is known by its SHA-1. */
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { storageQuota } from "../src/setup/index.ts";
import { publish, type Rows, startRows, type Tenant } from "./rows.ts";

let rows: Rows;
let a: Tenant;
let b: Tenant;
before(async () => {
  rows = await startRows();
  a = await rows.createTenant();
  b = await rows.createTenant();
});
after(() => rows.stop());

const sha1 = (text: string) => createHash("sha1").update(text).digest("hex");
const chunk = (tenant: Tenant, name: string, sizeBytes = 10) => {
  const id = randomUUID();
  return { id, organizationId: tenant.organizationId, sha1: sha1(name), sizeBytes, blobKey: `org/${tenant.organizationId}/chunk/${id}` };
};

test("a chunk is stored once per organization, and only that one knows of it", async () => {
  const first = chunk(a, "one");
  assert.equal(await rows.db.chunks.insert(first), true);
  assert.equal(await rows.db.chunks.insert(chunk(a, "one")), false);
  const { sha1: name, sizeBytes, blobKey } = first;
  assert.deepEqual(
    await rows.db.chunks.held(a.organizationId, [name, name, sha1("two")]),
    new Map([[name, { sha1: name, sizeBytes, blobKey }]]),
  );
  assert.equal((await rows.db.chunks.held(b.organizationId, [name])).size, 0);
  assert.equal(await rows.db.chunks.insert(chunk(b, "one")), true);
  assert.deepEqual(
    await rows.db.retention.unknownBlobKeys([blobKey, chunk(a, "one").blobKey.replace("chunk", "upload")]).then((keys) => keys.length),
    1,
  );
});

test("chunks count against the quota until they are gone", async () => {
  const tenant = await rows.createTenant();
  assert.equal(await rows.db.chunks.roomBytes(tenant.organizationId), null);
  const slug = await rows.one<string>("SELECT slug FROM organizations WHERE id = $1", [tenant.organizationId]);
  await storageQuota(rows.database, slug, 100);
  await rows.db.chunks.insert(chunk(tenant, "quota", 40));
  assert.equal(await rows.db.chunks.roomBytes(tenant.organizationId), 60);
  assert.equal(await rows.db.uploads.storageRoomBytes(tenant.organizationId), 100);
});

test("what nobody asks for goes after a day, what is complete after an hour, what is asked for stays", async () => {
  const tenant = await rows.createTenant();
  const chunks = ["old", "asked", "complete", "new"].map((name) => chunk(tenant, name));
  for (const each of chunks) await rows.db.chunks.insert(each);
  const [old, asked, complete] = chunks;
  assert.ok(old !== undefined && asked !== undefined && complete !== undefined);
  const age = (hours: number, names: string[]) =>
    rows.sql.query(
      "UPDATE upload_chunks SET expires_at = expires_at - $1 * interval '1 hour' WHERE organization_id = $2 AND sha1 = ANY ($3)",
      [hours, tenant.organizationId, names],
    );
  await rows.db.chunks.release(tenant.organizationId, [complete.sha1]);
  await age(2, [complete.sha1]);
  await age(25, [old.sha1, asked.sha1]);
  await rows.db.chunks.held(tenant.organizationId, [asked.sha1]);
  const removed = await rows.db.chunks.removeExpired(100);
  assert.deepEqual(removed.sort(), [old.blobKey, complete.blobKey].sort());
  assert.deepEqual(await rows.db.chunks.removeExpired(100), []);
});

test("a file is known by its SHA-1 to its own organization, until it is deleted", async () => {
  const file = await publish(rows, a, "D".repeat(32).concat("0"));
  const name = sha1("whole");
  await rows.sql.query("UPDATE debug_file_uploads SET sha1 = $2, state = 'ready', finished_at = now() WHERE id = $1", [
    file.uploadId,
    name,
  ]);
  const found = (await rows.db.uploads.bySha1(a.organizationId, [name])).get(name);
  assert.equal(found?.state, "ready");
  assert.equal(found?.debugFile?.id, file.id);
  assert.equal((await rows.db.uploads.bySha1(b.organizationId, [name])).size, 0);
  await rows.sql.query("UPDATE debug_files SET deleted_at = now() WHERE id = $1", [file.id]);
  assert.equal((await rows.db.uploads.bySha1(a.organizationId, [name])).size, 0);
});

test("a refused file may be sent again a day later", async () => {
  const name = sha1("refused");
  const id = randomUUID();
  const { organizationId } = a;
  const upload = {
    id,
    organizationId,
    projectId: null,
    actor: "t",
    fileName: "x",
    blobKey: "b",
    sizeBytes: 1,
    sha256: "9".repeat(64),
    sha1: name,
  };
  await rows.db.uploads.insertReceived(upload);
  await rows.db.uploads.setState(id, { state: "rejected", reason: "not a debug file" });
  assert.equal((await rows.db.uploads.bySha1(organizationId, [name])).get(name)?.reason, "not a debug file");
  await rows.sql.query("UPDATE debug_file_uploads SET finished_at = now() - interval '25 hours' WHERE id = $1", [id]);
  assert.equal((await rows.db.uploads.bySha1(organizationId, [name])).size, 0);
});

test("a transfer is put by its secret while it is open, and ends once", async () => {
  const id = randomUUID();
  const { organizationId, projectId } = a;
  const made = await rows.db.transfers.insert({
    id,
    organizationId,
    projectId,
    actor: "token ci",
    fileName: "a.sym",
    symbolType: "BREAKPAD",
    secretHash: "right",
  });
  assert.deepEqual([made.state, made.chunks, made.blocks], ["open", [], {}]);
  assert.equal(await rows.db.transfers.bySecret(id, "wrong"), null);
  assert.equal(await rows.db.transfers.bySecret("no id", "right"), null);
  await rows.db.transfers.addBlock(id, "AAAA", sha1("1"));
  await rows.db.transfers.addBlock(id, "AAAB", sha1("2"));
  await rows.db.transfers.setChunks(id, [sha1("1"), sha1("2")]);
  const open = await rows.db.transfers.bySecret(id, "right");
  assert.deepEqual([open?.blocks, open?.chunks], [{ AAAA: sha1("1"), AAAB: sha1("2") }, [sha1("1"), sha1("2")]]);
  assert.equal(await rows.db.transfers.byId(b.organizationId, id), null);
  assert.deepEqual(await rows.db.transfers.list(b.organizationId, null, 10), []);
  assert.equal(await rows.db.transfers.end(id, "aborted", null), true);
  assert.equal(await rows.db.transfers.end(id, "committed", null), false);
  assert.equal(await rows.db.transfers.bySecret(id, "right"), null);
  assert.deepEqual(
    (await rows.db.transfers.list(organizationId, projectId, 10)).map((each) => each.state),
    ["aborted"],
  );
});
