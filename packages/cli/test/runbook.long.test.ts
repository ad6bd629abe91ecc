/**
 * The runbook, tried line by line: every command of docs/operations.md is run as it stands there, in a shell, beside a real database, blob folder
 * and bucket. `npm start` is the launcher's own test; a command of a kind that is not known here fails.
 */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { blobKeys, createBlobStore, openBlobStore } from "@salvage/blobs";
import { type Seeded, seed } from "@salvage/db/setup";
import { startOpsServer } from "@salvage/telemetry";
import { startTestDatabase, type TestDatabase } from "@salvage/testkit/postgres";
import { startTestS3, type TestS3 } from "@salvage/testkit/s3";
import pg from "pg";
import { run } from "./salvage.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const text = await readFile(join(root, "docs/operations.md"), "utf8");
const commands = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap((block) => (block[1] ?? "").trim().split("\n"));

let folder: string;
let database: TestDatabase;
let places: TestDatabase[];
let s3: TestS3;
let ops: Awaited<ReturnType<typeof startOpsServer>>;
let seeded: Seeded;
let environment: NodeJS.ProcessEnv;

const addresses = (of: TestDatabase) => ({
  DATABASE_URL: of.databaseUrl,
  DATABASE_SYSTEM_URL: of.databaseSystemUrl,
  DATABASE_OWNER_URL: of.databaseOwnerUrl,
});

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvage-runbook-"));
  database = await startTestDatabase();
  places = [await startTestDatabase(), await startTestDatabase()];
  s3 = await startTestS3();
  ops = await startOpsServer({ port: 0, ready: async () => ({ database: null }) });
  const made = await seed(database, {
    owner: { email: "ada@example.org", name: "Ada", password: "a password for tests only" },
    organization: { name: "Acme", slug: "acme" },
    project: { name: "Game", slug: "game" },
  });
  assert.ok(made);
  seeded = made;
  const home = join(folder, "home");
  await mkdir(join(home, "logs"), { recursive: true });
  const word = "only-for-this-test-123";
  const secrets = { secret: "s".repeat(40), superuserPassword: word, ownerPassword: word, appPassword: word, systemPassword: word };
  await writeFile(join(home, "secrets.json"), JSON.stringify(secrets), { mode: 0o600 });
  for (const app of ["ingest", "worker"]) await writeFile(join(home, `logs/${app}.log`), '{"level":"info"}\n');
  const key = blobKeys.upload(seeded.organizationId, seeded.userId);
  await createBlobStore(join(home, "blobs")).put(key, [Buffer.from("a debug file")]);
  const sql = new pg.Client({ connectionString: database.databaseAdminUrl });
  await sql.connect();
  await sql.query(
    "INSERT INTO debug_file_uploads (id, organization_id, actor, file_name, blob_key, size_bytes, sha256) VALUES ($1, $2, 'Ada', 'a.sym', $3, 12, 's')",
    [seeded.userId, seeded.organizationId, key],
  );
  await sql.end();
  environment = {
    ...addresses(database),
    ...s3.env,
    SALVAGE_HOME: home,
    SALVAGE_PORT: String(ops.port),
    TEMPORAL_ADDRESS: "127.0.0.1:1",
    MIN_FREE_DISK_BYTES: "1",
    BACKUPS: folder,
    NEW_HOME: join(folder, "new-home"),
    OTHER_HOME: join(folder, "other-home"),
    BUCKET: s3.url("moved"),
    ORGANIZATION: "acme",
    EMAIL: "ada@example.org",
  };
});
after(async () => {
  await ops?.close();
  await s3?.stop();
  for (const each of [database, ...(places ?? [])]) await each?.stop();
  await rm(folder, { recursive: true, force: true });
});

test("every command does what the page says", async () => {
  assert.ok(commands.length >= 15);
  let restores = 0;
  for (const command of commands) {
    const bare = command.replace(/^([A-Z_]+="[^"]*" )+/, "");
    if (bare === "npm start") continue;
    assert.match(bare, /^(\.\/salvage|curl|tail|du|git) /, command);
    // A restore goes into an empty database, as the page says: another one each time.
    const place = bare.startsWith("./salvage restore") ? places[restores++] : undefined;
    const shell = `cd '${root}' && set -eo pipefail && ${command}`;
    const { code, stdout, stderr } = await run("bash", ["-c", shell], "", {
      ...environment,
      ...(place === undefined ? {} : addresses(place)),
    });
    // Here nothing but the database runs, which the doctor says; whatever else it said would be wrong.
    if (bare.startsWith("./salvage doctor")) {
      assert.equal(code, 1, stderr);
      assert.match(stdout, /does not run here/);
    } else assert.equal(code, 0, `${command}\n${stderr}`);
  }
  assert.equal(restores, 2);
  const moved: string[] = [];
  for await (const { key } of openBlobStore({ folder: join(folder, "copies"), url: s3.url("moved") }).list("org/")) moved.push(key);
  assert.deepEqual(moved, [blobKeys.upload(seeded.organizationId, seeded.userId)]);
});

test("every part of the runbook that a finding or an alert leads to is there", () => {
  for (const heading of [
    "Is it well",
    "The disk is full",
    "The database is away",
    "Temporal is away",
    "The queue grows",
    "A poison crash",
    "Upgrade",
  ])
    assert.match(text, new RegExp(`^### ${heading}$`, "m"));
});
