/** A public address with a path: DSNs carry it, clients post under it; the dashboard stays at the root. With the real curl and sentry-cli. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { client, needs } from "@salvage/testkit/clients";
import { curl, dumpOf, type Harness, startIngest } from "./harness.ts";
import { startTenants } from "./tenants.ts";

const tenants = await startTenants();
const { a } = tenants;
after(() => tenants.stop());

const start = (t: TestContext, webUrl?: string) =>
  startIngest(t, {
    ...{ db: tenants.system, gate: tenants.gate, publicUrl: "https://example.org/tools/crashes/" },
    ...(webUrl === undefined ? {} : { webUrl }),
  });

async function fileOf(t: TestContext, bytes: Buffer): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "salvage-path-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "file");
  await writeFile(path, bytes);
  return path;
}

const keyed = (ingest: Harness, path: string) => `${ingest.url}${path}?sentry_key=${a.publicKey}`;

test("curl posts a minidump under the path, with doubled slashes, and without it", async (t) => {
  const ingest = await start(t);
  for (const [seed, path] of [`/tools/crashes/api/${a.projectId}/minidump/`, `/tools/crashes//api/${a.projectId}/minidump`].entries()) {
    const file = await fileOf(t, dumpOf(900, 81 + seed));
    const answer = await curl("-F", `upload_file_minidump=@${file}`, keyed(ingest, path));
    assert.equal(answer.status, 200, answer.body);
    assert.equal((await a.db.crashes.byId({ crashId: answer.body }))?.dump.sizeBytes, 900);
  }
  const bare = await curl(
    "-F",
    `upload_file_minidump=@${await fileOf(t, dumpOf(900, 83))}`,
    keyed(ingest, `/api/${a.projectId}/minidump/`),
  );
  assert.equal(bare.status, 200, bare.body);
  assert.equal((await curl(keyed(ingest, `/tools/crashes/api/${a.projectId}/nothing`))).status, 404);
});

for (const name of ["sentry-cli-3", "sentry-cli-2"] as const) {
  test(`${name} sends an envelope by a DSN with the path`, needs(name), async (t) => {
    const ingest = await start(t);
    const eventId = randomUUID();
    const dump = dumpOf(700, name === "sentry-cli-3" ? 84 : 85);
    const item = { type: "attachment", length: dump.length, attachment_type: "event.minidump" };
    const path = await fileOf(t, Buffer.concat([Buffer.from(`${JSON.stringify({ event_id: eventId })}\n${JSON.stringify(item)}\n`), dump]));
    const dsn = `http://${a.publicKey}@127.0.0.1:${ingest.port}/tools/crashes/${a.projectId}`;
    const env = { PATH: process.env.PATH, HOME: tmpdir(), SENTRY_DSN: dsn, SENTRY_DISABLE_UPDATE_CHECK: "1" };
    const code = await new Promise((resolve, reject) => {
      const child = spawn(client(name), ["send-envelope", "--raw", path], { cwd: tmpdir(), env, stdio: "ignore" });
      child.on("error", reject).on("close", resolve);
    });
    assert.equal(code, 0);
    assert.ok((await tenants.system.crashes.findByEvent(a.projectId, eventId)) !== null);
    assert.ok(ingest.lines.some((line) => line.includes(`"url":"/tools/crashes/api/${a.projectId}/envelope/`)));
  });
}

test("a resumable upload's Location has the path, for senders that take it relative to the host", async (t) => {
  const ingest = await start(t);
  const headers = { "Tus-Resumable": "1.0.0", "Upload-Length": "3" };
  const made = await fetch(keyed(ingest, `/tools/crashes/api/${a.projectId}/upload/`), { method: "POST", headers });
  assert.equal(made.status, 201);
  const location = made.headers.get("location") ?? "";
  assert.match(location, new RegExp(`^/tools/crashes/api/${a.projectId}/upload/[0-9a-f-]{36}/`));
  assert.equal((await fetch(ingest.url + location, { method: "HEAD", headers })).headers.get("upload-length"), "3");
});

test("what is not for machines goes to the dashboard as it came", async (t) => {
  const web = createServer((request, response) => response.end(request.url)).listen(0, "127.0.0.1");
  t.after(() => web.close());
  await new Promise((resolve) => web.once("listening", resolve));
  const ingest = await start(t, `http://127.0.0.1:${(web.address() as AddressInfo).port}`);
  for (const path of ["/sign-in", "/tools/crashes", "/tools/crashes/issues", "/tools/other/api/1/minidump"])
    assert.equal(await (await fetch(ingest.url + path)).text(), path);
  const code = await fetch(`${ingest.url}/api/v1/device-codes`, { method: "POST", body: '{"clientName":"x"}' });
  assert.equal(((await code.json()) as { verificationUrl: string }).verificationUrl, "https://example.org/activate");
});
