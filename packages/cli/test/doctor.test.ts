/** The doctor, with each thing broken for real: what it finds, what it says to do, and its exit codes. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { seed } from "@salvage/db/setup";
import { startTestDatabase, type TestDatabase } from "@salvage/testkit/postgres";
import pg from "pg";
import { type Result, salvage } from "./salvage.ts";

let home: string;
let database: TestDatabase;
let sql: pg.Client;
let environment: NodeJS.ProcessEnv;

type Finding = { area: string; level: string; what: string; why: string; todo: string };

async function findings(more: NodeJS.ProcessEnv = {}): Promise<{ result: Result; of(area: string): Finding[] }> {
  const result = await salvage(["doctor", "--json"], "", { ...environment, ...more });
  const all = (JSON.parse(result.stdout || '{"findings":[]}') as { findings: Finding[] }).findings;
  for (const finding of all)
    assert.equal(finding.level === "fine", finding.why === "" && finding.todo === "", `${finding.what}: why and what to do`);
  return { result, of: (area) => all.filter((finding) => finding.area === area && finding.level !== "fine") };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** As the launcher writes it on Linux; null elsewhere. */
async function startTimeOf(pid: number): Promise<string | null> {
  const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "")).trim();
  return status === null ? null : `${boot}/${status.slice(status.lastIndexOf(")") + 2).split(" ")[19]}`;
}

before(async () => {
  home = await mkdtemp(join(tmpdir(), "salvage-doctor-"));
  database = await startTestDatabase();
  sql = new pg.Client({ connectionString: database.databaseAdminUrl });
  await sql.connect();
  await seed(database, {
    owner: { email: "ada@example.org", name: "Ada", password: "a password for tests only" },
    organization: { name: "Acme", slug: "acme" },
    project: { name: "Game", slug: "game" },
  });
  const word = "only-for-this-test-123";
  const secrets = { secret: "s".repeat(40), superuserPassword: word, ownerPassword: word, appPassword: word, systemPassword: word };
  await writeFile(join(home, "secrets.json"), JSON.stringify(secrets), { mode: 0o600 });
  await mkdir(join(home, "run"));
  environment = {
    SALVAGE_HOME: home,
    SALVAGE_PORT: String(await freePort()),
    DATABASE_URL: database.databaseUrl,
    DATABASE_SYSTEM_URL: database.databaseSystemUrl,
    DATABASE_OWNER_URL: database.databaseOwnerUrl,
    TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}`,
    MIN_FREE_DISK_BYTES: "1",
  };
});
after(async () => {
  await sql?.end();
  await database?.stop();
  await rm(home, { recursive: true, force: true });
});

test("where there is no installation there is nothing to look at", async () => {
  const result = await salvage(["doctor"], "", { SALVAGE_HOME: join(home, "nowhere") });
  assert.equal(result.code, 2);
  assert.match(result.stderr, /no installation in SALVAGE_HOME/);
});

test("stopped, with Temporal away: that and nothing else, as text with what to do; nothing is left of the look", async () => {
  const { result, of } = await findings();
  assert.equal(result.code, 1);
  assert.match(of("processes")[0]?.what ?? "", /does not run here/);
  assert.match(of("temporal")[0]?.what ?? "", /127\.0\.0\.1:\d+ does not answer/);
  for (const area of ["home", "keys", "disk", "ports", "database", "clock", "queue", "waiting", "versions", "blobs", "quota"])
    assert.deepEqual(of(area), [], area);
  const { stdout } = await salvage(["doctor"], "", environment);
  assert.match(stdout, /^problem {2}processes {2}Salvage does not run here\n +why: .+\n +do: {2}npm start$/m);
  assert.match(stdout, /^fine {5}versions {3}PostgreSQL \d+/m);
  assert.deepEqual(await readdir(join(home, "blobs/org")), []);
});

test("disk, permissions, a taken port, leftovers, a half restore, a blob store that is none", async () => {
  await chmod(join(home, "secrets.json"), 0o644);
  const server = createServer().listen(Number(environment.SALVAGE_PORT), "0.0.0.0");
  await once(server, "listening");
  const left = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  const started = await startTimeOf(left.pid ?? 0);
  await writeFile(join(home, "run/children.json"), JSON.stringify([{ name: "worker", pid: left.pid, started, stopSignal: "SIGTERM" }]));
  await writeFile(join(home, "run/restore-unfinished.json"), "{}");
  await writeFile(join(home, "a-file"), "");
  try {
    const { result, of } = await findings({ MIN_FREE_DISK_BYTES: "900T", BLOB_DIR: join(home, "a-file") });
    assert.equal(result.code, 1);
    assert.match(of("disk")[0]?.why ?? "", /crashes are refused with 503/);
    assert.equal(of("keys")[0]?.todo, `chmod 600 ${join(home, "secrets.json")}`);
    assert.match(of("ports")[0]?.what ?? "", /another program listens on port/);
    assert.match(of("home")[0]?.what ?? "", /a restore was begun here/);
    assert.match(of("blobs")[0]?.what ?? "", /a-file: .*ENOTDIR|EEXIST/);
    if (started !== null)
      assert.match(of("processes")[1]?.what ?? "", new RegExp(`worker \\(${left.pid}\\) of an earlier start still run`));
  } finally {
    left.kill("SIGKILL");
    server.close();
    await chmod(join(home, "secrets.json"), 0o600);
    for (const name of ["run/children.json", "run/restore-unfinished.json", "a-file"]) await rm(join(home, name));
  }
});

test("a public address with another clock, that redirects, that fails, that is not the one of the settings", async () => {
  const now = { status: 200, headers: {} as Record<string, string> };
  const server = createHttpServer((_request, response) => void response.writeHead(now.status, now.headers).end()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const started = await startTimeOf(process.pid);
  await writeFile(join(home, "run/supervisor.lock"), JSON.stringify({ pid: process.pid, started, url }));
  try {
    Object.assign(now, {
      status: 301,
      headers: { location: "https://elsewhere.example/", date: new Date(Date.now() - 3_600_000).toUTCString() },
    });
    const moved = (await findings({ PUBLIC_URL: url })).of;
    assert.match(moved("address")[0]?.what ?? "", /redirects to https:\/\/elsewhere/);
    assert.equal(moved("clock")[0]?.what, `the clock at ${url} is off by 60 minutes`);
    assert.match(moved("clock")[0]?.todo ?? "", /timedatectl/);
    Object.assign(now, { status: 502, headers: {} });
    const { of } = await findings({ PUBLIC_URL: "https://another.example" });
    const address = of("address").map(({ what }) => what);
    assert.match(address.join("\n"), /answers 502\n.*PUBLIC_URL is https:\/\/another\.example here/);
    assert.deepEqual(of("clock"), []);
  } finally {
    server.close();
    await rm(join(home, "run/supervisor.lock"));
  }
});

test("a queue that does not move, dumps that end, a poison crash, a full quota, foreign keys, migrations that do not fit", async () => {
  const crash = (state: string, columns: string, values: string) =>
    sql.query(
      `INSERT INTO crashes (id, organization_id, project_id, state, received_at, sha256, fields_sha256, dump_blob_key, dump_wrapped_key, dump_key_id, dump_size_bytes, ${columns})
       SELECT $1, organization_id, id, $2, now() - interval '10 minutes', 's', 'f', 'k', '\\x01', 'feedc0de00000000', 1, ${values} FROM projects`,
      [randomUUID(), state],
    );
  await crash("received", "queued_at", "now() - interval '10 minutes'");
  await crash("provisional", "dump_delete_after", "now() + interval '1 hour'");
  await crash("rejected", "given_up_at, last_failure", "now(), 'nothing is left of it'");
  await sql.query(
    "UPDATE crashes SET dump_state = 'deleted', dump_wrapped_key = NULL, dump_deleted_at = now() WHERE last_failure IS NOT NULL",
  );
  await crash("rejected", "given_up_at, last_failure", "now(), 'out of memory'");
  await sql.query("UPDATE organizations SET storage_quota_bytes = 100; UPDATE storage_usage SET used_bytes = 95");
  const { rows } = await sql.query<{ migration_name: string }>(
    "UPDATE _prisma_migrations SET migration_name = '29990101000000_later' WHERE migration_name = (SELECT max(migration_name) FROM _prisma_migrations) RETURNING migration_name",
  );
  assert.equal(rows.length, 1);
  const { of } = await findings();
  assert.match(of("queue")[0]?.what ?? "", /1 crashes are queued, the oldest for 10 minutes/);
  assert.match(of("waiting")[0]?.what ?? "", /1 crashes wait for debug files, 1 lose their dump within a day/);
  assert.match(of("poison")[0]?.what ?? "", /^1 crashes were given up, .*out of memory/);
  assert.equal(of("quota")[0]?.todo, "./salvage organization quota acme <more>");
  assert.match(of("keys")[0]?.what ?? "", /sealed with feedc0de00000000/);
  assert.match(
    of("versions")
      .map(({ what }) => what)
      .join("\n"),
    /the database lacks 2\d+_\w+\nthe database has 29990101000000_later/,
  );
});

test("a database that is away, settings that are none", async () => {
  const nobody = `postgresql://salvage_system:x@127.0.0.1:${await freePort()}/salvage`;
  const { result, of } = await findings({ DATABASE_SYSTEM_URL: nobody });
  assert.equal(result.code, 1);
  assert.match(of("database")[0]?.what ?? "", /does not answer \(.*ECONNREFUSED/);
  assert.equal((await salvage(["doctor"], "", { ...environment, SALVAGE_PORT: "a port" })).code, 1);
});
