/** Files for a crash that exists: by its event id or its own, sealed as its own, limits counted together, other tenants' as absent. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, type TestContext, test } from "node:test";
import type { OperatorLimits } from "../src/limits.ts";
import { curl, dumpOf, type Harness, startIngest } from "./harness.ts";
import { startTenants, type Tenant } from "./tenants.ts";

const tenants = await startTenants();
const { a, b } = tenants;
after(() => tenants.stop());

const start = (t: TestContext, limits: Partial<OperatorLimits> = {}) => startIngest(t, { db: tenants.system, gate: tenants.gate, limits });

async function makeCrash(
  ingest: Harness,
  tenant: Tenant,
  seed: number,
  eventId = randomUUID(),
): Promise<{ crashId: string; eventId: string }> {
  const form = new FormData();
  form.append("sentry[event_id]", eventId);
  form.append("upload_file_minidump", new Blob([new Uint8Array(dumpOf(500, seed))]), "x.dmp");
  form.append("first.log", new Blob(["first"]), "first.log");
  const answer = await fetch(`${ingest.url}/api/${tenant.projectId}/minidump/?sentry_key=${tenant.publicKey}`, {
    method: "POST",
    body: form,
  });
  return { crashId: await answer.text(), eventId };
}

const address = (ingest: Harness, tenant: Tenant, event: string) =>
  `${ingest.url}/api/${tenant.projectId}/events/${event}/attachments/?sentry_key=${tenant.publicKey}`;

async function add(url: string, files: Record<string, string>) {
  const form = new FormData();
  form.append("a field", "is ignored");
  for (const [name, content] of Object.entries(files)) form.append(name, new Blob([content], { type: "text/plain" }), name);
  const answer = await fetch(url, { method: "POST", body: form });
  return { status: answer.status, text: await answer.text() };
}

const filesOf = (crashId: string) =>
  tenants.rows<{ file_name: string; blob_key: string; wrapped_key: Buffer; key_id: string; size_bytes: string }>(
    "SELECT file_name, blob_key, wrapped_key, key_id, size_bytes FROM crash_attachments WHERE crash_id = $1 ORDER BY file_name",
    crashId,
  );

test("files are added by event id and by crash id, and open with the crash's context", async (t) => {
  const ingest = await start(t);
  const { crashId, eventId } = await makeCrash(ingest, a, 51);
  assert.deepEqual(await add(address(ingest, a, eventId.replaceAll("-", "")), { "late.txt": "late", "more.txt": "more" }), {
    status: 201,
    text: "",
  });
  const byCurl = await curl("-F", "log=@-;filename=by curl.log", "-H", "Expect:", address(ingest, a, crashId));
  assert.equal(byCurl.status, 201, byCurl.body);
  const files = await filesOf(crashId);
  assert.deepEqual(
    files.map((file) => file.file_name),
    ["by curl.log", "first.log", "late.txt", "more.txt"],
  );
  const late = files[2];
  assert.ok(late !== undefined);
  const part = `attachment/${late.blob_key.split("/").at(-1)}`;
  const ref = { blobKey: late.blob_key, wrappedKey: late.wrapped_key, keyId: late.key_id, sizeBytes: Number(late.size_bytes) };
  const owner = { id: crashId, organizationId: a.organizationId, projectId: a.projectId };
  assert.equal(ingest.unseal(ref, owner, part).toString(), "late");
  assert.equal((await ingest.files()).length, 5);
});

test("unknown, another project's, and nonsense answer alike", async (t) => {
  const ingest = await start(t);
  const { eventId, crashId } = await makeCrash(ingest, a, 52);
  const answers = new Set<string>();
  for (const event of [eventId, crashId, randomUUID(), "x", "%00", "'; --"]) {
    const { status, text } = await add(address(ingest, b, event), { "a.txt": "a" });
    answers.add(`${status} ${text}`);
  }
  assert.deepEqual([...answers], ['404 {"detail":"there is no such crash"}']);
  assert.equal((await filesOf(crashId)).length, 1);
});

test("limits count what the crash has; a request over them adds nothing", async (t) => {
  const ingest = await start(t, { maxAttachments: 3, maxAttachmentBytes: 100 });
  const { crashId } = await makeCrash(ingest, a, 53);
  const url = address(ingest, a, crashId);
  const blobs = (await ingest.files()).length;
  assert.equal((await add(url, { a: "1", b: "2", c: "3" })).status, 413);
  assert.equal((await add(url, { a: "1", b: "x".repeat(101) })).status, 413);
  assert.equal((await ingest.files()).length, blobs);
  assert.equal((await add(url, { a: "1", b: "2" })).status, 201);
  assert.equal((await add(url, { c: "3" })).status, 413);
  const many = await makeCrash(ingest, a, 54);
  const statuses = await Promise.all([0, 1, 2, 3].map((i) => add(address(ingest, a, many.crashId), { [`f${i}`]: "x" })));
  assert.equal(statuses.filter(({ status }) => status === 201).length, 2, "two senders at once share what is left");
  assert.equal((await filesOf(many.crashId)).length, 3);
});

test("once the dump is gone its files are too: accepted, not kept, counted", async (t) => {
  const ingest = await start(t);
  const { crashId } = await makeCrash(ingest, b, 55);
  await tenants.rows("UPDATE crashes SET dump_delete_after = now() - interval '1 second' WHERE id = $1", crashId);
  await tenants.system.retention.markDumpDeleted(crashId, "complete");
  const blobs = (await ingest.files()).length;
  assert.equal((await add(address(ingest, b, crashId), { "late.txt": "late" })).status, 201);
  assert.equal((await ingest.files()).length, blobs);
  await ingest.ingest.close();
  assert.equal((await tenants.refusals(b)).file_without_crash, 7, "this one, and those of the test with unknown ids");
});

test("what is no form is refused", async (t) => {
  const ingest = await start(t);
  const { crashId } = await makeCrash(ingest, a, 56);
  const url = address(ingest, a, crashId);
  assert.equal((await fetch(url, { method: "POST", body: "text" })).status, 400);
  const headers = { "Content-Type": "multipart/form-data; boundary=0123456789" };
  assert.equal((await fetch(url, { method: "POST", body: "no delimiter", headers })).status, 400);
  const denied = `${ingest.url}/api/${a.projectId}/events/${crashId}/attachments`;
  assert.equal((await fetch(denied, { method: "POST", body: "x", headers })).status, 401);
});
