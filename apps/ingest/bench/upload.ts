/**
 * One large debug file by sentry-cli and by our command line, against `curl -T` to a bare server that flushes the same bytes to disk: times,
 * processor time and the most memory of ingest, and what a second run of each sends after the first was killed half-way.
 *
 * usage: pnpm --filter @salvage/ingest bench:upload [megabytes, default 2000]
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, open, readFile, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { client } from "@salvage/testkit/clients";
import pg from "pg";
import { ingestCommand, ingestEnv } from "../test/ingest-process.ts";
import { startTenants } from "../test/tenants.ts";

const megabytes = Number(process.argv[2] ?? 2000);
const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "salvage-bench-upload-"));
const tenants = await startTenants();
const sql = new pg.Pool({ connectionString: tenants.database.databaseAdminUrl, max: 2 });
sql.on("error", () => undefined);
const children = new Set<ChildProcess>();
const tools = [
  { name: "sentry-cli 3", command: client("sentry-cli-3"), args: ["debug-files", "upload"] },
  { name: "salvage", command: process.execPath, args: [path("../../../packages/cli/src/main.ts"), "upload"] },
];
let files = 0;

try {
  await measure();
} finally {
  await Promise.all([...children].map(end));
  await sql.end();
  await tenants.stop();
  await rm(folder, { recursive: true, force: true });
}

async function measure(): Promise<void> {
  const target = await startIngest();
  const row = (name: string, seconds: number, note: string) =>
    console.log(`${name.padEnd(36)}${seconds.toFixed(1).padStart(7)} s ${(megabytes / seconds).toFixed(0).padStart(6)} MB/s  ${note}`);
  console.log(`${megabytes} MB`);

  const plain = await file("plain.sym");
  const bare = await startBareServer();
  const { port } = bare.address() as AddressInfo;
  const curl = await timed("curl", ["-sS", "-T", plain, `http://127.0.0.1:${port}/file`]);
  row("curl -T to a bare server", curl, "");
  bare.close();
  console.log(`ingest, idle: ${await target.peak()} MB`);

  for (const { name, command, args } of tools) {
    const whole = await file(`${name}.sym`);
    // Nobody imports here: our command is done when the server has the file; the others end by themselves.
    const sent = () => uploadOf(`${name}.sym`);
    const busy = await target.busy();
    const seconds = await timed(command, [...args, whole], target.env, sent);
    const server = `server busy ${((await target.busy()) - busy).toFixed(1)} s, at most ${await target.peak()} MB`;
    row(name, seconds, `${(seconds / curl).toFixed(1)} times curl; ${server}`);
    await rm(whole);

    const broken = await file(`${name}-broken.sym`);
    const before = await chunkBytes();
    await timed(command, [...args, broken], target.env, async () => (await chunkBytes()) - before > (megabytes / 2) * 1e6);
    const kept = (await chunkBytes()) - before;
    const resumed = await timed(command, [...args, broken], target.env, () => uploadOf(`${name}-broken.sym`));
    const sentAgain = (await chunkBytes()) - before - kept;
    row(`${name}, after it was killed`, resumed, `${toMb(kept)} MB were there, ${toMb(sentAgain)} MB were sent`);
    await rm(broken);
  }
  console.log(`ingest's memory at most: ${await target.peak()} MB`);
}

/** Ends a child in order, so that a profile that was asked for is written. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 15_000);
  await ended;
  clearTimeout(timer);
}

function toMb(bytes: number): number {
  return Math.round(bytes / 1e6);
}

async function chunkBytes(): Promise<number> {
  const { rows } = await sql.query<{ bytes: string }>("SELECT coalesce(sum(size_bytes), 0) AS bytes FROM upload_chunks");
  return Number(rows[0]?.bytes);
}

async function uploadOf(name: string): Promise<boolean> {
  return (await sql.query("SELECT 1 FROM debug_file_uploads WHERE file_name = $1", [name])).rowCount === 1;
}

async function file(name: string): Promise<string> {
  const place = join(folder, name);
  await writeSymbols(place, ++files);
  return place;
}

/** A `.sym` file that packs about as well as real ones, another for each seed. Its text repeats after 4 MB, which no packer sees; no two chunks are equal. */
async function writeSymbols(file: string, seed: number): Promise<void> {
  let state = seed;
  const lines: string[] = [];
  for (let at = 0x1000, length = 0; length < 4e6; at += 32) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    const hex = at.toString(16);
    const line = `FUNC ${hex} 20 0 app::part_${state.toString(36)}::run(int)\n${hex} 10 ${state % 9000} 0\n`;
    lines.push(line);
    length += line.length;
  }
  const text = Buffer.from(lines.join(""));
  const out = await open(file, "w");
  await out.write(`MODULE Linux x86_64 ${String(seed).repeat(32)}0 app\nFILE 0 /src/app.cc\n`);
  for (let written = 0; written < megabytes * 1e6; written += text.length) {
    await out.write(`FUNC ${written.toString(16)} 20 0 app::block_${seed}_${written}()\n`);
    await out.write(text);
  }
  await out.close();
}

async function startBareServer(): Promise<Server> {
  const server = createServer((request, response) => {
    const file = createWriteStream(join(folder, randomUUID()), { flush: true });
    request.pipe(file).on("close", () => response.end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** The real process on its own settings, so that its memory is its own. */
async function startIngest() {
  const { token: tokenOf, slug, projectSlug } = tenants.a;
  const token = await tokenOf("debug-file:read", "debug-file:write");
  const child = spawn(process.execPath, ingestCommand.args, {
    cwd: ingestCommand.cwd,
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...ingestEnv(tenants.database, join(folder, "home")),
      MAX_DEBUG_FILE_BYTES: String(4 * 1024 ** 3),
    },
  });
  children.add(child);
  const port = await new Promise<number>((resolve, reject) => {
    let text = "";
    const look = (bytes: Buffer) => {
      text += bytes;
      const found = /"port":(\d+)/.exec(text)?.[1];
      if (found === undefined) return;
      child.stdout?.off("data", look).resume();
      resolve(Number(found));
    };
    child.stdout?.on("data", look);
    child.once("exit", (code) => reject(new Error(`ingest ended with ${code}`)));
  });
  const url = `http://127.0.0.1:${port}`;
  return {
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      SENTRY_URL: url,
      SENTRY_AUTH_TOKEN: token,
      SENTRY_ORG: slug,
      SENTRY_PROJECT: projectSlug,
      SENTRY_DISABLE_UPDATE_CHECK: "1",
      SALVAGE_URL: url,
      SALVAGE_TOKEN: token,
      SALVAGE_ORG: slug,
      NODE_NO_WARNINGS: "1",
    },
    /** Its largest resident memory so far, in MB. Linux only. */
    async peak() {
      const status = await readFile(`/proc/${child.pid}/status`, "utf8");
      return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024);
    },
    /** Processor seconds that it has used. */
    async busy() {
      const fields = (await readFile(`/proc/${child.pid}/stat`, "utf8")).split(" ");
      return (Number(fields[13]) + Number(fields[14])) / 100;
    },
  };
}

/** Seconds until the command has ended; or, when `done` says so, until it was killed. */
async function timed(command: string, args: string[], env: NodeJS.ProcessEnv = {}, done?: () => Promise<boolean>): Promise<number> {
  const since = performance.now();
  const child = spawn(command, args, { env: { PATH: process.env.PATH, ...env }, stdio: ["ignore", "ignore", "inherit"] });
  children.add(child);
  const ended = once(child, "exit") as Promise<[number | null]>;
  let killed = false;
  while (done !== undefined && child.exitCode === null && !killed) {
    killed = await done();
    if (killed) child.kill("SIGKILL");
    await sleep(50);
  }
  const [code] = await ended;
  children.delete(child);
  if (code !== 0 && !killed) throw new Error(`${command} ended with ${code}`);
  return (performance.now() - since) / 1000;
}
