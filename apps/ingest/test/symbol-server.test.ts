/** The symbol server over real HTTP and a real database: which file answers which path, to whom, and how its bytes go out. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { after, before, type TestContext, test } from "node:test";
import { createBlobStore } from "@salvage/blobs";
import { BufferSource, openSym } from "@salvage/core";
import type { OrgDb } from "@salvage/db";
import type { PublishedDebugFile } from "@salvage/db/system";
import { createLogger } from "@salvage/telemetry";
import { AppError } from "../src/http/app-error.ts";
import { symbolLimits } from "../src/symbol-server/limits.ts";
import { createSymbolServer } from "../src/symbol-server/serve.ts";
import { fixture, publishFile } from "./debug-files.ts";
import { curl, type Harness, raw, startIngest, waitFor } from "./harness.ts";
import { startTenants, type Tenants } from "./tenants.ts";

let tenants: Tenants;
before(async () => {
  tenants = await startTenants();
});
after(() => tenants?.stop());

type Organization = { slug: string; id: string; db: OrgDb; token: string };

async function makeOrganization(): Promise<Organization> {
  const { slug, organizationId: id, db, token } = await tenants.make(`org-${randomUUID().slice(0, 8)}`);
  return { slug, id, db, token: await token("debug-file:read") };
}

type World = Organization & {
  ingest: Harness;
  publish(path: string, bytes?: Uint8Array, change?: Partial<PublishedDebugFile>): Promise<PublishedDebugFile>;
  /** By the token in the path. */
  get(path: string, init?: RequestInit): Promise<Response>;
};

/** An ingest with an organization whose store is empty. */
async function world(t: TestContext): Promise<World> {
  const ingest = await startIngest(t, { db: tenants.system, gate: tenants.gate });
  const organization = await makeOrganization();
  return {
    ...organization,
    ingest,
    publish: (path, bytes = fixture(path), change = {}) =>
      publishFile({ blobs: ingest.blobs, db: tenants.system, organizationId: organization.id }, path, bytes, change),
    get: (path, init = {}) => fetch(`${ingest.url}/symbols/${organization.token}/${path}`, { redirect: "manual", ...init }),
  };
}

const bytesOf = async (answer: Response) => Buffer.from(await answer.arrayBuffer());

const linux = "8847cdac6f41ad40f65427b1b8324111421c78b4";
const windows = "D0C8592CCEC8D3BB4C4C44205044422E1";
const mac = "4c4c448e55553144a1524a873c6cf0ac";

test("each file under every path that asks for it", async (t) => {
  const { publish, get } = await world(t);
  const files = [
    "windows-x64/game.exe",
    "windows-x64/game.pdb",
    "linux-x64/app.stripped",
    "linux-x64/app.debug",
    "macos-arm64/game",
    "macos-arm64/game.dSYM/Contents/Resources/DWARF/game",
  ];
  for (const file of files) await publish(`formats/${file}`);
  const answers: Record<string, string> = {
    // symstore
    "game.exe/6B0240915000/game.exe": "windows-x64/game.exe",
    "GAME.EXE/6b0240915000/GAME.EXE": "windows-x64/game.exe",
    "ga/game.exe/6b0240915000/game.exe": "windows-x64/game.exe",
    [`game.pdb/${windows}/game.pdb`]: "windows-x64/game.pdb",
    [`Game.pdb/${windows.toLowerCase()}/Game.pdb`]: "windows-x64/game.pdb",
    [`_/${windows}/_`]: "windows-x64/game.pdb",
    [`app/elf-buildid-${linux}/app`]: "linux-x64/app.stripped",
    [`_/elf-buildid-${linux}/_`]: "linux-x64/app.stripped",
    [`_.debug/elf-buildid-sym-${linux}/_.debug`]: "linux-x64/app.debug",
    [`app/${linux.toUpperCase()}/app`]: "linux-x64/app.stripped",
    [`game/mach-uuid-${mac}/game`]: "macos-arm64/game",
    [`_.dwarf/mach-uuid-sym-${mac}/_.dwarf`]: "macos-arm64/game.dSYM/Contents/Resources/DWARF/game",
    // debuginfod
    [`buildid/${linux}/executable`]: "linux-x64/app.stripped",
    [`buildid/${linux}/debuginfo`]: "linux-x64/app.debug",
    // unified
    [`${linux.slice(0, 2)}/${linux.slice(2)}/executable`]: "linux-x64/app.stripped",
    [`${linux.slice(0, 2)}/${linux.slice(2)}/debuginfo`]: "linux-x64/app.debug",
    [`${mac.slice(0, 2)}/${mac.slice(2)}/executable`]: "macos-arm64/game",
    [`${mac.slice(0, 2)}/${mac.slice(2)}/debuginfo`]: "macos-arm64/game.dSYM/Contents/Resources/DWARF/game",
    [`${windows.slice(0, 2).toLowerCase()}/${windows.slice(2).toLowerCase()}/debuginfo`]: "windows-x64/game.pdb",
    [`${windows.slice(0, 2).toLowerCase()}/${windows.slice(2).toLowerCase()}/executable`]: "windows-x64/game.exe",
  };
  for (const [path, file] of Object.entries(answers)) {
    const answer = await get(path);
    assert.equal(answer.status, 200, path);
    assert.ok((await bytesOf(answer)).equals(fixture(`formats/${file}`)), `${path} is ${file}`);
    assert.equal(answer.headers.get("content-type"), "application/octet-stream", path);
  }
  const absent = [
    "index2.txt",
    "pingme.txt",
    `game.pdb/${windows}/game.pd_`,
    `game.pdb/${windows}/file.ptr`,
    `game.pdb/${windows.slice(0, -1)}2/game.pdb`,
    `game.pdb/${windows}/game.pdb.src.zip`,
    "game.exe/6B0240916000/game.exe",
    "_/6B0240915000/_",
    "other.exe/6B0240915000/other.exe",
    `app/elf-buildid-${linux.slice(0, 32)}/app`,
    `buildid/${linux.slice(0, -2)}00/debuginfo`,
    `buildid/${linux}/source/src/main.cpp`,
    `buildid/${linux}/source//src/../main.cpp`,
    `buildid/${linux}/section/.none`,
    "",
  ];
  for (const path of absent) {
    const answer = await get(path);
    assert.equal(answer.status, 404, path);
    assert.equal(answer.headers.get("content-type"), "application/json", path);
  }
});

test("one section comes from whichever file has its content", async (t) => {
  const { publish, get } = await world(t);
  await publish("formats/linux-x64/app.stripped");
  await publish("formats/linux-x64/app.debug");
  const text = await get(`buildid/${linux}/section/.text`);
  assert.equal(text.status, 200);
  const content = await bytesOf(text);
  assert.ok(content.length > 100 && fixture("formats/linux-x64/app.stripped").includes(content));
  const info = await bytesOf(await get(`buildid/${linux}/section/.debug_info`));
  assert.ok(info.length > 1_000 && fixture("formats/linux-x64/app.debug").includes(info));
});

test("an unstripped program is both, and the newest of equals answers", async (t) => {
  const { publish, get } = await world(t);
  const library = fixture("formats/android-arm64/libapp.so");
  const id = "4fd54099ffff8f817667e391532e355fb6fd162d";
  await publish("formats/android-arm64/libapp.so");
  for (const part of ["executable", "debuginfo"]) assert.ok((await bytesOf(await get(`buildid/${id}/${part}`))).equals(library), part);
  const newer = Buffer.concat([library, Buffer.from("built again")]);
  await publish("formats/android-arm64/libapp.so", newer);
  for (const part of ["executable", "debuginfo"]) assert.ok((await bytesOf(await get(`buildid/${id}/${part}`))).equals(newer), part);
});

test("a bundle of sources answers beside its image, and is no debug file", async (t) => {
  const { publish, get } = await world(t);
  const bundle = fixture("demo-crash/driftwood-1.0.sym");
  await publish("formats/windows-x64/game.pdb");
  await publish("game.src.zip", bundle, { kind: "sourcebundle", debugId: windows, name: "game.src.zip" });
  const unified = `${windows.slice(0, 2)}/${windows.slice(2)}`.toLowerCase();
  for (const path of [`game.pdb/${windows}/game.pdb.src.zip`, `${unified}/sourcebundle`]) {
    assert.ok((await bytesOf(await get(path))).equals(bundle), path);
  }
  assert.ok((await bytesOf(await get(`${unified}/debuginfo`))).equals(fixture("formats/windows-x64/game.pdb")));
  assert.match(await (await get(`${unified}/breakpad`)).text(), /^MODULE windows x86_64 \S+ game\.pdb\n/);
});

test("a deleted file is gone at once", async (t) => {
  const { publish, get, db, ingest } = await world(t);
  const { id, sourceBlobKey } = await publish("formats/windows-x64/game.pdb");
  const path = `game.pdb/${windows}/game.pdb`;
  await ingest.blobs.delete(sourceBlobKey);
  assert.equal((await get(path)).status, 404, "without its bytes");
  await db.debugFiles.delete({ debugFileId: id });
  assert.equal((await get(path)).status, 404);
});

test("a .sym that was uploaded goes out as it is", async (t) => {
  const { publish, get } = await world(t);
  const sym = fixture("demo-crash/driftwood-1.0.sym");
  const { debugId, codeId, name } = await publish("demo-crash/driftwood-1.0.sym");
  assert.ok(debugId !== null);
  const answer = await get(`${name}/${debugId}/${name}.sym`);
  assert.equal(answer.headers.get("content-type"), "text/plain");
  assert.ok((await bytesOf(answer)).equals(sym));
  if (codeId !== null) assert.ok((await bytesOf(await get(`${codeId.slice(0, 2)}/${codeId.slice(2)}/breakpad`))).equals(sym));
});

test("a .sym of files that are no .sym: names of the PDB, rules of the program; by code id the place is told", async (t) => {
  const { publish, get, ingest } = await world(t);
  await publish("formats/windows-x64/game.exe");
  await publish("formats/windows-x64/game.pdb");
  const answer = await get(`game.pdb/${windows}/game.sym?code_file=game.exe&code_id=6B0240915000`);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "text/plain");
  const text = await answer.text();
  assert.match(text, /^MODULE windows x86_64 D0C8592CCEC8D3BB4C4C44205044422E1 game\.pdb\nINFO CODE_ID 6B0240915000 game\.exe\n/);
  const sym = openSym(new BufferSource(Buffer.from(text)));
  const frames = sym.names?.lookup(0x1343)?.map(({ function: name, line }) => `${name} ${line}`);
  assert.deepEqual(frames, ["geo::storeThrough 4", "geo::crashHere 9"]);
  assert.ok(sym.unwind?.find(0x1343));

  for (const last of ["game.sym", "game.exe.sym"]) {
    const moved = await get(`game.exe/6B0240915000/${last}`);
    assert.equal(moved.status, 302);
    assert.equal(moved.headers.get("location"), `../../game.pdb/${windows}/game.sym`);
    assert.ok((await (await fetch(new URL(moved.headers.get("location") ?? "", moved.url))).text()).startsWith("MODULE windows"));
  }
  // A client that has it is told so without making it again, and may ask for its headers alone.
  const etag = answer.headers.get("etag") ?? "";
  const known = await get(`game.pdb/${windows}/game.sym`, { headers: { "If-None-Match": etag } });
  assert.equal(known.status, 304);
  assert.equal((await get(`game.pdb/${windows}/game.sym`, { method: "HEAD" })).status, 200);
  await waitFor("lines of the log", () => ingest.lines.filter((line) => line.includes("debug file fetched")).length >= 4);
});

test("a PDB that was rewritten has another age than its program states: both ids get the names", async (t) => {
  const { publish, get } = await world(t);
  const rewritten = `${windows.slice(0, -1)}7`;
  await publish("formats/windows-x64/game.pdb", undefined, { statedDebugId: rewritten });
  await publish("formats/windows-x64/game.exe");
  for (const id of [windows, rewritten]) {
    const text = await (await get(`game.pdb/${id}/game.sym`)).text();
    assert.match(text, new RegExp(`^MODULE windows x86_64 ${id} game\\.pdb\n`), id);
    assert.match(text, /^FUNC .* geo::crashHere/m, id);
    assert.equal((await get(`game.pdb/${id}/game.pdb`)).status, 200, id);
  }
});

test("a lookup file that is being made, and one that is damaged", async (t) => {
  const { publish, get, ingest } = await world(t);
  const { debugId } = await publish("formats/macos-arm64/game", undefined, { symcache: null });
  const later = await get(`game/${debugId}/game.sym`);
  assert.equal(later.status, 503);
  assert.equal(later.headers.get("retry-after"), "60");
  const { symcache, debugId: other } = await publish("formats/linux-x64/app.debug");
  const blob = await ingest.blobs.open(symcache?.blobKey ?? "");
  const damaged = Buffer.from(await blob.read(0, blob.size));
  await blob.close();
  damaged.fill(0xff, 4096, 4200);
  await ingest.blobs.put(symcache?.blobKey ?? "", [damaged]);
  assert.equal((await get(`app/${other}/app.sym`)).status, 500);
  assert.match(ingest.lines.join(""), /the text of a lookup file could not be made/);
});

test("ranges, HEAD, ETag and compression", async (t) => {
  const { publish, get } = await world(t);
  const pdb = fixture("formats/windows-x64/game.pdb");
  await publish("formats/windows-x64/game.pdb");
  const path = `game.pdb/${windows}/game.pdb`;
  const identity = { "Accept-Encoding": "identity" };
  const whole = await get(path, { headers: identity });
  const etag = whole.headers.get("etag") ?? "";
  assert.match(etag, /^"[0-9a-f]{32}"$/);
  assert.equal(whole.headers.get("content-length"), String(pdb.length));
  assert.equal(whole.headers.get("accept-ranges"), "bytes");
  assert.equal(whole.headers.get("cache-control"), "private, no-cache");

  const head = await get(path, { method: "HEAD", headers: identity });
  assert.equal(head.headers.get("content-length"), String(pdb.length));
  assert.equal(head.headers.get("etag"), etag);
  assert.equal((await bytesOf(head)).length, 0);

  const ranged = async (range: string, more: Record<string, string> = {}) => get(path, { headers: { ...identity, Range: range, ...more } });
  for (const [range, from, to] of [
    ["bytes=0-0", 0, 1],
    ["bytes=100-199", 100, 200],
    ["bytes=86000-", 86_000, pdb.length],
    ["bytes=-16", pdb.length - 16, pdb.length],
    ["bytes=86000-999999", 86_000, pdb.length],
  ] as const) {
    const answer = await ranged(range);
    assert.equal(answer.status, 206, range);
    assert.equal(answer.headers.get("content-range"), `bytes ${from}-${to - 1}/${pdb.length}`);
    assert.ok((await bytesOf(answer)).equals(pdb.subarray(from, to)), range);
  }
  for (const range of [`bytes=${pdb.length}-`, "bytes=-0"]) {
    const outside = await ranged(range);
    assert.equal(outside.status, 416, range);
    assert.equal(outside.headers.get("content-range"), `bytes */${pdb.length}`);
  }
  for (const range of ["bytes=5-2", "bytes=0-1,5-9", "lines=1-2", "bytes=-", "bytes=x-1"])
    assert.equal((await ranged(range)).status, 200, range);
  assert.equal((await ranged("bytes=0-9", { "If-Range": etag })).status, 206);
  assert.equal((await ranged("bytes=0-9", { "If-Range": '"other"' })).status, 200);

  for (const header of [etag, `"x", W/${etag}`, "*"]) {
    const known = await get(path, { headers: { ...identity, "If-None-Match": header } });
    assert.equal(known.status, 304, header);
    assert.equal(known.headers.get("etag"), etag);
  }
  assert.equal((await get(path, { headers: { ...identity, "If-None-Match": '"other"' } })).status, 200);
  assert.equal((await get(path, { method: "POST" })).status, 405);
});

test("curl: compressed where the client offers it, never else; no redirect, no page", async (t) => {
  const { publish, ingest, token } = await world(t);
  const pdb = fixture("formats/windows-x64/game.pdb");
  await publish("formats/windows-x64/game.pdb");
  const url = `${ingest.url}/symbols/${token}/game.pdb/${windows}/game.pdb`;
  const packed = await raw(ingest.port, [
    `GET ${new URL(url).pathname} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: deflate, gzip\r\nConnection: close\r\n\r\n`,
  ]);
  assert.match(packed, /content-encoding: gzip/i);
  assert.match(packed, /vary: accept-encoding/i);
  const unpacked = await curl("--compressed", "-o", "-", "-D", "/dev/stderr", url);
  assert.equal(unpacked.status, 200);
  for (const offered of ["identity", "br", "gzip;q=0", "gzip; q=0.0", ""]) {
    const answer = await fetch(url, { headers: { "Accept-Encoding": offered } });
    assert.equal(answer.headers.get("content-encoding"), null, offered);
    assert.ok((await bytesOf(answer)).equals(pdb), offered);
  }
  // Probes of the Windows debuggers, as they send them.
  for (const probe of ["index2.txt", "pingme.txt", `game.pdb/${windows}/game.pd_`, `game.pdb/${windows}/file.ptr`]) {
    const answer = await curl("-A", "Microsoft-Symbol-Server/10.1710.0.0", `${ingest.url}/symbols/${token}/${probe}`);
    assert.equal(answer.status, 404, probe);
    assert.equal(answer.type, "application/json", probe);
  }
  const part = await curl("-r", "10-19", url);
  assert.equal(part.status, 206);
  assert.equal((await curl("-I", url)).status, 200);
});

test("a token in the path, as bearer, as password; and what others are told", async (t) => {
  const { publish, ingest, token, slug, db } = await world(t);
  await publish("formats/windows-x64/game.pdb");
  const path = `game.pdb/${windows}/game.pdb`;
  const status = async (access: string, authorization?: string) => {
    const answer = await fetch(
      `${ingest.url}/symbols/${access}/${path}`,
      authorization ? { headers: { Authorization: authorization } } : {},
    );
    return answer.status;
  };
  const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
  assert.equal(await status(token), 200);
  assert.equal(await status(slug, `Bearer ${token}`), 200);
  assert.equal(await status(slug, basic(`any:${token}`)), 200);
  assert.equal(await status(slug, basic(`${token}:`)), 200);
  const asUser = await curl("-u", `x:${token}`, "-o", "/dev/null", `${ingest.url}/symbols/${slug}/${path}`);
  assert.equal(asUser.status, 200);

  assert.equal(await status(slug), 401);
  assert.equal(await status(slug, basic("any:nonsense")), 401);
  assert.equal(await status("x".repeat(43)), 401);
  assert.equal(await status(`${token}x`), 401);
  const { token: other } = await db.tokens.create({ name: "ci", scopes: ["debug-file:write", "crash:read"] });
  assert.equal(await status(other), 403);
  assert.equal(await status(slug, `Bearer ${other}`), 403);
  assert.ok(!ingest.lines.join("").includes(token), "no token in the log");
});

test("another organization's files are as absent as those that do not exist", async (t) => {
  const { publish, ingest, slug } = await world(t);
  await publish("formats/windows-x64/game.pdb");
  await publish("formats/linux-x64/app.debug");
  const stranger = await makeOrganization();
  const answer = async (access: string, path: string) => {
    const headers = { Authorization: `Bearer ${stranger.token}` };
    const got = await fetch(`${ingest.url}/symbols/${access}/${path}`, access === stranger.token ? {} : { headers });
    return `${got.status} ${await got.text()}`;
  };
  const absent = `game.pdb/${"1".repeat(33)}/game.pdb`;
  for (const path of [`game.pdb/${windows}/game.pdb`, `game.pdb/${windows}/game.sym`, `buildid/${linux}/debuginfo`, absent]) {
    assert.equal(await answer(stranger.token, path), '404 {"detail":"there is no such debug file"}', path);
    assert.equal(await answer(stranger.slug, path), '404 {"detail":"there is no such debug file"}', path);
    assert.equal(await answer(slug, path), await answer("no-such-organization", path), path);
  }
});

test("hostile paths", async (t) => {
  const { publish, ingest, token } = await world(t);
  await publish("formats/windows-x64/game.pdb");
  const paths = [
    "../../../etc/passwd",
    "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    `..%2f..%2f${windows}/game.pdb`,
    `game.pdb/${windows}/..%2fgame.pdb`,
    `game.pdb%00/${windows}/game.pdb%00`,
    `game.pdb/${windows}/game.pdb%0d%0aX:y`,
    `%ff%fe/${windows}/%ff%fe`,
    `game.pdb/%zz/game.pdb`,
    `${"a".repeat(10_000)}/${windows}/${"a".repeat(4_000)}`,
    `a.exe/${"f".repeat(5_000)}/a.exe`,
    `a.exe/6b0240915000/${"%41".repeat(2_000)}`,
    `buildid/${"ab".repeat(3_000)}/debuginfo`,
    `${"x/".repeat(4_000)}`,
    "constructor/6b0240915000/__proto__",
  ];
  for (const path of paths) {
    const text = await raw(ingest.port, [`GET /symbols/${token}/${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`]);
    assert.match(text, /^HTTP\/1\.1 404 /, path.slice(0, 80));
    assert.match(text, /\r\n\r\n\{"detail":"[^"<]*"\}$/, path.slice(0, 80));
  }
  // What folds to a path is that path; a header that no server takes is refused before anything else.
  const folded = await raw(ingest.port, [
    `GET //symbols//${token}//game.pdb//${windows}//game.pdb HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
  ]);
  assert.match(folded, /^HTTP\/1\.1 200 /);
  const huge = await raw(ingest.port, [`GET /symbols/${token}/${"a".repeat(20_000)}/x/y HTTP/1.1\r\nHost: x\r\n\r\n`]);
  assert.match(huge, /^HTTP\/1\.1 4\d\d /);
  assert.ok(!ingest.lines.join("").includes(token), "no token in the log");
});

test("what was fetched is in the log: who, which file, how much", async (t) => {
  const { publish, get, ingest, id } = await world(t);
  const file = await publish("formats/windows-x64/game.pdb");
  const fetched = () =>
    ingest.lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line.msg === "debug file fetched");
  await bytesOf(await get(`game.pdb/${windows}/game.pdb`));
  await bytesOf(await get(`game.pdb/${windows}/game.pdb`, { headers: { Range: "bytes=0-9" } }));
  await get("index2.txt");
  await waitFor("two lines", () => fetched().length === 2);
  const [whole, part] = fetched();
  assert.equal(whole?.debugFileId, file.id);
  assert.equal(whole?.tokenName, "token test debug-file:read");
  assert.equal(whole?.organizationId, id);
  assert.deepEqual([whole?.status, whole?.bytes, part?.status, part?.bytes], [200, file.sizeBytes, 206, 10]);
});

test("a client that goes away ends what was made for it; more than a few at a time wait", async (t) => {
  const { publish, ingest, token, get } = await world(t);
  // Large enough, as it is, that it does not fit into the buffers between.
  const longName = "n".repeat(300);
  const functions = 40_000;
  const lines = ["MODULE Linux x86_64 0123456789ABCDEF0123456789ABCDEF0 big", "FILE 0 /src/a.c"];
  for (let i = 0; i < functions; i++)
    lines.push(`FUNC ${(i * 16).toString(16)} 10 0 ${longName}${i}`, `${(i * 16).toString(16)} 10 ${i} 0`);
  const { debugId } = await publish("big.sym", Buffer.from(`${lines.join("\n")}\n`), { kind: "elf", name: "big" });
  const path = `big/${debugId}/big.sym`;
  const gone = new AbortController();
  const stuck = await Promise.all(
    Array.from({ length: symbolLimits.maxTexts }, () => get(path, { signal: gone.signal, headers: { "Accept-Encoding": "identity" } })),
  );
  assert.deepEqual(new Set(stuck.map((answer) => answer.status)), new Set([200]));
  const waiting = get(path);
  const first = await Promise.race([waiting.then(() => "answered"), new Promise((resolve) => setTimeout(() => resolve("waits"), 500))]);
  assert.equal(first, "waits");
  gone.abort();
  const text = await (await waiting).text();
  assert.equal(text.match(/^FUNC /gm)?.length, functions);
  const partly = ingest.lines.filter((line) => line.includes("debug file fetched"));
  assert.ok(partly.length >= symbolLimits.maxTexts, "also what was broken off is in the log");
  assert.ok(!partly.join("").includes(token));
});

test("a token that asks too often is told to wait, others are not", async () => {
  const { token, db, slug } = await makeOrganization();
  const { token: other } = await db.tokens.create({ name: "second", scopes: ["debug-file:read"] });
  const server = createSymbolServer({ gate: tenants.gate, blobs: createBlobStore(tmpdir()) }, 5);
  const logger = createLogger({ app: "ingest", destination: { write: () => undefined } });
  const ask = async (access: string) => {
    const request = new IncomingMessage(new Socket());
    const response = new ServerResponse(request);
    const context = { request, response, params: { access, path: "index2.txt" }, query: new URLSearchParams(), logger, requestId: "1" };
    const error: unknown = await server.get(context).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof AppError);
    return error;
  };
  for (let i = 0; i < 5; i++) assert.equal((await ask(token)).status, 404);
  const refused = await ask(token);
  assert.equal(refused.status, 429);
  assert.equal(refused.headers["Retry-After"], "10");
  assert.equal((await ask(other)).status, 404);
  assert.equal((await ask(slug)).status, 401);
});
