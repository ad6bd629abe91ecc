/** sentry-cli's uploads: the real programs, versions 3 and 2, and the protocol's corners that they do not reach. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { organizationToken } from "@salvage/contracts";
import { storageQuota } from "@salvage/db/setup";
import { client, needs } from "@salvage/testkit/clients";
import { fixture, publishFile } from "./debug-files.ts";
import { type Harness, startIngest } from "./harness.ts";
import { startTenants, type Tenant, type Tenants } from "./tenants.ts";

let world: Tenants;
let folder: string;
let token: string;
before(async () => {
  world = await startTenants();
  folder = await mkdtemp(join(tmpdir(), "salvage-sentry-cli-"));
  token = await tokenOf(world.a);
});
after(async () => {
  await world?.stop();
  await rm(folder, { recursive: true, force: true });
});

const tokenOf = async (tenant: Tenant) => (await tenant.db.tokens.create({ name: "ci", scopes: ["debug-file:write"] })).token;
const start = (t: TestContext) => startIngest(t, { db: world.system, gate: world.gate, limits: { maxDebugFileBytes: 64 << 20 } });
const sha1 = (bytes: Uint8Array) => createHash("sha1").update(bytes).digest("hex");

/** A `.sym` file of about so many bytes that no other test has. */
function symbols(id: string, bytes = 4000): Buffer {
  const lines = [`MODULE Linux x86_64 ${id.padEnd(32, "0").toUpperCase()}0 app`, "FILE 0 app.c"];
  let length = 0;
  for (let at = 0x1000; length < bytes; at += 16) {
    const line = `FUNC ${at.toString(16)} 10 0 f${createHash("md5").update(`${id}${at}`).digest("hex")}\n${at.toString(16)} 10 ${at & 4095} 0`;
    lines.push(line);
    length += line.length;
  }
  return Buffer.from(`${lines.join("\n")}\n`);
}

type Run = { code: number; output: string };
type Cli = "sentry-cli-2" | "sentry-cli-3";
const clis: readonly Cli[] = ["sentry-cli-3", "sentry-cli-2"];

function run(cli: Cli, ingest: Harness, args: string[], env: Record<string, string> = {}): Promise<Run> {
  const variables = {
    SENTRY_URL: ingest.url,
    SENTRY_AUTH_TOKEN: token,
    SENTRY_ORG: "alpha",
    SENTRY_PROJECT: world.a.projectSlug,
    SENTRY_DISABLE_UPDATE_CHECK: "1",
    SENTRY_HTTP_MAX_RETRIES: "0",
    HOME: folder,
    PATH: process.env.PATH ?? "",
    ...env,
  };
  return new Promise((resolve) => {
    execFile(client(cli), args, { env: variables, cwd: folder }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr }),
    );
  });
}

/** Method and path of what was asked since, without the project. */
function requests(ingest: Harness, from: number): string[] {
  return ingest.lines
    .slice(from)
    .map((line) => JSON.parse(line) as { msg?: string; method?: string; url?: string })
    .filter((line) => line.msg === "request")
    .map(
      (line) =>
        `${line.method} ${line.url?.replace(/^\/api\/0\/(organizations|projects)\/alpha\//, "").replace(`${world.a.projectSlug}/`, "")}`,
    );
}

for (const cli of clis) {
  test(`${cli} uploads a file in chunks; a second run sends nothing`, needs(cli), async (t) => {
    const ingest = await start(t);
    const bytes = symbols(cli === "sentry-cli-3" ? "c3" : "c2", 12 << 20);
    const path = join(folder, `${cli}.sym`);
    await writeFile(path, bytes);
    const first = await run(cli, ingest, ["debug-files", "upload", path]);
    assert.equal(first.code, 0, first.output);
    assert.match(first.output, /Uploaded 1 missing debug information file/);
    const [upload] = await world.rows<{ id: string; blob_key: string; project_id: string; actor: string; file_name: string; sha1: string }>(
      "SELECT id, blob_key, project_id, actor, file_name, sha1 FROM debug_file_uploads WHERE sha1 = $1",
      sha1(bytes),
    );
    assert.ok(upload !== undefined);
    assert.deepEqual(ingest.imports, [upload.id]);
    assert.equal(String(upload.project_id), world.a.projectId, "noted with the project of the URL");
    assert.equal(upload.actor, "token ci");
    assert.ok((await readFile(join(ingest.blobDir, upload.blob_key))).equals(bytes), "the server has the very bytes");
    assert.deepEqual(
      (await ingest.files()).filter((file) => file.startsWith("tmp/")),
      [],
    );

    const from = ingest.lines.length;
    const second = await run(cli, ingest, ["debug-files", "upload", path]);
    assert.equal(second.code, 0, second.output);
    const asked = requests(ingest, from);
    assert.equal(asked[0], "GET chunk-upload/");
    assert.ok(
      asked.slice(1).every((each) => each === "POST files/difs/assemble/"),
      asked.join(", "),
    );
  });

  test(`${cli} goes on where an upload broke off`, needs(cli), async (t) => {
    const ingest = await start(t);
    const bytes = symbols(cli === "sentry-cli-3" ? "b3" : "b2", 12 << 20);
    const path = join(folder, `${cli}-broken.sym`);
    await writeFile(path, bytes);
    const firstChunk = bytes.subarray(0, 8 << 20);
    assert.equal((await sendChunks(ingest, token, [firstChunk])).status, 200);
    const held = async () =>
      (await world.rows<{ sha1: string }>("SELECT sha1 FROM upload_chunks WHERE sha1 = $1", sha1(firstChunk))).length;
    assert.equal(await held(), 1);
    const [before] = await world.rows<{ id: string }>("SELECT id FROM upload_chunks WHERE sha1 = $1", sha1(firstChunk));
    const { code, output } = await run(cli, ingest, ["--log-level", "debug", "debug-files", "upload", path]);
    assert.equal(code, 0, output);
    assert.match(output, /Uploaded 1 missing/);
    const [after] = await world.rows<{ id: string }>("SELECT id FROM upload_chunks WHERE sha1 = $1", sha1(firstChunk));
    assert.deepEqual(after, before, "the chunk that was there was not sent again");
    const posted = ingest.lines.filter((line) => /"method":"POST".*chunk-upload.*"status":"200"/.test(line)).length;
    assert.ok(posted >= 2, "the half by hand, the rest by the client");
  });

  test(`${cli} says what is wrong with token, organization and project`, needs(cli), async (t) => {
    const ingest = await start(t);
    const path = join(folder, "refused.sym");
    await writeFile(path, symbols("dd"));
    const upload = ["debug-files", "upload", path];
    const cases: [Record<string, string>, RegExp][] = [
      [{ SENTRY_AUTH_TOKEN: "0".repeat(43) }, /unknown, expired or revoked|401/],
      [
        { SENTRY_AUTH_TOKEN: (await world.a.db.tokens.create({ name: "r", scopes: ["crash:read"] })).token },
        /lacks the scope debug-file:write|403/,
      ],
      [{ SENTRY_ORG: "beta" }, cli === "sentry-cli-3" ? /rganization not found/ : /there is no such organization|not found/],
      [{ SENTRY_PROJECT: "nonesuch" }, /[Pp]roject not found/],
      [{ SENTRY_PROJECT: world.b.projectSlug }, /[Pp]roject not found/],
    ];
    for (const [env, sentence] of cases) {
      const { code, output } = await run(cli, ingest, upload, env);
      assert.notEqual(code, 0, output);
      assert.match(output, sentence);
    }
  });

  test(`${cli} takes address and organization from the token`, needs(cli), async (t) => {
    const ingest = await start(t);
    const path = join(folder, `${cli}-one-variable.sym`);
    await writeFile(path, symbols(cli === "sentry-cli-3" ? "a3" : "a2"));
    const full = organizationToken(token, { url: ingest.url, organizationSlug: "alpha", issuedAt: new Date() });
    const env = { SENTRY_AUTH_TOKEN: full, SENTRY_URL: "http://127.0.0.1:1", SENTRY_ORG: "beta" };
    const { code, output } = await run(cli, ingest, ["debug-files", "upload", path], env);
    assert.equal(code, 0, output);
    assert.match(output, /Uploaded 1 missing/);
  });

  test(`${cli}'s other calls of CI scripts are answered`, needs(cli), async (t) => {
    const ingest = await start(t);
    const scopes = ["debug-file:write", "project:read"] as const;
    const env = { SENTRY_AUTH_TOKEN: (await world.a.db.tokens.create({ name: "scripts", scopes })).token };
    const expected: [string[], RegExp][] = [
      [["info"], /debug-file:write/],
      [["projects", "list"], new RegExp(world.a.projectSlug)],
      [["organizations", "list"], /alpha/],
      [["releases", "new", "game@1.0"], /game@1\.0/],
      [["releases", "list"], /^$/],
      [["releases", "finalize", "game@1.0"], /game@1\.0/],
      [
        cli === "sentry-cli-3"
          ? ["deploys", "new", "-r", "game@1.0", "-e", "prod"]
          : ["releases", "deploys", "game@1.0", "new", "-e", "prod"],
        /prod/,
      ],
    ];
    for (const [args, sentence] of expected) {
      const { code, output } = await run(cli, ingest, args, env);
      assert.equal(code, 0, `${args.join(" ")}: ${output}`);
      assert.match(output, sentence, args.join(" "));
    }
    const blind = await run(cli, ingest, ["projects", "list"]);
    assert.match(blind.output, /lacks the scope project:read/);
  });
}

test("sentry-cli-2 without chunk upload asks for checksums and sends a zip", needs("sentry-cli-2"), async (t) => {
  const ingest = await start(t);
  const path = join(folder, "legacy.sym");
  await writeFile(path, symbols("1e"));
  const asked: string[] = [];
  // A server that knows no chunk upload, in front of one that does.
  const proxy = createServer((incoming, outgoing) => {
    asked.push(`${incoming.method} ${incoming.url?.replace(/\?.*/, "")}`);
    if (incoming.url?.includes("chunk-upload") === true)
      return void outgoing.writeHead(404, { "content-type": "application/json" }).end("{}");
    const forward = request(`${ingest.url}${incoming.url}`, { method: incoming.method, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(forward);
  });
  t.after(() => void proxy.close().closeAllConnections());
  await new Promise<void>((resolve) => void proxy.listen(0, "127.0.0.1", resolve));
  const address = proxy.address();
  assert.ok(typeof address === "object" && address !== null);
  const { code, output } = await run("sentry-cli-2", ingest, ["debug-files", "upload", path], {
    SENTRY_URL: `http://127.0.0.1:${address.port}`,
  });
  assert.equal(code, 0, output);
  const project = `/api/0/projects/alpha/${world.a.projectSlug}/files/dsyms/`;
  assert.ok(asked.includes(`GET ${project}unknown/`) && asked.includes(`POST ${project}`), asked.join(", "));
  assert.equal(ingest.imports.length, 1);
});

// ─── the protocol's corners ───────────────────────────────────────────────────────────────────────────────────────────

type Answer = { state: string; missingChunks: string[]; detail: string | null; dif: Record<string, unknown> | null };

async function assemble(ingest: Harness, bearer: string, files: object, organization = "alpha", project = world.a.projectSlug) {
  const answer = await fetch(`${ingest.url}/api/0/projects/${organization}/${project}/files/difs/assemble/`, {
    method: "POST",
    headers: { Authorization: `Bearer ${bearer}`, "Content-Type": "application/json" },
    body: JSON.stringify(files),
  });
  return { status: answer.status, type: answer.headers.get("content-type"), json: (await answer.json()) as Record<string, Answer> };
}

function sendChunks(
  ingest: Harness,
  bearer: string,
  chunks: readonly Uint8Array[],
  change: { name?: string; field?: string; pack?: boolean } = {},
) {
  const form = new FormData();
  for (const chunk of chunks) {
    const bytes = change.pack === false ? chunk : gzipSync(chunk, { level: 1 });
    form.append(
      change.field ?? (change.pack === false ? "file" : "file_gzip"),
      new Blob([new Uint8Array(bytes)]),
      change.name ?? sha1(chunk),
    );
  }
  return fetch(`${ingest.url}/api/0/organizations/alpha/chunk-upload/`, {
    method: "POST",
    headers: { Authorization: `Bearer ${bearer}` },
    body: form,
  });
}

test("missing chunks are listed in every state; a file is put together once", async (t) => {
  const ingest = await start(t);
  const [one, two] = [symbols("f1"), Buffer.from("FUNC 1000 10 0 more\n")];
  const whole = Buffer.concat([one, two, two]);
  const ask = { [sha1(whole)]: { name: "../dir\\app.sym", debug_id: "x", chunks: [sha1(one), sha1(two), sha1(two)] } };
  const name = sha1(whole);
  const nothing = await assemble(ingest, token, ask);
  assert.equal(nothing.type, "application/json");
  assert.deepEqual(nothing.json[name], { state: "not_found", missingChunks: [sha1(one), sha1(two)], detail: null, dif: null });
  assert.equal((await sendChunks(ingest, token, [two], { pack: false })).status, 200);
  assert.deepEqual((await assemble(ingest, token, ask)).json[name]?.missingChunks, [sha1(one)]);
  assert.equal((await sendChunks(ingest, token, [one])).status, 200);
  for (let times = 0; times < 2; times++) {
    assert.deepEqual((await assemble(ingest, token, ask)).json[name], { state: "assembling", missingChunks: [], detail: null, dif: null });
  }
  assert.equal(ingest.imports.length, 1);
  const [upload] = await world.rows<{ id: string; file_name: string }>(
    "SELECT id, file_name FROM debug_file_uploads WHERE sha1 = $1",
    name,
  );
  assert.equal(upload?.file_name, "app.sym");
  await world.system.uploads.setState(upload?.id ?? "", { state: "rejected", reason: "the file is no debug file" });
  assert.deepEqual((await assemble(ingest, token, ask)).json[name], {
    state: "error",
    missingChunks: [],
    detail: "the file is no debug file",
    dif: null,
  });
});

test("a ready file is shown in the form that the client reads", async (t) => {
  const ingest = await start(t);
  const bytes = fixture("formats/linux-x64/app.debug");
  const file = await publishFile({ blobs: ingest.blobs, db: world.system, organizationId: world.a.organizationId }, "app.debug", bytes);
  await world.system.uploads.setState(file.uploadId, { state: "ready" });
  await world.rows("UPDATE debug_file_uploads SET sha1 = $2 WHERE id = $1", file.uploadId, sha1(bytes));
  const answer = (await assemble(ingest, token, { [sha1(bytes)]: { name: "app.debug", chunks: [] } })).json[sha1(bytes)];
  assert.equal(answer?.state, "ok");
  assert.deepEqual(
    { ...answer?.dif, id: "", dateCreated: "" },
    {
      id: "",
      uuid: "accd4788-416f-40ad-f654-27b1b8324111",
      debugId: "accd4788-416f-40ad-f654-27b1b8324111",
      codeId: file.codeId,
      cpuName: file.cpu,
      objectName: "app.debug",
      symbolType: "elf",
      headers: { "Content-Type": "application/x-elf-binary" },
      size: bytes.length,
      sha1: sha1(bytes),
      dateCreated: "",
      data: { type: "dbg", features: ["symtab", "debug"] },
    },
  );
  // The same by the web API: list, download, delete, gone.
  const bearer = (await world.a.db.tokens.create({ name: "rest", scopes: ["debug-file:read", "debug-file:write"] })).token;
  const url = `${ingest.url}/api/0/projects/alpha/${world.a.projectSlug}/files/dsyms/`;
  const headers = { Authorization: `Bearer ${bearer}` };
  const listed = await fetch(`${url}?debug_id=accd4788-416f-40ad-f654-27b1b8324111`, { headers });
  assert.match(listed.headers.get("link") ?? "", /rel="previous"; results="false".*rel="next"; results="false"/);
  const items = (await listed.json()) as { id: string; debugId: string }[];
  assert.deepEqual(
    items.map((item) => item.debugId),
    ["accd4788-416f-40ad-f654-27b1b8324111"],
  );
  const one = `${url}?id=${file.id}`;
  assert.ok(Buffer.from(await (await fetch(one, { headers })).arrayBuffer()).equals(bytes));
  const stranger = {
    Authorization: `Bearer ${(await world.b.db.tokens.create({ name: "x", scopes: ["debug-file:read", "debug-file:write"] })).token}`,
  };
  const foreign = `${ingest.url}/api/0/projects/beta/${world.b.projectSlug}/files/dsyms/?id=${file.id}`;
  for (const method of ["GET", "DELETE"]) assert.equal((await fetch(foreign, { method, headers: stranger })).status, 404);
  assert.equal((await fetch(one, { method: "DELETE", headers })).status, 204);
  assert.equal((await fetch(one, { headers })).status, 404);
  assert.equal((await assemble(ingest, token, { [sha1(bytes)]: { name: "app.debug", chunks: [] } })).json[sha1(bytes)]?.state, "not_found");
});

test("a chunk that is not what it is called, too large, or of another field is refused and leaves nothing", async (t) => {
  const ingest = await start(t);
  const chunk = symbols("e1");
  const cases: [Promise<Response>, number, RegExp][] = [
    [sendChunks(ingest, token, [chunk], { name: sha1(Buffer.from("other")) }), 400, /its SHA-1 is/],
    [sendChunks(ingest, token, [chunk], { name: "chunk.bin" }), 400, /file name is the SHA-1/],
    [sendChunks(ingest, token, [chunk], { field: "file_brotli" }), 400, /field is file or file_gzip/],
    [sendChunks(ingest, token, [chunk], { field: "file_gzip", pack: false }), 400, /damaged or cut/],
    [sendChunks(ingest, token, [Buffer.alloc((8 << 20) + 1)]), 413, /larger than the limit/],
    [sendChunks(ingest, token, [Buffer.alloc((8 << 20) + 1)], { pack: false }), 413, /larger than the limit/],
    [
      sendChunks(
        ingest,
        token,
        Array.from({ length: 65 }, (_, i) => Buffer.from(`tiny ${i}`)),
      ),
      400,
      /more than 64 parts/,
    ],
  ];
  for (const [sent, status, sentence] of cases) {
    const answer = await sent;
    const { detail } = (await answer.json()) as { detail: string };
    assert.equal(answer.status, status, detail);
    assert.match(detail, sentence);
  }
  assert.deepEqual(
    (await ingest.files()).filter((file) => file.startsWith("tmp/")),
    [],
  );
  const [{ count } = { count: 0 }] = await world.rows<{ count: number }>(
    "SELECT count(*)::int AS count FROM upload_chunks WHERE sha1 = $1",
    sha1(chunk),
  );
  assert.equal(count, 0);
});

test("chunks that make another file than the one asked for are an error of that file", async (t) => {
  const ingest = await start(t);
  const [chunk, other] = [symbols("e2"), symbols("e3")];
  await sendChunks(ingest, token, [chunk, other]);
  const { json } = await assemble(ingest, token, {
    ["9".repeat(40)]: { name: "liar.sym", chunks: [sha1(chunk)] },
    [sha1(other)]: { name: "honest.sym", chunks: [sha1(other)] },
  });
  assert.equal(json["9".repeat(40)]?.state, "error");
  assert.match(json["9".repeat(40)]?.detail ?? "", /the chunks make another file/);
  assert.equal(json[sha1(other)]?.state, "assembling");
});

test("one organization learns nothing of another's chunks and files", async (t) => {
  const ingest = await start(t);
  const [chunk, file] = [symbols("d1"), symbols("d2")];
  await sendChunks(ingest, token, [chunk, file]);
  await assemble(ingest, token, { [sha1(file)]: { name: "f.sym", chunks: [sha1(file)] } });
  const stranger = await tokenOf(world.b);
  const ask = { [sha1(chunk)]: { name: "c.sym", chunks: [sha1(chunk)] }, [sha1(file)]: { name: "f.sym", chunks: [sha1(file)] } };
  const { json } = await assemble(ingest, stranger, ask, "beta", world.b.projectSlug);
  for (const name of Object.keys(ask)) assert.deepEqual(json[name], { state: "not_found", missingChunks: [name], detail: null, dif: null });
  const checksums = `checksums=${sha1(file)}`;
  const url = `${ingest.url}/api/0/projects/beta/${world.b.projectSlug}/files/dsyms/unknown/?${checksums}`;
  assert.deepEqual(await (await fetch(url, { headers: { Authorization: `Bearer ${stranger}` } })).json(), { missing: [sha1(file)] });
});

test("malformed questions are told what is wrong with them", async (t) => {
  const ingest = await start(t);
  const bad: [object, RegExp][] = [
    [{ nothex: { name: "a", chunks: [] } }, /expected form/],
    [{ [sha1(Buffer.from("x"))]: { name: "a", chunks: ["zz"] } }, /expected form/],
    [[], /expected form/],
  ];
  for (const [body, sentence] of bad) {
    const { status, json } = await assemble(ingest, token, body);
    assert.equal(status, 400);
    assert.match(String(json.detail), sentence);
  }
});

test("a full quota ends the command at once instead of being tried again", async (t) => {
  const ingest = await start(t);
  const tenant = world.b;
  await storageQuota(world.database, "beta", 5_000);
  t.after(() => storageQuota(world.database, "beta", null));
  const bearer = await tokenOf(tenant);
  const form = new FormData();
  const chunk = symbols("99", 9_000);
  form.append("file", new Blob([new Uint8Array(chunk)]), sha1(chunk));
  const url = `${ingest.url}/api/0/organizations/beta/chunk-upload/`;
  const answer = await fetch(url, { method: "POST", headers: { Authorization: `Bearer ${bearer}` }, body: form });
  assert.equal(answer.status, 413);
  assert.match(((await answer.json()) as { detail: string }).detail, /quota is used up/);
});
