/**
 * Two ingest and three worker processes that share PostgreSQL, Temporal and a bucket, and nothing else, are one Salvage: whatever a sender begins at
 * one ingest may end at the other.
 */
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { demoFiles, repositoryRoot } from "@salvage/launcher";
import { until } from "../src/installation.ts";
import { type Machines, metric, type Part, startMachines } from "../src/machines.ts";
import { leftBehind, MachinesTraffic } from "../src/machines-traffic.ts";

let salvage: Machines;
let ingests: Part[];
let workers: Part[];
let traffic: MachinesTraffic;
let accepted: string[];
/** Of the documentation: how soon a disabled key stops working at every ingest. */
const keyCacheMs = 5_000;

before(async () => {
  salvage = await startMachines();
  traffic = new MachinesTraffic(salvage);
  accepted = traffic.accepted;
  [workers, ingests] = await Promise.all([
    Promise.all(["worker-1", "worker-2", "worker-3"].map((name) => salvage.start("worker", name))),
    Promise.all(["ingest-1", "ingest-2"].map((name) => salvage.start("ingest", name))),
  ]);
});
after(() => salvage?.stop());

const asked = (to: Part, path: string, init: RequestInit = {}) =>
  fetch(to.url + path, { ...init, headers: { authorization: `Bearer ${salvage.token}`, ...init.headers } });

const count = async (sql: string, values: unknown[] = []) =>
  Number((await salvage.query<{ n: string }>(`SELECT count(*) AS n ${sql}`, values))[0]?.n);

async function addKey(name: string, perMinute: number | null): Promise<{ id: string; publicKey: string }> {
  const [id, publicKey] = [randomUUID(), randomUUID().replaceAll("-", "")];
  await salvage.query(
    `INSERT INTO client_keys (id, organization_id, project_id, name, public_key, rate_limit_per_minute)
     SELECT $1, organization_id, id, $2, $3, $4 FROM projects WHERE id = $5`,
    [id, name, publicKey, perMinute, salvage.projectId],
  );
  return { id, publicKey };
}

test("the same crash posted to both at once is one crash, with an id of the sender or without", async () => {
  for (let round = 0; round < 8; round++) {
    const same = { dump: traffic.nextDump(), ...(round % 2 === 0 ? {} : { eventId: randomUUID() }) };
    const answers = await Promise.all([0, 1, 0, 1].map((index) => traffic.post(ingests[index] as Part, same)));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200, 200],
    );
    assert.equal(new Set(answers.map(({ text }) => text)).size, 1);
    accepted.push(answers[0]?.text ?? "");
  }
  assert.equal(await count("FROM crashes"), accepted.length);
});

test("a file whose chunks went to both is put together by either, and every crash that waited is upgraded", async () => {
  await until("all wait", 60_000, async () =>
    (await count("FROM crashes WHERE state = 'provisional'")) === accepted.length ? true : null,
  );
  const bytes = await readFile(join(repositoryRoot, demoFiles.secondSymbols));
  const sha1 = (piece: Uint8Array) => createHash("sha1").update(piece).digest("hex");
  const chunks = [0, 1, 2, 3].map((quarter) => bytes.subarray((quarter * bytes.length) / 4, ((quarter + 1) * bytes.length) / 4));
  const whole = { [sha1(bytes)]: { name: "driftwood.sym", chunks: chunks.map(sha1) } };
  const assemble = async (to: Part) => {
    const answer = await asked(to, "/api/0/projects/acme/driftwood/files/difs/assemble/", {
      method: "POST",
      body: JSON.stringify(whole),
      headers: { "content-type": "application/json" },
    });
    return ((await answer.json()) as Record<string, { state: string; missingChunks: string[] }>)[sha1(bytes)];
  };
  assert.equal((await assemble(ingests[0] as Part))?.missingChunks.length, 4);
  for (const [index, chunk] of chunks.entries()) {
    const form = new FormData();
    form.set("file", new Blob([new Uint8Array(chunk)]), sha1(chunk));
    const answer = await asked(ingests[index % 2] as Part, "/api/0/organizations/acme/chunk-upload/", { method: "POST", body: form });
    assert.equal(answer.status, 200, await answer.text());
  }
  assert.deepEqual((await assemble(ingests[1] as Part))?.missingChunks, []);
  await until("the file is ready, says the other", 60_000, async () =>
    (await assemble(ingests[0] as Part))?.state === "ok" ? true : null,
  );
  await until("all upgraded", 60_000, async () =>
    (await count("FROM crashes WHERE state = 'complete' AND revision = 2")) === accepted.length ? true : null,
  );
});

test("an upload begun at one is continued at the other, and its crash is named to the first", async () => {
  const dump = traffic.nextDump();
  const key = { "x-sentry-auth": `Sentry sentry_key=${salvage.publicKey}, sentry_version=7`, "Tus-Resumable": "1.0.0" };
  const bytesType = { "Content-Type": "application/offset+octet-stream" };
  const half = Math.floor(dump.length / 2);
  const [one, other] = ingests as [Part, Part];
  const created = await fetch(`${one.url}/api/${salvage.projectId}/upload/`, {
    method: "POST",
    headers: { ...key, ...bytesType, "Upload-Length": String(dump.length) },
    body: dump.subarray(0, half),
  });
  assert.equal(created.status, 201, await created.text());
  const location = created.headers.get("location") ?? "";
  const head = await fetch(other.url + location, { method: "HEAD", headers: key });
  assert.equal(head.headers.get("upload-offset"), String(half));
  const headers = { ...key, ...bytesType, "Upload-Offset": String(half) };
  const patched = await fetch(other.url + location, { method: "PATCH", headers, body: dump.subarray(half) });
  assert.equal(patched.status, 204);
  const payload = JSON.stringify({ location, content_type: "application/octet-stream" });
  const item = {
    ...{ type: "attachment", length: Buffer.byteLength(payload), filename: "crash.dmp", attachment_type: "event.minidump" },
    ...{ content_type: "application/vnd.sentry.attachment-ref+json", attachment_length: dump.length },
  };
  const eventId = randomUUID().replaceAll("-", "");
  const envelope = [JSON.stringify({ event_id: eventId }), JSON.stringify(item), payload, ""].join("\n");
  const named = await fetch(`${one.url}/api/${salvage.projectId}/envelope/`, { method: "POST", headers: key, body: envelope });
  assert.equal(named.status, 200, await named.text());
  const [crash] = await salvage.query<{ id: string }>("SELECT id FROM crashes WHERE replace(event_id, '-', '') = $1", [eventId]);
  assert.ok(crash);
  accepted.push(crash.id);
  await until("it is finished", 30_000, async () =>
    (await count("FROM crashes WHERE id = $1 AND state = 'complete'", [crash.id])) === 1 ? true : null,
  );
});

test("a disabled key stops at both within five seconds; rates are each ingest's own", async () => {
  const key = await addKey("to be disabled", null);
  const slow = await addKey("three a minute", 3);
  for (const ingest of ingests) {
    const answer = await traffic.post(ingest, { key: key.publicKey });
    assert.equal(answer.status, 200);
    accepted.push(answer.text);
  }
  await salvage.query("UPDATE client_keys SET disabled = true WHERE id = $1", [key.id]);
  const remembered = sleep(keyCacheMs);
  for (const ingest of ingests) {
    for (let each = 0; each < 5; each++) assert.equal((await traffic.post(ingest, { key: slow.publicKey })).status, 200);
  }
  const kept = await salvage.query<{ id: string }>("SELECT id FROM crashes WHERE client_key_id = $1", [slow.id]);
  assert.equal(kept.length, 2 * 3);
  accepted.push(...kept.map(({ id }) => id));
  await remembered;
  for (const ingest of ingests) assert.equal((await traffic.post(ingest, { key: key.publicKey })).status, 403);
});

test("all three workers take part in the crashes of one project", async () => {
  const tookPart = async () => {
    const done = await Promise.all(workers.map((worker) => metric(worker, "salvage_worker_crashes_finished_total", 'kind="first"')));
    return done.every((crashes) => crashes > 0);
  };
  let sending = true;
  const senders = Array.from({ length: 12 }, async (_, turn) => {
    for (let sent = turn; sending; sent++) await traffic.postUntilAccepted(ingests, sent);
  });
  await until("each worker finished a crash", 60_000, async () => ((await tookPart()) ? true : null)).finally(() => {
    sending = false;
  });
  await Promise.all(senders);
});

test("afterwards each accepted crash is finished, once; counters, blobs and processes are what the rows say", async () => {
  assert.deepEqual(await traffic.broken(), []);
  const codes = await salvage.stopParts();
  assert.deepEqual(Object.values(codes), [0, 0, 0, 0, 0], JSON.stringify(codes));
  assert.deepEqual(await leftBehind([...ingests, ...workers]), []);
});
