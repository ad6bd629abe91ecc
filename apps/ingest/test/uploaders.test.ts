/**
 * Uploaders that no test can run here, by the bytes that they write: Electron's, old and new; Breakpad's on macOS, which may send a log
 * alone; senders to other collectors of dumps, by their addresses. The forms of Crashpad and Breakpad themselves: minidump.test.ts.
 */
import assert from "node:assert/strict";
import { after, type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { OperatorLimits } from "../src/limits.ts";
import { dumpOf, type Harness, raw, startIngest } from "./harness.ts";
import { startTenants } from "./tenants.ts";

const tenants = await startTenants();
const { a } = tenants;
after(() => tenants.stop());

const start = (t: TestContext, limits: Partial<OperatorLimits> = {}) => startIngest(t, { db: tenants.system, gate: tenants.gate, limits });

const field = (boundary: string, name: string, value: string) =>
  Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`);
const file = (boundary: string, name: string, fileName: string, bytes: Buffer) =>
  Buffer.concat([
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${fileName}"\r\nContent-Type: application/octet-stream\r\n\r\n`,
    ),
    bytes,
    Buffer.from("\r\n"),
  ]);

/** As libcurl sends a body of unknown length: in chunks. */
async function sendChunked(ingest: Harness, path: string, headers: readonly string[], body: Buffer): Promise<string> {
  const pieces: (string | Buffer)[] = [[`POST ${path} HTTP/1.1`, "Host: h", "Transfer-Encoding: chunked", ...headers, "", ""].join("\r\n")];
  for (let at = 0; at < body.length; at += 16_384) {
    const piece = body.subarray(at, at + 16_384);
    pieces.push(`${piece.length.toString(16)}\r\n`, piece, "\r\n");
  }
  return await raw(ingest.port, [...pieces, "0\r\n\r\n"]);
}

async function crashOf(answer: string) {
  const crashId = /([0-9a-f]{8}-[0-9a-f-]{27})\s*$/.exec(answer)?.[1] ?? "";
  const detail = await a.db.crashes.byId({ crashId });
  assert.ok(detail !== null, answer);
  return detail;
}

test("Electron's crashReporter: gzip, chunked, its own annotations, the scope in one JSON and in chunks of another", async (t) => {
  const ingest = await start(t);
  const b = "---MultipartBoundary-Qm2xWv8rT5yU1iO9pA3sD6fG7hJ0kL4z---";
  const scope = JSON.stringify({ release: "notes@3.2.1", environment: "production", tags: { channel: "beta" }, user: { id: "u-9" } });
  const later = JSON.stringify({
    release: "never overwrites",
    contexts: { electron: { crashed_process: "renderer" } },
    extra: { long: "x".repeat(30_000) },
  });
  const fields: [string, string][] = [
    ...([
      ["_companyName", "Acme"],
      ["_productName", "Notes"],
      ["_version", "3.2.1"],
      ["guid", "8f6b…"],
      ["list_annotations", ""],
    ] as const),
    ...([
      ["platform", "linux"],
      ["process_type", "renderer"],
      ["prod", "Electron"],
      ["ptype", "renderer"],
    ] as const),
    ["sentry___initialScope", scope],
    ...[2, 1].map((number): [string, string] => [`sentry__${number}`, later.slice((number - 1) * 20_300, number * 20_300)]),
    ["ver", "33.0.0"],
  ].map(([name, value]) => [name ?? "", value ?? ""]);
  const dump = dumpOf(120_000, 71);
  const body = gzipSync(
    Buffer.concat([
      ...fields.map(([name, value]) => field(b, name, value)),
      file(b, "upload_file_minidump", "0f9c2a6e-7d1b-4c55-9a0e-3f6b8d2c1a47.dmp", dump),
      Buffer.from(`--${b}--\r\n`),
    ]),
  );
  const answer = await sendChunked(
    ingest,
    `/api/${a.projectId}/minidump/?sentry_key=${a.publicKey}&product=Electron&version=33.0.0&guid=8f6b`,
    [
      `Content-Type: multipart/form-data; boundary=${b}`,
      "Content-Encoding: gzip",
      "User-Agent: Crashpad/0.8.0 libcurl/8.5.0 Linux/6.1 (x86_64)",
    ],
    body,
  );
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n[0-9a-f-]{36}$/);
  const detail = await crashOf(answer);
  assert.equal(detail.release, "notes@3.2.1");
  assert.equal(detail.environment, "production");
  assert.equal(detail.user, "u-9");
  assert.deepEqual(detail.tags, { channel: "beta" });
  assert.equal(detail.contexts.electron?.crashed_process, "renderer");
  assert.equal(detail.extra._productName, "Notes");
  assert.equal(detail.extra.process_type, "renderer");
  assert.equal(String(detail.extra.long).length, 30_000);
  assert.equal(detail.dump.sizeBytes, dump.length);
});

test("Electron without Sentry: product and version are the program's, not Electron's", async (t) => {
  const ingest = await start(t);
  const b = "---MultipartBoundary-0aZ1bY2cX3dW4eV5fU6gT7hS8iR9jQ0k---";
  const fields: [string, string][] = [
    ...[["_productName", "Notes"] as [string, string], ["_version", "3.2.1"] as [string, string]],
    ...[["prod", "Electron"] as [string, string], ["ver", "33.0.0"] as [string, string]],
  ];
  const body = Buffer.concat([
    ...fields.map(([name, value]) => field(b, name, value)),
    file(b, "upload_file_minidump", "x.dmp", dumpOf(900, 72)),
    Buffer.from(`--${b}--\r\n`),
  ]);
  const path = `/api/${a.projectId}/minidump/?sentry_key=${a.publicKey}`;
  assert.equal(
    (await crashOf(await sendChunked(ingest, path, [`Content-Type: multipart/form-data; boundary=${b}`], body))).release,
    "Notes@3.2.1",
  );
});

test("Crashpad when its handler cannot read the dump: the file alone; percent-encoded names of attachments", async (t) => {
  const ingest = await start(t);
  const b = "---MultipartBoundary-ZyXwVuTsRqPoNmLkJiHgFeDcBa987654---";
  const body = Buffer.concat([
    file(b, "50%25%22.log", "50%25%22.log", Buffer.from("log")),
    file(b, "upload_file_minidump", "x.dmp", dumpOf(800, 73)),
    Buffer.from(`--${b}--\r\n`),
  ]);
  const path = `/api/${a.projectId}/minidump/?sentry_client=sentry.native/0.14.2&sentry_key=${a.publicKey}`;
  const detail = await crashOf(await sendChunked(ingest, path, [`Content-Type: multipart/form-data; boundary=${b}`], body));
  assert.deepEqual(await tenants.rows("SELECT file_name FROM crash_attachments WHERE crash_id = $1", detail.id), [
    { file_name: '50%".log' },
  ]);
});

test("Breakpad on macOS may send its log alone: refused, which that client ignores, and nothing is kept", async (t) => {
  const ingest = await start(t);
  const b = "----FOO";
  const body = Buffer.concat([field(b, "type", "log"), file(b, "log", "minidump.dmp", Buffer.from("a log")), Buffer.from(`--${b}--\r\n`)]);
  const path = `/api/${a.projectId}/minidump/?sentry_key=${a.publicKey}&product=App&version=1.0&guid=g`;
  const answer = await sendChunked(ingest, path, [`Content-Type: multipart/form-data; boundary=${b}`], body);
  assert.match(answer, /^HTTP\/1\.1 400 /);
  assert.match(answer, /the file parts are named log/);
  assert.deepEqual(await ingest.files(), []);
});

test("other collectors' addresses: the key names the project, the answer is theirs", async (t) => {
  const ingest = await start(t);
  const b = "---------------------------0123456789abcdef";
  const body = (seed: number) =>
    Buffer.concat([
      field(
        b,
        "extra",
        JSON.stringify({ ProductName: "Wolf", Version: "128.0", BuildID: "2026", ReleaseChannel: "beta", secret_token: "t" }),
      ),
      file(b, "upload_file_minidump", "x.dmp", dumpOf(700, seed)),
      Buffer.from(`--${b}--\r\n`),
    ]);
  const type = [`Content-Type: multipart/form-data; boundary=${b}`];
  const socorro = await sendChunked(ingest, `/submit?sentry_key=${a.publicKey}`, type, body(81));
  assert.match(socorro, /^HTTP\/1\.1 200 OK[\s\S]*\r\n\r\nCrashID=bp-[0-9a-f-]{36}\n$/);
  const detail = await crashOf(socorro);
  assert.equal(detail.release, "Wolf@128.0");
  assert.equal(detail.extra.ReleaseChannel, "beta");
  assert.equal(detail.extra.secret_token, "[scrubbed]");
  for (const [i, path] of [
    `/submit/${a.publicKey}`,
    `/post/${a.publicKey}`,
    `/crashreports/${a.publicKey}/`,
    `/post?sentry_key=${a.publicKey}`,
  ].entries())
    assert.equal((await crashOf(await sendChunked(ingest, path, type, body(82 + i)))).projectId, a.projectId, path);
  for (const path of ["/submit", "/post/nonsense", `/crashreports/${"0".repeat(32)}`])
    assert.match(await sendChunked(ingest, path, type, body(90)), /^HTTP\/1\.1 40[013] /, path);
  const limited = await start(t, { defaultRateLimitPerMinute: 0 });
  assert.match(await sendChunked(limited, `/submit/${a.publicKey}`, type, body(91)), /^HTTP\/1\.1 200 OK[\s\S]*\r\n\r\nDiscarded=1\n$/);
});
