/** What the bench programs share: a real ingest process on a real database, a crowd of senders, and what they see. Linux only (reads /proc). */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { ingestCommand, ingestEnv } from "../test/ingest-process.ts";
import { startTenants } from "../test/tenants.ts";

export type Server = { port: number; process: ChildProcess };

export type World = {
  ingest: Server;
  sql: pg.Client;
  home: string;
  /** Path and query of the minidump endpoint. */
  path: string;
  stop(): Promise<void>;
};

/** @param env further settings of ingest */
export async function startWorld(env: Record<string, string> = {}): Promise<World> {
  const tenants = await startTenants();
  const { projectId, publicKey } = tenants.a;
  await tenants.rows("UPDATE client_keys SET rate_limit_per_minute = 1000000");
  const home = await mkdtemp(join(tmpdir(), "salvage-bench-"));
  const sql = new pg.Client({ connectionString: tenants.database.databaseAdminUrl });
  await sql.connect();
  const child = spawn(process.execPath, ingestCommand.args, {
    cwd: ingestCommand.cwd,
    env: { ...ingestEnv(tenants.database, home), ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  process.once("exit", () => child.kill("SIGKILL"));
  const port = Number(await lineOf(child, /"port":(\d+)/));
  child.stdout?.resume();
  return {
    ingest: { port, process: child },
    sql,
    home,
    path: `/api/${projectId}/minidump/?sentry_key=${publicKey}`,
    async stop() {
      await end(child);
      await sql.end();
      await tenants.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** @param kind `sealed`: also hashes and seals what it writes */
export async function startBareServer(kind: "plain" | "sealed" = "plain"): Promise<Server & { stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "salvage-bench-bare-"));
  const child = spawn(process.execPath, [new URL("./bare-server.ts", import.meta.url).pathname, folder, kind], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  process.once("exit", () => child.kill("SIGKILL"));
  const port = Number(await lineOf(child, /(\d+)\n/));
  return {
    port,
    process: child,
    async stop() {
      await end(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function lineOf(child: ChildProcess, pattern: RegExp): Promise<string> {
  let text = "";
  for (;;) {
    const [bytes] = await once(child.stdout ?? child, "data");
    text += String(bytes);
    const found = pattern.exec(text)?.[1];
    if (found !== undefined) return found;
  }
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 12_000);
  await ended;
  clearTimeout(timer);
}

/** Resident memory in MiB. */
export async function residentMiB({ process: { pid } }: Server): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "latin1");
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}

/** Processor time so far, all threads, in milliseconds. */
export async function processorMs({ process: { pid } }: Pick<Server, "process">): Promise<number> {
  return (await statOf(String(pid)))?.processorMs ?? 0;
}

/** The same of the PostgreSQL that the bench started: its first process and all that one made. */
export async function postgresMs(): Promise<number> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const stats = new Map(await Promise.all(pids.map(async (pid) => [pid, await statOf(pid)] as const)));
  const parents = (pid: string) => [stats.get(pid)?.parent, stats.get(stats.get(pid)?.parent ?? "")?.parent];
  let sum = 0;
  for (const [pid, stat] of stats) {
    if (stat?.name === "postgres" && parents(pid).includes(String(process.pid))) sum += stat.processorMs + stat.endedMs;
  }
  return sum;
}

type Stat = { name: string; parent: string; processorMs: number; endedMs: number };

async function statOf(pid: string): Promise<Stat | null> {
  const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => null);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // utime and stime, then those of children waited for, in hundredths of a second.
  const ms = (at: number) => 10 * (Number(fields[at]) + Number(fields[at + 1]));
  return { name: stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")")), parent: fields[1] ?? "", processorMs: ms(11), endedMs: ms(13) };
}

/** A form with a dump of its own: bodies with equal dumps would be one crash. */
export function distinctForm(dumpBytes: number): { type: string; next(): Buffer } {
  const boundary = "---------------------------0123456789abcdef";
  const head = Buffer.from(
    `--${boundary}\r\nContent-Disposition: form-data; name="sentry[release]"\r\n\r\ngame@1.0\r\n--${boundary}\r\nContent-Disposition: form-data; name="upload_file_minidump"; filename="x.dmp"\r\nContent-Type: application/octet-stream\r\n\r\nMDMP`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  const body = Buffer.concat([head, Buffer.alloc(dumpBytes - 4, 0x5a), tail]);
  return {
    type: `multipart/form-data; boundary=${boundary}`,
    next() {
      const own = Buffer.from(body);
      own.write(randomUUID(), head.length);
      return own;
    },
  };
}

export type Load = { perSecond: number; latencies: number[]; answers: Map<number, number> };

/** Posts `count` bodies over `connections` connections that are kept. */
export async function post(
  port: number,
  path: string,
  { count, connections, type, next }: { count: number; connections: number; type: string; next(): Buffer },
): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latencies: number[] = [];
  const answers = new Map<number, number>();
  let left = count;
  const startedAt = performance.now();
  const sender = async () => {
    while (left-- > 0) {
      const since = performance.now();
      const status = await send(agent, port, path, type, next());
      latencies.push(performance.now() - since);
      answers.set(status, (answers.get(status) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: connections }, sender));
  agent.destroy();
  return { perSecond: (1000 * count) / (performance.now() - startedAt), latencies, answers };
}

function send(agent: Agent, port: number, path: string, type: string, body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { "Content-Type": type, "Content-Length": body.length };
    const sent = request({ host: "127.0.0.1", port, path, method: "POST", agent, headers }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** The value below which `share` of them lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
