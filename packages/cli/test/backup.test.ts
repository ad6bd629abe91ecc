/** Backup and restore as processes: whole or named as half, into an empty place or not at all, from a folder into a bucket. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { appendFile, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  blobKeys,
  createBlobStore,
  createDataKey,
  createKeyring,
  openBlobStore,
  sealStream,
  unsealStream,
  wrapContext,
} from "@salvage/blobs";
import { type Seeded, seed } from "@salvage/db/setup";
import { createSystemDbAcrossOrganizations, type SystemDb } from "@salvage/db/system";
import { startTestDatabase, type TestDatabase } from "@salvage/testkit/postgres";
import { startTestS3 } from "@salvage/testkit/s3";
import { type Result, salvage } from "./salvage.ts";

const secret = "the secret of this test, long enough to be one";
const dumpText = "MDMP and what else a dump holds";
let folder: string;
let home: string;
let source: TestDatabase;
let db: SystemDb;
let seeded: Seeded;
const crashes: { id: string; key: Uint8Array }[] = [];

const environment = (home: string, database: TestDatabase, more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  SALVAGE_HOME: home,
  DATABASE_URL: database.databaseUrl,
  DATABASE_SYSTEM_URL: database.databaseSystemUrl,
  DATABASE_OWNER_URL: database.databaseOwnerUrl,
  MIN_FREE_DISK_BYTES: "0",
  ...more,
});
const backup = (name: string, ...options: string[]) => salvage(["backup", join(folder, name), ...options], "", environment(home, source));
const assertCode = (result: Result, code: number, text: RegExp) => {
  assert.equal(result.code, code, result.stderr + result.stdout);
  assert.match(result.stderr + result.stdout, text);
};

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvage-backup-"));
  home = join(folder, "home");
  await mkdir(home);
  const word = "only-for-this-test-123";
  const secrets = { secret, superuserPassword: word, ownerPassword: word, appPassword: word, systemPassword: word };
  await writeFile(join(home, "secrets.json"), JSON.stringify(secrets), { mode: 0o600 });
  source = await startTestDatabase();
  const made = await seed(source, {
    owner: { email: "ada@example.org", name: "Ada", password: "a password for tests only" },
    organization: { name: "Acme", slug: "acme" },
    project: { name: "Game", slug: "game" },
  });
  assert.ok(made);
  seeded = made;
  db = createSystemDbAcrossOrganizations({ databaseSystemUrl: source.databaseSystemUrl });
  for (let n = 0; n < 20; n++) await insertCrash(n);
});
after(async () => {
  await db?.close();
  await source?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A sealed dump, then its row, as ingest does it. */
async function insertCrash(number: number): Promise<void> {
  const [id, dataKey] = [randomUUID(), createDataKey()];
  const { organizationId, projectId } = seeded;
  const found = await db.keys.find(projectId, seeded.publicKey);
  assert.ok(found.found === "key");
  const clientKeyId = found.key.keyId;
  const context = { organizationId, projectId, crashId: id, part: "dump" };
  const { wrappedKey, keyId } = createKeyring(secret).wrap(dataKey, wrapContext(organizationId, projectId, id));
  const blobKey = blobKeys.dump(organizationId, id);
  const { size } = await createBlobStore(join(home, "blobs")).put(blobKey, sealStream([Buffer.from(dumpText)], dataKey, context));
  await db.crashes.insertReceived({
    id,
    organizationId,
    projectId,
    clientKeyId,
    receivedAt: new Date(),
    dump: { blobKey, wrappedKey, keyId, sizeBytes: size },
    sha256: String(number).padStart(64, "0"),
    fieldsSha256: "0".repeat(64),
    eventId: null,
    release: `game@${number}`,
    environment: null,
    user: null,
    tags: {},
    extra: { note: "tab\tand\nline, \\ and ' and \u{1f4a5}" },
    dist: null,
    contexts: {},
    breadcrumbs: [],
    intakeNotes: [],
    attachments: [],
  });
  crashes.push({ id, key: dataKey });
}

test("into a bucket: rows, blobs and keys come back, and a sealed dump opens", async () => {
  const made = await backup("whole", "--with-keys", "--json");
  assert.equal(made.code, 0, made.stderr);
  const said = JSON.parse(made.stdout);
  assert.deepEqual([said.blobs, said.lost_blobs, said.with_keys], [20, [], true]);
  assert.ok(said.rows > 25);
  for (const name of [".", "secrets.json", "manifest.json", "database"])
    assert.equal((await stat(join(folder, "whole", name))).mode & 0o077, 0, `${name} is for its owner alone`);
  assertCode(await backup("whole"), 2, /exists already/);

  const s3 = await startTestS3();
  const target = await startTestDatabase();
  try {
    const more = { BLOB_URL: s3.url("restored"), ...s3.env };
    const place = environment(join(folder, "home-2"), target, more);
    const restored = await salvage(["restore", join(folder, "whole"), "--json"], "", place);
    assert.equal(restored.code, 0, restored.stderr);
    assert.deepEqual(JSON.parse(restored.stdout), { taken_at: said.taken_at, rows: said.rows, blobs: 20, migrations: [] });
    assert.deepEqual(await readFile(join(folder, "home-2/secrets.json")), await readFile(join(home, "secrets.json")));

    const store = openBlobStore({ folder: join(folder, "copies"), url: more.BLOB_URL });
    const there = createSystemDbAcrossOrganizations({ databaseSystemUrl: target.databaseSystemUrl });
    const { crashes: claimed } = await there.crashes.claimBatch({ projectId: seeded.projectId, limit: 50, leaseMs: 1_000 });
    await there.close();
    assert.equal(claimed.length, 20, "what was queued is queued");
    for (const crash of claimed.slice(0, 3)) {
      const { organizationId, projectId } = seeded;
      assert.ok(crash.dump);
      const key = createKeyring(secret).unwrap(crash.dump.wrappedKey, wrapContext(organizationId, projectId, crash.crashId));
      const context = { organizationId, projectId, crashId: crash.crashId, part: "dump" };
      const blob = await store.open(crash.dump.blobKey);
      const pieces: Uint8Array[] = [];
      for await (const piece of unsealStream(blob, key, context)) pieces.push(piece);
      assert.equal(Buffer.concat(pieces).toString(), dumpText);
    }
    assertCode(await salvage(["restore", join(folder, "whole")], "", place), 1, /is not empty/);
    const emptied = await startTestDatabase();
    const foreign = environment(join(folder, "home-3"), emptied, more);
    await store.put(blobKeys.dump(seeded.organizationId, randomUUID()), [Buffer.from("somebody's")]);
    assertCode(await salvage(["restore", join(folder, "whole")], "", foreign), 1, /blob store is not empty/);
    await emptied.stop();
  } finally {
    await target.stop();
    await s3.stop();
  }
});

test("interrupted it is named as half and refused; run again it goes on", async () => {
  const half = join(folder, "half.partial");
  const blob = blobKeys.dump(seeded.organizationId, crashes[0]?.id ?? "");
  // As a backup that was killed leaves it: one blob copied, one only begun.
  await createBlobStore(join(half, "blobs")).put(blob, createBlobStore(join(home, "blobs")).createReadStream(blob));
  await mkdir(join(half, "blobs/tmp"), { recursive: true });
  await writeFile(join(half, "blobs/tmp/begun"), "half a blob");
  assertCode(await salvage(["restore", half], "", environment(join(folder, "home-4"), source)), 1, /begun and not ended/);
  const copied = await stat(join(half, "blobs", blob));
  const made = await backup("half");
  assertCode(made, 0, /20 blobs/);
  assert.match(made.stderr, /keys of held dumps are not in it/);
  assert.equal((await stat(join(folder, "half/blobs", blob))).ino, copied.ino, "not copied again");
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.endsWith(".partial")),
    [],
  );
});

test("two at a time are one too many", async () => {
  const [first, second] = await Promise.all([backup("first"), backup("second")]);
  assert.deepEqual([first.code, second.code].toSorted(), [0, 1]);
  assert.match(first.stderr + second.stderr, /another backup of this installation runs/);
});

test("a blob that the store had lost before is named, and is no reason to have no backup", async () => {
  const key = blobKeys.dump(seeded.organizationId, crashes[7]?.id ?? "");
  const path = join(home, "blobs", key);
  const bytes = await readFile(path);
  await rm(path);
  const made = await backup("lost", "--json");
  await writeFile(path, bytes);
  assert.equal(made.code, 0, made.stderr);
  assert.deepEqual(JSON.parse(made.stdout).lost_blobs, [key]);
  assert.match(made.stderr, /1 blobs that rows name were not in the store/);
});

test("what is damaged, without keys or of other keys is refused before anything is written", async () => {
  const target = await startTestDatabase();
  try {
    const place = environment(join(folder, "home-5"), target);
    const whole = join(folder, "whole");
    const damaged = join(folder, "damaged");
    const cases: [RegExp, (copy: string) => Promise<unknown>][] = [
      [/database\/crashes\.copy\.gz is not what the manifest says/, (copy) => appendFile(join(copy, "database/crashes.copy.gz"), "x")],
      [/database\/users\.copy\.gz is missing/, (copy) => rm(join(copy, "database/users.copy.gz"))],
      [/manifest\.json is damaged/, (copy) => truncate(join(copy, "manifest.json"), 100)],
      [/is no backup: there is no manifest/, (copy) => rm(join(copy, "manifest.json"))],
      [
        /blob .* is not what its list says/,
        (copy) => appendFile(join(copy, "blobs", blobKeys.dump(seeded.organizationId, crashes[3]?.id ?? "")), "x"),
      ],
    ];
    for (const [reason, damage] of cases) {
      await cp(whole, damaged, { recursive: true });
      await damage(damaged);
      assertCode(await salvage(["restore", damaged], "", place), 1, reason);
      await rm(damaged, { recursive: true });
    }
    await rm(join(folder, "home-5"), { recursive: true, force: true });
    assertCode(await salvage(["restore", join(folder, "half")], "", place), 1, /has no keys in it: put your copy of secrets\.json at/);
    const foreign = join(folder, "foreign.json");
    await writeFile(foreign, JSON.stringify({ secret: "another secret that is long enough to be one" }));
    assertCode(await salvage(["restore", join(folder, "half"), "--keys", foreign], "", place), 1, /does not open the dumps of this backup/);
    // A restore that stopped half-way goes on, and until then nothing starts there.
    assertCode(await salvage(["restore", join(folder, "half"), "--keys", join(home, "secrets.json")], "", place), 0, /are back/);
    assert.equal((await stat(join(folder, "home-5/secrets.json"))).mode & 0o777, 0o600);
    const empty = await startTestDatabase();
    assertCode(
      await salvage(["restore", join(folder, "half"), "--without-keys"], "", environment(join(folder, "home-6"), empty)),
      0,
      /are back/,
    );
    assert.notDeepEqual(await readFile(join(folder, "home-6/secrets.json")), await readFile(join(home, "secrets.json")));
    await empty.stop();
  } finally {
    await target.stop();
  }
});
