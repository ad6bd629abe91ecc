/** App Center's /logs: the documented call, errors and attachments apart, gzip, several crashes at once, what is not kept; over real HTTP. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { OperatorLimits } from "../src/limits.ts";
import { curl, dumpOf, type Harness, startIngest } from "./harness.ts";
import { startTenants, type Tenant } from "./tenants.ts";

const tenants = await startTenants();
const { a, b } = tenants;
after(() => tenants.stop());

const start = (t: TestContext, limits: Partial<OperatorLimits> = {}) => startIngest(t, { db: tenants.system, gate: tenants.gate, limits });
const secret = ({ publicKey }: Tenant) => publicKey.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
const installId = "b3f1c2d4-0000-4000-8000-0123456789ab";

/** The documented Breakpad call, with duplicate names and commas at the end as its example has them. */
function documented(errorId: string, dump: Buffer): string {
  return `{"logs":[
 {"type":"managedError","id":"${errorId}","timestamp":"2026-01-02T03:04:05Z","appLaunchTimestamp":"2026-01-02T03:00:00Z",
  "processId":"4711","processName":"com.acme.game","fatal":true,"architecture":"arm64-v8a","errorThreadId":1,
  "exception":{"type":"minidump","wrapperSdkName":"custom.ndk",},"userId":"u1","userId":"u2",
  "device":{"appVersion":"1.2","appBuild":"7","appNamespace":"com.acme.game","sdkName":"custom","sdkVersion":"1.0","osName":"Android","osVersion":"14","model":"X","locale":"en_US","wrapperSdkName":"custom.ndk"}},
 {"type":"errorAttachment","id":"${randomUUID()}","errorId":"${errorId}","fileName":"minidump.dmp","contentType":"application/octet-stream",
  "data":"${dump.toString("base64")}","timestamp":"2026-01-02T03:04:05Z","device":{}},]}`;
}

async function post(ingest: Harness, tenant: Tenant, body: string | Buffer, headers: Record<string, string> = {}) {
  const answer = await fetch(`${ingest.url}/logs?Api-Version=1.0.0`, {
    method: "POST",
    headers: { "App-Secret": secret(tenant), "Install-ID": installId, "Content-Type": "application/json", ...headers },
    body: new Uint8Array(Buffer.from(body as string)),
  });
  const text = await answer.text();
  return { status: answer.status, text, json: (text.startsWith("{") ? JSON.parse(text) : {}) as Record<string, unknown> };
}

async function crashOf(tenant: Tenant, errorId: string) {
  const found = await tenants.system.crashes.findByEvent(tenant.projectId, errorId);
  assert.ok(found !== null, `crash ${errorId}`);
  const detail = await tenant.db.crashes.byId({ crashId: found.crashId });
  assert.ok(detail !== null);
  return { ...found, detail };
}

async function bytesOf(ingest: Harness, tenant: Tenant, crashId: string): Promise<Buffer> {
  const stored = await tenant.db.crashes.dumpForDownload({ crashId });
  assert.ok(typeof stored === "object");
  const { organizationId, projectId } = tenant;
  return ingest.unseal(stored, { id: crashId, organizationId, projectId });
}

const error = (id: string, more: object = {}) => ({ type: "managedError", id, exception: { type: "minidump" }, ...more });
const attachment = (errorId: string, data: Buffer, fileName = "minidump.dmp", more: object = {}) => ({
  ...{ type: "errorAttachment", id: randomUUID(), errorId, fileName, contentType: "application/octet-stream" },
  ...{ data: data.toString("base64"), ...more },
});
const logs = (...all: object[]) => JSON.stringify({ logs: all });

test("the documented call: a crash with what was said of it, sent again the same crash", async (t) => {
  const ingest = await start(t);
  const errorId = randomUUID();
  const dump = dumpOf(50_000, 61);
  const body = documented(errorId, dump);
  const answer = await post(ingest, a, body);
  assert.equal(answer.status, 200, answer.text);
  assert.match(String(answer.json.correlationId), /^[0-9a-f-]{36}$/);
  assert.deepEqual(
    { ...answer.json, correlationId: "" },
    { status: "Success", validDiagnosticsIds: [errorId], throttledDiagnosticsIds: [], correlationId: "" },
  );
  const { crashId, detail } = await crashOf(a, errorId);
  assert.ok((await bytesOf(ingest, a, crashId)).equals(dump));
  assert.equal(detail.release, "com.acme.game@1.2+7");
  assert.equal(detail.dist, "7");
  assert.equal(detail.user, "u2");
  assert.equal(detail.contexts.os?.name, "Android");
  assert.equal(detail.contexts.device?.model, "X");
  assert.equal(detail.extra.process_name, "com.acme.game");
  assert.deepEqual((await post(ingest, a, gzipSync(body), { "Content-Encoding": "gzip" })).json.validDiagnosticsIds, [errorId]);
  assert.equal((await ingest.files()).length, 1, "held files and the repetition are gone");
  assert.deepEqual(ingest.pokes, [a.projectId]);
});

test("the dump in a later call, before its error in the same call, and further files after it", async (t) => {
  const ingest = await start(t);
  const [later, turned] = [randomUUID(), randomUUID()];
  const device = { appVersion: "3.1", osName: "Windows" };
  assert.deepEqual((await post(ingest, a, logs(error(later, { device, processName: "game.exe" })))).json.validDiagnosticsIds, [later]);
  assert.deepEqual(await ingest.files(), []);
  await post(ingest, a, logs(attachment(later, dumpOf(900, 62))));
  const first = await crashOf(a, later);
  assert.equal(first.detail.release, "3.1");
  assert.equal(first.detail.extra.process_name, "game.exe");
  assert.equal(first.detail.user, installId);

  const dump = dumpOf(800, 63);
  const log = attachment(turned, Buffer.from("a log"), "log.txt", { contentType: "text/plain" });
  await post(
    ingest,
    a,
    logs(log, attachment(turned, gzipSync(dump), "minidump.dmp.gz"), error(turned, { type: "handledError", fatal: false })),
  );
  const second = await crashOf(a, turned);
  assert.ok((await bytesOf(ingest, a, second.crashId)).equals(dump));
  assert.equal(second.attachments, 1);
  await post(ingest, a, logs(attachment(turned, Buffer.from("more"), "more.txt")));
  assert.equal((await crashOf(a, turned)).attachments, 2);
  assert.equal((await ingest.files()).length, 4);
});

test("an error that comes after its dump says as much of the crash as one that comes before it", async (t) => {
  const ingest = await start(t);
  const device = { appVersion: "5.2", appBuild: "9", appNamespace: "com.acme.game", osName: "Android", model: "Y" };
  const late = { device, userId: "someone", processName: "game", architecture: "arm64-v8a" };
  const [before, after, again] = [randomUUID(), randomUUID(), randomUUID()];
  const dumpLog = (id: string, seed: number) =>
    logs(attachment(id, dumpOf(700, seed), "minidump.dmp", { device: { appVersion: "5", locale: "de" } }));
  await post(ingest, a, logs(error(before, late)));
  await post(ingest, a, dumpLog(before, 91));
  await post(ingest, a, dumpLog(after, 92));
  assert.deepEqual((await post(ingest, a, logs(error(after, late)))).json.validDiagnosticsIds, [after]);
  const said = async (id: string) => {
    const { release, dist, user, tags, extra, contexts } = (await crashOf(a, id)).detail;
    return { release, dist, user, tags, extra, contexts };
  };
  assert.deepEqual(await said(after), await said(before));
  assert.equal((await said(after)).release, "com.acme.game@5.2+9");
  assert.deepEqual([(await said(after)).contexts.device?.model, (await said(after)).contexts.device?.locale], ["Y", "de"]);

  await post(ingest, a, dumpLog(again, 93));
  await post(ingest, b, logs(error(again, late)));
  assert.equal((await said(again)).release, "5", "another tenant's error changes nothing");
  await post(ingest, a, logs(error(again, late), attachment(again, dumpOf(700, 93))));
  assert.equal((await said(again)).user, "someone", "the dump a second time, with its error");
  assert.equal((await ingest.files()).length, 3);
});

test("a log that comes before the dump of its error waits for it, sealed, and is nothing to another tenant", async (t) => {
  const ingest = await start(t);
  const errorId = randomUUID();
  await post(ingest, a, logs(error(errorId, { device: { appVersion: "4" } })));
  const early = attachment(errorId, Buffer.from("before the dump"), "early.log", { contentType: "text/plain" });
  assert.deepEqual((await post(ingest, a, logs(early))).json.validDiagnosticsIds, [errorId]);
  await post(ingest, a, logs(attachment(errorId, Buffer.alloc(0), "empty.log")));
  const files = await ingest.files();
  assert.equal(files.length, 2);
  for (const file of files) assert.ok(!(await readFile(join(ingest.blobDir, file))).includes("before the dump"));
  await post(ingest, b, logs(attachment(errorId, dumpOf(500, 71))));
  assert.equal((await crashOf(b, errorId)).attachments, 0);

  await post(ingest, a, logs(attachment(errorId, dumpOf(500, 72))));
  const { crashId, detail, attachments } = await crashOf(a, errorId);
  assert.equal(detail.release, "4");
  assert.equal(attachments, 2);
  const rows = await tenants.rows<{ file_name: string; content_type: string; size_bytes: number; blob_key: string; wrapped_key: Buffer }>(
    "SELECT file_name, content_type, size_bytes::int, blob_key, wrapped_key FROM crash_attachments WHERE crash_id = $1 ORDER BY file_name",
    crashId,
  );
  assert.deepEqual(
    rows.map((row) => [row.file_name, row.content_type, row.size_bytes]),
    [
      ["early.log", "text/plain", 15],
      ["empty.log", "application/octet-stream", 0],
    ],
  );
  const [log] = rows;
  assert.ok(log !== undefined);
  const ref = { blobKey: log.blob_key, wrappedKey: log.wrapped_key, keyId: "", sizeBytes: log.size_bytes };
  const owner = { id: crashId, organizationId: a.organizationId, projectId: a.projectId };
  assert.equal(ingest.unseal(ref, owner, `attachment/${log.blob_key.split("/").at(-1)}`).toString(), "before the dump");
  assert.equal((await ingest.files()).length, 4, "two dumps and two files; what waited is gone");
  assert.deepEqual(await tenants.rows("SELECT id FROM resumable_uploads WHERE event_id IS NOT NULL"), []);
});

test("several crashes in one call: one that is refused does not take the others with it", async (t) => {
  const ingest = await start(t, { defaultRateLimitPerMinute: 2 });
  const [good, bad, other, third] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
  const damaged = Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.alloc(100, 7)]);
  const answer = await post(
    ingest,
    b,
    logs(
      ...[error(good), attachment(good, dumpOf(300, 64)), error(bad), attachment(bad, damaged)],
      ...[error(other), attachment(other, dumpOf(300, 65)), error(third), attachment(third, dumpOf(300, 66))],
    ),
  );
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.json.validDiagnosticsIds, [good]);
  assert.deepEqual(answer.json.throttledDiagnosticsIds, [other, third], "over the rate of two a minute");
  assert.equal((await ingest.files()).length, 1);
  await ingest.ingest.close();
  const counted = await tenants.refusals(b);
  assert.equal(counted.invalid_compression, 1);
  assert.equal(counted.rate_limited, 2);
});

test("managed errors, sessions and files of no crash: accepted, not kept, counted", async (t) => {
  const ingest = await start(t);
  const before = await tenants.refusals(b);
  const managed = randomUUID();
  const answer = await post(
    ingest,
    b,
    logs(
      ...[{ type: "startService", services: ["Crashes"] }, { type: "startSession" }, { type: "startSession" }],
      ...[error(managed, { exception: { type: "java.lang.Error" } }), { type: "appleError", id: randomUUID(), threads: [] }],
      ...[attachment(randomUUID(), Buffer.from("text"), "a.txt"), { type: "errorAttachment", errorId: managed, data: null }],
    ),
  );
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(await ingest.files(), []);
  await ingest.ingest.close();
  const now = await tenants.refusals(b);
  const gained = (reason: string) => (now[reason] ?? 0) - (before[reason] ?? 0);
  assert.deepEqual([gained("item_not_kept"), gained("event_without_minidump"), gained("file_without_crash")], [1, 2, 1]);
});

test("secrets that are none, bodies that are none: told, and nothing stays", async (t) => {
  const ingest = await start(t);
  assert.equal((await post(ingest, a, logs(), { "App-Secret": "" })).status, 401);
  assert.equal((await post(ingest, a, logs(), { "App-Secret": "game" })).status, 400);
  assert.equal((await post(ingest, a, logs(), { "App-Secret": randomUUID() })).status, 403);
  const body = documented(randomUUID(), dumpOf(20_000, 67));
  for (const [text, message] of [
    [body.slice(0, 9000), /the body ends within it/],
    [body.replace("TURNU", "TURN!"), /data at byte \d+: it is not base64/],
    ["MDMP", /invalid logs/],
    [`{"logs":[{"x":"${"x".repeat(2_000_000)}"}]}`, /longer than 1048576 bytes/],
  ] as const) {
    const answer = await post(ingest, a, text);
    assert.equal(answer.status, 400);
    assert.match(answer.text, message);
  }
  assert.deepEqual(await ingest.files(), []);
});

test("an error of one tenant is nothing to another with the same id", async (t) => {
  const ingest = await start(t);
  const errorId = randomUUID();
  await post(ingest, a, logs(error(errorId, { device: { appVersion: "9" } })));
  await post(ingest, b, logs(attachment(errorId, dumpOf(300, 68))));
  assert.equal((await crashOf(b, errorId)).detail.release, null);
  assert.equal(await tenants.system.crashes.findByEvent(a.projectId, errorId), null);
});

test("curl sends the documented call from a file", async (t) => {
  const ingest = await start(t);
  const folder = await mkdtemp(join(tmpdir(), "salvage-logs-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, "logs.json");
  const errorId = randomUUID();
  await writeFile(file, documented(errorId, dumpOf(200_000, 69)));
  const headers = [`App-Secret: ${secret(a)}`, `Install-ID: ${installId}`, "Content-Type: application/json"].flatMap((header) => [
    "-H",
    header,
  ]);
  const answer = await curl(...headers, "--data-binary", `@${file}`, `${ingest.url}/logs?api-version=1.0.0`);
  assert.equal(answer.status, 200, answer.body);
  assert.equal((await crashOf(a, errorId)).detail.dump.sizeBytes, 200_000);
});
