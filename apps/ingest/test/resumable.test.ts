/** Files in pieces: created, broken off, resumed, named in an envelope; another tenant's and another key's answer as absent. */
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { connect } from "node:net";
import { after, type TestContext, test } from "node:test";
import { curl, dumpOf, type Harness, startIngest, waitFor } from "./harness.ts";
import { startTenants, type Tenant } from "./tenants.ts";

const tenants = await startTenants();
const { a, b } = tenants;
after(() => tenants.stop());

const start = (t: TestContext) => startIngest(t, { db: tenants.system, gate: tenants.gate });
const auth = (tenant: Tenant) => ({
  "x-sentry-auth": `Sentry sentry_key=${tenant.publicKey}, sentry_version=7, sentry_client=sentry.native/0.14.2`,
});
const tus = { "Tus-Resumable": "1.0.0" };
const bytesType = { "Content-Type": "application/offset+octet-stream" };

async function create(ingest: Harness, tenant: Tenant, length: number, more: { headers?: Record<string, string>; body?: Buffer } = {}) {
  const answer = await fetch(`${ingest.url}/api/${tenant.projectId}/upload/`, {
    method: "POST",
    headers: { ...auth(tenant), ...tus, "Upload-Length": String(length), ...more.headers },
    ...(more.body === undefined ? {} : { body: new Uint8Array(more.body) }),
  });
  return { status: answer.status, location: answer.headers.get("location") ?? "", headers: answer.headers, text: await answer.text() };
}

const patch = (ingest: Harness, location: string, tenant: Tenant, offset: number, body: Buffer) =>
  fetch(ingest.url + location, {
    method: "PATCH",
    headers: { ...auth(tenant), ...tus, ...bytesType, "Upload-Offset": String(offset) },
    body: new Uint8Array(body),
  });
const offsetOf = async (ingest: Harness, location: string) => {
  const answer = await fetch(ingest.url + location, { method: "HEAD", headers: tus });
  assert.equal(answer.status, 200);
  return Number(answer.headers.get("upload-offset"));
};

async function sendReference(ingest: Harness, tenant: Tenant, location: string, length: number, kind = "event.minidump") {
  const eventId = randomUUID();
  const payload = JSON.stringify({ location, content_type: "application/octet-stream" });
  const item = {
    ...{ type: "attachment", length: Buffer.byteLength(payload), filename: "crash.dmp", attachment_type: kind },
    ...{ content_type: "application/vnd.sentry.attachment-ref+json", attachment_length: length },
  };
  const small = dumpOf(200, Math.floor(Math.random() * 1e9));
  const dump = { type: "attachment", length: small.length, attachment_type: "event.minidump" };
  const parts: (string | Buffer)[] = [JSON.stringify({ event_id: eventId }), "\n", JSON.stringify(item), "\n", payload, "\n"];
  if (kind !== "event.minidump") parts.push(JSON.stringify(dump), "\n", small);
  const answer = await fetch(`${ingest.url}/api/${tenant.projectId}/envelope/`, {
    method: "POST",
    headers: auth(tenant),
    body: new Uint8Array(Buffer.concat(parts.map((part) => Buffer.from(part as string)))),
  });
  assert.equal(answer.status, 200, await answer.text());
  return await tenants.system.crashes.findByEvent(tenant.projectId, eventId);
}

test("sentry-native's three requests: created, sent, named in an envelope; the crash has the bytes and nothing else is left", async (t) => {
  const ingest = await start(t);
  const dump = dumpOf(3_000_000, 41);
  const metadata = Buffer.from('{"attachment_type":"event.minidump"}').toString("base64");
  const { status, location, headers } = await create(ingest, a, dump.length, { headers: { "Upload-Metadata": `sentry ${metadata}` } });
  assert.equal(status, 201);
  assert.match(location, new RegExp(`^/api/${a.projectId}/upload/[0-9a-f-]{36}/\\?sentry_key=${a.publicKey}$`));
  assert.equal(headers.get("tus-resumable"), "1.0.0");
  const sent = await patch(ingest, location, a, 0, dump);
  assert.equal(sent.status, 204);
  assert.equal(sent.headers.get("upload-offset"), String(dump.length));
  assert.equal(await offsetOf(ingest, location), dump.length);
  const usedBefore = await used();
  assert.ok(usedBefore >= dump.length, "counts as stored");
  const crash = await sendReference(ingest, a, location, dump.length);
  assert.ok(crash !== null);
  const stored = await a.db.crashes.dumpForDownload({ crashId: crash.crashId });
  assert.ok(typeof stored === "object");
  const { organizationId, projectId } = a;
  assert.ok(ingest.unseal(stored, { id: crash.crashId, organizationId, projectId }).equals(dump));
  assert.equal((await ingest.files()).length, 1, "the parts are gone");
  assert.equal(await used(), usedBefore, "counted once");
  assert.equal((await fetch(ingest.url + location, { method: "HEAD", headers: tus })).status, 404);
  assert.equal(await sendReference(ingest, a, location, dump.length), null, "used up");
});

const used = async () => {
  const [row] = await tenants.rows<{ bytes: number }>(
    "SELECT used_bytes::float8 AS bytes FROM storage_usage WHERE organization_id = $1",
    a.organizationId,
  );
  return row?.bytes ?? -1;
};

test("a break in the middle: what came is kept, the rest is asked for and sent", async (t) => {
  const ingest = await start(t);
  const dump = dumpOf(2_000_000, 42);
  const { location } = await create(ingest, a, dump.length);
  const socket = connect(ingest.port, "127.0.0.1");
  socket.on("error", () => undefined);
  const head = [`PATCH ${location} HTTP/1.1`, "Host: h", "Tus-Resumable: 1.0.0", "Upload-Offset: 0", `Content-Length: ${dump.length}`];
  socket.write([...head, "Content-Type: application/offset+octet-stream", "", ""].join("\r\n"));
  socket.write(dump.subarray(0, 1_234_567));
  await waitFor("bytes at rest", async () => {
    const [row] = await tenants.rows<{ sent: number }>("SELECT count(*)::int AS sent FROM resumable_uploads WHERE received_bytes = 0");
    return row?.sent === 1 && (await ingest.files()).length > 0;
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  socket.destroy();
  await waitFor("the part is kept", async () => (await offsetOf(ingest, location)) > 0);
  const offset = await offsetOf(ingest, location);
  assert.equal(offset, 1_234_567);
  const wrong = await patch(ingest, location, a, 0, dump);
  assert.equal(wrong.status, 409);
  assert.equal(wrong.headers.get("upload-offset"), String(offset));
  assert.equal((await patch(ingest, location, a, offset, dump.subarray(offset))).status, 204);
  const crash = await sendReference(ingest, a, location, dump.length);
  const stored = await a.db.crashes.dumpForDownload({ crashId: crash?.crashId ?? "" });
  assert.ok(typeof stored === "object");
  const detail = await a.db.crashes.byId({ crashId: crash?.crashId ?? "" });
  assert.equal(detail?.dump.sha256, createHash("sha256").update(dump).digest("hex"));
});

test("the first bytes may come with the creation; more than was announced is refused and what was right stays", async (t) => {
  const ingest = await start(t);
  const dump = dumpOf(1000, 43);
  const made = await create(ingest, a, 1000, { headers: bytesType, body: dump.subarray(0, 400) });
  assert.equal(made.status, 201);
  assert.equal(made.headers.get("upload-offset"), "400");
  assert.equal((await patch(ingest, made.location, a, 400, dump)).status, 413);
  assert.equal(await offsetOf(ingest, made.location), 400);
  const both = await Promise.all([0, 1].map(() => patch(ingest, made.location, a, 400, dump.subarray(400))));
  assert.deepEqual(both.map((answer) => answer.status).toSorted(), [204, 409]);
  const crash = await sendReference(ingest, a, made.location, 1000);
  assert.ok(crash !== null);
});

test("a file that is no dump becomes an attachment; one that is not complete, or is unknown, is named in the crash's notes", async (t) => {
  const ingest = await start(t);
  const log = Buffer.from("a line\n".repeat(1000));
  const whole = await create(ingest, a, log.length, { headers: bytesType, body: log });
  const crash = await sendReference(ingest, a, whole.location, log.length, "event.attachment");
  assert.equal(crash?.attachments, 1);
  assert.equal(crash?.attachmentsBytes, log.length);
  const half = await create(ingest, a, log.length, { headers: bytesType, body: log.subarray(0, 10) });
  for (const [location, note] of [
    [half.location, /10 of its 7000 bytes were uploaded/],
    [`/api/${a.projectId}/upload/${randomUUID()}/`, /its upload is unknown/],
    ["elsewhere", /its upload is unknown/],
  ] as const) {
    const without = await sendReference(ingest, a, location, log.length, "event.attachment");
    assert.equal(without?.attachments, 0);
    assert.match((await a.db.crashes.byId({ crashId: without.crashId }))?.intakeNotes.join() ?? "", note);
  }
});

test("bound to project and key: somebody else's answers as an absent one", async (t) => {
  const ingest = await start(t);
  const { location } = await create(ingest, a, 100);
  const key = await a.db.clientKeys.create({ projectSlug: a.projectSlug, name: "other" });
  assert.ok(key !== null);
  const path = location.split("?")[0] ?? "";
  const absent = path.replace(/[0-9a-f-]{36}/, randomUUID());
  const addresses: [string, string][] = [
    [path.replace(`/api/${a.projectId}/`, `/api/${b.projectId}/`), b.publicKey],
    [path, key.publicKey],
    [absent, a.publicKey],
    [absent.replace(/[0-9a-f-]{36}/, "x"), a.publicKey],
  ];
  const answers = await Promise.all(
    addresses.flatMap(([address, publicKey]) =>
      ["GET", "PATCH", "DELETE"].map(async (method) => {
        const headers = { ...tus, ...bytesType, "Upload-Offset": "0", "X-Sentry-Auth": `Sentry sentry_key=${publicKey}` };
        const answer = await fetch(ingest.url + address, { method, headers, ...(method === "PATCH" ? { body: "x" } : {}) });
        return `${answer.status} ${await answer.text()}`;
      }),
    ),
  );
  assert.deepEqual(new Set(answers), new Set(['404 {"detail":"there is no such upload"}']));
  assert.equal((await fetch(ingest.url + path, { method: "HEAD", headers: tus })).status, 401);
  assert.equal(await offsetOf(ingest, location), 0);
});

test("an upload that its sender ends is gone, bytes and all", async (t) => {
  const ingest = await start(t);
  const before = await used();
  const { location } = await create(ingest, a, 1000, { headers: bytesType, body: dumpOf(600, 44) });
  assert.equal((await ingest.files()).length, 1);
  assert.equal(await used(), before + 600);
  const end = () => fetch(ingest.url + location, { method: "DELETE", headers: tus });
  assert.equal((await fetch(ingest.url + location, { method: "DELETE" })).status, 412);
  const ended = await end();
  assert.deepEqual([ended.status, await ended.text(), ended.headers.get("tus-resumable")], [204, "", "1.0.0"]);
  assert.deepEqual(await ingest.files(), []);
  assert.equal(await used(), before);
  assert.equal((await end()).status, 404);
  assert.equal((await patch(ingest, location, a, 600, Buffer.alloc(400))).status, 404);
  const told = await fetch(`${ingest.url}/api/${a.projectId}/upload/`, { method: "OPTIONS" });
  assert.match(told.headers.get("tus-extension") ?? "", /(^|,)termination(,|$)/);
});

test("limits and wrong headers are told", async (t) => {
  const ingest = await start(t);
  assert.equal((await create(ingest, a, 2 ** 31 + 1)).status, 413);
  assert.equal((await create(ingest, a, 5, { headers: { "Upload-Length": "-1" } })).status, 400);
  assert.equal((await create(ingest, a, 0)).status, 400);
  assert.equal((await create(ingest, a, 5, { headers: { "Tus-Resumable": "0.2.2" } })).status, 412);
  assert.equal((await create(ingest, { ...a, publicKey: b.publicKey }, 5)).status, 403);
  const { location } = await create(ingest, a, 5);
  const typed = await fetch(ingest.url + location, { method: "PATCH", headers: { ...tus, "Upload-Offset": "0" }, body: "12345" });
  assert.equal(typed.status, 415);
  for (let i = 0; i < 3; i++) assert.equal((await create(ingest, b, 2 ** 31)).status, 201);
  assert.equal((await create(ingest, b, 2 ** 31)).status, 201);
  const over = await create(ingest, b, 1);
  assert.equal(over.status, 429);
  assert.match(over.text, /4 uploads of 8589934592 bytes are open/);
  assert.equal(over.headers.get("retry-after"), "60");
  const asked = await fetch(`${ingest.url}/api/${a.projectId}/upload/`, { method: "OPTIONS" });
  assert.equal(asked.headers.get("tus-max-size"), String(2 ** 31));
});

test("curl uploads by the address it was given", async (t) => {
  const ingest = await start(t);
  const { location } = await create(ingest, a, 8);
  const headers = ["Tus-Resumable: 1.0.0", "Upload-Offset: 0", "Content-Type: application/offset+octet-stream"].flatMap((header) => [
    "-H",
    header,
  ]);
  const sent = await curl("-X", "PATCH", ...headers, "--data-binary", "MDMP1234", ingest.url + location);
  assert.equal(sent.status, 204);
  assert.equal(await offsetOf(ingest, location), 8);
});
