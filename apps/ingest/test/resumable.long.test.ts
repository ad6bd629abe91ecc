/** A dump of 2 GB by resumable upload into a process of its own, broken off in the middle: the crash has every byte, the memory stays flat. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { dumpOf, testSecret, waitFor } from "./harness.ts";
import { startTenants } from "./tenants.ts";

const sizeBytes = 2 * 1024 ** 3;
const block = dumpOf(1024 * 1024, 121);
/** What the peak of the process's memory may have over its idle state, whatever the number of bytes. */
const maxGrowthBytes = 200 * 1024 * 1024;

const tenants = await startTenants();
after(() => tenants.stop());

test("2 GB, broken off and resumed", async (t) => {
  const home = await mkdtemp(join(tmpdir(), "salvage-ingest-home-"));
  const child = spawn(process.execPath, [new URL("../src/main.ts", import.meta.url).pathname], {
    env: {
      ...{ PATH: process.env.PATH, SALVAGE_HOME: home, PUBLIC_URL: "http://localhost:4680", PORT: "0", HOST: "127.0.0.1" },
      ...{ WEB_URL: "http://127.0.0.1:1", TEMPORAL_ADDRESS: "127.0.0.1:1", SALVAGE_SECRET: testSecret, MIN_FREE_DISK_BYTES: "0" },
      ...{ DATABASE_URL: tenants.database.databaseUrl, DATABASE_SYSTEM_URL: tenants.database.databaseSystemUrl },
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(async () => {
    child.kill("SIGKILL");
    await rm(home, { recursive: true, force: true });
  });
  let out = "";
  child.stdout.on("data", (bytes: Buffer) => {
    out = (out + bytes.toString()).slice(-20_000);
  });
  await waitFor("listening", () => /"port":\d+/.test(out), 60_000);
  /** Peak of the process's memory so far. */
  const peakBytes = async () => Number(/VmHWM:\s+(\d+) kB/.exec(await readFile(`/proc/${child.pid}/status`, "utf8"))?.[1]) * 1024;
  const idleBytes = await peakBytes();
  const origin = `http://127.0.0.1:${/"port":(\d+)/.exec(out)?.[1]}`;
  const { projectId, publicKey } = tenants.a;
  const tus = { "Tus-Resumable": "1.0.0" };

  const created = await fetch(`${origin}/api/${projectId}/upload/?sentry_key=${publicKey}`, {
    method: "POST",
    headers: { ...tus, "Upload-Length": String(sizeBytes) },
  });
  assert.equal(created.status, 201);
  const location = created.headers.get("location") ?? "";
  const offset = async () => Number((await fetch(origin + location, { method: "HEAD", headers: tus })).headers.get("upload-offset"));

  /** Sends bytes from `from`, up to `until`; ends the request in the middle when that is not the end. */
  async function send(from: number, until: number): Promise<number | null> {
    const headers = {
      ...tus,
      "Content-Type": "application/offset+octet-stream",
      "Upload-Offset": from,
      "Content-Length": sizeBytes - from,
    };
    const sending = request(origin + location, { method: "PATCH", headers });
    const answered = once(sending, "response").catch(() => null);
    for (let at = from; at < until; ) {
      const piece = block.subarray(at % block.length, Math.min(block.length, (at % block.length) + until - at));
      if (!sending.write(piece)) await once(sending, "drain");
      at += piece.length;
    }
    if (until < sizeBytes) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      sending.destroy();
      return null;
    }
    sending.end();
    return ((await answered)?.[0] as { statusCode: number } | undefined)?.statusCode ?? null;
  }

  const startedAt = performance.now();
  await send(0, Math.floor(sizeBytes * 0.6) + 12_345);
  let resumed = 0;
  await waitFor(
    "what came is kept",
    async () => {
      const now = await offset();
      const settled = now === resumed && now > 0;
      resumed = now;
      if (!settled) await new Promise((resolve) => setTimeout(resolve, 1000));
      return settled;
    },
    60_000,
  );
  assert.ok(resumed > sizeBytes / 2, `${resumed} bytes were kept`);
  assert.equal(await send(resumed, sizeBytes), 204);
  const uploadedAt = performance.now();

  const eventId = randomUUID();
  const payload = JSON.stringify({ location });
  const item = {
    type: "attachment",
    length: payload.length,
    attachment_type: "event.minidump",
    content_type: "application/vnd.sentry.attachment-ref+json",
  };
  const answer = await fetch(`${origin}/api/${projectId}/envelope/?sentry_key=${publicKey}`, {
    method: "POST",
    body: [JSON.stringify({ event_id: eventId }), JSON.stringify(item), payload].join("\n"),
  });
  assert.equal(answer.status, 200, await answer.text());
  const endedAt = performance.now();

  const expected = createHash("sha256");
  for (let at = 0; at < sizeBytes; at += block.length) expected.update(block);
  const found = await tenants.system.crashes.findByEvent(projectId, eventId);
  const detail = await tenants.a.db.crashes.byId({ crashId: found?.crashId ?? "" });
  assert.equal(detail?.dump.sizeBytes, sizeBytes);
  assert.equal(detail.dump.sha256, expected.digest("hex"));
  const growthBytes = (await peakBytes()) - idleBytes;
  t.diagnostic(
    `upload ${Math.round((uploadedAt - startedAt) / 1000)} s, envelope ${Math.round((endedAt - uploadedAt) / 1000)} s, ${Math.round(growthBytes / 1e6)} MB over the idle ${Math.round(idleBytes / 1e6)} MB`,
  );
  assert.ok(growthBytes < maxGrowthBytes, `${growthBytes} bytes more than idle`);
});
