/** The road of a crash on real PostgreSQL, real Temporal and real core: from its row to its report, and on when symbols come. */
import "./no-inspector.ts";
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { type Report, reportSchema } from "@salvage/contracts";
import { synthDump, synthStack } from "@salvage/testkit/synth-dump";
import yazl from "yazl";
import { debugIdOf, sampleDump, sampleSymbols } from "./fixtures.ts";
import { poisoned } from "./poison.ts";
import { startWorld, type World } from "./world.ts";

const childScript = fileURLToPath(new URL("./children/poisonable-child.ts", import.meta.url));
const finished = ["complete", "provisional", "rejected"];
const buildId = (n: number) => n.toString(16).padStart(32, "a");

describe("the road", () => {
  let world: World;
  before(async () => {
    world = await startWorld();
    await world.startWorker({ childScript });
  });
  after(() => world.stop());

  const inState = (id: string, state: string) => world.until(`${id} ${state}`, async () => (await world.crash(id)).state === state);
  const uploaded = (id: string) =>
    world.until(`upload ${id} finished`, async () => ["ready", "rejected"].includes((await world.db.uploads.byId(id))?.state ?? ""));

  async function report(crashId: string): Promise<Report> {
    const { rows } = await world.sql.query<{ report_blob_key: string }>("SELECT report_blob_key FROM crashes WHERE id = $1", [crashId]);
    const chunks: Uint8Array[] = [];
    for await (const chunk of world.blobs.createReadStream(rows[0]?.report_blob_key ?? "")) chunks.push(chunk);
    return reportSchema.parse(JSON.parse(gunzipSync(Buffer.concat(chunks)).toString()));
  }
  const functions = async (crashId: string) => (await report(crashId)).crashing_thread?.frames.map((frame) => frame.function);

  test("symbols first: the crash is complete at once and its dump is gone", async () => {
    const ids = { buildId: buildId(1) };
    await uploaded(await world.upload(sampleSymbols(ids), "app.sym"));
    const crash = await world.post(sampleDump(ids));
    await inState(crash, "complete");
    assert.deepEqual(await functions(crash), ["crash_here", "main"]);
    const row = await world.crash(crash);
    assert.equal(row.dump_state, "deleted");
    assert.equal(row.missing_count, 0);
    assert.ok(row.issue_id);
    await world.until("the dump's blob is deleted", async () => !(await world.blobs.exists(`org/${world.organizationId}/dump/${crash}`)));
  });

  test("crash first: shown provisional, walked again when the file comes, complete; the issue keeps its id", async () => {
    const ids = { buildId: buildId(2) };
    const crash = await world.post(sampleDump(ids), { projectId: await world.addProject() });
    await inState(crash, "provisional");
    const before = await world.crash(crash);
    assert.equal(before.dump_state, "held");
    assert.equal(before.missing_count, 1);
    const upload = await world.upload(sampleSymbols(ids), "app.sym");
    await inState(crash, "complete");
    assert.deepEqual(await functions(crash), ["crash_here", "main"]);
    const now = await world.crash(crash);
    assert.deepEqual([now.revision, now.dump_state, now.issue_id], [2, "deleted", before.issue_id]);
    const verdicts = (await world.db.uploads.byId(upload))?.verdicts;
    assert.deepEqual(
      verdicts?.map(({ state, debugId, waitingCrashes }) => [state, debugId, waitingCrashes]),
      [["ready", debugIdOf(ids.buildId), 1]],
    );
  });

  test("a module without a debug id is found by code id and name, through symbols that state both", async () => {
    const stack = synthStack(0x10000n).word(0x402020n).words(8);
    const dump = synthDump()
      .windows()
      .module({ name: "C:\\games\\Game.exe", base: 0x400000n, size: 0x7000, timestamp: 0x5a1b2c3d })
      .thread({ id: 7, registers: { rip: 0x401010n, rsp: 0x10000n }, stack })
      .exception({ threadId: 7, code: 0xc0000005, flags: 0, address: 0x401010n })
      .build();
    const crash = await world.post(dump);
    await inState(crash, "provisional");
    const symbols = Buffer.from(sampleSymbols({ buildId: buildId(9), name: "game.pdb" })).toString();
    await world.upload(Buffer.from(symbols.replace("\n", "\nINFO CODE_ID 5A1B2C3D7000 game.exe\n")), "game.sym");
    await inState(crash, "complete");
    assert.deepEqual(await functions(crash), ["crash_here", "main"]);
  });

  test("a hundred crashes that wait for one file are all upgraded, each once", async () => {
    const ids = { buildId: buildId(3) };
    const crashes = await Promise.all(Array.from({ length: 100 }, (_, processId) => world.post(sampleDump({ ...ids, processId }))));
    for (const crash of crashes) await inState(crash, "provisional");
    const issues = new Set((await Promise.all(crashes.map((id) => world.crash(id)))).map((row) => row.issue_id));
    assert.equal(issues.size, 1);
    await world.upload(sampleSymbols(ids), "app.sym");
    for (const crash of crashes) await inState(crash, "complete");
    for (const crash of crashes) assert.equal((await world.crash(crash)).revision, 2);
  });

  test("after the dump is gone names still come, and the report says that it was not walked again", async () => {
    const ids = { buildId: buildId(4) };
    const crash = await world.post(sampleDump(ids));
    await inState(crash, "provisional");
    await world.endDumpTime(crash);
    const marked = await world.db.retention.markDumpDeleted(crash, "waiting_time_ended");
    assert.ok(marked.outcome === "marked");
    for (const key of marked.releasedBlobKeys) await world.blobs.delete(key);
    await world.upload(sampleSymbols(ids), "app.sym");
    await inState(crash, "complete");
    const { crashing_thread: thread, re_walked: reWalked } = await report(crash);
    assert.equal(thread?.frames[0]?.function, "crash_here");
    assert.equal(reWalked, false);
    const { rows } = await world.sql.query("SELECT kind FROM reports WHERE crash_id = $1 ORDER BY revision", [crash]);
    assert.deepEqual(
      rows.map(({ kind }) => kind),
      ["first", "names_only"],
    );
  });

  test("two arrivals for one crash at once", async () => {
    const first = { buildId: buildId(5) };
    const second = { buildId: buildId(6) };
    const crash = await world.post(sampleDump({ ...first, libraryBuildId: second.buildId }));
    await inState(crash, "provisional");
    assert.equal((await world.crash(crash)).missing_count, 2);
    await Promise.all([
      world.upload(sampleSymbols(first), "app.sym"),
      world.upload(sampleSymbols({ ...second, name: "libengine.so" }), "engine.sym"),
    ]);
    await inState(crash, "complete");
    assert.deepEqual(await functions(crash), ["crash_here", "main", "crash_here"]);
  });

  test("what is no dump is rejected with the place and the reason, and its dump is let go", async () => {
    const crash = await world.post(Buffer.from("this is a text file that somebody sent as a minidump"));
    await inState(crash, "rejected");
    const row = await world.crash(crash);
    assert.match(row.rejection_reason ?? "", /^minidump/);
    assert.notEqual(row.rejection_offset, null);
    assert.equal(row.dump_state, "deleted");
  });

  test("a dump that is lost is a rejection, a report that is lost leaves its crash be; neither holds up the lane", async () => {
    const ids = { buildId: buildId(11) };
    const projectId = await world.addProject();
    const [noDump, noReport] = [
      await world.post(sampleDump(ids), { poke: false, projectId }),
      await world.post(sampleDump(ids), { poke: false, projectId }),
    ];
    await world.blobs.delete(`org/${world.organizationId}/dump/${noDump}`);
    world.lanes.pokeIntake(projectId);
    await inState(noDump, "rejected");
    assert.match((await world.crash(noDump)).rejection_reason ?? "", /the stored dump is gone/);
    await inState(noReport, "provisional");
    await world.endDumpTime(noReport);
    await world.db.retention.markDumpDeleted(noReport, "waiting_time_ended");
    const { rows } = await world.sql.query("SELECT report_blob_key FROM crashes WHERE id = $1", [noReport]);
    await world.blobs.delete(rows[0].report_blob_key);
    await world.upload(sampleSymbols(ids), "app.sym");
    await world.until("the upgrade was given up", async () => {
      const { rows } = await world.sql.query("SELECT given_up_at FROM crashes WHERE id = $1", [noReport]);
      return rows[0].given_up_at !== null;
    });
    const after = await world.post(sampleDump({ ...ids, processId: 2 }), { projectId });
    await inState(after, "complete");
  });

  test("hostile dumps cost themselves only: tried alone, rejected with the reason; their neighbours finish", async () => {
    const ids = { buildId: buildId(7) };
    const dump = (processId: number) => sampleDump({ ...ids, processId });
    const neighbours = await Promise.all(Array.from({ length: 20 }, (_, n) => world.post(dump(n))));
    const exits = await world.post(poisoned(dump(100), "exit"));
    const allocates = await world.post(poisoned(dump(101), "allocate"));
    for (const crash of neighbours) await inState(crash, "provisional");
    await inState(exits, "rejected");
    await inState(allocates, "rejected");
    assert.match((await world.crash(exits)).rejection_reason ?? "", /SIGKILL/);
    assert.match((await world.crash(allocates)).rejection_reason ?? "", /more than 200 MiB of memory/);
    // The fault may be ours: the next version gets its chance.
    assert.equal((await world.crash(exits)).dump_state, "held");
    assert.ok(await world.blobs.exists(`org/${world.organizationId}/dump/${exits}`));
  });

  test("an upload that is no debug file is rejected in words, a zip has a verdict per member, bytes sent twice are a duplicate", async () => {
    const text = await world.upload(Buffer.from("this is a text file and nothing else"), "readme.txt");
    await uploaded(text);
    const rejected = await world.db.uploads.byId(text);
    assert.equal(rejected?.state, "rejected");
    assert.equal(rejected?.verdicts[0]?.state, "rejected");
    assert.ok(rejected?.verdicts[0]?.reason);

    const zip = new yazl.ZipFile();
    const symbols = sampleSymbols({ buildId: buildId(8) });
    zip.addBuffer(Buffer.from(symbols), "a/app.sym");
    zip.addBuffer(Buffer.from("notes, which are of no use to anybody"), "notes.txt");
    zip.addBuffer(Buffer.from("x"), "__MACOSX/a/._app.sym");
    zip.end();
    const chunks: Uint8Array[] = [];
    for await (const chunk of zip.outputStream) chunks.push(chunk as Uint8Array);
    const waiting = await world.post(sampleDump({ buildId: buildId(8) }));
    await inState(waiting, "provisional");
    const archive = await world.upload(Buffer.concat(chunks), "symbols.zip");
    await uploaded(archive);
    const verdicts = (await world.db.uploads.byId(archive))?.verdicts ?? [];
    assert.deepEqual(
      verdicts.map(({ name, state }) => [name, state]),
      [
        ["a/app.sym", "ready"],
        ["notes.txt", "rejected"],
      ],
    );
    await inState(waiting, "complete");
    const again = await world.upload(symbols, "other-name.sym");
    await uploaded(again);
    assert.equal((await world.db.uploads.byId(again))?.verdicts[0]?.state, "duplicate");
  });

  test("a new issue is told to a webhook", async () => {
    const bodies: string[] = [];
    const server = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      bodies.push(body);
      response.writeHead(204).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const projectId = await world.addProject();
    await world.sql.query(
      "INSERT INTO webhooks (id, organization_id, project_id, url, secret, events) VALUES (gen_random_uuid(), $1, $2, $3, 'secret', '{issue.new,issue.regressed}')",
      [world.organizationId, projectId, `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`],
    );
    const crash = await world.post(sampleDump({ buildId: buildId(9) }), { projectId });
    await world.until("the webhook was called", async () => bodies.length === 1);
    const message = JSON.parse(bodies[0] ?? "");
    assert.equal(message.event, "issue.new");
    assert.equal(message.crash.id, crash);
    server.closeAllConnections();
    server.close();
  });

  test("retention deletes a dump whose time has come, row first", async () => {
    const crash = await world.post(sampleDump({ buildId: buildId(10) }));
    await inState(crash, "provisional");
    await world.sql.query("UPDATE crashes SET dump_delete_after = now() - interval '1 minute' WHERE id = $1", [crash]);
    await world.runRetention();
    const row = await world.crash(crash);
    assert.deepEqual([row.state, row.dump_state], ["provisional", "deleted"]);
    assert.equal(await world.blobs.exists(`org/${world.organizationId}/dump/${crash}`), false);
  });

  test("every crash of this file has ended, and nothing is left for the sweep to find", async () => {
    for (const crash of await world.crashes()) assert.ok(finished.includes(crash.state), `${crash.id} is ${crash.state}`);
    assert.deepEqual(await world.db.sweep.readyButMissing(10), []);
    assert.deepEqual(await world.db.sweep.projectsWithWork(), []);
    assert.deepEqual(await world.db.sweep.uploadsStuck(0), []);
  });
});
