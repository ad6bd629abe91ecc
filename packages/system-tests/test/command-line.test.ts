/** The command line against a whole installation: signing in, debug files up with crashes waiting for them, the release gate, a broken upload. */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, cpSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync, symlinkSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { createOrgGate } from "@salvage/db";
import { demoFiles, repositoryRoot } from "@salvage/launcher";
import { ciSnippets } from "../src/ci-snippets.ts";
import { distinctDump } from "../src/crashes.ts";
import { type Installation, startInstallation, until } from "../src/installation.ts";

const folder = mkdtempSync(join(tmpdir(), "salvage-command-line-"));
const symbols = join(repositoryRoot, demoFiles.secondSymbols);
const formats = join(repositoryRoot, "fixtures/formats/linux-x64");
let salvage: Installation;
before(async () => {
  salvage = await startInstallation();
});
after(async () => {
  await salvage.stop();
  rmSync(folder, { recursive: true, force: true });
});

type Result = { code: number | null; stdout: string; stderr: string };
type Running = { child: ChildProcess; done: Promise<Result>; stderr(): string };

/** Runs `./salvage` with nothing but a folder for its settings: what it knows of the server comes from `login`. */
function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(join(repositoryRoot, "salvage"), args, {
    env: { PATH: process.env.PATH, XDG_CONFIG_HOME: join(folder, "config"), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const done = new Promise<Result>((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
  return { child, done, stderr: () => stderr };
}

const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) => start(args, env).done;

/** Runs it and expects that it worked. @returns standard output */
async function ok(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(args);
  assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
  return stdout;
}

const jsonLines = (text: string) =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test("login: a code, approved by a member, signs this machine in", async () => {
  assert.equal((await run(["whoami"])).code, 2, "nobody is logged in yet");
  const login = start(["login", "--url", salvage.publicUrl]);
  const code = await until("a code is shown", 30_000, async () => /shows the code (\S+)\./.exec(login.stderr())?.[1] ?? null);
  assert.match(login.stderr(), new RegExp(`Open ${salvage.publicUrl}/activate\\?code=${code}`));
  const gate = createOrgGate({ databaseUrl: salvage.system.databases.databaseUrl });
  const owner = await gate.users.byEmail("owner@example.org");
  assert.deepEqual(await gate.deviceCodes.approve(owner?.userId ?? "", code, salvage.orgSlug), { organizationSlug: salvage.orgSlug });
  await gate.close();
  const { code: ended, stdout, stderr } = await login.done;
  assert.equal(ended, 0, stderr);
  assert.match(stdout, /^You are Owner in Acme on /);
  const me = JSON.parse(await ok("whoami", "--json")) as { scopes: string[]; projects: { slug: string }[] };
  assert.deepEqual(me.scopes, ["crash:read", "crash:write", "debug-file:read", "debug-file:write", "project:read"]);
  assert.equal(me.projects[0]?.slug, salvage.projectSlug);
});

test("three crashes wait for one file: upload --wait ends when they are upgraded", async () => {
  const dsn = `${salvage.publicUrl.replace("://", `://${salvage.publicKey}@`)}/${salvage.projectId}`;
  const ids: string[] = [];
  for (let i = 0; i < 3; i++) {
    const dump = join(folder, `crash-${i}.dmp`);
    writeFileSync(dump, distinctDump(i));
    ids.push((await ok("send", dump, "--dsn", dsn, "--field", "sentry[release]=driftwood@1.1", "--field", `run=${i}`)).trim());
  }
  const crashes = async (state: string) =>
    jsonLines(await ok("crashes", "list", "--project", salvage.projectSlug, "--state", state, "--json")).map(({ id }) => id);
  await until("all are provisional", 60_000, async () => ((await crashes("provisional")).length === 3 ? true : null));
  const [missing] = jsonLines(await ok("missing", "list", "--project", salvage.projectSlug, "--json"));
  assert.deepEqual([missing?.name, missing?.waitingCrashes], ["driftwood", 3]);

  const sent = await run(["upload", symbols, "--project", salvage.projectSlug, "--wait"]);
  assert.equal(sent.code, 0, sent.stderr);
  assert.match(sent.stdout, /ready; 3 crashes waited for it/);
  assert.match(sent.stderr, /1 ready, 0 already there, 0 refused; 3 crashes upgraded\.\n$/);
  assert.deepEqual((await crashes("complete")).toSorted(), ids.toSorted(), "at once: --wait waited");
  assert.match(await ok("crashes", "show", ids[1] ?? ""), /driftwood::/);

  const again = await run(["upload", symbols, "--json"]);
  assert.equal(again.code, 0);
  assert.deepEqual(
    jsonLines(again.stdout).map(({ state, sent: was }) => [state, was]),
    [["duplicate", false]],
  );
});

test("check: exit code 1 until the server has names and unwind data for every binary of the build", async () => {
  const build = join(formats, "app.stripped");
  const before = await run(["check", build]);
  assert.equal(before.code, 1);
  assert.match(before.stdout, /^lacks names and unwind data/);
  assert.match(await ok("upload", formats), /app\.debug {2}ready/);
  const after = await run(["check", build, "--json"]);
  assert.equal(after.code, 0, after.stderr);
  assert.deepEqual(
    jsonLines(after.stdout).map(({ names, unwind }) => [names, unwind]),
    [[true, true]],
  );
});

test("the snippets for CI work as they stand, with nothing set but the token", async () => {
  const gate = createOrgGate({ databaseUrl: salvage.system.databases.databaseUrl });
  const owner = await gate.users.byEmail("owner@example.org");
  const db = await gate.authorizeOrganization(owner?.userId ?? "", salvage.orgSlug, "organization:admin");
  assert.ok(db !== null && db !== "forbidden");
  assert.ok(typeof (await db.projects.create({ name: "Game", slug: "game" })) === "object");
  const { token } = await db.tokens.create({ name: "ci", scopes: ["debug-file:write"] });
  await gate.close();
  const payload = Buffer.from(JSON.stringify({ iat: 1, url: salvage.publicUrl, region_url: salvage.publicUrl, org: salvage.orgSlug }));

  const work = join(folder, "ci");
  mkdirSync(join(work, "bin"), { recursive: true });
  cpSync(formats, join(work, "build"), { recursive: true });
  symlinkSync(join(repositoryRoot, "salvage"), join(work, "bin/salvage"));
  const env = {
    PATH: [join(work, "bin"), process.env.PATH].join(delimiter),
    XDG_CONFIG_HOME: join(work, "none"),
    SALVAGE_TOKEN: `sntrys_${payload.toString("base64")}_${token}`,
    CONFIGURATION: "Release",
    DWARF_DSYM_FOLDER_PATH: join(formats, "../macos-arm64/game.dSYM"),
  };
  const snippets = ciSnippets();
  assert.deepEqual(
    snippets.map(({ heading }) => heading.split(" ")[0]),
    ["GitHub", "GitLab", "CMake", "Gradle", "Xcode", "Electron", "Windows"],
  );
  for (const { heading, script } of snippets) {
    const { stderr } = await promisify(execFile)("sh", ["-e", "-c", script], { cwd: work, env });
    assert.match(stderr, /0 refused/, heading);
  }
});

test("an upload that is killed half-way goes on where it was", async (t) => {
  const large = join(folder, "large.sym");
  writeLargeSym(large, 64 << 20);
  const wanted = Math.ceil(statSync(large).size / (8 << 20));
  const first = start(["upload", large, "--parallel", "1"]);
  const chunks = async () => (await salvage.query<{ n: number }>("SELECT count(*)::int AS n FROM upload_chunks"))[0]?.n ?? 0;
  const before = await until("some chunks are there", 60_000, async () => ((await chunks()) >= 2 ? chunks() : null));
  first.child.kill("SIGKILL");
  await first.done;
  const kept = await salvage.query<{ id: string }>("SELECT id FROM upload_chunks");
  assert.ok(kept.length >= before && kept.length < wanted, `${kept.length} of ${wanted} chunks when it was killed`);

  const second = await run(["upload", large]);
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stdout, /large\.sym {2}ready/);
  const all = await salvage.query<{ id: string }>("SELECT id FROM upload_chunks");
  assert.equal(all.length, wanted);
  const ids = new Set(all.map(({ id }) => id));
  assert.ok(
    kept.every(({ id }) => ids.has(id)),
    "none of the first run's chunks was sent again",
  );
  t.diagnostic(`${kept.length} of ${wanted} chunks were there when the upload went on`);
});

test("a file that is refused ends the upload with 1; a vendor's file is ignored; logging out ends the login", async () => {
  const text = join(folder, "notes.txt");
  writeFileSync(text, "this is no debug file");
  const refused = await run(["upload", text, symbols]);
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /notes\.txt {2}rejected: /);

  const others = jsonLines(await ok("missing", "list", "--project", salvage.projectSlug, "--filter", "other", "--json"));
  assert.ok(others.length > 0, "system libraries are missing");
  assert.equal(await ok("missing", "ignore", "lib*", "--project", salvage.projectSlug), `${others.length} missing files ignored.\n`);
  assert.equal((await run(["missing", "ignore", "lib*", "--project", salvage.projectSlug])).code, 1, "none is left");

  assert.match(await ok("logout"), /ended on the server/);
  assert.equal((await run(["whoami"])).code, 2);
  const foreign = await run(["upload", symbols], { SALVAGE_URL: salvage.publicUrl, SALVAGE_TOKEN: "x".repeat(43) });
  assert.deepEqual([foreign.code, foreign.stdout], [1, ""]);
  assert.match(foreign.stderr, /does not accept this token/);
});

/** A .sym of about so many bytes, of functions that differ. */
function writeLargeSym(path: string, bytes: number): void {
  mkdirSync(folder, { recursive: true });
  const file = openSync(path, "w");
  let written = writeSync(file, "MODULE Linux x86_64 0123456789ABCDEF0123456789ABCDEF0 large\nFILE 0 large.cc\n");
  for (let address = 0; written < bytes; ) {
    let text = "";
    for (let i = 0; i < 1000; i++, address += 16) text += `FUNC ${address.toString(16)} 10 0 large::part_${"x".repeat(120)}${address}()\n`;
    written += writeSync(file, text);
  }
  closeSync(file);
}
