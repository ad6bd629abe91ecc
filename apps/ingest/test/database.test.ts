/** Ingest over the real database: what is kept, what is counted, what machines may read. Who may: walls.test.ts. */
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { after, before, type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { blobKeys } from "@salvage/blobs";
import { storageQuota } from "@salvage/db/setup";
import { synthDump } from "@salvage/testkit/synth-dump";
import type { OperatorLimits } from "../src/limits.ts";
import { curl, dumpOf, type Harness, startIngest } from "./harness.ts";
import { startTenants, type Tenant, type Tenants } from "./tenants.ts";

let tenants: Tenants;
let a: Tenant;
let b: Tenant;
before(async () => {
  tenants = await startTenants();
  ({ a, b } = tenants);
});
after(() => tenants?.stop());

const start = (t: TestContext, limits: Partial<OperatorLimits> = {}) => startIngest(t, { db: tenants.system, gate: tenants.gate, limits });
const minidumpUrl = (ingest: Harness, tenant: Tenant, key = tenant.publicKey) =>
  `${ingest.url}/api/${tenant.projectId}/minidump/?sentry_key=${key}`;

async function post(ingest: Harness, tenant: Tenant, dump: Buffer, fields: Record<string, string> = {}): Promise<string> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("upload_file_minidump", new Blob([new Uint8Array(dump)]), "x.dmp");
  const answer = await fetch(minidumpUrl(ingest, tenant), { method: "POST", body: form });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return text;
}

const get = (ingest: Harness, path: string, token?: string) =>
  fetch(ingest.url + path, token === undefined ? {} : { headers: { Authorization: `Bearer ${token}` } });
const row = async (sql: string, ...values: unknown[]) => (await tenants.rows<Record<string, unknown>>(sql, ...values))[0];

test("a crash is in the database with what its sender said, and its dump opens", async (t) => {
  const ingest = await start(t);
  const dump = Buffer.from(
    synthDump()
      .linux()
      .thread({ id: 1, registers: { rip: 0x401000n } })
      .exception({ threadId: 1, code: 11, address: 0n })
      .build(),
  );
  const id = await post(ingest, a, dump, {
    sentry: '{"release":"game@1.0","environment":"beta","user":{"id":"u1"},"tags":{"gpu":"x"},"extra":{"n":1}}',
    "bad\u0000name": "\u0000 and \ud800",
    api_key: "hidden",
  });
  const detail = await a.db.crashes.byId({ crashId: id });
  assert.ok(detail !== null);
  assert.equal(detail.state, "received");
  assert.equal(detail.release, "game@1.0");
  assert.equal(detail.environment, "beta");
  assert.equal(detail.user, "u1");
  assert.deepEqual(detail.tags, { gpu: "x" });
  assert.equal(detail.extra.n, 1);
  assert.equal(detail.extra.api_key, "[scrubbed]");
  assert.equal(detail.dump.sizeBytes, dump.length);
  const stored = await a.db.crashes.dumpForDownload({ crashId: id });
  assert.ok(typeof stored === "object");
  assert.ok(ingest.unseal(stored, { id, organizationId: stored.organizationId, projectId: a.projectId }).equals(dump));
  assert.deepEqual(ingest.pokes, [a.projectId]);
});

test("the rows of the issue's table: answer and counter", async (t) => {
  const ingest = await start(t);
  const before = await tenants.refusals(a);
  const url = minidumpUrl(ingest, a);
  const whole = Buffer.from(synthDump().linux().thread({ id: 1 }).build());
  const truncated = whole.subarray(0, 200);
  // The magic is right: accepted, and the worker says what is wrong with the rest.
  await post(ingest, a, truncated);
  const raw = (target: string, body: Uint8Array<ArrayBuffer> | string) =>
    fetch(target, { method: "POST", body, headers: { "Content-Type": "application/x-dmp" } });
  const answers = [
    await raw(url, "this is a text file"),
    await raw(url, ""),
    await raw(url, new Uint8Array(11 * 1024 * 1024)),
    await raw(minidumpUrl(ingest, a, "0".repeat(32)), "MDMP"),
    await raw(minidumpUrl(ingest, a, b.publicKey), "MDMP"),
    await raw(`${ingest.url}/api/999999/minidump/?sentry_key=${a.publicKey}`, "MDMP"),
  ];
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [400, 400, 413, 403, 403, 403],
  );
  const bodies = await Promise.all(answers.map((answer) => answer.text()));
  assert.equal(bodies[3], bodies[4]);
  assert.equal(bodies[4], bodies[5]);
  await ingest.ingest.close();
  const counted = await tenants.refusals(a);
  const delta = Object.fromEntries(Object.entries(counted).map(([reason, count]) => [reason, count - (before[reason] ?? 0)]));
  assert.deepEqual(delta, { invalid_minidump: 1, empty_body: 1, too_large: 1, wrong_key: 2 });
  assert.equal((await a.db.refusals.list({ projectSlug: a.projectSlug }))?.find((refusal) => refusal.reason === "wrong_key")?.count, 2);
  assert.equal((await b.db.refusals.list({ projectSlug: b.projectSlug }))?.length, 0);
});

test("the same crash twice is one row and one blob, also under load", async (t) => {
  const ingest = await start(t);
  const dump = dumpOf(50_000, 5);
  const ids = await Promise.all(Array.from({ length: 8 }, () => post(ingest, a, dump, { guid: "g" })));
  assert.equal(new Set(ids).size, 1);
  assert.equal((await ingest.files()).length, 1);
  const eventId = randomUUID();
  const first = await post(ingest, a, dumpOf(1000, 6), { "sentry[event_id]": eventId });
  assert.equal(await post(ingest, a, dumpOf(1000, 7), { "sentry[event_id]": eventId }), first);
  assert.notEqual(await post(ingest, b, dumpOf(1000, 7), { "sentry[event_id]": eventId }), first, "another tenant's id is its own");
});

test("a database without room: senders, uploaders and /ready are told so, until a write finds room", async (t) => {
  const ingest = await start(t);
  await tenants.rows(
    `CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$`,
  );
  for (const table of ["crashes", "debug_file_uploads"])
    await tenants.rows(`CREATE TRIGGER no_room BEFORE INSERT ON ${table} EXECUTE FUNCTION no_room()`);
  const answers = [
    await fetch(minidumpUrl(ingest, a), {
      method: "POST",
      body: new Uint8Array(dumpOf(1000, 8)),
      headers: { "Content-Type": "application/x-dmp" },
    }),
    await fetch(`${ingest.url}/api/v1/organizations/${a.slug}/debug-files?name=a.sym`, {
      method: "POST",
      headers: { Authorization: `Bearer ${await a.token("debug-file:write")}` },
      body: "MODULE Linux x86_64 0 a\n",
    }),
  ];
  for (const answer of answers) {
    assert.equal(answer.status, 503);
    assert.match(await answer.text(), /not enough disk space to keep the file.*no space is left on the database's disk/s);
  }
  const ready = await get(ingest, "/ready");
  assert.equal(ready.status, 503);
  assert.match(await ready.text(), /"database":"no space is left on the database's disk"/);
  await tenants.rows("DROP FUNCTION no_room CASCADE");
  await post(ingest, a, dumpOf(1000, 8));
  assert.equal((await get(ingest, "/ready")).status, 200);
});

test("a chunk whose row is written and not answered keeps its bytes", async (t) => {
  const insert: typeof tenants.system.chunks.insert = async (chunk) => {
    await tenants.system.chunks.insert(chunk);
    throw new Error("Connection terminated unexpectedly");
  };
  const db = { ...tenants.system, chunks: { ...tenants.system.chunks, insert } };
  const ingest = await startIngest(t, { db, gate: tenants.gate });
  const bytes = "FUNC 0 1 0 f\n";
  const sha1 = createHash("sha1").update(bytes).digest("hex");
  const form = new FormData();
  form.append("file", new Blob([bytes]), sha1);
  const headers = { Authorization: `Bearer ${await a.token("debug-file:write")}` };
  const answer = await fetch(`${ingest.url}/api/0/organizations/${a.slug}/chunk-upload/`, { method: "POST", body: form, headers });
  assert.equal(answer.status, 500);
  const held = (await tenants.system.chunks.held(a.organizationId, [sha1])).get(sha1);
  assert.ok(held !== undefined);
  assert.deepEqual(await ingest.files(), [held.blobKey]);
});

test("a key that is disabled stops working within seconds", async (t) => {
  const ingest = await start(t);
  const key = await a.db.clientKeys.create({ projectSlug: a.projectSlug, name: "second" });
  assert.ok(key !== null);
  const send = async () =>
    (
      await fetch(minidumpUrl(ingest, a, key.publicKey), {
        method: "POST",
        body: new Uint8Array(dumpOf(100, Math.floor(Math.random() * 1e9))),
      })
    ).status;
  assert.equal(await send(), 200);
  await a.db.clientKeys.update({ keyId: key.id, disabled: true });
  await new Promise((resolve) => setTimeout(resolve, 5_100));
  assert.equal(await send(), 403);
});

test("a machine reads a crash and its report", async (t) => {
  const ingest = await start(t);
  const id = await post(ingest, a, dumpOf(4000, 11), { note: "n" });
  const token = await a.token("crash:read");
  const before = (await (await get(ingest, `/api/v1/crashes/${id}`, token)).json()) as Record<string, unknown>;
  assert.equal(before.id, id);
  assert.equal(before.state, "received");
  assert.equal(before.report, null);

  const report = { crash_info: { type: "SIGSEGV" }, text: "ü" };
  const stored = await row("SELECT organization_id, dump_blob_key FROM crashes WHERE id = $1", id);
  const organizationId = String(stored?.organization_id);
  const blobKey = blobKeys.report(organizationId, id, 1, randomUUID());
  await ingest.blobs.put(blobKey, [gzipSync(JSON.stringify(report))]);
  await tenants.rows("UPDATE crashes SET revision = 1, report_blob_key = $2 WHERE id = $1", id, blobKey);
  const answer = await get(ingest, `/api/v1/crashes/${id}`, token);
  assert.equal(answer.headers.get("content-type"), "application/json");
  assert.deepEqual(((await answer.json()) as Record<string, unknown>).report, report);
});

test("the dump is downloaded by token or by a ticket that works once, and each download is in the audit log", async (t) => {
  const ingest = await start(t);
  const dump = dumpOf(200_000, 12);
  const id = await post(ingest, a, dump);
  const byToken = await get(ingest, `/api/v1/crashes/${id}/dump`, await a.token("dump:download"));
  assert.equal(byToken.status, 200);
  assert.equal(byToken.headers.get("content-disposition"), `attachment; filename="${id}.dmp"`);
  assert.ok(Buffer.from(await byToken.arrayBuffer()).equals(dump));

  const made = await a.db.crashes.dumpTicket({ crashId: id });
  assert.ok(typeof made === "object");
  const url = `/api/v1/crashes/${id}/dump?ticket=${encodeURIComponent(made.ticket)}`;
  assert.ok(Buffer.from(await (await get(ingest, url)).arrayBuffer()).equals(dump));
  assert.equal((await get(ingest, url)).status, 403, "used up");
  const other = await a.db.crashes.dumpTicket({ crashId: id });
  assert.ok(typeof other === "object");
  const otherCrash = await post(ingest, a, dumpOf(100, 13));
  assert.equal((await get(ingest, `/api/v1/crashes/${otherCrash}/dump?ticket=${other.ticket}`)).status, 403, "made for another crash");
  const audited = await row(
    "SELECT count(*)::int AS count FROM audit_entries WHERE action LIKE '%dump%' AND subject LIKE '%' || $1 || '%'",
    id,
  );
  assert.ok(Number(audited?.count) >= 2, "audited");
  assert.ok(!ingest.lines.join("").includes(made.ticket), "no ticket in the log");

  await tenants.rows("UPDATE crashes SET dump_state = 'deleted', dump_deleted_at = now(), dump_wrapped_key = NULL WHERE id = $1", id);
  assert.equal((await get(ingest, `/api/v1/crashes/${id}/dump`, await a.token("dump:download"))).status, 410);
});

test("a debug file: stored as sent, import started, the same bytes again are the same upload", async (t) => {
  const ingest = await start(t);
  const token = await a.token("debug-file:write");
  const body = Buffer.from("MODULE Linux x86_64 00112233445566778899AABBCCDDEEFF0 app\nFUNC 1000 10 0 main\n");
  const upload = (path: string, bytes: Buffer, headers: Record<string, string> = { Authorization: `Bearer ${token}` }) =>
    fetch(`${ingest.url}/api/v1/organizations/${path}`, { method: "POST", body: new Uint8Array(bytes), headers });
  const first = await upload(`alpha/debug-files?name=${encodeURIComponent("C:\\build\\app.sym")}&project=${a.projectSlug}`, body);
  assert.equal(first.status, 201);
  const { uploadId } = (await first.json()) as { uploadId: string };
  assert.deepEqual(ingest.imports, [uploadId]);
  const stored = await tenants.system.uploads.byId(uploadId);
  assert.equal(stored?.fileName, "app.sym");
  assert.equal(stored?.projectId, a.projectId);
  assert.equal(stored?.sizeBytes, body.length);
  const blob = await ingest.blobs.open(stored?.blobKey ?? "");
  assert.deepEqual(Buffer.from(await blob.read(0, blob.size)), body);
  await blob.close();

  const again = await upload("alpha/debug-files?name=app.sym", gzipSync(body), {
    Authorization: `Bearer ${token}`,
    "Content-Encoding": "gzip",
  });
  assert.equal(again.status, 201);
  assert.deepEqual(await again.json(), { uploadId, duplicate: true });
  assert.equal((await ingest.files()).length, 1);

  const view = await get(ingest, `/api/v1/uploads/${uploadId}`, token);
  assert.equal(((await view.json()) as { state: string }).state, "received");

  const ticket = await a.db.uploads.ticket({ projectSlug: a.projectSlug });
  assert.ok(typeof ticket === "object");
  const byTicket = await upload(`alpha/debug-files?name=b.sym&ticket=${encodeURIComponent(ticket.ticket)}`, Buffer.from("MODULE b"), {});
  assert.equal(byTicket.status, 201);
  assert.equal((await tenants.system.uploads.byId(((await byTicket.json()) as { uploadId: string }).uploadId))?.projectId, a.projectId);

  assert.equal((await upload("alpha/debug-files?name=x", Buffer.alloc(0))).status, 400);
  assert.equal((await upload("alpha/debug-files?name=x", Buffer.alloc(5 * 1024 * 1024))).status, 413);
  assert.equal((await upload("alpha/debug-files?name=x&project=none", body)).status, 404);
  assert.equal((await upload("beta/debug-files?name=x", body)).status, 404);
  assert.equal((await upload("alpha/debug-files?name=x", body, {})).status, 401);
  assert.equal((await upload("alpha/debug-files?name=x", body, { Authorization: `Bearer ${await a.token("crash:read")}` })).status, 403);
  assert.equal((await ingest.files()).length, 2, "what was refused left nothing");
});

test("an upload over the organization's storage quota is refused while it is sent", async (t) => {
  const ingest = await start(t);
  const token = await b.token("debug-file:write");
  const upload = (bytes: number) =>
    fetch(`${ingest.url}/api/v1/organizations/beta/debug-files?name=q.sym`, {
      method: "POST",
      body: new Uint8Array(bytes).fill(bytes & 0xff),
      headers: { Authorization: `Bearer ${token}` },
    });
  const before = await storageQuota(tenants.database, "beta", 0);
  t.after(() => storageQuota(tenants.database, "beta", null));
  assert.ok(before !== null);
  await storageQuota(tenants.database, "beta", before.usedBytes + 100_000);
  assert.equal((await upload(60_000)).status, 201);
  const refused = await upload(60_001);
  assert.equal(refused.status, 507);
  assert.match(await refused.text(), /storage quota is used up.*40000 bytes/);
  assert.equal((await ingest.files()).length, 1, "what was refused left nothing");
  assert.equal(await storageQuota(tenants.database, "nobody"), null);
});

test("curl uploads a debug file", async (t) => {
  const ingest = await start(t);
  const token = await a.token("debug-file:write");
  const answer = await curl(
    "-T",
    new URL(import.meta.url).pathname,
    "-X",
    "POST",
    "-H",
    `Authorization: Bearer ${token}`,
    `${ingest.url}/api/v1/organizations/alpha/debug-files?name=t.ts`,
  );
  assert.equal(answer.status, 201, answer.body);
});

test("missing files as a page; wrong filters are told", async (t) => {
  const ingest = await start(t);
  const token = await a.token("crash:read");
  const answer = await get(ingest, `/api/v1/projects/${a.projectSlug}/missing-files?filter=blocking&limit=10`, token);
  assert.deepEqual(await answer.json(), { items: [], next: null });
  assert.equal((await get(ingest, `/api/v1/projects/${a.projectSlug}/missing-files?filter=all`, token)).status, 400);
  assert.equal((await get(ingest, `/api/v1/projects/${a.projectSlug}/missing-files?limit=0`, token)).status, 400);
  assert.equal((await get(ingest, "/api/v1/projects/none/missing-files", token)).status, 404);
});

test("ready says what is wrong", async (t) => {
  const ingest = await start(t);
  assert.equal((await get(ingest, "/ready")).status, 200);
  const tight = await start(t, { minFreeDiskBytes: Number.MAX_SAFE_INTEGER });
  const answer = await get(tight, "/ready");
  assert.equal(answer.status, 503);
  assert.match(JSON.stringify(await answer.json()), /bytes are free/);
});
