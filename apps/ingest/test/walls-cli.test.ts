/**
 * The command line's calls between tenants: every command that speaks with a server, run as a process with a token of another organization, a
 * revoked one, and none. A new command that takes --url or --dsn fails here until it is listed.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { tokenScope } from "@salvage/contracts";
import { fixture } from "./debug-files.ts";
import { dumpOf, type Harness, startIngest } from "./harness.ts";
import { startTenants, type Tenants } from "./tenants.ts";

const entry = fileURLToPath(new URL("../../../packages/cli/src/main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "salvage-walls-cli-"));
const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];

let world: Tenants;
let ingest: Harness;
let crashId: string;
before(async () => {
  world = await startTenants();
  ingest = await startIngest({ after: (end: () => unknown) => void ends.push(end) } as never, { db: world.system, gate: world.gate });
  const { projectId, publicKey } = world.a;
  const url = `${ingest.url}/api/${projectId}/minidump/?sentry_key=${publicKey}`;
  crashId = await (await fetch(url, { method: "POST", body: new Uint8Array(dumpOf(300)) })).text();
  writeFileSync(join(folder, "app.sym"), fixture("demo-crash/driftwood-1.0.sym"));
  writeFileSync(join(folder, "crash.dmp"), dumpOf(300, 9));
  writeFileSync(join(folder, "game.exe"), fixture("formats/windows-x64/game.exe"));
});
after(async () => {
  for (const end of ends.reverse()) await end();
  await world?.stop();
});

type Result = { code: number | null; out: string };
function salvage(...args: string[]): Promise<Result> {
  return new Promise((resolve, reject) => {
    const env = { PATH: process.env.PATH, XDG_CONFIG_HOME: join(folder, "config"), NODE_NO_WARNINGS: "1" };
    const child = spawn(process.execPath, [entry, ...args], { env, stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, out }));
  });
}

/** Arguments of a command that names what is alpha's; `names` false: it names nothing but the server. */
const commands: Record<string, { args(): string[]; names: boolean }> = {
  login: { args: () => [], names: false },
  whoami: { args: () => [], names: false },
  upload: { args: () => [join(folder, "app.sym"), "--org", "alpha"], names: true },
  "upload --project": { args: () => [join(folder, "app.sym"), "--project", world.a.projectSlug], names: true },
  check: { args: () => [join(folder, "game.exe"), "--org", "alpha"], names: true },
  "missing list": { args: () => ["--project", world.a.projectSlug], names: true },
  "missing ignore": { args: () => ["--pattern", "nothing*", "--project", world.a.projectSlug], names: true },
  "crashes list": { args: () => ["--project", world.a.projectSlug], names: true },
  "crashes show": { args: () => [crashId], names: true },
};
const run = (command: string, token: string) => {
  const words = command.split(" ").filter((word) => !word.startsWith("--"));
  return salvage(...words, ...(commands[command]?.args() ?? []), "--url", ingest.url, "--token", token);
};

async function rowsOf(organizationId: string): Promise<string> {
  const tables = ["crashes", "debug_file_uploads", "upload_chunks", "ignore_rules", "missing_files", "projects", "audit_entries"];
  const found = [];
  for (const table of tables) {
    const rows = await world.rows<{ row: string }>(
      `SELECT t::text AS row FROM ${table} t WHERE organization_id = $1 ORDER BY 1`,
      organizationId,
    );
    found.push(...rows.map(({ row }) => `${table} ${row}`));
  }
  return found.join("\n");
}

test("every command that speaks with a server is listed", async () => {
  const found: string[] = [];
  const look = async (words: string[]): Promise<void> => {
    const { out } = await salvage(...words, "--help");
    if (/^ +--(url|dsn) </m.test(out)) found.push(words.join(" "));
    const below = /^Commands:\n((?: {2,}.*\n?)+)/m.exec(out)?.[1] ?? "";
    for (const [, name] of below.matchAll(/^ {2}(\w[\w-]*)/gm)) if (name !== "help") await look([...words, name ?? ""]);
  };
  await look([]);
  const listed = Object.keys(commands).filter((name) => !name.includes("--"));
  // Both are below: one takes a client key, the other has the login that was kept.
  assert.deepEqual(found.toSorted(), [...listed, "send"].toSorted());
});

test("with another organization's token each names nothing of ours, and is told so", async () => {
  const stranger = (await world.b.db.tokens.create({ name: "ci", scopes: [...tokenScope.options] })).token;
  const before = await rowsOf(world.a.organizationId);
  for (const [command, { names }] of Object.entries(commands)) {
    const { code, out } = await run(command, stranger);
    if (names) assert.equal(code, 1, `${command}: ${out}`);
    if (names) assert.match(out, /no such|not found/, command);
    for (const secret of [world.a.organizationId, world.a.publicKey, stranger]) assert.ok(!out.includes(secret), `${command}: ${out}`);
  }
  assert.equal(await rowsOf(world.a.organizationId), before);
});

test("with a revoked token, and with none of ours, each ends with the same sentence", async () => {
  const made = await world.a.db.tokens.create({ name: "old", scopes: [...tokenScope.options] });
  await world.a.db.tokens.revoke({ tokenId: made.view.id });
  const before = await rowsOf(world.a.organizationId);
  const never = await run("whoami", "0".repeat(43));
  for (const command of Object.keys(commands)) {
    const { code, out } = await run(command, made.token);
    assert.equal(code, 1, `${command}: ${out}`);
    assert.ok(out.endsWith(never.out.slice(never.out.indexOf("salvage:"))), `${command}: ${out}`);
  }
  assert.match(never.out, /does not accept this token/);
  assert.equal(await rowsOf(world.a.organizationId), before);
});

test("a crash is posted by a key of its own project alone; a login is ended by its own machine", async () => {
  const { host } = new URL(ingest.url);
  const before = await rowsOf(world.a.organizationId);
  for (const key of [world.b.publicKey, "0".repeat(32)]) {
    const { code, out } = await salvage("send", join(folder, "crash.dmp"), "--dsn", `http://${key}@${host}/${world.a.projectId}`);
    assert.deepEqual([code, /not a key of this project/.test(out)], [1, true], out);
  }
  assert.equal(await rowsOf(world.a.organizationId), before);
  const { token } = await world.a.db.tokens.create({ name: "ci", scopes: ["crash:read"] });
  assert.equal((await salvage("login", "--url", ingest.url, "--token", token)).code, 0);
  await salvage("logout");
  assert.equal((await salvage("whoami", "--url", ingest.url, "--token", token)).code, 0, "an API token, which others may share, goes on");
});
