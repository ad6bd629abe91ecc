/**
 * The real @sentry/node, whose transport is that of Electron's SDK: a program with it sends a session and an event with a minidump
 * attached, and a user's words; then one whose server says that it is over a limit.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { client, needs } from "@salvage/testkit/clients";
import type { OperatorLimits } from "../src/limits.ts";
import { dumpOf, startIngest } from "./harness.ts";
import { startTenants } from "./tenants.ts";

const tenants = await startTenants();
const { a } = tenants;
after(() => tenants.stop());

const start = (t: TestContext, limits: Partial<OperatorLimits> = {}) => startIngest(t, { db: tenants.system, gate: tenants.gate, limits });

/** A program that uses the SDK as its documentation says. Prints the id of each event. */
const program = `
const Sentry = require(process.argv[2]);
const { readFileSync } = require("node:fs");
Sentry.init({ dsn: process.argv[3], release: "notes@7.1", environment: "field test", tracesSampleRate: 0 });
Sentry.setUser({ id: "u-1", email: "u@example.org" });
Sentry.setTag("gpu", "rtx");
Sentry.addBreadcrumb({ category: "ui", message: "opened a note" });
Sentry.startSession();
(async () => {
  for (const path of process.argv.slice(4)) {
    const attachment = { filename: "crash.dmp", data: readFileSync(path), attachmentType: "event.minidump", contentType: "application/octet-stream" };
    const id = Sentry.captureEvent({ level: "fatal", platform: "native", message: "native crash" }, { attachments: [attachment, { filename: "log.txt", data: "a log" }] });
    Sentry.captureFeedback({ associatedEventId: id, name: "Ann", email: "ann@example.org", message: "It closed." });
    await Sentry.flush(10000);
    console.log(id);
  }
  Sentry.endSession();
  await Sentry.close(10000);
})();
`;

async function run(t: TestContext, dsn: string, dumps: readonly Buffer[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "salvage-sdk-"));
  t.after(() => rm(folder, { recursive: true }));
  const script = join(folder, "program.cjs");
  await writeFile(script, program);
  const paths = dumps.map((_, i) => join(folder, `${i}.dmp`));
  for (const [i, path] of paths.entries()) await writeFile(path, dumps[i] ?? "");
  return await new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, client("sentry-node"), dsn, ...paths], { stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    let err = "";
    child.stdout.on("data", (bytes: Buffer) => {
      out += bytes.toString();
    });
    child.stderr.on("data", (bytes: Buffer) => {
      err += bytes.toString();
    });
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve(out.trim().split("\n")) : reject(new Error(`exit ${code}: ${err}`))));
  });
}

test("an event with a minidump, a log and a user's words becomes one crash; the session is counted", needs("sentry-node"), async (t) => {
  const ingest = await start(t);
  const dump = dumpOf(200_000, 101);
  const [eventId] = await run(t, `http://${a.publicKey}@127.0.0.1:${ingest.port}/${a.projectId}`, [dump]);
  const found = await tenants.system.crashes.findByEvent(a.projectId, eventId ?? "");
  assert.ok(found !== null, `no crash ${eventId}`);
  const detail = await a.db.crashes.byId({ crashId: found.crashId });
  assert.ok(detail !== null);
  assert.equal(detail.release, "notes@7.1");
  assert.equal(detail.environment, "field test");
  assert.equal(detail.user, "u@example.org");
  assert.equal(detail.tags.gpu, "rtx");
  assert.ok(detail.breadcrumbs.some((crumb) => crumb.message === "opened a note"));
  assert.deepEqual(
    detail.feedback.map(({ name, email, comments }) => [name, email, comments]),
    [["Ann", "ann@example.org", "It closed."]],
  );
  const stored = await a.db.crashes.dumpForDownload({ crashId: found.crashId });
  assert.ok(typeof stored === "object");
  assert.ok(ingest.unseal(stored, { id: found.crashId, organizationId: a.organizationId, projectId: a.projectId }).equals(dump));
  assert.deepEqual(await tenants.rows("SELECT file_name FROM crash_attachments WHERE crash_id = $1", found.crashId), [
    { file_name: "log.txt" },
  ]);
  await ingest.ingest.close();
  assert.ok(((await tenants.refusals(a)).item_not_kept ?? 0) >= 1, "the session");
});

test("over the limit it is told, and holds back by itself", needs("sentry-node"), async (t) => {
  const ingest = await start(t, { defaultRateLimitPerMinute: 2 });
  const dumps = [dumpOf(1000, 111), dumpOf(1000, 112), dumpOf(1000, 113), dumpOf(1000, 114)];
  const eventIds = await run(t, `http://${a.publicKey}@127.0.0.1:${ingest.port}/${a.projectId}`, dumps);
  assert.equal(eventIds.length, 4);
  const found = await Promise.all(eventIds.map((eventId) => tenants.system.crashes.findByEvent(a.projectId, eventId)));
  // The first crash and its feedback took what there was; after a 429 the SDK sends neither for a minute.
  assert.deepEqual(
    found.map((crash) => crash !== null),
    [true, false, false, false],
  );
  const refused = ingest.lines.filter((line) => line.includes('"route":"envelope"') && line.includes('"status":"429"'));
  assert.ok(refused.length >= 1 && refused.length <= 2, `the second crash and its feedback, sent at once: ${refused.length}`);
});
