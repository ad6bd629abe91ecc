/**
 * Races by construction: one side stands still in the middle of its transaction, at a table or a row that the test holds, until the other side
 * has done its part. Nothing here depends on who is faster.
 */
import "./no-inspector.ts";
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { fileKey } from "@salvage/contracts";
import { createOrgGate, type OrgDb, type OrgGate } from "@salvage/db";
import { debugIdOf, sampleDump, sampleSymbols } from "./fixtures.ts";
import { startWorld, type World } from "./world.ts";

let world: World;
let gate: OrgGate;
let org: OrgDb;
before(async () => {
  world = await startWorld();
  // A worker imports one file at a time.
  await Promise.all([world.startWorker(), world.startWorker()]);
  gate = createOrgGate({ databaseUrl: world.databaseUrl });
  const userId = randomUUID();
  await world.sql.query("INSERT INTO users (id, email, name) VALUES ($1, 'ada@example.org', 'Ada')", [userId]);
  await world.sql.query("INSERT INTO memberships (organization_id, user_id, role) VALUES ($1, $2, 'owner')", [
    world.organizationId,
    userId,
  ]);
  const { rows } = await world.sql.query("SELECT slug FROM organizations WHERE id = $1", [world.organizationId]);
  const entered = await gate.authorizeOrganization(userId, rows[0].slug, "organization:own");
  assert.ok(entered !== null && entered !== "forbidden");
  org = entered;
});
after(async () => {
  await gate.close();
  await world.stop();
});

type Held = {
  /** Resolves when so many others stand still at a lock. */
  waiting(many?: number): Promise<void>;
  release(): Promise<void>;
};

/** What a test that failed still holds is let go after it. */
const held = new Set<() => Promise<void>>();
afterEach(async () => {
  for (const release of held) await release();
});

/** Runs a statement that locks something, and keeps its transaction open. */
async function hold(statement: string, values: unknown[] = []): Promise<Held> {
  const client = await world.sql.connect();
  const release = async () => {
    if (!held.delete(release)) return;
    await client.query("COMMIT");
    client.release();
  };
  held.add(release);
  await client.query("BEGIN");
  await client.query(statement, values);
  return {
    waiting: (many = 1) =>
      world.until(
        `${many} stand still`,
        async () => {
          const { rows } = await world.sql.query(
            "SELECT count(DISTINCT pid)::int AS n FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())",
          );
          return rows[0].n >= many;
        },
        20_000,
      ),
    release,
  };
}

/** Whoever writes to the table stands still; readers do not. */
const holdTable = (table: string) => hold(`LOCK TABLE ${table} IN SHARE MODE`);

/** Builds of their own for each test. */
let build = "";
let library = "";
beforeEach(() => {
  build = randomUUID().replaceAll("-", "");
  library = randomUUID().replaceAll("-", "");
});

const stateOf = async (crashId: string) => (await world.crash(crashId)).state;
const reached = (crashId: string, state: string) => world.until(`crash ${state}`, async () => (await stateOf(crashId)) === state, 20_000);
const uploadState = async (id: string) =>
  (await world.sql.query("SELECT state FROM debug_file_uploads WHERE id = $1", [id])).rows[0]?.state;
const imported = (id: string) => world.until("file imported", async () => (await uploadState(id)) === "ready", 20_000);
const uploadSample = (buildId: string, name: string) => world.upload(sampleSymbols({ buildId, name }), `${name}.sym`);

/** What must hold of a crash once all is quiet: counters equal rows, nobody holds it, one first report. */
async function assertConsistent(crashId: string): Promise<void> {
  const { rows } = await world.sql.query(
    `SELECT c.claim_token, c.queued_at, c.missing_count, c.revision,
       (SELECT count(*)::int FROM reports r WHERE r.crash_id = c.id) AS reports, (SELECT count(*)::int FROM reports r WHERE r.crash_id = c.id AND r.kind = 'first') AS firsts,
       (SELECT count(*)::int FROM crash_missing_files w JOIN missing_files m ON m.id = w.missing_file_id WHERE w.crash_id = c.id AND w.open AND w.own AND m.state <> 'ignored') AS missing,
       (SELECT count(*)::int FROM issues i WHERE i.crash_count <> (SELECT count(*) FROM crashes o WHERE o.issue_id = i.id)) AS wrong_issues,
       (SELECT count(*)::int FROM missing_files m WHERE m.waiting_crashes <> (SELECT count(*) FROM crash_missing_files w WHERE w.missing_file_id = m.id AND w.open)) AS wrong_files
     FROM crashes c WHERE c.id = $1`,
    [crashId],
  );
  const { missing_count, revision, reports, ...rest } = rows[0];
  assert.deepEqual(rest, { claim_token: null, queued_at: null, firsts: 1, missing: missing_count, wrong_issues: 0, wrong_files: 0 });
  assert.equal(reports, revision);
}

describe("a file and its crash", () => {
  test("a file that arrives while its crash is being processed: the crash is upgraded at once", async () => {
    const reports = await holdTable("reports");
    const crashId = await world.post(sampleDump({ buildId: build }));
    // The report without names is made; its transaction is not committed.
    await reports.waiting();
    await imported(await uploadSample(build, "app"));
    await reports.release();
    await reached(crashId, "complete");
    assert.equal((await world.crash(crashId)).revision, 2);
    await assertConsistent(crashId);
  });

  test("exe and pdb of one id at once: both are published, and the crash is complete", async () => {
    const formats = (name: string) => readFile(fileURLToPath(new URL(`../../../fixtures/formats/windows-x64/${name}`, import.meta.url)));
    const crashId = await world.post(await formats("game.dmp"));
    await reached(crashId, "provisional");
    const keys = await holdTable("debug_file_keys");
    const uploads = await Promise.all(["game.exe", "game.pdb"].map(async (name) => world.upload(await formats(name), name)));
    await keys.waiting(2);
    await keys.release();
    await Promise.all(uploads.map(imported));
    await reached(crashId, "complete");
    const { rows } = await world.sql.query(
      "SELECT count(*)::int AS files, count(DISTINCT debug_id)::int AS ids FROM debug_files WHERE upload_id = ANY ($1)",
      [uploads],
    );
    assert.deepEqual(rows[0], { files: 2, ids: 1 });
    await world.until(
      "nobody holds it",
      async () => (await world.sql.query("SELECT 1 FROM crashes WHERE claim_token IS NOT NULL")).rowCount === 0,
    );
    const { revision } = await world.crash(crashId);
    assert.ok(revision === 2 || revision === 3, `one report for both files, or one for each: revision ${revision}`);
    await assertConsistent(crashId);
  });

  test("two arrivals for one crash at once: one takes it and uses both files, the other finds it busy and has nothing left to do", async () => {
    const crashId = await world.post(sampleDump({ buildId: build, libraryBuildId: library }));
    await reached(crashId, "provisional");
    const row = await hold("SELECT 1 FROM crashes WHERE id = $1 FOR UPDATE", [crashId]);
    await uploadSample(build, "app");
    await row.waiting(1);
    await uploadSample(library, "libengine.so");
    // Within one worker it waits behind the first.
    await world.until("the other arrival has the crash on its page", async () => {
      const { rows } = await world.sql.query("SELECT 1 FROM arrival_progress WHERE file_key = $1", [
        fileKey(debugIdOf(library), library, "libengine.so") ?? "",
      ]);
      return rows.length === 1;
    });
    await row.release();
    await reached(crashId, "complete");
    assert.equal((await world.crash(crashId)).revision, 2);
    await assertConsistent(crashId);
  });
});

describe("a lane and an arrival", () => {
  test("a crash that its lane finishes while an arrival has it on its page: the arrival leaves it be", async () => {
    const crashId = await world.post(sampleDump({ buildId: build }));
    await reached(crashId, "provisional");
    // The import stands still with the file published, and the arrival with its first page in hand.
    const progress = await holdTable("arrival_progress");
    const upload = await uploadSample(build, "app");
    await progress.waiting();
    const key = fileKey(debugIdOf(build), build, "app") ?? "";
    await world.lanes.pokeArrival(world.organizationId, key);
    await progress.waiting(2);
    assert.deepEqual(await org.crashes.processAgain({ crashId }), { projectId: world.projectId });
    world.lanes.pokeIntake(world.projectId);
    await reached(crashId, "complete");
    await progress.release();
    await imported(upload);
    await world.until("the arrival is over", async () => {
      const { rows } = await world.sql.query("SELECT done >= total AS over FROM arrival_progress WHERE file_key = $1", [key]);
      return rows[0]?.over === true;
    });
    assert.equal((await world.crash(crashId)).revision, 2);
    await assertConsistent(crashId);
  });
});

describe("a member and an arrival", () => {
  const missingFileId = async (name: string, crashId: string) =>
    (
      await world.sql.query<{ id: string }>(
        "SELECT m.id FROM missing_files m JOIN crash_missing_files w ON w.missing_file_id = m.id WHERE w.crash_id = $1 AND m.name = $2",
        [crashId, name],
      )
    ).rows[0]?.id ?? "";

  test("un-ignored while its file arrives: the arrival saw an ignored file, the crash is upgraded all the same", async () => {
    const crashId = await world.post(sampleDump({ buildId: build, libraryBuildId: library }));
    await reached(crashId, "provisional");
    const id = await missingFileId("libengine.so", crashId);
    await org.missingFiles.ignore({ missingFileIds: [id] });
    const audit = await holdTable("audit_entries");
    const unignoring = org.missingFiles.unignore({ missingFileIds: [id] });
    await audit.waiting();
    await imported(await uploadSample(library, "libengine.so"));
    await audit.release();
    const { opened, ready } = await unignoring;
    assert.equal(opened, 1);
    assert.deepEqual(ready, [{ organizationId: world.organizationId, fileKey: fileKey(debugIdOf(library), library, "libengine.so") }]);
    for (const { organizationId, fileKey } of ready) await world.lanes.pokeArrival(organizationId, fileKey);
    await world.until("upgraded", async () => (await world.crash(crashId)).revision === 2, 20_000);
    assert.equal((await world.crash(crashId)).missing_count, 1);
    await assertConsistent(crashId);
  });

  test("un-ignored while the arrival of another file finishes the crash: it waits again, and the file still completes it", async () => {
    const crashId = await world.post(sampleDump({ buildId: build, libraryBuildId: library }));
    await reached(crashId, "provisional");
    const id = await missingFileId("libengine.so", crashId);
    await org.missingFiles.ignore({ missingFileIds: [id] });
    const reports = await holdTable("reports");
    await uploadSample(build, "app");
    await reports.waiting();
    const unignoring = org.missingFiles.unignore({ missingFileIds: [id] });
    await reports.waiting(2);
    await reports.release();
    await unignoring;
    assert.deepEqual(
      [await stateOf(crashId), (await world.crash(crashId)).missing_count, (await world.crash(crashId)).revision],
      ["provisional", 1, 2],
    );
    await assertConsistent(crashId);
    await uploadSample(library, "libengine.so");
    await reached(crashId, "complete");
    await assertConsistent(crashId);
  });
});

describe("deletion", () => {
  const blobsOf = async (projectId: string, crashId: string) => {
    const keys: string[] = [];
    for await (const { key } of world.blobs.list(`org/${world.organizationId}/`)) if (key.includes(crashId)) keys.push(key);
    const { rowCount } = await world.sql.query("SELECT 1 FROM crashes WHERE project_id = $1", [projectId]);
    return { rows: rowCount, keys };
  };
  const deleteProject = async (projectId: string) => {
    const { rows } = await world.sql.query("SELECT slug FROM projects WHERE id = $1", [projectId]);
    await org.projects.delete({ projectSlug: rows[0].slug, confirmSlug: rows[0].slug });
  };

  test("a project deleted while a crash of it is being processed: rows and blobs are gone", async () => {
    const projectId = await world.addProject();
    // The finish stands still before it holds the project's row, as one does whose worker is slow.
    const issues = await holdTable("issues, issue_keys");
    const crashId = await world.post(sampleDump({ buildId: build }), { projectId });
    await issues.waiting();
    await deleteProject(projectId);
    await issues.release();
    await world.until(
      "the worker has let go",
      async () => (await world.sql.query("SELECT 1 FROM crashes WHERE id = $1 AND claim_token IS NOT NULL", [crashId])).rowCount === 0,
    );
    await world.runRetention();
    assert.deepEqual(await blobsOf(projectId, crashId), { rows: 0, keys: [] });
    assert.equal((await world.sql.query("SELECT 1 FROM projects WHERE id = $1", [projectId])).rowCount, 0);
  });

  test("a project erased while a crash of it is being accepted: the sender is refused, and the blob is known to nobody", async () => {
    const projectId = await world.addProject();
    const gone = await hold("DELETE FROM projects WHERE id = $1", [projectId]);
    const posting = world.post(sampleDump({ buildId: build }), { projectId }).catch((error: Error) => error);
    await gone.waiting();
    await gone.release();
    const refused = await posting;
    assert.ok(refused instanceof Error && /foreign key/.test(refused.message), String(refused));
    const dumps: string[] = [];
    for await (const { key } of world.blobs.list(`org/${world.organizationId}/`)) dumps.push(key);
    const unknown = await world.db.retention.unknownBlobKeys(dumps);
    assert.equal(unknown.length, 1, "the dump that was stored before its row was refused is the collector's");
    await world.blobs.delete(unknown[0] ?? "");
  });
});

describe("retention and an arrival", () => {
  const isHeld = async (crashId: string) => (await world.crash(crashId)).dump_state === "held";
  const endTime = (crashId: string) =>
    world.sql.query("UPDATE crashes SET dump_delete_after = now() - interval '1 minute' WHERE id = $1", [crashId]);

  test("a dump whose time ends while an arrival walks it stays until the arrival is done", async () => {
    const crashId = await world.post(sampleDump({ buildId: build, libraryBuildId: library }));
    await reached(crashId, "provisional");
    await endTime(crashId);
    const reports = await holdTable("reports");
    await uploadSample(build, "app");
    await reports.waiting();
    await world.runRetention();
    assert.ok(await isHeld(crashId));
    await reports.release();
    await world.until("upgraded", async () => (await world.crash(crashId)).revision === 2);
    const { rows } = await world.sql.query("SELECT kind FROM reports WHERE crash_id = $1 AND revision = 2", [crashId]);
    assert.equal(rows[0].kind, "re_walk");
    await assertConsistent(crashId);
    // It still waits for the library, so its time counts from when it came, as before.
    await endTime(crashId);
    await world.until(
      "no arrival is under way",
      async () => (await world.sql.query("SELECT 1 FROM arrival_progress WHERE done < total")).rowCount === 0,
    );
    await world.runRetention();
    assert.equal(await isHeld(crashId), false);
    await assertConsistent(crashId);
  });

  test("a dump that goes just before an arrival takes its crash: the names come all the same", async () => {
    const crashId = await world.post(sampleDump({ buildId: build }));
    await reached(crashId, "provisional");
    await world.endDumpTime(crashId);
    const row = await hold("SELECT 1 FROM crashes WHERE id = $1 FOR UPDATE", [crashId]);
    const marking = world.db.retention.markDumpDeleted(crashId, "waiting_time_ended");
    await row.waiting();
    await uploadSample(build, "app");
    await row.waiting(2);
    await row.release();
    const marked = await marking;
    assert.equal(marked.outcome, "marked");
    for (const key of marked.outcome === "marked" ? marked.releasedBlobKeys : []) await world.blobs.delete(key);
    await reached(crashId, "complete");
    const { rows } = await world.sql.query("SELECT kind, revision FROM reports WHERE crash_id = $1 ORDER BY revision", [crashId]);
    assert.deepEqual(rows, [
      { kind: "first", revision: 1 },
      { kind: "names_only", revision: 2 },
    ]);
    await assertConsistent(crashId);
  });
});
