/** Real debuggers fetch from the symbol server: gdb and elfutils by debuginfod, minidump-stackwalk by Breakpad's layout. */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createOrgGate, type OrgGate } from "@salvage/db";
import { createSystemDbAcrossOrganizations, type SystemDb } from "@salvage/db/system";
import { type ClientName, client, needs } from "@salvage/testkit/clients";
import { startTestDatabase, type TestDatabase } from "@salvage/testkit/postgres";
import { synthDump } from "@salvage/testkit/synth-dump";
import pg from "pg";
import { fixture, publishFile } from "./debug-files.ts";
import { type Harness, startIngest } from "./harness.ts";

const run = promisify(execFile);

let database: TestDatabase;
let gate: OrgGate;
let system: SystemDb;

before(async () => {
  database = await startTestDatabase();
  gate = createOrgGate({ databaseUrl: database.databaseUrl });
  system = createSystemDbAcrossOrganizations({ databaseSystemUrl: database.databaseSystemUrl });
});

after(async () => {
  await gate?.close();
  await system?.close();
  await database?.stop();
});

type World = { ingest: Harness; folder: string; symbolsUrl: string; publish(path: string, bytes?: Uint8Array): Promise<unknown> };

async function world(t: TestContext): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), "salvage-clients-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const ingest = await startIngest(t, { db: system, gate });
  const userId = randomUUID();
  const slug = `org-${userId.slice(0, 8)}`;
  const admin = new pg.Client({ connectionString: database.databaseAdminUrl });
  await admin.connect();
  await admin.query("INSERT INTO users (id, email, name) VALUES ($1, $2, 'Ada')", [userId, `${slug}@example.org`]);
  await admin.end();
  await gate.organizations.create(userId, { name: slug, slug });
  const db = await gate.authorizeOrganization(userId, slug, "organization:admin");
  assert.ok(db !== null && db !== "forbidden");
  const { token } = await db.tokens.create({ name: "debugger", scopes: ["debug-file:read"] });
  const store = { blobs: ingest.blobs, db: system, organizationId: db.organization.id };
  return {
    ingest,
    folder,
    symbolsUrl: `${ingest.url}/symbols/${token}/`,
    publish: (path, bytes = fixture(path)) => publishFile(store, path, bytes),
  };
}

const source = `static int add(int a, int b) { return a + b; }
int inner(int depth) {
  volatile int left = depth;
  return add(left, 7);
}
int main(int argc, char **argv) { return inner(argc); }
`;

/** A client, and the tools that build what it looks at. */
function needsAll(name: ClientName, ...tools: string[]): { skip: string | false } {
  const missing = tools.find((tool) => spawnSync(tool, ["--version"]).error !== undefined);
  return missing === undefined ? needs(name) : { skip: `no ${missing} on this machine` };
}

/** Builds the program with debug information in a file of its own; all three files are in the folder. */
async function build(folder: string): Promise<{ stripped: string; debug: string; buildId: string }> {
  const [program, stripped, debug] = ["program", "program.stripped", "program.debug"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(join(folder, "program.c"), source);
  await run("gcc", ["-g", "-O1", "-fno-inline", "-Wl,--build-id=sha1", "program.c", "-o", program], { cwd: folder });
  await run("objcopy", ["--only-keep-debug", program, debug]);
  await run("objcopy", ["--strip-all", program, stripped]);
  const { stdout } = await run("readelf", ["-n", stripped]);
  return { stripped, debug, buildId: /Build ID: ([0-9a-f]+)/.exec(stdout)?.[1] ?? "" };
}

/** Without what the machine says about debuginfod, and with an empty cache: it remembers what a server did not have. */
const debuginfodEnv = ({ symbolsUrl, folder }: World) => ({
  PATH: process.env.PATH,
  HOME: folder,
  DEBUGINFOD_URLS: symbolsUrl,
  DEBUGINFOD_CACHE_PATH: join(folder, "cache"),
});

test("debuginfod-find gets the debug file and the program", needsAll("debuginfod-find", "gcc", "objcopy", "readelf"), async (t) => {
  const place = await world(t);
  const { stripped, debug, buildId } = await build(place.folder);
  await place.publish("program", await readFile(stripped));
  await place.publish("program.debug", await readFile(debug));
  for (const [part, file] of [
    ["debuginfo", debug],
    ["executable", stripped],
  ] as const) {
    const { stdout } = await run(client("debuginfod-find"), [part, buildId], { env: debuginfodEnv(place) });
    assert.ok((await readFile(stdout.trim())).equals(await readFile(file)), part);
  }
  const absent = run(client("debuginfod-find"), ["debuginfo", "00".repeat(20)], { env: debuginfodEnv(place) });
  await assert.rejects(absent, /No such file or directory/);
  const noSource = run(client("debuginfod-find"), ["source", buildId, `${place.folder}/program.c`], { env: debuginfodEnv(place) });
  await assert.rejects(noSource, /No such file or directory/);
});

test("gdb gets functions and lines of a stripped program", needsAll("gdb", "gcc", "objcopy", "readelf"), async (t) => {
  const place = await world(t);
  const { stripped, debug } = await build(place.folder);
  const gdb = async () => {
    const commands = ["-iex", "set debuginfod enabled on", "-ex", "info line inner", "-ex", "info functions -n inner", stripped];
    const { stdout } = await run(client("gdb"), ["-batch", "-nx", ...commands], { env: debuginfodEnv(place) });
    return stdout;
  };
  assert.doesNotMatch(await gdb(), /program\.c/, "before anything was uploaded");
  await rm(join(place.folder, "cache"), { recursive: true, force: true });
  await place.publish("program.debug", await readFile(debug));
  const found = await gdb();
  assert.match(found, /Line 2 of "program\.c" starts at address 0x[0-9a-f]+ <inner/);
  assert.match(found, /int inner\(int\);/);
});

/** Dump, what was uploaded, the thread, and what it must show: function and line, innermost first. */
const walks: { name: string; dump: string; files: string[]; thread: number; frames: string[] }[] = [
  {
    name: "Windows: names of the PDB, rules of the program",
    dump: "windows-x64/game.dmp",
    files: ["windows-x64/game.exe", "windows-x64/game.pdb"],
    thread: 0,
    frames: ["geo::storeThrough 4", "geo::crashHere 9", "geo::walk 9", "geo::walk 11", "geo::walk 11", "game::Scene::visit 33"],
  },
  {
    name: "macOS: names of the dSYM, compact unwind of the program",
    dump: "macos-arm64/game.dmp",
    files: ["macos-arm64/game", "macos-arm64/game.dSYM/Contents/Resources/DWARF/game"],
    thread: 0,
    frames: ["geo::storeThrough 4", "geo::crashHere 9", "geo::walk 9", "geo::walk 11", "geo::walk 11", "game::Scene::visit 33"],
  },
  {
    name: "Linux: names of the debug file, rules of the stripped program",
    dump: "linux-x64/app.dmp",
    files: ["linux-x64/app.stripped", "linux-x64/app.debug"],
    thread: 0,
    frames: [
      "geo::storeThrough 4",
      "geo::crashHere 9",
      "geo::walk 9",
      "entry 8",
      "modes::Runner<double>::run 42",
      "modes::dispatch 55",
      "main 34",
    ],
  },
  {
    name: "Android: one library with everything",
    dump: "android-arm64/app.dmp",
    files: ["android-arm64/libapp.so"],
    thread: 2,
    frames: ["? ?", "? ?", "waitDeep 20", "waitDeep 20", "waitDeep 20", "worker 21"],
  },
];

type StackwalkFrame = {
  function: string | null;
  line: number | null;
  trust: string;
  module: string | null;
  inlines: StackwalkFrame[] | null;
};

/** Each thread's functions and lines, innermost first, and how each was found. */
async function stackwalk({ symbolsUrl, folder }: World, dumpPath: string): Promise<{ place: string; trust: string }[][]> {
  const options = ["--json", "--symbols-url", symbolsUrl, "--symbols-cache", join(folder, "cache"), "--symbols-tmp", folder];
  const { stdout } = await run(client("minidump-stackwalk"), [...options, dumpPath], { maxBuffer: 64 << 20 });
  const report = JSON.parse(stdout) as { threads: { frames: StackwalkFrame[] }[] };
  return report.threads.map(({ frames }) =>
    frames
      .flatMap((frame) => [...(frame.inlines ?? []), frame])
      .map((frame) => ({ place: `${frame.function?.replace(/\(.*/, "") ?? "?"} ${frame.line ?? "?"}`, trust: frame.trust })),
  );
}

for (const { name, dump, files, thread, frames } of walks) {
  test(`minidump-stackwalk walks with it; ${name}`, needs("minidump-stackwalk"), async (t) => {
    const place = await world(t);
    for (const file of files) await place.publish(`formats/${file}`);
    const shown = (await stackwalk(place, fileURLToPath(new URL(`../../../fixtures/formats/${dump}`, import.meta.url))))[thread] ?? [];
    const places = shown.map((frame) => frame.place);
    assert.deepEqual(places.slice(0, frames.length), frames);
    assert.equal(shown[frames.length - 1]?.trust, "cfi");
    assert.ok(place.ingest.lines.some((line) => line.includes("debug file fetched")));
  });
}

test("minidump-stackwalk finds the names of a module without a debug id by its code id", needs("minidump-stackwalk"), async (t) => {
  const place = await world(t);
  await place.publish("formats/windows-x64/game.exe");
  await place.publish("formats/windows-x64/game.pdb");
  const dump = synthDump()
    .windows()
    .module({ name: "C:\\game\\game.exe", base: 0x140000000n, size: 0x5000, timestamp: 0x6b024091 })
    .thread({ id: 1, registers: { rip: 0x140001343n } })
    .exception({ threadId: 1, code: 0xc0000005, address: 0x140001343n })
    .build();
  const path = join(place.folder, "crash.dmp");
  await writeFile(path, dump);
  const [shown = []] = await stackwalk(place, path);
  assert.deepEqual(
    shown.slice(0, 2).map((frame) => frame.place),
    ["geo::storeThrough 4", "geo::crashHere 9"],
  );
});
