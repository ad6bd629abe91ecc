/** The real sentry-cli, both generations, and the real curl post envelopes. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { client, needs } from "@salvage/testkit/clients";
import { curl, dumpOf, type Harness, startIngest } from "./harness.ts";
import { startTenants } from "./tenants.ts";

const tenants = await startTenants();
const { a } = tenants;
after(() => tenants.stop());

const start = (t: TestContext) => startIngest(t, { db: tenants.system, gate: tenants.gate });

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "salvage-envelope-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

async function envelopeFile(t: TestContext, seed: number): Promise<{ path: string; eventId: string; sizeBytes: number }> {
  const eventId = randomUUID();
  const dump = dumpOf(90_000, seed);
  const head = [{ event_id: eventId }, { type: "event" }, { event_id: eventId, release: `sent@${seed}` }];
  const item = { type: "attachment", length: dump.length, attachment_type: "event.minidump", filename: "crash.dmp" };
  const path = join(await folderOf(t), "crash.envelope");
  await writeFile(path, Buffer.concat([Buffer.from([...head, item].map((line) => `${JSON.stringify(line)}\n`).join("")), dump]));
  return { path, eventId, sizeBytes: dump.length };
}

/** Runs sentry-cli in an empty folder, so that no settings of the machine are found. */
async function run(t: TestContext, name: "sentry-cli-2" | "sentry-cli-3", ingest: Harness, args: readonly string[]): Promise<string> {
  const folder = await folderOf(t);
  const dsn = `http://${a.publicKey}@127.0.0.1:${ingest.port}/${a.projectId}`;
  const env = { PATH: process.env.PATH, HOME: folder, SENTRY_DSN: dsn, SENTRY_DISABLE_UPDATE_CHECK: "1" };
  return await new Promise((resolve, reject) => {
    const child = spawn(client(name), args, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (bytes: Buffer) => {
        out += bytes.toString();
      });
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve(out) : reject(new Error(`exit ${code}: ${out}`))));
  });
}

for (const name of ["sentry-cli-3", "sentry-cli-2"] as const) {
  test(`${name}: send-event is accepted and counted, send-envelope with a minidump is a crash`, needs(name), async (t) => {
    const ingest = await start(t);
    const before = (await tenants.refusals(a)).event_without_minidump ?? 0;
    assert.match(await run(t, name, ingest, ["send-event", "-m", "no dump", "--release", "x@1"]), /[0-9a-f]{8}-?[0-9a-f]{4}/);
    const { path, eventId, sizeBytes } = await envelopeFile(t, name === "sentry-cli-3" ? 131 : 132);
    await run(t, name, ingest, ["send-envelope", "--raw", path]);
    const found = await tenants.system.crashes.findByEvent(a.projectId, eventId);
    assert.ok(found !== null, "a crash");
    const detail = await a.db.crashes.byId({ crashId: found.crashId });
    assert.equal(detail?.dump.sizeBytes, sizeBytes);
    assert.match(detail.release ?? "", /^sent@13/);
    await ingest.ingest.close();
    assert.equal((await tenants.refusals(a)).event_without_minidump, before + 1);
  });
}

test("curl posts an envelope from a file, with the key in the query and in a header", async (t) => {
  const ingest = await start(t);
  for (const [seed, args] of [
    [133, [`${ingest.url}/api/${a.projectId}/envelope/?sentry_key=${a.publicKey}`]],
    [134, ["-H", `X-Sentry-Auth: Sentry sentry_key=${a.publicKey}, sentry_version=7`, `${ingest.url}/api/${a.projectId}/envelope`]],
    [135, ["-u", `${a.publicKey}:`, `${ingest.url}/api/${a.projectId}/envelope/`]],
  ] as const) {
    const { path, eventId } = await envelopeFile(t, seed);
    const answer = await curl("--data-binary", `@${path}`, ...args);
    assert.equal(answer.status, 200, answer.body);
    assert.equal(answer.body, `{"id":"${eventId.replaceAll("-", "")}"}`);
    assert.ok((await tenants.system.crashes.findByEvent(a.projectId, eventId)) !== null);
  }
});
