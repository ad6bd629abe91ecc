/** What machines ask of /api/v1 beside a crash: lists, what the organization holds, what a token is, and signing a machine in. */
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { after, before, type TestContext, test } from "node:test";
import { serverLimits, type TokenScope } from "@salvage/contracts";
import { createOrgGate, type OrgDb, type OrgGate } from "@salvage/db";
import { createSystemDbAcrossOrganizations, type SystemDb } from "@salvage/db/system";
import { startTestDatabase, type TestDatabase } from "@salvage/testkit/postgres";
import pg from "pg";
import { dumpOf, type Harness, startIngest } from "./harness.ts";

let database: TestDatabase;
let gate: OrgGate;
let system: SystemDb;
let db: OrgDb;
let userId: string;
let project: { id: string; slug: string; publicKey: string };

before(async () => {
  database = await startTestDatabase();
  gate = createOrgGate({ databaseUrl: database.databaseUrl });
  system = createSystemDbAcrossOrganizations({ databaseSystemUrl: database.databaseSystemUrl });
  userId = randomUUID();
  const admin = new pg.Client({ connectionString: database.databaseAdminUrl });
  await admin.connect();
  await admin.query("INSERT INTO users (id, email, name) VALUES ($1, 'ada@example.org', 'Ada')", [userId]);
  await admin.end();
  assert.ok(typeof (await gate.organizations.create(userId, { name: "Acme", slug: "acme" })) === "object");
  const entered = await gate.authorizeOrganization(userId, "acme", "organization:admin");
  assert.ok(entered !== null && entered !== "forbidden");
  db = entered;
  const made = await db.projects.create({ name: "Game" });
  assert.ok(typeof made === "object");
  project = made;
});

after(async () => {
  await gate?.close();
  await system?.close();
  await database?.stop();
});

const start = (t: TestContext) => startIngest(t, { db: system, gate });
const token = async (...scopes: TokenScope[]) => (await db.tokens.create({ name: "ci", scopes })).token;

async function call(ingest: Harness, path: string, bearer: string | null, body?: unknown, method = body === undefined ? "GET" : "POST") {
  const answer = await fetch(ingest.url + path, {
    method,
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    headers: bearer === null ? {} : { authorization: `Bearer ${bearer}` },
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

test("a project's crashes as pages, by state and by what they say", async (t) => {
  const ingest = await start(t);
  const bearer = await token("crash:read");
  const post = async (release: string, seed: number) => {
    const form = new FormData();
    form.append("sentry", JSON.stringify({ release }));
    form.append("upload_file_minidump", new Blob([new Uint8Array(dumpOf(500, seed))]), "x.dmp");
    const answer = await fetch(`${ingest.url}/api/${project.id}/minidump/?sentry_key=${project.publicKey}`, { method: "POST", body: form });
    return (await answer.text()).toLowerCase();
  };
  const ids = [await post("game@1", 1), await post("game@2", 2), await post("game@2", 3)];
  const path = `/api/v1/projects/${project.slug}/crashes`;
  const listed = async (query: string) => {
    const { status, body } = await call(ingest, `${path}?${query}`, bearer);
    assert.equal(status, 200, JSON.stringify(body));
    return { ids: (body.items as { id: string }[]).map(({ id }) => id), next: body.next as string | null };
  };
  const first = await listed("limit=2");
  const rest = await listed(`limit=2&cursor=${encodeURIComponent(first.next ?? "")}`);
  assert.deepEqual([...first.ids, ...rest.ids], ids.toReversed());
  assert.equal(rest.next, null);
  assert.deepEqual((await listed("search=game%401")).ids, [ids[0]]);
  assert.deepEqual((await listed("state=complete")).ids, []);
  assert.equal((await listed("state=received")).ids.length, 3);
  for (const wrong of ["state=open", "issue=x", "limit=0"])
    assert.equal((await call(ingest, `${path}?${wrong}`, bearer)).status, 400, wrong);
  assert.equal((await call(ingest, "/api/v1/projects/none/crashes", bearer)).status, 404);
});

test("which files the organization sent before, by hash and name", async (t) => {
  const ingest = await start(t);
  const bearer = await token("debug-file:write");
  const content = "MODULE Linux x86_64 0 a";
  await fetch(`${ingest.url}/api/v1/organizations/acme/debug-files?name=a.sym`, {
    method: "POST",
    body: content,
    headers: { authorization: `Bearer ${bearer}` },
  });
  const sha256 = createHash("sha256").update(content).digest("hex");
  const files = [
    { sha256: "0".repeat(64), name: "a.sym" },
    { sha256, name: "a.sym" },
    { sha256, name: "b.sym" },
  ];
  const path = "/api/v1/organizations/acme/debug-files/held";
  const { status, body } = await call(ingest, path, bearer, { files });
  assert.equal(status, 200);
  const held = body.held as { index: number; uploadId: string; state: string }[];
  assert.deepEqual(
    held.map(({ index, state }) => [index, state]),
    [[1, "received"]],
  );
  assert.equal((await call(ingest, `/api/v1/uploads/${held[0]?.uploadId}`, bearer)).status, 200);
  for (const wrong of ["nonsense", { files: [{ sha256: "x", name: "a" }] }, { files: Array(1001).fill(files[0]) }, []]) {
    const refused = await call(ingest, path, bearer, wrong);
    assert.equal(refused.status, 400);
    assert.ok(Array.isArray(refused.body.causes), JSON.stringify(refused.body));
  }
});

test("a large file comes in chunks: what is there is not asked for again, and the whole is checked", async (t) => {
  const ingest = await start(t);
  const bearer = await token("debug-file:write");
  const sha1 = (bytes: string) => createHash("sha1").update(bytes).digest("hex");
  const sha256 = (bytes: string) => createHash("sha256").update(bytes).digest("hex");
  const chunks = ["MODULE Linux x86_64 0 ", "b\n", "FUNC 0 1 0 f\n"];
  const whole = { name: "b.sym", sha256: sha256(chunks.join("")), chunks: chunks.map(sha1) };
  const path = "/api/v1/organizations/acme/debug-files/assemble";
  assert.deepEqual((await call(ingest, path, bearer, whole)).body, { uploadId: null, missingChunks: whole.chunks });
  const sendChunk = async (chunk: string) => {
    const form = new FormData();
    form.append("file", new Blob([chunk]), sha1(chunk));
    const headers = { authorization: `Bearer ${bearer}` };
    const answer = await fetch(`${ingest.url}/api/0/organizations/acme/chunk-upload/`, { method: "POST", body: form, headers });
    assert.equal(answer.status, 200);
  };
  await sendChunk(chunks[0] ?? "");
  // The connection broke here; the second run asks again.
  assert.deepEqual((await call(ingest, path, bearer, whole)).body, { uploadId: null, missingChunks: whole.chunks.slice(1) });
  for (const chunk of chunks.slice(1)) await sendChunk(chunk);
  const wrong = await call(ingest, path, bearer, { ...whole, sha256: sha256("another") });
  assert.equal(wrong.status, 400);
  assert.match(String(wrong.body.detail), /this is another file/);
  assert.equal((await call(ingest, path, bearer, { ...whole, project: "none" })).status, 404);
  const made = await call(ingest, path, bearer, { ...whole, project: project.slug });
  assert.equal(made.status, 201);
  assert.equal(ingest.imports.at(-1), made.body.uploadId);
  assert.equal((await db.uploads.byId({ uploadId: String(made.body.uploadId) }))?.sizeBytes, chunks.join("").length);
});

test("an image that nobody uploaded for has neither names nor unwinding", async (t) => {
  const ingest = await start(t);
  const images = [
    { debugId: "0123456789ABCDEF0123456789ABCDEF1", codeId: null, name: "game.exe" },
    { debugId: null, codeId: null, name: "x" },
  ];
  const { body } = await call(ingest, "/api/v1/organizations/acme/debug-files/coverage", await token("debug-file:read"), { images });
  assert.deepEqual(body.images, [
    { names: false, unwind: false },
    { names: false, unwind: false },
  ]);
});

test("a token says what it is, and the organization what it has", async (t) => {
  const ingest = await start(t);
  const bearer = await token("organization:admin", "project:read");
  const { status, body } = await call(ingest, "/api/v1/token", bearer);
  assert.equal(status, 200);
  assert.deepEqual(body, {
    name: "token ci",
    scopes: ["organization:admin", "project:read"],
    organization: { slug: "acme", name: "Acme" },
  });
  const { id, slug } = project;
  assert.deepEqual((await call(ingest, "/api/v1/organizations/acme", bearer)).body, {
    slug: "acme",
    name: "Acme",
    projects: [{ id, slug, name: "Game" }],
  });
  assert.equal((await call(ingest, "/api/v1/token", null)).status, 401);
  assert.equal((await call(ingest, "/api/v1/token", "nonsense")).status, 401);
  assert.equal((await call(ingest, "/api/v1/token", bearer, undefined, "DELETE")).status, 401, "an API token does not end itself");
  assert.equal((await call(ingest, "/api/v1/token", bearer)).status, 200);
});

test("a machine asks for a code, a member approves it, the secret is the token; logging out ends it", async (t) => {
  const ingest = await start(t);
  const { status, body } = await call(ingest, "/api/v1/device-codes", null, { clientName: "build-7" });
  assert.equal(status, 201);
  const asked = body as unknown as { secret: string; userCode: string; verificationUrl: string; verificationUrlComplete: string };
  assert.equal(asked.verificationUrl, "http://localhost:4680/activate");
  assert.equal(asked.verificationUrlComplete, `http://localhost:4680/activate?code=${asked.userCode}`);
  const state = async () => (await call(ingest, "/api/v1/device-codes", asked.secret)).body.state;
  assert.equal(await state(), "pending");
  assert.equal((await call(ingest, "/api/v1/token", asked.secret)).status, 401);
  assert.ok(typeof (await gate.deviceCodes.approve(userId, asked.userCode, "acme")) === "object");
  assert.equal(await state(), "approved");
  assert.equal((await call(ingest, "/api/v1/token", asked.secret)).body.name, "Ada");
  assert.equal((await call(ingest, "/api/v1/token", asked.secret, undefined, "DELETE")).status, 200);
  assert.equal((await call(ingest, "/api/v1/token", asked.secret)).status, 401);
  assert.equal((await call(ingest, "/api/v1/device-codes", null)).status, 401);
  assert.ok(!ingest.lines.join("").includes(asked.secret), "the secret is not logged");
});

test("an address gets a few codes a minute", async (t) => {
  const ingest = await start(t);
  const answers: number[] = [];
  for (let i = 0; i < 12; i++) answers.push((await call(ingest, "/api/v1/device-codes", null, { clientName: "x" })).status);
  assert.deepEqual(answers.slice(0, 10), Array(10).fill(201));
  assert.deepEqual(answers.slice(10), [429, 429]);
});

test("what the server allows is told to anybody, as it is set", async (t) => {
  const ingest = await startIngest(t, { db: system, gate, limits: { maxDumpBytes: 12_345, organizationRateLimitPerMinute: 0 } });
  const { status, body } = await call(ingest, "/api/v1/limits", null);
  assert.equal(status, 200);
  assert.equal(serverLimits.parse(body).MAX_DUMP_BYTES, 12_345);
  assert.equal(body.ORGANIZATION_RATE_LIMIT_PER_MINUTE, null);
});
