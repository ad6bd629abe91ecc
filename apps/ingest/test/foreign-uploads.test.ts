/** Breakpad's symupload, Tecken and App Center: what each client reads, byte for byte where it matters. Who may: walls.test.ts. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { deflateSync } from "node:zlib";
import type { TokenScope } from "@salvage/contracts";
import { fixture, publishFile } from "./debug-files.ts";
import { curl, type Harness, raw, startIngest } from "./harness.ts";
import { startTenants, type Tenant, type Tenants } from "./tenants.ts";
import { zipOf } from "./zip.ts";

let world: Tenants;
let token: string;
before(async () => {
  world = await startTenants();
  token = await tokenOf(world.a, "debug-file:write");
});
after(() => world?.stop());

const tokenOf = async (tenant: Tenant, ...scopes: TokenScope[]) => (await tenant.db.tokens.create({ name: "ci", scopes })).token;
const start = (t: TestContext) => startIngest(t, { db: world.system, gate: world.gate });
const symbols = (id: string) =>
  Buffer.from(`MODULE Linux x86_64 ${id.padEnd(32, "0")}0 app\nFUNC 1000 10 0 main\n1000 10 1 0\nFILE 0 a.c\n`);
const latest = async () => {
  const [row] = await world.rows<{
    id: string;
    file_name: string;
    blob_key: string;
    project_id: string | null;
    claimed_debug_id: string | null;
  }>("SELECT id, file_name, blob_key, project_id, claimed_debug_id FROM debug_file_uploads ORDER BY created_at DESC LIMIT 1");
  assert.ok(row !== undefined);
  return row;
};

async function stored(ingest: Harness): Promise<Buffer> {
  return await readFile(join(ingest.blobDir, (await latest()).blob_key));
}

/** The address of an answer, on the server of this test. */
const here = (ingest: Harness, url: string) => url.replace("http://localhost:4680", ingest.url);

// ─── sym-upload-v1 ────────────────────────────────────────────────────────────────────────────────────────────────────

test("v1: the token stands in the query, the path or as password; the answer is 200 and short", async (t) => {
  const ingest = await start(t);
  const bare = ingest.url.replace("http://", "");
  const urls = [
    `${ingest.url}/symupload?key=${token}`,
    `${ingest.url}/symupload/${token}`,
    `http://x:${token}@${bare}/symupload`,
    `${ingest.url}/symfiles?key=${token}&project=${world.a.projectSlug}`,
  ];
  const path = join(ingest.blobDir, "app.sym");
  for (const [i, url] of urls.entries()) {
    const file = symbols(`1${i}`.toUpperCase());
    const id = `1${i}`.padEnd(32, "0");
    const form = ["-F", "os=Linux", "-F", "cpu=x86_64", "-F", "debug_file=app", "-F", `debug_identifier=${id}0`];
    await writeFile(path, file);
    const answer = await curl(...form, "-F", `symbol_file=@${path}`, url);
    assert.deepEqual([answer.status, answer.type, answer.body], [200, "text/plain", "stored"]);
    assert.ok((await stored(ingest)).equals(file));
  }
  assert.equal(String((await latest()).project_id), world.a.projectId);
});

test("v1: Windows' form without a line end behind the file; the file's own id counts", async (t) => {
  const ingest = await start(t);
  const file = symbols("2A");
  const boundary = `${"-".repeat(27)}0123456789abcdef`;
  const field = (name: string, value: string) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const head = `${field("code_file", "app.exe")}${field("debug_file", "app.pdb")}${field("debug_identifier", "F".repeat(33))}--${boundary}\r\nContent-Disposition: form-data; name="symbol_file"; filename="C:\\build\\app.sym"\r\nContent-Type: application/octet-stream\r\n\r\n`;
  const body = Buffer.concat([Buffer.from(head), file, Buffer.from(`--${boundary}--\r\n`)]);
  const answer = await raw(ingest.port, [
    `POST /symupload?key=${token} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=${boundary}\r\nContent-Length: ${body.length}\r\n\r\n`,
    body,
  ]);
  assert.match(answer, /^HTTP\/1\.1 200 /);
  assert.match(answer, new RegExp(`the form says ${"F".repeat(33)}, the file 2A${"0".repeat(31)}`));
  assert.ok((await stored(ingest)).equals(file));
  assert.equal((await latest()).file_name, "app.sym");
});

// ─── sym-upload-v2 ────────────────────────────────────────────────────────────────────────────────────────────────────

test("v2: one blank behind each colon; a chunked or deflated PUT; a body that is not JSON", async (t) => {
  const ingest = await start(t);
  const key = `key=${token}`;
  const check = await fetch(`${ingest.url}/symupload/v1/symbols/app/${"3B".padEnd(32, "0")}0:checkStatus?${key}`);
  assert.deepEqual([check.status, await check.text()], [200, '{\n "status": "MISSING"\n}']);
  for (const [id, project, put] of [
    ["3B", "", { duplex: "half", body: (body: Buffer) => new Blob([new Uint8Array(body)]).stream() }],
    ["3C", `/${world.a.projectSlug}`, { headers: { "Content-Encoding": "deflate" }, body: (body: Buffer) => deflateSync(body) }],
  ] as const) {
    const file = symbols(id);
    const created = await fetch(`${ingest.url}/symupload${project}/v1/uploads:create?${key}`, { method: "POST" });
    const text = await created.text();
    const uploadUrl = /"uploadUrl": "([^"]+)"/.exec(text)?.[1] ?? "";
    const uploadKey = /"uploadKey": "([\w-]+)"/.exec(text)?.[1] ?? "";
    const { body, ...options } = put;
    const sent = await fetch(here(ingest, uploadUrl), { method: "PUT", ...options, body: body(file) } as RequestInit);
    assert.equal(sent.status, 200);
    const complete = () =>
      fetch(`${ingest.url}/symupload/v1/uploads/${uploadKey}:complete?${key}`, {
        method: "POST",
        headers: { "Content-Type": "application/son" },
        body: `{ symbol_id: { debug_file: "app", debug_id: "${id}" }, symbol_upload_type: "BREAKPAD", use_async_processing: true }`,
      });
    const completed = await complete();
    assert.deepEqual([completed.status, await completed.text()], [200, '{\n "result": "OK"\n}']);
    assert.ok((await stored(ingest)).equals(file));
    assert.equal((await latest()).file_name, "app.sym");
    assert.equal(String((await latest()).project_id), project === "" ? "null" : world.a.projectId);
    assert.equal(await (await complete()).text(), '{\n "result": "DUPLICATE_DATA"\n}');
    assert.equal((await fetch(here(ingest, uploadUrl), { method: "PUT", body: "again" })).status, 403, "an ended transfer takes no file");
  }
  const pdb = fixture("formats/windows-x64/game.pdb");
  const file = await publishFile({ blobs: ingest.blobs, db: world.system, organizationId: world.a.organizationId }, "game.pdb", pdb);
  const found = await fetch(`${ingest.url}/symupload/v1/symbols/game.pdb/${file.debugId}:checkStatus?${key}`);
  assert.equal(await found.text(), '{\n "status": "FOUND"\n}');
});

test("v2: nothing put is nothing to complete", async (t) => {
  const ingest = await start(t);
  const text = await (await fetch(`${ingest.url}/symupload/v1/uploads:create?key=${token}`, { method: "POST" })).text();
  const uploadKey = /"uploadKey": "([\w-]+)"/.exec(text)?.[1] ?? "";
  const answer = await fetch(`${ingest.url}/symupload/v1/uploads/${uploadKey}:complete?key=${token}`, { method: "POST", body: "{}" });
  assert.deepEqual([answer.status, /was not put/.test(await answer.text())], [409, true]);
});

// ─── Tecken ───────────────────────────────────────────────────────────────────────────────────────────────────────────

test("Tecken: a zip under any field name; a labelled token; 403 and 400 as its scripts expect", async (t) => {
  const ingest = await start(t);
  const zip = zipOf(["app.pdb/ABC0/app.sym", "text"], ["target-symbols.txt", "x"], ["app.pdb/", ""]);
  const send = (authToken: string | null, name: string, bytes: Buffer) => {
    const form = new FormData();
    form.append(name, new Blob([new Uint8Array(bytes)]), name);
    return fetch(`${ingest.url}/upload/`, { method: "POST", body: form, headers: authToken === null ? {} : { "Auth-Token": authToken } });
  };
  const answer = await send(`${token}-build-machine-7`, "target.crashreporter-symbols.ZIP", zip);
  const { upload } = (await answer.json()) as { upload: Record<string, unknown> };
  assert.equal(answer.status, 201);
  assert.deepEqual([upload.size, upload.filename, upload.skipped_keys], [zip.length, "target.crashreporter-symbols.ZIP", []]);
  assert.ok((await stored(ingest)).equals(zip));
  const refusals = [
    await send(null, "a.zip", zip),
    await send("0".repeat(43), "a.zip", zip),
    await send(await tokenOf(world.a, "crash:read"), "a.zip", zip),
    await send(token, "a.tar", zip),
    await send(token, "a.zip", Buffer.from("no zip")),
    await send(token, "a.zip", zip.subarray(0, zip.length - 1)),
    await send(token, "a.zip", zipOf(["app.pdb/ABC0/app.sym", "text"], ["readme.md", "text"])),
    await send(token, "a.zip", zipOf(["app.pdb/ABX0/app.sym", "text"])),
    await send(token, "a.zip", zipOf(["a/0/a.sym", "text"], ["a/0/a.sym", "other text"])),
    await send(token, "a.zip", zipOf()),
    await fetch(`${ingest.url}/upload/`, {
      method: "POST",
      body: new URLSearchParams({ url: "https://example.org/a.zip" }),
      headers: { "Auth-Token": token },
    }),
  ];
  assert.deepEqual(
    refusals.map((each) => each.status),
    [403, 403, 403, ...Array(8).fill(400)],
  );
  const errors = await Promise.all(refusals.map(async (each) => ((await each.json()) as { error: unknown }).error));
  assert.ok(errors.every((error) => typeof error === "string"));
  assert.deepEqual(errors.slice(5, 10), [
    "a.zip is not a zip: it has no end of a zip's directory",
    "unrecognized file pattern of readme.md: it must be <module>/<hex id>/<file>",
    "unrecognized file pattern of app.pdb/ABX0/app.sym: it must be <module>/<hex id>/<file>",
    "a/0/a.sym is there twice, with different sizes",
    "a.zip has no symbol files",
  ]);
  assert.equal((await ingest.files()).length, 1, "what was refused is gone");
});

// ─── App Center ───────────────────────────────────────────────────────────────────────────────────────────────────────

const appCenter = (ingest: Harness, path: string, method: string, bearer: string, body?: object, app = `alpha/${world.a.projectSlug}`) =>
  fetch(`${ingest.url}/v0.1/apps/${app}${path}`, {
    method,
    headers: { "X-API-Token": bearer, "Content-Type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

type SymbolUpload = { symbol_upload_id: string; upload_url: string; status: string; symbol_type: string };
const asUpload = async (answer: Response) => (await answer.json()) as SymbolUpload;

test("App Center: three calls; blocks in any order; a commit without the file is refused", async (t) => {
  const ingest = await start(t);
  const announced = await appCenter(ingest, "/symbol_uploads", "POST", token, { symbol_type: "Breakpad" });
  const { symbol_upload_id: id, upload_url: url } = await asUpload(announced);
  assert.equal(announced.status, 200);
  assert.match(new URL(url).pathname, /^\/[^/]+\/[^/]+$/, "two segments, or Azure's client cuts the rest");
  const commit = () => appCenter(ingest, `/symbol_uploads/${id}`, "PATCH", token, { status: "committed" });
  const early = await commit();
  assert.equal(early.status, 409);
  assert.match(((await early.json()) as { message: string }).message, /was not put/);

  const blocks = ["first ", "second ", "third"].map((text) => Buffer.from(text));
  const names = ["QUFB", "QUFC", "QUFD"];
  for (const i of [2, 0, 1]) {
    const put = await fetch(`${here(ingest, url)}&comp=block&blockid=${names[i]}`, { method: "PUT", body: blocks[i]?.toString() ?? "" });
    assert.equal(put.status, 201);
  }
  const list = (ids: string[]) =>
    fetch(`${here(ingest, url)}&comp=blocklist`, {
      method: "PUT",
      body: `<?xml version="1.0"?><BlockList>${ids.map((each) => `<Latest>${each}</Latest>`).join("")}</BlockList>`,
    });
  assert.equal((await list(["QUFB", "none"])).status, 400);
  assert.equal((await list(names)).status, 201);
  const committed = await asUpload(await commit());
  assert.deepEqual([committed.symbol_upload_id, committed.status, committed.symbol_type], [id, "processing", "Breakpad"]);
  assert.equal((await stored(ingest)).toString(), "first second third");
  await world.system.uploads.setState((await latest()).id, { state: "ready" });
  assert.equal((await asUpload(await appCenter(ingest, `/symbol_uploads/${id}`, "GET", token))).status, "indexed");
  const listed = (await (await appCenter(ingest, "/symbol_uploads?status=indexed&top=5", "GET", token)).json()) as SymbolUpload[];
  assert.deepEqual(
    listed.map((each) => each.symbol_upload_id),
    [id],
  );
});

test("App Center: an aborted upload cannot be committed", async (t) => {
  const ingest = await start(t);
  const { symbol_upload_id: id } = await asUpload(await appCenter(ingest, "/symbol_uploads", "POST", token, { symbol_type: "Apple" }));
  assert.equal((await asUpload(await appCenter(ingest, `/symbol_uploads/${id}`, "PATCH", token, { status: "aborted" }))).status, "aborted");
  assert.equal((await appCenter(ingest, `/symbol_uploads/${id}`, "PATCH", token, { status: "committed" })).status, 409);
});
