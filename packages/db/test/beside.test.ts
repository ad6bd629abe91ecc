/** What comes beside or before a crash: feedback, announcements, files in pieces, files added later; and that all of it goes again. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { finishNew, type Rows, receivedCrash, startRows, type Tenant } from "./rows.ts";

let rows: Rows;
let tenant: Tenant;
let other: Tenant;
before(async () => {
  rows = await startRows();
  tenant = await rows.createTenant();
  other = await rows.createTenant();
});
after(() => rows.stop());

const usedBytes = (of: Tenant) =>
  rows.one<number>("SELECT used_bytes::float8 FROM storage_usage WHERE organization_id = $1", [of.organizationId]);
const count = (table: string, where: string, ...values: unknown[]) =>
  rows.one<number>(`SELECT count(*)::int FROM ${table} WHERE ${where}`, values);
const file = (sizeBytes: number, blobKey = randomUUID()) => ({
  ...{ id: randomUUID(), fileName: "log.txt", contentType: null, wrappedKey: new Uint8Array([1]), keyId: "k" },
  ...{ sizeBytes, blobKey },
});

test("feedback: bounded per event, the same words once, gone with its crash", async () => {
  const eventId = randomUUID();
  const words = (comments: string) => ({
    ...{ organizationId: tenant.organizationId, projectId: tenant.projectId, eventId },
    ...{ name: "A\0", email: null, comments, receivedAt: new Date() },
  });
  assert.equal(await rows.db.feedback.add(words("it closed")), true);
  assert.equal(await rows.db.feedback.add(words("it closed")), false);
  for (let i = 0; i < 20; i++) await rows.db.feedback.add(words(`again ${i}`));
  assert.equal(await count("crash_feedback", "event_id = $1", eventId), 10);
  const { crashId } = await finishNew(rows, tenant, {}, { eventId });
  await rows.db.retention.eraseCrashes([crashId]);
  assert.equal(await count("crash_feedback", "event_id = $1", eventId), 0);
});

test("feedback and announcements that no crash came for are forgotten after a week", async () => {
  const [eventId, kept] = [randomUUID(), randomUUID()];
  const { organizationId, projectId } = tenant;
  const { crashId } = await finishNew(rows, tenant, {}, {});
  const old = new Date(Date.now() - 8 * 86_400_000);
  for (const id of [eventId, kept, crashId]) {
    const receivedAt = id === kept ? new Date() : old;
    await rows.db.feedback.add({ organizationId, projectId, eventId: id, name: null, email: null, comments: "x", receivedAt });
  }
  await rows.db.announced.add({ organizationId, projectId, eventId, event: { release: "1" }, announcedAt: old });
  await rows.db.announced.add({ organizationId, projectId, eventId: kept, event: { release: "2" }, announcedAt: new Date() });
  await rows.db.announced.add({ organizationId, projectId, eventId: kept, event: { release: "3" }, announcedAt: new Date() });
  await rows.db.sweep.removeExpired();
  assert.equal(await count("crash_feedback", "event_id = ANY ($1::uuid[])", [eventId, kept, crashId]), 2);
  assert.equal(await rows.db.announced.find(projectId, eventId), null);
  assert.deepEqual(await rows.db.announced.find(projectId, kept), { release: "2" });
  assert.equal(await rows.db.announced.find(other.projectId, kept), null);
  // A sweep looks at what fell due since the last one, not at the feedback of a million crashes again.
  await rows.db.feedback.add({ organizationId, projectId, eventId, name: null, email: null, comments: "x", receivedAt: old });
  await rows.db.sweep.removeExpired();
  assert.equal(await count("crash_feedback", "event_id = $1", eventId), 1);
});

test("a file in pieces: offsets, limit of open bytes, counted as stored, forgotten after a day", async () => {
  const { organizationId, projectId, clientKeyId } = tenant;
  const id = randomUUID();
  const upload = { id, organizationId, projectId, clientKeyId, sizeBytes: 100, wrappedKey: new Uint8Array([7]), keyId: "k" };
  const before = await usedBytes(tenant);
  const open = { uploads: 1, bytes: 100 };
  assert.equal((await rows.db.resumables.create(upload, { maxUploads: 2, maxBytes: 150 })).created, true);
  for (const limits of [
    { maxUploads: 2, maxBytes: 150 },
    { maxUploads: 1, maxBytes: 1000 },
  ])
    assert.deepEqual(await rows.db.resumables.create({ ...upload, id: randomUUID() }, limits), { created: false, open });
  const part = (offset: number, sizeBytes: number, blobKey: string) => rows.db.resumables.append(id, { offset, sizeBytes, blobKey });
  assert.equal(await part(10, 10, "x"), false, "not there yet");
  assert.deepEqual(await Promise.all([part(0, 60, "a"), part(0, 60, "b")]).then((both) => both.toSorted()), [false, true]);
  assert.equal(await part(60, 41, "c"), false, "longer than announced");
  assert.equal(await part(60, 40, "c"), true);
  const found = await rows.db.resumables.find({ uploadId: id, projectId, clientKeyId });
  assert.equal(found?.receivedBytes, 100);
  assert.equal(found?.partBlobKeys.length, 2);
  assert.equal(await rows.db.resumables.find({ uploadId: id, projectId: other.projectId, clientKeyId }), null);
  assert.equal(await rows.db.resumables.find({ uploadId: id, projectId, clientKeyId: other.clientKeyId }), null);
  assert.equal(await rows.db.resumables.find({ uploadId: "nonsense", projectId, clientKeyId }), null);
  assert.equal(await usedBytes(tenant), before + 100);
  await rows.db.sweep.removeExpired();
  assert.equal(await count("resumable_uploads", "id = $1", id), 1);
  await rows.sql.query("UPDATE resumable_uploads SET updated_at = now() - interval '25 hours' WHERE id = $1", [id]);
  await rows.db.sweep.removeExpired();
  assert.equal(await count("resumable_uploads", "id = $1", id), 0);
  assert.equal(await usedBytes(tenant), before);
});

test("a file that waits for its crash: found by project and event once it is complete", async () => {
  const { organizationId, projectId, clientKeyId } = tenant;
  const [id, eventId] = [randomUUID(), randomUUID()];
  const waitsFor = { eventId, fileName: "log.txt", contentType: "text/plain" };
  await rows.db.resumables.create(
    { id, organizationId, projectId, clientKeyId, sizeBytes: 3, wrappedKey: new Uint8Array([7]), keyId: "k", waitsFor },
    { maxUploads: 100, maxBytes: 1e6 },
  );
  assert.deepEqual(await rows.db.resumables.waitingFor(projectId, eventId), []);
  await rows.db.resumables.append(id, { offset: 0, sizeBytes: 3, blobKey: "w" });
  const [found, ...more] = await rows.db.resumables.waitingFor(projectId, eventId);
  assert.deepEqual([found?.id, found?.waitsFor, found?.partBlobKeys, more], [id, waitsFor, ["w"], []]);
  assert.deepEqual(await rows.db.resumables.waitingFor(other.projectId, eventId), []);
  assert.deepEqual(await rows.db.resumables.waitingFor(projectId, randomUUID()), []);
  assert.deepEqual(await rows.db.resumables.remove(id), ["w"]);
});

test("blobs of an open upload are known, those of a removed one are orphans", async () => {
  const { organizationId, projectId, clientKeyId } = tenant;
  const id = randomUUID();
  await rows.db.resumables.create(
    { ...{ id, organizationId, projectId, clientKeyId }, sizeBytes: 5, wrappedKey: new Uint8Array([7]), keyId: "k" },
    { maxUploads: 100, maxBytes: 1e6 },
  );
  const [mine, stray] = [`org/${organizationId}/part/${id}/1`, `org/${organizationId}/part/${id}/2`];
  await rows.db.resumables.append(id, { offset: 0, sizeBytes: 5, blobKey: mine });
  assert.deepEqual(await rows.db.retention.unknownBlobKeys([mine, stray]), [stray]);
  assert.deepEqual(await rows.db.resumables.remove(id), [mine]);
  assert.deepEqual(await rows.db.resumables.remove(id), []);
  assert.deepEqual(await rows.db.retention.unknownBlobKeys([mine]), [mine]);
});

test("files added to a crash: found by event id or crash id, limits counted together, none once the dump is gone", async () => {
  const eventId = randomUUID();
  const { crashId } = await rows.db.crashes.insertReceived(receivedCrash(tenant, { eventId, attachments: [file(10)] }));
  const byEvent = await rows.db.crashes.findByEvent(tenant.projectId, eventId.replaceAll("-", ""));
  assert.deepEqual(byEvent, { crashId, dumpHeld: true, attachments: 1, attachmentsBytes: 10 });
  assert.deepEqual(await rows.db.crashes.findByEvent(tenant.projectId, crashId), byEvent);
  for (const id of [randomUUID(), "x", "'; --"]) assert.equal(await rows.db.crashes.findByEvent(tenant.projectId, id), null);
  assert.equal(await rows.db.crashes.findByEvent(other.projectId, eventId), null);
  const before = await usedBytes(tenant);
  const limits = { maxAttachments: 3, maxBytes: 100 };
  assert.equal(await rows.db.crashes.addAttachments(crashId, [file(20), file(20), file(20)], limits), "too many");
  assert.equal(await rows.db.crashes.addAttachments(crashId, [file(91)], limits), "too many");
  assert.equal(await rows.db.crashes.addAttachments(crashId, [file(20), file(20)], limits), "added");
  assert.equal(await usedBytes(tenant), before + 40);
  await rows.endDumpTime(crashId);
  await rows.db.retention.markDumpDeleted(crashId, "complete");
  assert.equal(await rows.db.crashes.addAttachments(crashId, [file(1)], limits), "no dump");
  assert.equal((await rows.db.crashes.findByEvent(tenant.projectId, eventId))?.dumpHeld, false);
});

test("what is said of a crash after it was accepted comes before what is there, and its issue learns the release", async () => {
  const { crashId, outcome } = await finishNew(
    rows,
    other,
    {},
    { release: "1", environment: "live", extra: { a: 1, b: 1 }, contexts: { device: { model: "X", locale: "de" } } },
  );
  const said = {
    ...{ release: "2", environment: null, dist: "7", user: "someone", tags: { t: "1" }, extra: { b: 2 } },
    contexts: { device: { model: "Y" }, os: { name: "Android" } },
  };
  for (let again = 0; again < 2; again++) await rows.db.announced.addTo(crashId, said);
  const crash = await rows.one(
    `SELECT jsonb_build_object('release', release, 'environment', environment, 'dist', dist, 'user', user_label, 'tags', tags, 'extra', extra,
       'contexts', contexts) FROM crashes WHERE id = $1`,
    [crashId],
  );
  assert.deepEqual(crash, {
    ...said,
    ...{ environment: "live", extra: { a: 1, b: 2 } },
    contexts: { device: { model: "Y", locale: "de" }, os: { name: "Android" } },
  });
  const versions = await rows.one<string[]>("SELECT versions FROM issues WHERE id = $1", [outcome.issueId]);
  assert.deepEqual(
    versions.filter((version) => version === "2"),
    ["2"],
  );
  await rows.db.announced.addTo(randomUUID(), said);
});

test("the project of a client key", async () => {
  const publicKey = await rows.one<string>("SELECT public_key FROM client_keys WHERE id = $1", [tenant.clientKeyId]);
  assert.equal(await rows.db.keys.projectOf(publicKey), tenant.projectId);
  assert.equal(await rows.db.keys.projectOf("0".repeat(32)), null);
});
