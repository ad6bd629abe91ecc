/** The minidump endpoint over real sockets: every form of a post, every refusal, and what stays on the disk. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { rm, truncate, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import type { OperatorLimits } from "../src/limits.ts";
import { curl, dumpOf, type Harness, raw, startIngest, waitFor } from "./harness.ts";
import { createMemoryDb, type MemoryDb, otherKey, publicKey } from "./memory-db.ts";
import { packMessage } from "./pack-message.ts";

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const path = `/api/42/minidump/?sentry_key=${publicKey}`;

async function start(t: TestContext, limits: Partial<OperatorLimits> = {}): Promise<Harness & { memory: MemoryDb }> {
  const memory = createMemoryDb();
  return { ...(await startIngest(t, { db: memory.db, gate: memory.gate, limits })), memory };
}

/** Packs with a program of this machine; null where it is not installed. */
function program(name: string): ((bytes: Buffer) => Buffer) | null {
  if (spawnSync(name, ["--version"], { stdio: "ignore" }).error !== undefined) return null;
  return (bytes) => execFileSync(name, ["-c"], { input: bytes, maxBuffer: 1 << 28 });
}

async function accepted(answer: Response): Promise<string> {
  const body = await answer.text();
  assert.equal(answer.status, 200, body);
  assert.equal(answer.headers.get("content-type"), "text/plain");
  assert.match(body, uuid);
  return body;
}

async function refused(answer: Response, status: number): Promise<{ detail: string; causes?: string[] }> {
  assert.equal(answer.status, status);
  assert.equal(answer.headers.get("content-type"), "application/json");
  assert.equal(answer.headers.get("location"), null);
  return (await answer.json()) as { detail: string; causes?: string[] };
}

function form(dump: Buffer | string, fields: Record<string, string> = {}): FormData {
  const data = new FormData();
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  data.append("upload_file_minidump", new Blob([typeof dump === "string" ? dump : new Uint8Array(dump)]), "C:\\x\\crash.dmp");
  return data;
}

test("a form is kept: sealed dump, row, poke, bare id", async (t) => {
  const ingest = await start(t);
  const dump = dumpOf(300_000);
  const id = await accepted(
    await fetch(ingest.url + path, { method: "POST", body: form(dump, { sentry: '{"release":"r"}', "sentry[tags][a]": "b", guid: "g" }) }),
  );
  const [crash] = ingest.memory.crashes;
  assert.ok(crash !== undefined);
  assert.equal(crash.id, id);
  assert.equal(crash.release, "r");
  assert.deepEqual(crash.tags, { a: "b" });
  assert.deepEqual(crash.extra, { guid: "g" });
  assert.equal(crash.dump.sizeBytes, dump.length);
  assert.deepEqual(ingest.unseal(crash.dump, crash), dump);
  assert.deepEqual(await ingest.files(), [`org/${crash.organizationId}/dump/${id}`]);
  assert.deepEqual(ingest.pokes, ["42"]);
});

test("path forms: with and without a slash, doubled slashes, absolute request line; never a redirect", async (t) => {
  const ingest = await start(t);
  let seed = 1;
  for (const form of ["/api/42/minidump", "/api/42/minidump/", "//api/42/minidump/", "/api//42//minidump//"]) {
    await accepted(
      await fetch(`${ingest.url}${form}?sentry_key=${publicKey}`, {
        method: "POST",
        body: new Uint8Array(dumpOf(500, ++seed)),
        headers: { "Content-Type": "application/x-dmp" },
        redirect: "error",
      }),
    );
  }
  const dump = dumpOf(100, 99);
  const answer = await raw(ingest.port, [
    `POST http://some.host${path} HTTP/1.1\r\nHost: some.host\r\nContent-Type: application/octet-stream\r\nContent-Length: 100\r\n\r\n`,
    dump,
  ]);
  assert.match(answer, /^HTTP\/1\.1 200 OK/);
  assert.equal(ingest.memory.crashes.length, 5);
});

test("raw bodies by type and by sniffing", async (t) => {
  const ingest = await start(t);
  let seed = 1;
  for (const type of [
    "application/octet-stream",
    "application/x-dmp; x=y",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
  ]) {
    await accepted(
      await fetch(ingest.url + path, { method: "POST", body: new Uint8Array(dumpOf(500, ++seed)), headers: { "Content-Type": type } }),
    );
  }
  const answer = await raw(ingest.port, [`POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n`, dumpOf(100, 50)]);
  assert.match(answer, /^HTTP\/1\.1 200 OK/);
});

test("Content-Encoding: gzip, deflate in both forms, br, zstd, several, none by mistake", async (t) => {
  const ingest = await start(t);
  let seed = 10;
  const send = async (encoding: string, pack: (bytes: Buffer) => Buffer) => {
    const dump = dumpOf(200_000, ++seed);
    const body = new Uint8Array(pack(dump));
    await accepted(
      await fetch(ingest.url + path, {
        method: "POST",
        body,
        headers: { "Content-Type": "application/x-dmp", "Content-Encoding": encoding },
      }),
    );
    const crash = ingest.memory.crashes.at(-1);
    assert.ok(crash !== undefined && ingest.unseal(crash.dump, crash).equals(dump), encoding);
  };
  await send("gzip", gzipSync);
  await send("X-GZIP", gzipSync);
  await send("deflate", deflateSync);
  await send("deflate", deflateRawSync);
  await send("br", brotliCompressSync);
  await send("zstd", zstdCompressSync);
  await send("deflate, gzip", (bytes) => gzipSync(deflateSync(bytes)));
  await send("identity", (bytes) => bytes);
  await send("utf-8", (bytes) => bytes);
  const unknown = await fetch(ingest.url + path, {
    method: "POST",
    body: new Uint8Array(dumpOf(100)),
    headers: { "Content-Encoding": "compress" },
  });
  assert.match((await refused(unknown, 415)).detail, /compress is not supported; send gzip/);
  const cut = await fetch(ingest.url + path, {
    method: "POST",
    body: new Uint8Array(gzipSync(dumpOf(5000)).subarray(0, 3000)),
    headers: { "Content-Type": "application/x-dmp", "Content-Encoding": "gzip" },
  });
  assert.match((await refused(cut, 400)).detail, /gzip data is damaged or cut/);
});

test("a dump compressed inside its part, and inside a gzip body at that", async (t) => {
  const ingest = await start(t);
  let seed = 20;
  for (const pack of [gzipSync, zstdCompressSync, program("xz"), program("bzip2")]) {
    if (pack === null) continue;
    const dump = dumpOf(100_000, ++seed);
    await accepted(await fetch(ingest.url + path, { method: "POST", body: form(pack(dump)) }));
    const crash = ingest.memory.crashes.at(-1);
    assert.ok(crash !== undefined && ingest.unseal(crash.dump, crash).equals(dump));
    assert.equal(crash.dump.sizeBytes, 100_000);
  }
  await accepted(
    await fetch(ingest.url + path, {
      method: "POST",
      body: new Uint8Array(gzipSync(zstdCompressSync(dumpOf(9000, 77)))),
      headers: { "Content-Encoding": "gzip" },
    }),
  );
  for (const [start, name] of [
    [Buffer.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0), "xz"],
    [Buffer.from("BZh9"), "bzip2"],
  ] as const) {
    const damaged = Buffer.concat([start, Buffer.alloc(50, 1)]);
    const answer = await refused(await fetch(ingest.url + path, { method: "POST", body: form(damaged) }), 400);
    assert.equal(answer.detail, "invalid compression container");
    assert.match(answer.causes?.[0] ?? "", new RegExp(`^${name}: `));
  }
  assert.match(
    (await refused(await fetch(ingest.url + path, { method: "POST", body: form(gzipSync("text")) }), 400)).causes?.[0] ?? "",
    /is gzip data that begins with 0x74657874/,
  );
  assert.equal((await ingest.files()).length, ingest.memory.crashes.length);
});

test("bombs stop at the limit: in the body and in the part", async (t) => {
  const ingest = await start(t);
  const zeros = Buffer.concat([Buffer.from("MDMP"), Buffer.alloc(64 * 1024 * 1024)]);
  const whole = await fetch(ingest.url + path, {
    method: "POST",
    body: new Uint8Array(gzipSync(zeros)),
    headers: { "Content-Type": "application/x-dmp", "Content-Encoding": "gzip" },
  });
  assert.match((await refused(whole, 413)).detail, /minidump is larger than the limit of 8388608 bytes/);
  const part = await fetch(ingest.url + path, { method: "POST", body: form(zstdCompressSync(zeros)) });
  assert.match((await refused(part, 413)).detail, /minidump is larger than the limit of 8388608 bytes/);
  for (const pack of [program("xz"), program("bzip2")]) {
    if (pack === null) continue;
    const packed = await fetch(ingest.url + path, { method: "POST", body: form(pack(zeros)) });
    assert.match((await refused(packed, 413)).detail, /minidump is larger than the limit of 8388608 bytes/);
  }
  const b = "boundary-of-a-bomb";
  const attached = `--${b}\r\nContent-Disposition: form-data; name="log"; filename="log"\r\n\r\n`;
  const other = await fetch(ingest.url + path, {
    method: "POST",
    body: new Uint8Array(gzipSync(Buffer.concat([Buffer.from(attached), zeros]))),
    headers: { "Content-Type": `multipart/form-data; boundary=${b}`, "Content-Encoding": "gzip" },
  });
  assert.match((await refused(other, 413)).detail, /inflated body is larger than the limit of 10485760 bytes/);
  const field = await fetch(ingest.url + path, { method: "POST", body: form(dumpOf(100), { note: "x".repeat(1024 * 1024) }) });
  assert.match((await refused(field, 413)).detail, /form fields are larger than the limit of 1048576 bytes/);
  assert.deepEqual(await ingest.files(), []);
  await ingest.ingest.close();
  assert.equal(ingest.memory.countOf("too_large"), 4 + [program("xz"), program("bzip2")].filter((pack) => pack !== null).length);
});

test("each refusal: status, sentence, counter, and nothing left on disk", async (t) => {
  const ingest = await start(t);
  const post = (
    url: string,
    body: string | FormData | Uint8Array<ArrayBuffer> = new Uint8Array(dumpOf(100)),
    headers: Record<string, string> = { "Content-Type": "application/x-dmp" },
  ) => fetch(ingest.url + url, { method: "POST", body, headers });
  assert.equal((await refused(await post("/api/42/minidump/"), 401)).detail, "missing authorization information");
  const conflict = { "Content-Type": "application/x-dmp", "X-Sentry-Auth": `Sentry sentry_key=${otherKey}` };
  assert.equal((await refused(await post(path, undefined, conflict), 401)).detail, "multiple authorization payloads detected");
  assert.equal((await refused(await post("/api/42/minidump/?sentry_key=nonsense"), 400)).detail, "invalid client key");
  assert.equal((await refused(await post(`/api/x1/minidump/?sentry_key=${publicKey}`), 400)).detail, "invalid project id");
  const wrong = await refused(await post(`/api/42/minidump/?sentry_key=${otherKey}`), 403);
  assert.deepEqual(await refused(await post(`/api/43/minidump/?sentry_key=${publicKey}`), 403), wrong);
  assert.deepEqual(wrong, { detail: "the client key is not a key of this project" });
  assert.equal((await refused(await post(path, ""), 400)).detail, "the body is empty");
  assert.match((await refused(await post(path, "just text"), 400)).causes?.[0] ?? "", /begins with 0x6a7573742074/);
  assert.match(
    (await refused(await post(path, "just text", { "Content-Type": "text/plain" }), 400)).causes?.[0] ?? "",
    /neither multipart/,
  );
  assert.match((await refused(await post(path, form("a text file"), {}), 400)).detail, /invalid minidump/);
  assert.equal((await refused(await post(path, form(""), {}), 400)).detail, "the minidump is empty");
  const other = new FormData();
  other.append("file", new Blob(["MDMP"]), "x.dmp");
  assert.match(
    (await refused(await post(path, other, {}), 400)).causes?.[0] ?? "",
    /named upload_file_minidump is required; the file parts are named file/,
  );
  assert.match(
    (await refused(await post(path, "x", { "Content-Type": "multipart/form-data; boundary=abcdefghijkl" }), 400)).causes?.[0] ?? "",
    /no delimiter/,
  );
  assert.equal((await fetch(ingest.url + path)).status, 405);
  assert.equal((await fetch(ingest.url + path, { method: "PUT", body: "x" })).status, 405);
  assert.deepEqual(await ingest.files(), []);
  assert.deepEqual(ingest.pokes, []);

  await ingest.ingest.close();
  const counts = Object.fromEntries(
    ingest.memory.refusals.filter((refusal) => refusal.projectId === "42").map((refusal) => [refusal.reason, refusal.count]),
  );
  assert.deepEqual(counts, {
    missing_credentials: 1,
    conflicting_credentials: 1,
    wrong_key: 2,
    empty_body: 2,
    invalid_minidump: 2,
    malformed_multipart: 2,
    missing_minidump: 1,
  });
  assert.equal(ingest.memory.refusals.find((refusal) => refusal.projectId === "43")?.reason, "wrong_key");
  assert.ok(!ingest.lines.join("").includes(publicKey), "no key in the log");
});

test("a disabled key is refused soon after; over the rate and over the quota is 200, dropped and counted", async (t) => {
  const ingest = await start(t);
  const send = (seed: number) =>
    fetch(ingest.url + path, {
      method: "POST",
      body: new Uint8Array(dumpOf(1000, seed)),
      headers: { "Content-Type": "application/x-dmp" },
    });
  ingest.memory.key.rateLimitPerMinute = 2;
  await accepted(await send(1));
  await accepted(await send(2));
  await accepted(await send(3));
  assert.equal(ingest.memory.crashes.length, 2);
  assert.equal(ingest.memory.finds, 1, "the key is looked up once in a burst");

  const second = await start(t);
  second.memory.key.storageQuotaBytes = 1500;
  const sendSecond = (seed: number, bytes = 1000) =>
    fetch(second.url + path, {
      method: "POST",
      body: new Uint8Array(dumpOf(bytes, seed)),
      headers: { "Content-Type": "application/x-dmp" },
    });
  await accepted(await sendSecond(1));
  await accepted(await sendSecond(2));
  assert.equal(second.memory.crashes.length, 1);
  assert.equal((await second.files()).length, 1, "the dropped dump is not kept");
  await accepted(await sendSecond(3, 400));
  await accepted(await sendSecond(4, 100));
  await accepted(await sendSecond(5, 100));
  assert.equal(second.memory.crashes.length, 3);

  const third = await start(t);
  third.memory.key.disabled = true;
  const answer = await fetch(third.url + path, { method: "POST", body: new Uint8Array(dumpOf(100)) });
  assert.equal((await refused(answer, 403)).detail, "the client key is disabled");
  const fourth = await start(t, { organizationStorageBytes: 1500, projectRateLimitPerMinute: 3 });
  fourth.memory.key.storageQuotaBytes = 10_000_000;
  fourth.memory.key.maxDumpBytes = 1200;
  const sendFourth = (seed: number, bytes: number) =>
    fetch(fourth.url + path, {
      method: "POST",
      body: new Uint8Array(dumpOf(bytes, seed)),
      headers: { "Content-Type": "application/x-dmp" },
    });
  await accepted(await sendFourth(1, 1000));
  await accepted(await sendFourth(2, 1001));
  assert.equal((await sendFourth(3, 1201)).status, 413, "the project's own limit is lower than the operator's");
  await accepted(await sendFourth(4, 10));
  assert.equal(fourth.memory.crashes.length, 1);
  for (const each of [ingest, second, third, fourth]) await each.ingest.close();
  const met = (reason: string) => fourth.memory.refusals.find((refusal) => refusal.reason === reason)?.met;
  assert.deepEqual(met("storage_quota"), { limit: 1500, seen: 2001, knob: "ORGANIZATION_STORAGE_BYTES" });
  assert.deepEqual(met("too_large"), { limit: 1200, seen: 1201, knob: "project_dump_bytes" });
  assert.deepEqual(met("rate_limited"), { limit: 3, seen: 4, knob: "PROJECT_RATE_LIMIT_PER_MINUTE" });
  assert.equal(ingest.memory.countOf("rate_limited"), 1);
  assert.equal(second.memory.countOf("storage_quota"), 2);
  assert.equal(third.memory.countOf("disabled_key"), 1);
});

test("the same crash twice: the first id, one blob", async (t) => {
  const ingest = await start(t);
  const send = async (seed: number, fields: Record<string, string>) =>
    await accepted(await fetch(ingest.url + path, { method: "POST", body: form(dumpOf(1000, seed), fields) }));
  const first = await send(1, { a: "1", b: "2" });
  assert.equal(await send(1, { b: "2", a: "1" }), first, "the order of the parts does not matter");
  assert.notEqual(await send(1, { a: "2" }), first);
  const eventId = "0123456789abcdef0123456789abcdef";
  const byEvent = await send(2, { sentry: `{"event_id":"${eventId}"}` });
  assert.equal(await send(3, { "sentry[event_id]": eventId }), byEvent);
  assert.equal((await ingest.files()).length, 3);
  assert.equal(ingest.pokes.length, 3);
});

test("attachments are sealed beside the dump; too large or too many are left out and named", async (t) => {
  const ingest = await start(t, { maxRequestBytes: 64 * 1024 * 1024 });
  const body = form(dumpOf(1000));
  body.append("log", new Blob(["line one"], { type: "text/plain" }), "/var/log/app.log");
  body.append("upload_file_minidump", new Blob(["MDMP second"]), "second.dmp");
  body.append("huge", new Blob([new Uint8Array(21 * 1024 * 1024)]), "huge.bin");
  for (let i = 0; i < 20; i++) body.append("more", new Blob([String(i)]), `${i}.txt`);
  body.append("after", "field after the files");
  await accepted(await fetch(ingest.url + path, { method: "POST", body }));
  const [crash] = ingest.memory.crashes;
  assert.ok(crash !== undefined);
  assert.equal(crash.attachments.length, 20);
  const [log, second] = crash.attachments;
  assert.ok(log !== undefined && second !== undefined);
  assert.equal(log.fileName, "app.log");
  assert.equal(log.contentType, "text/plain");
  assert.equal(ingest.unseal(log, crash, "attachment/0").toString(), "line one");
  assert.equal(second.fileName, "second.dmp");
  assert.equal(crash.extra.after, "field after the files");
  assert.deepEqual(crash.intakeNotes, [
    "second.dmp: a further minidump, kept as attachment; the first one is the crash",
    "huge.bin: left out, larger than 20971520 bytes",
    "18.txt: left out, more than 20 attachments",
    "19.txt: left out, more than 20 attachments",
  ]);
  assert.equal((await ingest.files()).length, 21);
});

test("sentry-native's files: event and breadcrumbs are merged before the fields, and are no attachments", async (t) => {
  const ingest = await start(t);
  const send = async (extra: string) => {
    const body = form(dumpOf(1000), { "sentry[release]": "field", "sentry[environment]": "field", sentry: '{"event_id":"ff"}', extra });
    const event = { event_id: "0123456789abcdef0123456789abcdef", release: "file@1", tags: { a: "1" }, contexts: { gpu: { name: "g" } } };
    body.append("__sentry-event", new Blob([new Uint8Array(packMessage(event))]), "__sentry-event");
    const crumb = { timestamp: "2026-01-01T00:00:00Z", category: "ui", message: "clicked" };
    body.append("__sentry-breadcrumb1", new Blob([new Uint8Array(packMessage(crumb))]), "__sentry-breadcrumb1");
    body.append("__sentry-breadcrumb2", new Blob([]), "__sentry-breadcrumb2");
    return await accepted(await fetch(ingest.url + path, { method: "POST", body }));
  };
  const id = await send("1");
  assert.equal(await send("2"), id, "the event id of the file says that it is the same crash");
  const [crash] = ingest.memory.crashes;
  assert.ok(crash !== undefined);
  assert.deepEqual([crash.eventId, crash.release, crash.environment], ["01234567-89ab-cdef-0123-456789abcdef", "file@1", "field"]);
  assert.deepEqual([crash.tags, crash.contexts, crash.extra], [{ a: "1" }, { gpu: { name: "g" } }, { extra: "1" }]);
  assert.deepEqual(crash.breadcrumbs, [
    { at: "2026-01-01T00:00:00.000Z", type: null, category: "ui", level: null, message: "clicked", data: {} },
  ]);
  assert.deepEqual([crash.attachments, crash.intakeNotes], [[], []]);
});

test("a dump part without a file name; old Electron's form within the part", async (t) => {
  const ingest = await start(t);
  const b = "---------------------------0123456789abcdef";
  const post = (body: string) =>
    raw(ingest.port, [
      `POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=${b}\r\nContent-Length: ${body.length}\r\n\r\n`,
      Buffer.from(body, "latin1"),
    ]);
  assert.match(
    await post(`--${b}\r\nContent-Disposition: form-data; name="upload_file_minidump"\r\n\r\nMDMPplain\r\n--${b}--\r\n`),
    /^HTTP\/1\.1 200/,
  );
  const inner =
    '--inner-boundary\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--inner-boundary\r\nContent-Disposition: form-data; name="upload_file_minidump"; filename="i"\r\n\r\nMDMPinner\r\n--inner-boundary--\r\n';
  assert.match(
    await post(`--${b}\r\nContent-Disposition: form-data; name="upload_file_minidump"; filename="o"\r\n\r\n\r\n${inner}\r\n--${b}--\r\n`),
    /^HTTP\/1\.1 200/,
  );
  assert.deepEqual(
    ingest.memory.crashes.map((crash) => ingest.unseal(crash.dump, crash).toString()),
    ["MDMPplain", "MDMPinner"],
  );
});

test("byte for byte: Crashpad chunked and gzipped, over HTTP/1.1 and over HTTP/1.0", async (t) => {
  const ingest = await start(t);
  const boundary = "---MultipartBoundary-aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0iL---";
  let seed = 30;
  for (const version of ["1.1", "1.0"]) {
    const dump = dumpOf(70_000, ++seed);
    const body = gzipSync(
      Buffer.concat([
        Buffer.from(
          `--${boundary}\r\nContent-Disposition: form-data; name="guid"\r\n\r\n${seed}\r\n--${boundary}\r\nContent-Disposition: form-data; name="prod"\r\n\r\nApp\r\n--${boundary}\r\nContent-Disposition: form-data; name="ver"\r\n\r\n1.5\r\n`,
        ),
        Buffer.from(
          `--${boundary}\r\nContent-Disposition: form-data; name="upload_file_minidump"; filename="5c8f9d0e-1111-4222-8333-444455556666.dmp"\r\nContent-Type: application/octet-stream\r\n\r\n`,
        ),
        dump,
        Buffer.from(`\r\n--${boundary}--\r\n`),
      ]),
    );
    const chunks: Buffer[] = [];
    for (let at = 0; at < body.length; at += 4096) {
      const piece = body.subarray(at, at + 4096);
      chunks.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from("\r\n"));
    }
    const answer = await raw(ingest.port, [
      `POST ${path}&product=App&version=1.5&guid=x HTTP/${version}\r\nHost: h\r\nUser-Agent: Crashpad/0.8.0\r\nContent-Type: multipart/form-data; boundary=${boundary}\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n`,
      ...chunks,
      "0\r\n\r\n",
    ]);
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(answer, /\r\nContent-Length: 36\r\n/);
    assert.doesNotMatch(answer, /transfer-encoding/i);
    if (version === "1.0") assert.match(answer, /\r\nConnection: close\r\n/);
    const crash = ingest.memory.crashes.at(-1);
    assert.ok(crash !== undefined && answer.endsWith(`\r\n\r\n${crash.id}`));
    assert.equal(crash.release, "App@1.5");
    assert.ok(ingest.unseal(crash.dump, crash).equals(dump));
  }
});

test("byte for byte: Breakpad on Windows and macOS without CRLF before the delimiter, and on Linux", async (t) => {
  const ingest = await start(t);
  const b = "---------------------------a1b2c3d4e5f60718";
  const head = (name: string, fileName: string) =>
    `--${b}\r\nContent-Disposition: form-data; name="${name}"; filename="${fileName}"\r\nContent-Type: application/octet-stream\r\n\r\n`;
  const field = (name: string, value: string) => `--${b}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const dump = dumpOf(5_000, 40).toString("latin1");
  const bodies = {
    windows: `${field("prod", "w")}${head("upload_file_minidump", "C:\\Temp\\a.dmp")}${dump}${head("log", "C:\\Temp\\log.txt")}log\n--${b}--`,
    macos: `${field("prod", "m")}${head("log", "minidump.dmp")}log\n${head("upload_file_minidump", "minidump.dmp")}${dump}\r\n--${b}--\r\n`,
    linux: `${field("prod", "l")}${field("ver", "0")}${head("upload_file_minidump", "a.dmp")}${dump}\r\n--${b}--\r\n`,
  };
  for (const [system, body] of Object.entries(bodies)) {
    const answer = await raw(ingest.port, [
      `POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=${b}\r\nContent-Length: ${body.length}\r\n\r\n`,
      Buffer.from(body, "latin1"),
    ]);
    assert.match(answer, /^HTTP\/1\.1 200 OK/, system);
    const crash = ingest.memory.crashes.at(-1);
    assert.ok(crash !== undefined);
    assert.equal(ingest.unseal(crash.dump, crash).toString("latin1"), dump, system);
    for (const [i, attachment] of crash.attachments.entries())
      assert.equal(ingest.unseal(attachment, crash, `attachment/${i}`).toString(), "log\n", system);
  }
});

test("the real curl: form, raw, Expect: 100-continue, a 300 MB body, a wrong key before the body", async (t) => {
  const ingest = await start(t);
  const file = join(ingest.blobDir, "..", `salvage-curl-${process.pid}.dmp`);
  t.after(() => rm(file, { force: true }));
  await writeFile(file, dumpOf(3 * 1024 * 1024, 60));
  const url = ingest.url + path;
  // With -T curl puts the file's name behind a slash.
  const bare = url.replace("/?", "?");
  const byForm = await curl("-F", "sentry[release]=1", "-F", `upload_file_minidump=@${file}`, "-F", "after=2", url);
  assert.deepEqual([byForm.status, byForm.type], [200, "text/plain"]);
  assert.match(byForm.body, uuid);
  assert.equal(ingest.memory.crashes[0]?.extra.after, "2");
  await writeFile(file, dumpOf(2 * 1024 * 1024, 61));
  assert.equal((await curl("--data-binary", `@${file}`, "-H", "Content-Type: application/x-dmp", url)).status, 200);
  await writeFile(file, dumpOf(2 * 1024 * 1024, 62));
  assert.equal((await curl("--data-binary", `@${file}`, "-H", "Expect: 100-continue", bare)).status, 200);
  await writeFile(file, dumpOf(2 * 1024 * 1024, 63));
  assert.equal((await curl("-T", file, "-X", "POST", "-H", "Transfer-Encoding: chunked", "-0", bare)).status, 200, "HTTP/1.0");

  await truncate(file, 300_000_000);
  for (const args of [
    ["-F", `upload_file_minidump=@${file}`],
    ["--data-binary", `@${file}`, "-H", "Expect:", "-H", "Content-Type: application/x-dmp"],
    ["-T", file, "-X", "POST", "-H", "Transfer-Encoding: chunked", "-H", "Expect:"],
  ]) {
    const answer = await curl(...args, bare);
    assert.equal(answer.status, 413, args.join(" "));
    assert.match(answer.body, /limit of|the limit is/);
  }
  const wrong = await curl("-F", `upload_file_minidump=@${file}`, `${ingest.url}/api/42/minidump/?sentry_key=${otherKey}`);
  assert.equal(wrong.status, 403);
  assert.equal((await ingest.files()).length, ingest.memory.crashes.length);
});

test("an aborted upload leaves nothing and is counted", async (t) => {
  const ingest = await start(t);
  const socket = connect(ingest.port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write(`POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-dmp\r\nContent-Length: 1000000\r\n\r\n`);
  socket.write(dumpOf(300_000));
  await waitFor("a temporary file", async () => (await ingest.files()).some((name) => name.startsWith("tmp/")));
  socket.destroy();
  await waitFor("the temporary file is gone", async () => (await ingest.files()).length === 0);
  await waitFor("counted", () => ingest.memory.countOf("aborted") === 1);
  assert.equal(ingest.memory.crashes.length, 0);
});

test("database away: 503 in words, and a crash follows when it is back", async (t) => {
  const ingest = await start(t);
  const send = () =>
    fetch(ingest.url + path, { method: "POST", body: new Uint8Array(dumpOf(1000)), headers: { "Content-Type": "application/x-dmp" } });
  ingest.memory.fail.find = new Error("connection refused");
  const answer = await send();
  assert.equal(answer.headers.get("retry-after"), "10");
  assert.match((await refused(answer, 503)).detail, /database does not answer/);
  delete ingest.memory.fail.find;
  ingest.memory.fail.insert = new Error("connection refused");
  assert.match((await refused(await send(), 503)).detail, /could not be recorded/);
  delete ingest.memory.fail.insert;
  await accepted(await send());
  assert.equal(ingest.memory.crashes.length, 1);
});

test("below the disk's watermark: 503, counted; a write that runs into it as well", async (t) => {
  const ingest = await start(t, { minFreeDiskBytes: Number.MAX_SAFE_INTEGER });
  const send = (url: string) =>
    fetch(url + path, { method: "POST", body: new Uint8Array(dumpOf(1000)), headers: { "Content-Type": "application/x-dmp" } });
  const answer = await refused(await send(ingest.url), 503);
  assert.equal(answer.detail, "not enough disk space to keep the file");
  assert.match(answer.causes?.[0] ?? "", /MIN_FREE_DISK_BYTES/);
  await ingest.ingest.close();
  assert.equal(ingest.memory.countOf("disk_full"), 1);

  const memory = createMemoryDb();
  const full = await startIngest(t, {
    db: memory.db,
    gate: memory.gate,
    blobs: (store) => ({ ...store, put: async () => Promise.reject(Object.assign(new Error("no space"), { code: "ENOSPC" })) }),
  });
  assert.equal((await refused(await send(full.url), 503)).detail, "not enough disk space to keep the file");
});

test("refusals that could not be written are written later", async (t) => {
  const ingest = await start(t);
  ingest.memory.fail.count = new Error("away");
  await fetch(`${ingest.url}/api/42/minidump/?sentry_key=${otherKey}`, { method: "POST", body: "x" });
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  delete ingest.memory.fail.count;
  await ingest.ingest.close();
  assert.equal(ingest.memory.countOf("wrong_key"), 1);
});

test("CORS: preflight and the answers themselves", async (t) => {
  const ingest = await start(t);
  const preflight = await fetch(ingest.url + path, {
    method: "OPTIONS",
    headers: { Origin: "https://app.example", "Access-Control-Request-Method": "POST" },
  });
  assert.equal(preflight.status, 200);
  assert.equal(preflight.headers.get("access-control-allow-origin"), "*");
  assert.equal(preflight.headers.get("access-control-allow-methods"), "POST");
  assert.match(preflight.headers.get("access-control-allow-headers") ?? "", /x-sentry-auth/);
  assert.equal(preflight.headers.get("access-control-max-age"), "3600");
  const ok = await fetch(ingest.url + path, { method: "POST", body: new Uint8Array(dumpOf(100)) });
  assert.equal(ok.headers.get("access-control-allow-origin"), "*");
  const no = await fetch(`${ingest.url}/api/42/minidump/`, { method: "POST", body: "x" });
  assert.equal(no.headers.get("access-control-allow-origin"), "*");
});

test("closing lets a request under way finish and be answered", async (t) => {
  const ingest = await start(t);
  const dump = dumpOf(200_000, 70);
  const socket = connect(ingest.port, "127.0.0.1");
  let answer = "";
  socket.on("data", (bytes) => {
    answer += bytes.toString();
  });
  const ended = new Promise((resolve) => socket.on("close", resolve));
  socket.write(`POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-dmp\r\nContent-Length: ${dump.length}\r\n\r\n`);
  socket.write(dump.subarray(0, 100_000));
  await waitFor("a temporary file", async () => (await ingest.files()).some((name) => name.startsWith("tmp/")));
  const closing = ingest.ingest.close();
  socket.write(dump.subarray(100_000));
  await waitFor("an answer", () => /\r\n\r\n.{36}$/.test(answer));
  assert.match(answer, /^HTTP\/1\.1 200 OK/);
  await Promise.all([closing, ended]);
  assert.equal(ingest.memory.crashes.length, 1);
});
