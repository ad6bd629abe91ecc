/**
 * One whole installation in a temporary home, with an owner, a project, a client key and an API token, for tests that use it from outside.
 */
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { seed } from "@salvage/db/setup";
import { type RunningSystem, startSystem } from "@salvage/launcher";
import pg from "pg";

export type Installation = {
  system: RunningSystem;
  publicUrl: string;
  orgSlug: string;
  projectSlug: string;
  projectId: string;
  publicKey: string;
  token: string;
  /** SQL with the system role: what the tests believe, not what the product says. */
  query<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** GET with the API token. */
  get(path: string): Promise<{ status: number; json: unknown }>;
  stop(): Promise<void>;
};

export async function startInstallation(): Promise<Installation> {
  const home = await mkdtemp(join(tmpdir(), "salvage-system-"));
  const publicPort = await freePort();
  const publicUrl = `http://localhost:${publicPort}`;
  const system = await startSystem({ home, publicPort, publicUrl, database: null, temporalAddress: null });
  const made = await seed(system.databases, {
    owner: { email: "owner@example.org", name: "Owner", password: "a password for tests only" },
    organization: { name: "Acme", slug: "acme" },
    project: { name: "Driftwood", slug: "driftwood" },
  });
  if (made === null) throw new Error("a fresh home already has rows");
  return {
    system,
    publicUrl,
    orgSlug: "acme",
    projectSlug: "driftwood",
    projectId: made.projectId,
    publicKey: made.publicKey,
    token: made.token,
    query: (sql, values) => queryOnce(system.databases.databaseSystemUrl, sql, values),
    async get(path) {
      const response = await fetch(`${publicUrl}${path}`, { headers: { authorization: `Bearer ${made.token}` } });
      return { status: response.status, json: await response.json() };
    },
    async stop() {
      await system.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** One statement over a connection of its own: tests kill PostgreSQL, and a pool's connections would die with it. */
export async function queryOnce<Row extends pg.QueryResultRow>(databaseUrl: string, sql: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** Asks again until the answer is not null. Throws with `what` after `patienceMs`. */
export async function until<T>(what: string, patienceMs: number, ask: () => Promise<T | null>): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const answer = await ask().catch((error: unknown) => {
      if (Date.now() > deadline) throw error;
      return null;
    });
    if (answer !== null) return answer;
    if (Date.now() > deadline) throw new Error(`after ${patienceMs / 1000} s still not: ${what}`);
    await sleep(100);
  }
}

/** A port that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
