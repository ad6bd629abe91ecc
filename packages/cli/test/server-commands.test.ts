/**
 * What the command line does with a server's answers, good and bad: a small server of the test's own says what it must. The real server is asked
 * in packages/system-tests.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { UploadVerdict, UploadView } from "@salvage/contracts";
import { salvage } from "./salvage.ts";

const demo = fileURLToPath(new URL("../../../fixtures/demo-crash/", import.meta.url));
const sym = join(demo, "driftwood-1.0.sym");
const debugId = "3A602B8F0E1EC55692887F20C93549E80";
const folder = mkdtempSync(join(tmpdir(), "salvage-cli-server-"));
after(() => rmSync(folder, { recursive: true, force: true }));

type Seen = { method: string; url: string; token: string | undefined; body: Buffer };
type Answer = { status?: number; body: unknown };
/** By "METHOD /path"; null: not this one's business. */
type Handler = (request: Seen) => Answer | null;

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

async function serve(t: TestContext, handle: Handler) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const one = {
      method: request.method ?? "",
      url: request.url ?? "",
      token: request.headers.authorization,
      body: await bodyOf(request),
    };
    seen.push(one);
    const refused = one.token === "Bearer bad" ? { status: 401, body: { detail: "unknown token" } } : null;
    const { status = 200, body } = refused ?? handle(one) ?? { status: 404, body: { detail: "there is no such route" } };
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return { url: `http://127.0.0.1:${address.port}`, seen, close: () => server.close() };
}

/** Upload routes with a verdict per file, by its name. Uploads have the file's name as id. */
function uploads(verdicts: Record<string, UploadVerdict["state"]>, held: readonly string[] = []): Handler {
  return ({ method, url: path, body }) => {
    const url = new URL(path, "http://x");
    if (url.pathname.endsWith("/held")) {
      const { files } = JSON.parse(body.toString()) as { files: { name: string }[] };
      return {
        body: { held: files.flatMap(({ name }, index) => (held.includes(name) ? [{ index, uploadId: name, state: "ready" }] : [])) },
      };
    }
    if (method === "POST" && url.pathname.endsWith("/debug-files"))
      return { status: 201, body: { uploadId: url.searchParams.get("name") } };
    const name = decodeURIComponent(/\/uploads\/(.+)$/.exec(url.pathname)?.[1] ?? "");
    if (name === "") return null;
    return { body: viewOf(name, verdicts[name] ?? "rejected") };
  };
}

function viewOf(name: string, state: UploadVerdict["state"]): UploadView {
  const verdict: UploadVerdict = {
    name,
    state,
    kind: "breakpad",
    debugId,
    codeId: null,
    cpu: "amd64",
    features: ["symbols"],
    lacks: state === "duplicate" ? ["unwind tables"] : [],
    reason: state === "rejected" ? "breakpad: no MODULE record" : null,
    offset: state === "rejected" ? 0 : null,
    waitingCrashes: state === "ready" ? 3 : 0,
  };
  return {
    id: name,
    fileName: name,
    sizeBytes: 1,
    state: state === "rejected" ? "rejected" : "ready",
    reason: null,
    verdicts: [verdict],
    createdAt: "2026-01-01T00:00:00Z",
    finishedAt: null,
    upgraded: { done: 0, total: 0 },
  };
}

const sent = (seen: readonly Seen[]) =>
  seen.flatMap(({ method, url }) =>
    method === "POST" && url.includes("/debug-files?") ? [new URL(url, "http://x").searchParams.get("name")] : [],
  );

test("upload walks folders, passes other files over, and prints a verdict per file", async (t) => {
  const server = await serve(t, uploads({ "driftwood-1.0.sym": "ready", "driftwood-1.1.sym": "duplicate" }));
  const { code, stdout, stderr } = await salvage(["upload", demo, "--url", server.url, "--org", "demo", "--token", "good"]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /driftwood-1\.0\.sym {2}ready; 3 crashes waited for it/);
  assert.match(stdout, /driftwood-1\.1\.sym {2}already there {2}\[breakpad .*\]\n {4}lacks unwind tables\n/);
  assert.match(stderr, /\[1\/2\]/);
  assert.match(stderr, /5 files that are no debug files were passed over/);
  assert.match(stderr, /1 ready, 1 already there, 0 refused\.\n$/);
  assert.deepEqual(sent(server.seen).toSorted(), ["driftwood-1.0.sym", "driftwood-1.1.sym"]);
  assert.ok(server.seen.every(({ token }) => token === "Bearer good"));
});

test("upload asks by hash first and sends nothing that is there", async (t) => {
  const server = await serve(t, uploads({ "driftwood-1.0.sym": "ready", "driftwood-1.1.sym": "ready" }, ["driftwood-1.0.sym"]));
  const { code, stdout } = await salvage(["upload", demo, "--url", server.url, "--org", "demo", "--token", "good", "--json"]);
  assert.equal(code, 0);
  assert.deepEqual(sent(server.seen), ["driftwood-1.1.sym"]);
  const asked = JSON.parse(server.seen[0]?.body.toString() ?? "") as { files: { sha256: string; name: string }[] };
  assert.deepEqual(asked.files[0], { sha256: createHash("sha256").update(readFileSync(sym)).digest("hex"), name: "driftwood-1.0.sym" });
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { name: string; state: string; sent: boolean })
    .toSorted((x, y) => (x.name < y.name ? -1 : 1));
  assert.deepEqual(
    lines.map(({ state, sent: was }) => [state, was]),
    [
      ["duplicate", false],
      ["ready", true],
    ],
  );
});

test("upload sends archives that it finds in a folder, by content, and no object files", async (t) => {
  const server = await serve(t, uploads({ "symbols.bin": "ready" }));
  const archives = join(folder, "archives");
  mkdirSync(archives);
  writeFileSync(join(archives, "symbols.bin"), gzipSync(readFileSync(sym)));
  writeFileSync(join(archives, "notes.zip"), "no archive at all");
  const library = readFileSync(join(demo, "../formats/linux-x64/app.stripped"));
  library.writeUInt16LE(1, 16);
  writeFileSync(join(archives, "geo.o"), library);
  const { code, stdout, stderr } = await salvage(["upload", archives, "--url", server.url, "--org", "demo", "--token", "good"]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /symbols\.bin {2}ready/);
  assert.match(stderr, /2 files that are no debug files/);
  assert.deepEqual(sent(server.seen), ["symbols.bin"]);
});

test("upload: exit code 1 when a file was refused, 3 when the server is away, 2 when called wrongly", async (t) => {
  const server = await serve(t, uploads({ "driftwood-1.0.sym": "ready" }));
  const target = ["--url", server.url, "--org", "demo"];
  const some = await salvage(["upload", demo, ...target, "--token", "good"]);
  assert.equal(some.code, 1, "one of two");
  assert.match(some.stdout, /rejected: breakpad: no MODULE record \(at offset 0x0\)/);
  const rejected = await salvage(["upload", join(demo, "recipe.md"), ...target, "--token", "good", "--json"]);
  assert.equal(rejected.code, 1);
  assert.equal(JSON.parse(rejected.stdout).state, "rejected");
  assert.match(rejected.stderr, /nothing of this was usable/);
  assert.match((await salvage(["upload", sym, ...target, "--token", "bad"])).stderr, /does not accept this token/);
  const empty = join(folder, "empty");
  mkdirSync(empty);
  assert.match((await salvage(["upload", empty, ...target, "--token", "good"])).stderr, /there is no debug file in/);
  assert.equal((await salvage(["upload", sym, "--org", "demo"])).code, 2, "no server");
  assert.equal((await salvage(["upload", sym, ...target, "--parallel", "0"])).code, 2);
  server.close();
  const unreachable = await salvage(["upload", sym, ...target, "--token", "good"]);
  assert.deepEqual([unreachable.code, unreachable.stdout], [3, ""]);
  assert.match(unreachable.stderr, /could not be reached/);
});

test("a file that is too large for the server is told, and the others go up", async (t) => {
  const inner = uploads({ "driftwood-1.0.sym": "ready" });
  const server = await serve(t, (request) =>
    request.url.includes("name=driftwood-1.1.sym") ? { status: 413, body: { detail: "the limit is 5 bytes" } } : inner(request),
  );
  const { code, stdout, stderr } = await salvage(["upload", demo, "--url", server.url, "--org", "demo", "--token", "good"]);
  assert.equal(code, 1);
  assert.match(stdout, /driftwood-1\.1\.sym {2}rejected: .* answered 413: the limit is 5 bytes/);
  assert.match(stderr, /1 ready, 0 already there, 1 refused/);
});

test("a server that is not ready for a moment is asked again", async (t) => {
  let refusals = 2;
  const inner = uploads({ "driftwood-1.0.sym": "ready" });
  const server = await serve(t, (request) =>
    request.url.includes("/debug-files?") && refusals-- > 0 ? { status: 503, body: { detail: "not ready" } } : inner(request),
  );
  const { code, stderr } = await salvage(["upload", sym, "--url", server.url, "--org", "demo", "--token", "good"]);
  assert.equal(code, 0, stderr);
  assert.equal(sent(server.seen).length, 3);
  assert.ok(server.seen.filter(({ url }) => url.includes("/debug-files?")).every(({ body }) => body.equals(readFileSync(sym))));
});

test("a large file goes up in chunks; a second run sends the missing ones only", async (t) => {
  const chunkBytes = 1 << 24;
  const large = join(folder, "large.sym");
  const content = Buffer.alloc(40 << 20);
  for (let i = 0; i < content.length; i += 4096) content.writeUInt32LE(i, i);
  writeFileSync(large, content);
  const chunks = [0, 1, 2].map((i) => content.subarray(i * chunkBytes, (i + 1) * chunkBytes));
  const sha1 = (bytes: Uint8Array) => createHash("sha1").update(bytes).digest("hex");
  const held = new Set<string>();
  let breaks = true;
  const inner = uploads({ "large.sym": "ready" });
  const server = await serve(t, (request) => {
    const { method, url, body } = request;
    if (url.endsWith("/chunk-upload/") && method === "GET") return { body: { chunkSize: chunkBytes, hashAlgorithm: "sha1" } };
    if (url.endsWith("/chunk-upload/")) {
      const name = /filename="([0-9a-f]{40})"/.exec(body.toString("latin1", 0, 400))?.[1] ?? "";
      const start = body.indexOf("\r\n\r\n") + 4;
      assert.equal(sha1(body.subarray(start, body.lastIndexOf("\r\n--"))), name);
      if (breaks && held.size === 2) return { status: 400, body: { detail: "the line is cut" } };
      held.add(name);
      return { body: {} };
    }
    if (!url.endsWith("/assemble")) return inner(request);
    const file = JSON.parse(body.toString()) as { name: string; sha256: string; chunks: string[] };
    assert.deepEqual(file, { name: "large.sym", sha256: createHash("sha256").update(content).digest("hex"), chunks: chunks.map(sha1) });
    const missingChunks = file.chunks.filter((chunk) => !held.has(chunk));
    return { body: { uploadId: missingChunks.length > 0 ? null : "large.sym", missingChunks } };
  });
  const args = ["upload", large, "--url", server.url, "--org", "demo", "--token", "good"];
  const broken = await salvage(args);
  assert.equal(broken.code, 1);
  assert.match(broken.stderr, /the line is cut/);
  breaks = false;
  const before = server.seen.length;
  const whole = await salvage(args);
  assert.equal(whole.code, 0, whole.stderr);
  const again = server.seen.slice(before).filter(({ method, url }) => method === "POST" && url.endsWith("/chunk-upload/"));
  assert.equal(again.length, 1);
});

test("--wait ends with 4 when the crashes are not upgraded in time", async (t) => {
  const inner = uploads({ "driftwood-1.0.sym": "ready" });
  let done = 0;
  const server = await serve(t, (request) => {
    const answer = inner(request);
    return request.url.includes("/uploads/") ? { body: { ...(answer?.body as UploadView), upgraded: { done, total: 3 } } } : answer;
  });
  const args = ["upload", sym, "--url", server.url, "--org", "demo", "--token", "good", "--wait-for", "1"];
  const late = await salvage(args);
  assert.equal(late.code, 4);
  assert.match(late.stderr, /3 crashes are still to be upgraded after 1 s/);
  done = 3;
  const { code, stderr } = await salvage(args);
  assert.equal(code, 0);
  assert.match(stderr, /3 crashes upgraded\.\n$/);
});

test("check says which binaries lack what; exit code 1 when one does", async (t) => {
  const build = join(folder, "build");
  mkdirSync(build);
  const formats = join(demo, "../formats");
  copyFileSync(join(formats, "linux-x64/app.stripped"), join(build, "app"));
  copyFileSync(join(formats, "windows-x64/game.exe"), join(build, "game.exe"));
  copyFileSync(join(demo, "recipe.md"), join(build, "readme.md"));
  const has = new Map([
    ["app", { names: true, unwind: true }],
    ["game.exe", { names: false, unwind: true }],
  ]);
  const server = await serve(t, ({ url, body }) => {
    if (!url.endsWith("/debug-files/coverage")) return null;
    const { images } = JSON.parse(body.toString()) as { images: { name: string; debugId: string }[] };
    assert.ok(images.every((image) => /^[0-9A-F]{32}[0-9a-f]+$/.test(image.debugId)));
    return { body: { images: images.map(({ name }) => has.get(name) ?? { names: false, unwind: false }) } };
  });
  const args = ["check", build, "--url", server.url, "--org", "demo", "--token", "good"];
  const incomplete = await salvage(args);
  assert.equal(incomplete.code, 1);
  assert.match(incomplete.stdout, /^lacks names +\S+ {2}.*game\.exe$/m);
  assert.match(incomplete.stdout, /^ok +\S+ {2}.*app$/m);
  assert.match(incomplete.stderr, /1 of 2 binaries would crash without a full stack/);
  assert.equal((await salvage([...args, "--ignore", "GAME*"])).code, 0);
  const json = await salvage([...args, "--json"]);
  assert.deepEqual(
    json.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line))
      .map(({ kind, names, unwind }) => [kind, names, unwind]),
    [
      ["elf", true, true],
      ["pe", false, true],
    ],
  );
  assert.equal((await salvage(["check", join(demo, "recipe.md"), ...args.slice(2)])).code, 1, "nothing to check is no pass");
});

test("login by token is kept for its user only, used by later calls, never shown to another server, and forgotten", async (t) => {
  const env = { XDG_CONFIG_HOME: join(folder, "config") };
  const handle: Handler = ({ url }) =>
    url === "/api/v1/token" ? { body: { name: "token ci", scopes: ["crash:read"], organization: { slug: "acme", name: "Acme" } } } : null;
  const [server, other] = [await serve(t, handle), await serve(t, handle)];
  assert.equal((await salvage(["login", "--url", server.url, "--token", "bad"], "", env)).code, 1);
  const done = await salvage(["login", "--url", server.url, "--token", "good"], "", env);
  assert.equal(done.code, 0, done.stderr);
  const path = join(env.XDG_CONFIG_HOME, "salvage/login.json");
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.doesNotMatch(done.stdout, /good/);

  const me = await salvage(["whoami", "--json"], "", env);
  assert.deepEqual([me.code, JSON.parse(me.stdout).organization.slug], [0, "acme"]);
  assert.equal(server.seen.at(-1)?.token, "Bearer good");
  const elsewhere = await salvage(["whoami", "--url", other.url], "", env);
  assert.equal(elsewhere.code, 2);
  assert.equal(other.seen.length, 0);
  assert.equal((await salvage(["whoami", "--url", other.url, "--token", "mine"], "", env)).code, 0);
  assert.equal(other.seen.at(-1)?.token, "Bearer mine");

  assert.match((await salvage(["logout"], "", env)).stdout, /^Forgotten\.\n$/);
  assert.equal(server.seen.filter(({ method }) => method === "DELETE").length, 0, "an API token is not ended");
  assert.equal((await salvage(["whoami"], "", env)).code, 2);
});

test("login shows a code and waits until it is approved, or says that it was refused", async (t) => {
  const env = { XDG_CONFIG_HOME: join(folder, "device") };
  let states = ["pending", "approved"];
  const handle: Handler = ({ method, url }) => {
    if (url === "/api/v1/device-codes" && method === "POST")
      return {
        status: 201,
        body: {
          secret: "the-secret",
          userCode: "BCDF-GHJK",
          verificationUrl: "http://x/activate",
          verificationUrlComplete: "http://x/activate?code=BCDF-GHJK",
          expiresAt: "2026-01-01T00:00:00Z",
          pollSeconds: 0,
        },
      };
    if (url === "/api/v1/device-codes") return { body: { state: states.shift() } };
    if (url === "/api/v1/token" && method === "DELETE") return { body: { ended: true } };
    return url === "/api/v1/token" ? { body: { name: "Ada", scopes: [], organization: { slug: "acme", name: "Acme" } } } : null;
  };
  const server = await serve(t, handle);
  const done = await salvage(["login", "--url", server.url], "", env);
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stderr, /Open http:\/\/x\/activate\?code=BCDF-GHJK\nand check that it shows the code BCDF-GHJK/);
  assert.doesNotMatch(done.stdout + done.stderr, /the-secret/);
  assert.match((await salvage(["logout"], "", env)).stdout, /Forgotten, and ended on the server/);
  assert.equal(server.seen.at(-1)?.token, "Bearer the-secret");
  states = ["denied"];
  const refused = await salvage(["login", "--url", server.url], "", env);
  assert.deepEqual([refused.code, refused.stdout], [1, ""]);
  states = ["expired"];
  assert.equal((await salvage(["login", "--url", server.url], "", env)).code, 4);
});

test("a token that carries its server and organization needs nothing else", async (t) => {
  const server = await serve(t, uploads({ "driftwood-1.0.sym": "ready" }));
  const payload = Buffer.from(JSON.stringify({ iat: 1, url: server.url, region_url: server.url, org: "acme" })).toString("base64");
  const token = `sntrys_${payload}_${"x".repeat(43)}`;
  const { code, stderr } = await salvage(["upload", sym], "", { SALVAGE_TOKEN: token });
  assert.equal(code, 0, stderr);
  assert.ok(server.seen.every((request) => request.token === `Bearer ${token}`));
  assert.match(server.seen[0]?.url ?? "", /^\/api\/v1\/organizations\/acme\//);
});

test("crashes, missing files and refusals of them", async (t) => {
  const crash = {
    id: "0f8b7a52-6f0e-4c1c-9d51-6d3c0a1a2b3c",
    projectId: "1",
    issueId: null,
    state: "provisional",
    signature: "a\u001b[31mb",
    crashReason: "SIGSEGV",
    os: "linux",
    cpu: "amd64",
    release: "game@1",
    environment: null,
    receivedAt: "2026-01-02T03:04:05.000Z",
    finishedAt: null,
    revision: 1,
    missingFiles: 2,
  };
  const server = await serve(t, ({ url: path }) => {
    const { pathname, searchParams } = new URL(path, "http://x");
    if (pathname === "/api/v1/projects/game/crashes")
      return { body: { items: [crash, crash], next: searchParams.get("cursor") === null ? "two" : null } };
    if (pathname.startsWith("/api/v1/projects/")) return { status: 404, body: { detail: "there is no such project" } };
    return { status: 403, body: { detail: "the API token lacks the scope crash:read" } };
  });
  const target = ["--url", server.url, "--token", "good"];
  const { code, stdout } = await salvage(["crashes", "list", "--project", "game", "--limit", "3", "--state", "provisional", ...target]);
  assert.equal(code, 0);
  const line = `${crash.id}  2026-01-02T03:04:05  provisional  a\ufffd[31mb  game@1  (2 files missing)\n`;
  assert.equal(stdout, line.repeat(3));
  assert.match(server.seen[1]?.url ?? "", /cursor=two/);
  const absent = await salvage(["crashes", "list", "--project", "nothing", ...target]);
  assert.equal(absent.code, 1);
  assert.match(absent.stderr, /there is no such project "nothing"/);
  assert.match((await salvage(["crashes", "show", crash.id, ...target])).stderr, /lacks the scope crash:read/);
  assert.equal((await salvage(["crashes", "list", ...target])).code, 2, "no project");
  assert.equal((await salvage(["missing", "ignore", "--project", "game", ...target])).code, 2, "nothing named");
  assert.equal((await salvage(["missing", "ignore", "a", "--pattern", "b", "--project", "game", ...target])).code, 2);
});
