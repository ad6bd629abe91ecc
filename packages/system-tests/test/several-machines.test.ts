/**
 * Two ingest and three worker processes that share PostgreSQL, Temporal and a bucket, and nothing else, are one Salvage: whatever a sender begins at
 * one ingest may end at the other, and any process may die.
 */
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { demoFiles, repositoryRoot } from "@salvage/launcher";
import { distinctDump } from "../src/crashes.ts";
import { until } from "../src/installation.ts";
import { type Machines, metric, type Part, processesOf, startMachines } from "../src/machines.ts";

let salvage: Machines;
let ingests: Part[];
let workers: Part[];
let number = 0;
/** Ids that senders were told. */
const accepted: string[] = [];
/** Of the documentation: how soon a disabled key stops working at every ingest. */
const keyCacheMs = 5_000;

before(async () => {
  salvage = await startMachines();
  workers = await Promise.all(["worker-1", "worker-2", "worker-3"].map((name) => salvage.start("worker", name)));
  ingests = await Promise.all(["ingest-1", "ingest-2"].map((name) => salvage.start("ingest", name)));
});
after(() => salvage?.stop());

type Post = { dump?: Buffer<ArrayBuffer>; key?: string; eventId?: string };

async function post(to: Part, { dump = distinctDump(number++), key = salvage.publicKey, eventId }: Post = {}) {
  const form = new FormData();
  form.set("upload_file_minidump", new Blob([dump]), "driftwood.dmp");
  if (eventId !== undefined) form.set("sentry[event_id]", eventId);
  const url = `${to.url}/api/${salvage.projectId}/minidump/?sentry_key=${key}`;
  const answer = await fetch(url, { method: "POST", body: form, signal: AbortSignal.timeout(20_000) });
  return { status: answer.status, text: await answer.text() };
}

/** As a patient sender does: to the other one when one is away. */
async function postUntilAccepted(first: number): Promise<void> {
  const dump = distinctDump(number++);
  for (let turn = first; ; turn++) {
    const answer = await post(ingests[turn % ingests.length] as Part, { dump }).catch(() => null);
    if (answer?.status === 200) return void accepted.push(answer.text);
    await sleep(100);
  }
}

const asked = (to: Part, path: string, init: RequestInit = {}) =>
  fetch(to.url + path, { ...init, headers: { authorization: `Bearer ${salvage.token}`, ...init.headers } });

const count = async (sql: string, values: unknown[] = []) =>
  Number((await salvage.query<{ n: string }>(`SELECT count(*) AS n ${sql}`, values))[0]?.n);

const allFinished = () =>
  until("every crash is finished", 90_000, async () =>
    (await count("FROM crashes WHERE queued_at IS NOT NULL OR claim_token IS NOT NULL")) === 0 ? true : null,
  );

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
    const same = { dump: distinctDump(number++), ...(round % 2 === 0 ? {} : { eventId: randomUUID() }) };
    const answers = await Promise.all([0, 1, 0, 1].map((index) => post(ingests[index] as Part, same)));
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
  await allFinished();
  assert.equal(await count("FROM crashes WHERE state = 'provisional'"), accepted.length);
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
  const dump = distinctDump(number++);
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
    const answer = await post(ingest, { key: key.publicKey });
    assert.equal(answer.status, 200);
    accepted.push(answer.text);
  }
  await salvage.query("UPDATE client_keys SET disabled = true WHERE id = $1", [key.id]);
  const remembered = sleep(keyCacheMs);
  for (const ingest of ingests) {
    for (let each = 0; each < 5; each++) assert.equal((await post(ingest, { key: slow.publicKey })).status, 200);
  }
  const kept = await salvage.query<{ id: string }>("SELECT id FROM crashes WHERE client_key_id = $1", [slow.id]);
  assert.equal(kept.length, 2 * 3);
  accepted.push(...kept.map(({ id }) => id));
  await remembered;
  for (const ingest of ingests) assert.equal((await post(ingest, { key: key.publicKey })).status, 403);
});

test("all three workers take part in the crashes of one project; an ingest and a worker killed in the middle lose nothing", async () => {
  const tookPart = async () => {
    const done = await Promise.all(workers.map((worker) => metric(worker, "salvage_worker_crashes_finished_total", 'kind="first"')));
    return done.every((crashes) => crashes > 0);
  };
  let sending = true;
  const senders = Array.from({ length: 12 }, async (_, turn) => {
    for (let sent = 0; sending || sent < 12; sent++) await postUntilAccepted(turn + sent);
  });
  await until("each worker finished a crash", 60_000, async () => ((await tookPart()) ? true : null)).finally(() => {
    sending = false;
  });
  const [ingest, worker] = [ingests[0], workers[0]] as [Part, Part];
  ingest.child.kill("SIGKILL");
  worker.child.kill("SIGKILL");
  await Promise.all([ingest.ended, worker.ended]);
  await Promise.all(senders);
  // Whoever supervises starts them again, with what they had.
  ingests[0] = await salvage.start("ingest", ingest.name);
  workers[0] = await salvage.start("worker", worker.name);
  for (let turn = 0; turn < 10; turn++) await postUntilAccepted(turn);
  await allFinished();
});

test("afterwards: each accepted crash finished, once; counters, blobs and processes are what the rows say", async () => {
  await until("nothing to upgrade", 60_000, async () => ((await count("FROM crash_missing_files WHERE open")) === 0 ? true : null));
  const rows = await salvage.query<{ id: string; state: string }>("SELECT id, state FROM crashes");
  // A sender whose ingest died after the commit never learned the id: such a crash is there beside those it was told of.
  const there = new Set(rows.map(({ id }) => id));
  assert.deepEqual(
    accepted.filter((id) => !there.has(id)),
    [],
  );
  assert.equal(new Set(accepted).size, accepted.length);
  assert.deepEqual([...new Set(rows.map(({ state }) => state))], ["complete"]);
  assert.equal(await count("FROM (SELECT 1 FROM reports GROUP BY crash_id, revision HAVING count(*) > 1) twice"), 0);
  const [issues] = await salvage.query<{ counted: number }>("SELECT coalesce(sum(crash_count), 0)::int AS counted FROM issues");
  assert.equal(issues?.counted, rows.length);
  const named = await salvage.query<{ key: string }>(
    `SELECT blob_key AS key FROM reports UNION ALL SELECT source_blob_key FROM debug_files UNION ALL
     SELECT symcache_blob_key FROM debug_files WHERE symcache_blob_key IS NOT NULL UNION ALL SELECT dump_blob_key FROM crashes WHERE dump_state = 'held'`,
  );
  const blobs = new Set(await salvage.blobKeys());
  assert.deepEqual(
    named.filter(({ key }) => !blobs.has(key)),
    [],
  );
  const codes = await salvage.stopParts();
  assert.deepEqual(Object.values(codes), [0, 0, 0, 0, 0], JSON.stringify(codes));
  for (const { home } of [...ingests, ...workers]) {
    assert.deepEqual(await processesOf(home), []);
    const left = await readdir(join(home, "worker-tmp"), { recursive: true }).catch(() => []);
    assert.deepEqual(left, [], "no half-made file");
  }
});
