/** The system repositories on a real PostgreSQL: claims, finishes, issues, missing files, arrivals, retention. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { ClaimedCrash, FinishOutcome } from "../src/system/ports.ts";
import {
  debugId,
  finished,
  finishNew,
  issueCounts,
  missingFile,
  publish,
  type Rows,
  receivedCrash,
  startRows,
  type Tenant,
  upgrade,
} from "./rows.ts";

let rows: Rows;
before(async () => {
  rows = await startRows();
});
after(() => rows.stop());

const lease = 60_000;
const claim = (tenant: Tenant, limit = 64, leaseMs = lease) => rows.db.crashes.claimBatch({ projectId: tenant.projectId, limit, leaseMs });
const post = async (tenant: Tenant, change = {}) => (await rows.db.crashes.insertReceived(receivedCrash(tenant, change))).crashId;
const endLeases = () => rows.sql.query("UPDATE crashes SET lease_until = now() - interval '1 second' WHERE lease_until IS NOT NULL");
const stateOf = (crashId: string) => rows.one<string>("SELECT state FROM crashes WHERE id = $1", [crashId]);
const only = (crashes: ClaimedCrash[]): ClaimedCrash => {
  assert.equal(crashes.length, 1);
  return crashes[0] as ClaimedCrash;
};

describe("client keys and refusals", () => {
  test("a key is found; a wrong key tells the project apart from nothing; a deleted project is nothing", async () => {
    const tenant = await rows.createTenant();
    const answer = await rows.db.keys.find(tenant.projectId, tenant.publicKey);
    assert.equal(answer.found, "key");
    assert.deepEqual(answer.found === "key" && answer.key, {
      organizationId: tenant.organizationId,
      projectId: tenant.projectId,
      keyId: tenant.clientKeyId,
      disabled: false,
      rateLimitPerMinute: null,
      projectRateLimitPerMinute: null,
      organizationRateLimitPerMinute: null,
      maxDumpBytes: null,
      maxAttachmentBytes: null,
      maxAttachments: null,
      storageUsedBytes: 0,
      storageQuotaBytes: null,
    });
    assert.equal((await rows.db.keys.find(tenant.projectId, "f".repeat(32))).found, "project");
    for (const id of ["999999", "0", "x", "99999999999999999999", "-1", ""])
      assert.equal((await rows.db.keys.find(id, tenant.publicKey)).found, "nothing");
    await rows.sql.query("UPDATE projects SET deleted_at = now() WHERE id = $1", [tenant.projectId]);
    assert.equal((await rows.db.keys.find(tenant.projectId, tenant.publicKey)).found, "nothing");
  });

  test("another organization's key does not open a project", async () => {
    const [a, b] = [await rows.createTenant(), await rows.createTenant()];
    assert.equal((await rows.db.keys.find(a.projectId, b.publicKey)).found, "project");
  });

  test("refusals add up per project, day and reason; unknown projects are skipped", async () => {
    const tenant = await rows.createTenant();
    const at = new Date();
    const one = { projectId: tenant.projectId, reason: "wrong_key" as const, count: 2, example: "no such key", met: null, at };
    const met = { limit: 200, seen: 300.4, knob: "MAX_DUMP_BYTES" as const };
    await rows.db.refusals.count([one, one, { ...one, reason: "too_large", count: 1, met }, { ...one, projectId: "987654" }]);
    await rows.db.refusals.count([{ ...one, count: 3, example: null }]);
    const { rows: counts } = await rows.sql.query(
      "SELECT reason, count, example, limit_value::int AS limit, seen_value::int AS seen, knob FROM refusal_counts WHERE project_id = $1 ORDER BY reason",
      [tenant.projectId],
    );
    assert.deepEqual(counts, [
      { reason: "too_large", count: 1, example: "no such key", limit: 200, seen: 300, knob: "MAX_DUMP_BYTES" },
      { reason: "wrong_key", count: 7, example: "no such key", limit: null, seen: null, knob: null },
    ]);
  });
});

describe("the same crash twice", () => {
  test("by event id, however much time lies between, within a project only", async () => {
    const [tenant, other] = [await rows.createTenant(), await rows.createTenant()];
    const eventId = "event-1";
    const first = await post(tenant, { eventId, receivedAt: new Date(Date.now() - 86_400_000) });
    assert.deepEqual(await rows.db.crashes.insertReceived(receivedCrash(tenant, { eventId })), { crashId: first, duplicate: true });
    assert.equal((await rows.db.crashes.insertReceived(receivedCrash(other, { eventId }))).duplicate, false);
  });

  test("else by bytes and fields within 10 minutes", async () => {
    const tenant = await rows.createTenant();
    const same = { sha256: "a".repeat(64), fieldsSha256: "b".repeat(64) };
    const first = await post(tenant, same);
    assert.deepEqual(await rows.db.crashes.insertReceived(receivedCrash(tenant, same)), { crashId: first, duplicate: true });
    assert.equal((await rows.db.crashes.insertReceived(receivedCrash(tenant, { ...same, fieldsSha256: "c".repeat(64) }))).duplicate, false);
    await rows.sql.query("UPDATE crashes SET received_at = now() - interval '11 minutes' WHERE id = $1", [first]);
    assert.equal((await rows.db.crashes.insertReceived(receivedCrash(tenant, same))).duplicate, false);
  });

  test("twenty at once are one", async () => {
    const tenant = await rows.createTenant();
    for (const same of [{ eventId: "event-2" }, { sha256: "d".repeat(64) }]) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => rows.db.crashes.insertReceived(receivedCrash(tenant, same))));
      assert.equal(answers.filter((answer) => !answer.duplicate).length, 1);
      assert.equal(new Set(answers.map((answer) => answer.crashId)).size, 1);
    }
  });

  test("many at once: each is kept once, and one that the database refuses takes no other with it", async () => {
    const [tenant, other] = [await rows.createTenant(), await rows.createTenant()];
    const eventId = randomUUID();
    const twin = { sha256: "d".repeat(64), fieldsSha256: "e".repeat(64) };
    const refused = receivedCrash(tenant, { projectId: "999999999" });
    const file = {
      id: randomUUID(),
      fileName: "a\0.txt",
      contentType: null,
      blobKey: "k",
      wrappedKey: new Uint8Array([1]),
      keyId: "k",
      sizeBytes: 7,
    };
    const sent = [
      ...Array.from({ length: 150 }, (_, n) => receivedCrash(n % 3 === 0 ? other : tenant, n % 2 === 0 ? { eventId: randomUUID() } : {})),
      ...Array.from({ length: 3 }, () => receivedCrash(tenant, { eventId })),
      ...Array.from({ length: 3 }, () => receivedCrash(tenant, twin)),
      refused,
      receivedCrash(other, { attachments: [file], intakeNotes: ['one, "two"', "three"], tags: { "a\0": "\ud800" } }),
    ];
    const answers = await Promise.allSettled(sent.map((crash) => rows.db.crashes.insertReceived(crash)));
    const kept = answers.filter((answer) => answer.status === "fulfilled").map((answer) => answer.value);
    assert.equal(kept.length, sent.length - 1);
    assert.equal(answers[sent.indexOf(refused)]?.status, "rejected");
    assert.equal(kept.filter(({ duplicate }) => duplicate).length, 4);
    const counted = "SELECT count(*)::int FROM crashes WHERE organization_id = ANY ($1)";
    assert.equal(await rows.one(counted, [[tenant.organizationId, other.organizationId]]), 150 + 1 + 1 + 1);
    const last = sent.at(-1)?.id;
    assert.deepEqual(await rows.one("SELECT intake_notes FROM crashes WHERE id = $1", [last]), ['one, "two"', "three"]);
    assert.deepEqual(await rows.one("SELECT tags FROM crashes WHERE id = $1", [last]), { "a\ufffd": "\ufffd" });
    assert.equal(await rows.one("SELECT file_name FROM crash_attachments WHERE crash_id = $1", [last]), "a\ufffd.txt");
    const stored = "SELECT used_bytes::int FROM storage_usage WHERE organization_id = $1";
    assert.equal(await rows.one(stored, [other.organizationId]), 51 * 1000 + 7);
    assert.equal(await rows.one(stored, [tenant.organizationId]), 102 * 1000);
  });

  test("a duplicate is not counted against the quota; attachments are", async () => {
    const tenant = await rows.createTenant();
    const attachment = {
      id: randomUUID(),
      fileName: "log\0.txt",
      contentType: null,
      blobKey: "x",
      wrappedKey: new Uint8Array([9]),
      keyId: "k",
      sizeBytes: 50,
    };
    await post(tenant, { eventId: "e", attachments: [attachment], extra: { "a\0": ["\0", "\ud800"] } });
    await post(tenant, { eventId: "e" });
    assert.equal(await rows.one("SELECT used_bytes::int FROM storage_usage WHERE organization_id = $1", [tenant.organizationId]), 1050);
    assert.equal(await rows.one("SELECT file_name FROM crash_attachments WHERE id = $1", [attachment.id]), "log\uFFFD.txt");
  });
});

describe("claims", () => {
  test("two claimers at once share the queue and never a crash", async () => {
    const tenant = await rows.createTenant();
    const posted = await Promise.all(Array.from({ length: 100 }, () => post(tenant)));
    const claimed: string[] = [];
    const claimer = async () => {
      for (;;) {
        const { crashes } = await claim(tenant, 7);
        if (crashes.length === 0) return;
        assert.ok(crashes.length <= 7);
        claimed.push(...crashes.map((crash) => crash.crashId));
      }
    };
    await Promise.all([claimer(), claimer(), claimer(), claimer()]);
    assert.deepEqual(claimed.toSorted(), posted.toSorted());
  });

  test("oldest first; a claim says what the worker needs; an ended lease gives the crash to the next", async () => {
    const tenant = await rows.createTenant();
    const first = await post(tenant);
    await post(tenant);
    const batch = await claim(tenant, 1);
    const crash = only(batch.crashes);
    assert.equal(crash.crashId, first);
    assert.equal(crash.state, "processing");
    assert.deepEqual(crash.dump?.wrappedKey && [...crash.dump.wrappedKey], [1, 2, 3]);
    assert.equal(crash.dump?.sizeBytes, 1000);
    assert.deepEqual([crash.revision, crash.reportBlobKey, crash.alone, crash.waiting], [0, null, false, []]);
    assert.deepEqual(await rows.db.sweep.projectsWithWork().then((ids) => ids.includes(tenant.projectId)), true);
    await endLeases();
    const again = await claim(tenant, 1);
    assert.equal(only(again.crashes).crashId, first);
    assert.deepEqual(await rows.db.crashes.finish(batch.claimToken, first, finished(crash)), { outcome: "lost claim" });
    assert.equal(await rows.db.crashes.startAttempt(batch.claimToken, first), false);
  });

  test("a crash sealed under a key that the claimer lacks is left to another, and holds up nobody", async () => {
    const tenant = await rows.createTenant();
    const dump = receivedCrash(tenant).dump;
    const locked = await post(tenant, { dump: { ...dump, keyId: "another-secret" } });
    const other = await post(tenant);
    const take = (keyIds: string[]) => rows.db.crashes.claimBatch({ projectId: tenant.projectId, limit: 64, leaseMs: lease, keyIds });
    const before = await rows.db.sweep.sealedOtherwise([dump.keyId]);
    assert.ok(before >= 1);
    const first = await take([dump.keyId]);
    assert.equal(only(first.crashes).crashId, other);
    assert.equal(first.sealedOtherwise, false);
    const second = await take([dump.keyId]);
    assert.deepEqual([second.crashes, second.sealedOtherwise], [[], true]);
    const third = await take([dump.keyId, "another-secret"]);
    assert.deepEqual([only(third.crashes).crashId, third.sealedOtherwise], [locked, false]);
    assert.equal(await rows.db.sweep.sealedOtherwise([dump.keyId, "another-secret"]), 0);
  });

  test("a heartbeat extends the lease of everything held; release gives back without counting an attempt", async () => {
    const tenant = await rows.createTenant();
    const ids = [await post(tenant), await post(tenant)];
    const batch = await claim(tenant, 2, 50);
    assert.equal(await rows.db.crashes.heartbeatClaim(batch.claimToken, lease), 2);
    assert.equal((await claim(tenant)).crashes.length, 0);
    for (const id of ids) await rows.db.crashes.startAttempt(batch.claimToken, id);
    await rows.db.crashes.releaseClaim(batch.claimToken, [ids[0] as string]);
    assert.equal(await stateOf(ids[0] as string), "received");
    await rows.db.crashes.releaseClaim(batch.claimToken);
    const next = await claim(tenant);
    assert.deepEqual(
      next.crashes.map((crash) => crash.alone),
      [false, false],
    );
  });

  test("a crash that was only claimed when its worker died is not suspected", async () => {
    const tenant = await rows.createTenant();
    await post(tenant);
    await claim(tenant);
    await endLeases();
    assert.equal(only((await claim(tenant)).crashes).alone, false);
  });

  test("poison: after a death it comes alone, after two deaths alone it is rejected with the reason, and others go on", async () => {
    const tenant = await rows.createTenant();
    const poison = await post(tenant);
    const good = await post(tenant);
    const first = await claim(tenant);
    assert.equal(first.crashes.length, 2);
    await rows.db.crashes.startAttempt(first.claimToken, poison);
    await endLeases();
    for (let death = 0; death < 2; death++) {
      const batch = await claim(tenant);
      assert.equal(only(batch.crashes).crashId, poison);
      assert.equal(only(batch.crashes).alone, true);
      await rows.db.crashes.startAttempt(batch.claimToken, poison);
      await endLeases();
    }
    assert.equal(only((await claim(tenant)).crashes).crashId, good);
    assert.equal(await stateOf(poison), "rejected");
    assert.match(await rows.one<string>("SELECT rejection_reason FROM crashes WHERE id = $1", [poison]), /ended its process twice/);
  });

  test("poison seen by a living worker: recordFailure counts the same way and keeps the last reason", async () => {
    const tenant = await rows.createTenant();
    const crashId = await post(tenant);
    const answers: string[] = [];
    for (;;) {
      const batch = await claim(tenant);
      if (batch.crashes.length === 0) break;
      await rows.db.crashes.startAttempt(batch.claimToken, crashId);
      answers.push(await rows.db.crashes.recordFailure(batch.claimToken, crashId, "more than 512 MiB of memory"));
    }
    assert.deepEqual(answers, ["queued", "queued", "rejected"]);
    assert.equal(await rows.one("SELECT rejection_reason FROM crashes WHERE id = $1", [crashId]), "more than 512 MiB of memory");
    assert.equal(await rows.db.crashes.recordFailure(randomUUID(), crashId, "x"), "lost claim");
  });

  test("workers that die in arrivals blame nobody who was beside: each crash under way goes to its lane, alone", async () => {
    const tenant = await rows.createTenant();
    const key = debugId("a");
    const crashIds: string[] = [];
    for (let n = 0; n < 3; n++) crashIds.push((await finishNew(rows, tenant, { missing: [missingFile(key)] })).crashId);
    await publish(rows, tenant, key);
    // Three workers die, each with all of them under way.
    for (let death = 0; death < 3; death++) {
      for (const crashId of crashIds) {
        const claimed = await rows.db.arrivals.claimForUpgrade(crashId, lease);
        if (claimed.outcome === "claimed") await rows.db.crashes.startAttempt(claimed.claimToken, crashId);
        else assert.equal(claimed.outcome, "busy");
      }
      await endLeases();
    }
    for (const crashId of crashIds) assert.deepEqual(await rows.db.arrivals.claimForUpgrade(crashId, lease), { outcome: "busy" });
    assert.equal(await rows.db.arrivals.waitingCount(tenant.organizationId, key), 3);
    for (let left = crashIds.length; left > 0; left--) {
      const batch = await claim(tenant);
      const crash = only(batch.crashes);
      assert.ok(crash.alone);
      assert.equal((await rows.db.crashes.finish(batch.claimToken, crash.crashId, finished(crash))).outcome, "finished");
    }
    assert.equal((await claim(tenant)).crashes.length, 0);
    assert.equal(await rows.db.arrivals.waitingCount(tenant.organizationId, key), 0);
  });

  test("an upgrade that fails keeps the report, and arrivals leave the crash be", async () => {
    const tenant = await rows.createTenant();
    const key = debugId("a");
    const { crashId } = await finishNew(rows, tenant, { missing: [missingFile(key)] });
    await publish(rows, tenant, key);
    const claimed = await rows.db.arrivals.claimForUpgrade(crashId, lease);
    assert.equal(claimed.outcome, "claimed");
    assert.equal(claimed.outcome === "claimed" && (await rows.db.crashes.recordFailure(claimed.claimToken, crashId, "died")), "queued");
    for (const expected of ["queued", "kept report"]) {
      const batch = await claim(tenant);
      assert.equal(only(batch.crashes).alone, true);
      assert.equal(await rows.db.crashes.recordFailure(batch.claimToken, crashId, "died"), expected);
    }
    assert.equal(await stateOf(crashId), "provisional");
    assert.equal((await claim(tenant)).crashes.length, 0);
    assert.deepEqual(await rows.db.arrivals.claimForUpgrade(crashId, lease), { outcome: "gone" });
    assert.equal(await rows.db.arrivals.waitingCount(tenant.organizationId, key), 0);
  });

  test("a rejected crash keeps its reason and offset and loses its dump and attachments", async () => {
    const tenant = await rows.createTenant();
    const attachment = {
      id: randomUUID(),
      fileName: "log.txt",
      contentType: "text/plain",
      blobKey: "attached",
      wrappedKey: new Uint8Array([9]),
      keyId: "k",
      sizeBytes: 50,
    };
    const crashId = await post(tenant, { attachments: [attachment] });
    const batch = await claim(tenant);
    const answer = await rows.db.crashes.reject(batch.claimToken, crashId, "minidump: no directory", 32);
    assert.equal(answer.outcome, "rejected");
    assert.deepEqual(answer.outcome === "rejected" && answer.releasedBlobKeys.toSorted(), [
      "attached",
      `org/${tenant.organizationId}/dump/${crashId}`,
    ]);
    assert.equal(await rows.one("SELECT rejection_offset::int FROM crashes WHERE id = $1", [crashId]), 32);
    assert.equal(await rows.one("SELECT used_bytes::int FROM storage_usage WHERE organization_id = $1", [tenant.organizationId]), 0);
    assert.equal(await rows.one("SELECT dump_wrapped_key FROM crashes WHERE id = $1", [crashId]), null);
    assert.equal((await claim(tenant)).crashes.length, 0);
  });
});

describe("finishing", () => {
  test("by compare-and-set: a second write under the same token and a stale revision are refused", async () => {
    const tenant = await rows.createTenant();
    const crashId = await post(tenant);
    const batch = await claim(tenant);
    const crash = only(batch.crashes);
    const outcome = await rows.db.crashes.finish(batch.claimToken, crashId, finished(crash));
    assert.equal(outcome.outcome, "finished");
    assert.equal((outcome as FinishOutcome).revision, 1);
    assert.equal((await rows.db.crashes.finish(batch.claimToken, crashId, finished(crash))).outcome, "lost claim");
    const claimed = await rows.db.arrivals.claimForUpgrade(crashId, lease);
    assert.ok(claimed.outcome === "claimed");
    assert.deepEqual(await rows.db.arrivals.claimForUpgrade(crashId, lease), { outcome: "busy" });
    const stale = await rows.db.crashes.finish(claimed.claimToken, crashId, finished(claimed.crash, { revisionBase: 0 }));
    assert.equal(stale.outcome, "lost claim");
    assert.equal(await rows.one("SELECT count(*)::int FROM reports WHERE crash_id = $1", [crashId]), 1);
    assert.equal((await rows.db.crashes.finish(claimed.claimToken, crashId, finished(claimed.crash))).outcome, "finished");
  });

  test("one that was queued by a younger transaction than its claim is finished once, not queued again", async () => {
    const tenant = await rows.createTenant();
    const crashId = await post(tenant);
    await rows.sql.query("UPDATE crashes SET queued_at = now() + interval '1 second' WHERE id = $1", [crashId]);
    const batch = await claim(tenant);
    assert.equal((await rows.db.crashes.finish(batch.claimToken, crashId, finished(only(batch.crashes)))).outcome, "finished");
    assert.equal(await rows.one("SELECT queued_at FROM crashes WHERE id = $1", [crashId]), null);
    assert.equal((await claim(tenant)).crashes.length, 0);
  });

  test("without missing files it is complete, its dump goes at once, its queue place is free", async () => {
    const tenant = await rows.createTenant();
    const { crashId, outcome } = await finishNew(rows, tenant, { missing: [missingFile(debugId("b"), { own: false })] });
    assert.equal(outcome.state, "complete");
    assert.deepEqual(outcome.releasedBlobKeys, [`org/${tenant.organizationId}/dump/${crashId}`]);
    assert.equal((await claim(tenant)).crashes.length, 0);
    assert.equal(await rows.one("SELECT used_bytes::int FROM storage_usage WHERE organization_id = $1", [tenant.organizationId]), 0);
  });

  test("a project that keeps dumps keeps them so long; one that does not wait lets the dump of a provisional crash go at once", async () => {
    const tenant = await rows.createTenant();
    await rows.sql.query("UPDATE projects SET keep_dump_days = 3, wait_for_symbols_days = 0 WHERE id = $1", [tenant.projectId]);
    const kept = await finishNew(rows, tenant);
    assert.deepEqual(kept.outcome.releasedBlobKeys, []);
    const days = "SELECT round(extract(epoch FROM dump_delete_after - now()) / 86400)::int FROM crashes WHERE id = $1";
    assert.equal(await rows.one(days, [kept.crashId]), 3);
    const gone = await finishNew(rows, tenant, { missing: [missingFile(debugId("1")), missingFile(debugId("2"), { needs: "unwind" })] });
    assert.equal(gone.outcome.state, "provisional");
    assert.equal(gone.outcome.releasedBlobKeys.length, 1);
    const { rows: waiting } = await rows.sql.query("SELECT file_key, needs FROM crash_missing_files WHERE crash_id = $1 AND open", [
      gone.crashId,
    ]);
    assert.deepEqual(waiting, [{ file_key: debugId("1"), needs: "names" }]);
  });

  test("a hundred at once with one key: one issue, right counters, missing file counted once per crash", async () => {
    const tenant = await rows.createTenant();
    const key = debugId("c");
    await Promise.all(Array.from({ length: 100 }, () => post(tenant)));
    const batches = await Promise.all([claim(tenant, 25), claim(tenant, 25), claim(tenant, 25), claim(tenant, 25)]);
    const outcomes = await Promise.all(
      batches.flatMap((batch) =>
        batch.crashes.map((crash) =>
          rows.db.crashes.finish(
            batch.claimToken,
            crash.crashId,
            finished(crash, { missing: [missingFile(key), missingFile(debugId("d"))] }),
          ),
        ),
      ),
    );
    const issues = new Set(outcomes.map((outcome) => (outcome.outcome === "finished" ? outcome.issueId : outcome.outcome)));
    assert.equal(issues.size, 1);
    assert.equal(outcomes.filter((outcome) => outcome.outcome === "finished" && outcome.newIssue).length, 1);
    assert.equal(await rows.one("SELECT crash_count FROM issues WHERE project_id = $1", [tenant.projectId]), 100);
    assert.equal(
      await rows.one("SELECT waiting_crashes FROM missing_files WHERE project_id = $1 AND file_key = $2", [tenant.projectId, key]),
      100,
    );
  });

  test("one that the database refuses beside others, its key a new one: they are finished, and only it is refused", async () => {
    const tenant = await rows.createTenant();
    await finishNew(rows, tenant, { groupingKey: "known" });
    for (let n = 0; n < 3; n++) await post(tenant);
    const batch = await claim(tenant, 3);
    const keys = ["known", "new", "newer"];
    const outcomes = await Promise.allSettled(
      batch.crashes.map((crash, n) =>
        rows.db.crashes.finish(
          batch.claimToken,
          crash.crashId,
          finished(crash, { groupingKey: keys[n] ?? "", ...(n === 1 ? { reportSizeBytes: 1e30 } : {}) }),
        ),
      ),
    );
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.status === "fulfilled" ? outcome.value.outcome : outcome.reason.name)),
      ["finished", "ReportRefused", "finished"],
    );
  });

  test("very long grouping keys and hostile texts are stored", async () => {
    const tenant = await rows.createTenant();
    const long = "x".repeat(50_000);
    const a = await finishNew(rows, tenant, { groupingKey: `${long}a`, signature: `\0${long}`, cause: "\ud800" });
    const b = await finishNew(rows, tenant, { groupingKey: `${long}a` });
    const c = await finishNew(rows, tenant, { groupingKey: `${long}c` });
    assert.equal(a.outcome.issueId, b.outcome.issueId);
    assert.notEqual(a.outcome.issueId, c.outcome.issueId);
  });
});

describe("issues", () => {
  test("a new key of an upgrade joins the crash's issue; the link stays; later crashes with either key go there", async () => {
    const tenant = await rows.createTenant();
    const key = debugId("a");
    const provisional = { groupingKey: "engine+0x10", signature: "engine + 0x10", groupingProvisional: true, missing: [missingFile(key)] };
    const { crashId, outcome } = await finishNew(rows, tenant, provisional);
    assert.equal(outcome.newIssue, true);
    const upgraded = await upgrade(rows, crashId, { groupingKey: "Engine::draw", signature: "Engine::draw" });
    assert.equal(upgraded.issueId, outcome.issueId);
    assert.equal(upgraded.newIssue, false);
    assert.equal((await finishNew(rows, tenant, { groupingKey: "Engine::draw" })).outcome.issueId, outcome.issueId);
    assert.equal((await finishNew(rows, tenant, provisional)).outcome.issueId, outcome.issueId);
    const { rows: issues } = await rows.sql.query("SELECT signature, provisional, crash_count FROM issues WHERE project_id = $1", [
      tenant.projectId,
    ]);
    assert.deepEqual(issues, [{ signature: "Engine::draw", provisional: false, crash_count: 3 }]);
  });

  test("a key that another issue owns moves the crash; the emptied issue redirects, and so do redirects to it", async () => {
    const tenant = await rows.createTenant();
    const known = await finishNew(rows, tenant, { groupingKey: "Engine::draw" });
    const one = await finishNew(rows, tenant, { groupingKey: "engine+0x10", missing: [missingFile(debugId("a"))] });
    const two = await finishNew(rows, tenant, { groupingKey: "engine+0x10", missing: [missingFile(debugId("a"))] });
    assert.equal(one.outcome.issueId, two.outcome.issueId);
    const moved = await upgrade(rows, one.crashId, { groupingKey: "Engine::draw" });
    assert.deepEqual([moved.issueId, moved.movedFromIssueId], [known.outcome.issueId, one.outcome.issueId]);
    assert.equal(await rows.one("SELECT crash_count FROM issues WHERE id = $1", [one.outcome.issueId]), 1);
    await upgrade(rows, two.crashId, { groupingKey: "Engine::draw" });
    assert.equal(await rows.one("SELECT count(*)::int FROM issues WHERE id = $1", [one.outcome.issueId]), 0);
    assert.equal(
      await rows.one("SELECT to_issue_id FROM issue_redirects WHERE from_issue_id = $1", [one.outcome.issueId]),
      known.outcome.issueId,
    );
    assert.equal(await rows.one("SELECT crash_count FROM issues WHERE id = $1", [known.outcome.issueId]), 3);
    // The old key leads to the new issue, and a second merge flattens the first redirect.
    assert.equal((await finishNew(rows, tenant, { groupingKey: "engine+0x10" })).outcome.issueId, known.outcome.issueId);
    const other = await finishNew(rows, tenant, { groupingKey: "Other::key" });
    const { rows: crashes } = await rows.sql.query("SELECT id FROM crashes WHERE issue_id = $1", [known.outcome.issueId]);
    for (const crash of crashes) await upgrade(rows, crash.id, { groupingKey: "Other::key" });
    assert.equal(
      await rows.one("SELECT to_issue_id FROM issue_redirects WHERE from_issue_id = $1", [one.outcome.issueId]),
      other.outcome.issueId,
    );
  });

  test("crossing moves at the same time do not deadlock and counters stay right", async () => {
    const tenant = await rows.createTenant();
    const ids = { a: [] as string[], b: [] as string[] };
    for (let n = 0; n < 8; n++) {
      ids.a.push((await finishNew(rows, tenant, { groupingKey: "A" })).crashId);
      ids.b.push((await finishNew(rows, tenant, { groupingKey: "B" })).crashId);
    }
    await Promise.all([
      ...ids.a.slice(1).map((id) => upgrade(rows, id, { groupingKey: "B" })),
      ...ids.b.slice(1).map((id) => upgrade(rows, id, { groupingKey: "A" })),
    ]);
    assert.deepEqual(await issueCounts(rows, tenant), [
      { counted: 8, crashes: 8 },
      { counted: 8, crashes: 8 },
    ]);
  });

  test("a crash that comes after the issue was resolved makes it regress and queues the webhook; an older one does not", async () => {
    const tenant = await rows.createTenant();
    const hook =
      "INSERT INTO webhooks (id, organization_id, project_id, url, secret, events, disabled) VALUES (gen_random_uuid(), $1, $2, 'https://example.org', 's', $3, $4)";
    await rows.sql.query(hook, [tenant.organizationId, tenant.projectId, ["issue.new", "issue.regressed"], false]);
    await rows.sql.query(hook, [tenant.organizationId, tenant.projectId, ["issue.new"], true]);
    const first = await finishNew(rows, tenant);
    assert.equal(first.outcome.webhookDeliveryIds.length, 1);
    await rows.sql.query("UPDATE issues SET state = 'resolved', resolved_at = now() WHERE id = $1", [first.outcome.issueId]);
    const older = await finishNew(rows, tenant, {}, { receivedAt: new Date(Date.now() - 60_000) });
    assert.deepEqual([older.outcome.regressed, older.outcome.webhookDeliveryIds], [false, []]);
    const later = await finishNew(rows, tenant, {}, { receivedAt: new Date(Date.now() + 1000) });
    assert.equal(later.outcome.regressed, true);
    assert.equal(await rows.one("SELECT state FROM issues WHERE id = $1", [first.outcome.issueId]), "regressed");
    const delivery = await rows.db.webhooks.delivery(later.outcome.webhookDeliveryIds[0] ?? "");
    assert.deepEqual([delivery?.event, delivery?.issue.id, delivery?.crash?.id], ["issue.regressed", first.outcome.issueId, later.crashId]);
    await rows.db.webhooks.record(delivery?.id ?? "", {
      delivered: false,
      status: 500,
      error: "busy",
      nextAttemptAt: new Date(Date.now() - 1),
    });
    assert.ok((await rows.db.sweep.webhooksDue(10)).includes(delivery?.id ?? ""));
    await rows.db.webhooks.record(delivery?.id ?? "", { delivered: true, status: 200, error: null, nextAttemptAt: null });
    assert.equal((await rows.db.webhooks.delivery(delivery?.id ?? ""))?.state, "delivered");
    await rows.sql.query("UPDATE issues SET state_changed_at = now() - interval '8 days'");
    assert.ok((await rows.db.sweep.ageIssues()) >= 1);
    assert.equal(await rows.one("SELECT state FROM issues WHERE id = $1", [first.outcome.issueId]), "ongoing");
  });
});

describe("missing files and arrivals", () => {
  test("a file wakes who waits for a part that it has: names-only ones first, page by page, without ignored ones", async () => {
    const tenant = await rows.createTenant();
    const key = debugId("e");
    const ids: Record<string, string> = {};
    for (const needs of ["both", "unwind", "names"] as const)
      ids[needs] = (await finishNew(rows, tenant, { missing: [missingFile(key, { needs })] })).crashId;
    const page = (cursor: string | null, limit: number) =>
      rows.db.arrivals.waitingPage({ organizationId: tenant.organizationId, fileKey: key, cursor, limit });
    assert.deepEqual((await page(null, 10)).crashes, []);
    const namesOnly = await publish(rows, tenant, key, {
      symcache: null,
      hasUnwind: false,
    });
    assert.deepEqual(
      (await page(null, 10)).crashes.map((crash) => crash.needs),
      ["names", "both"],
    );
    const unwind = await publish(rows, tenant, key, {
      symcache: { blobKey: "u", formatVersion: 1, sizeBytes: 1 },
      hasNames: false,
    });
    assert.equal(await rows.db.arrivals.waitingCount(tenant.organizationId, key), 3);
    const [files] = await rows.db.files.resolveForModules(tenant.organizationId, [
      { codeFile: "/x/engine.dll", debugFile: "engine.pdb", debugId: key, codeId: null },
    ]);
    assert.deepEqual(
      files?.map(({ debugFileId, symcache, hasNames, hasUnwind }) => ({ debugFileId, symcache: symcache?.blobKey, hasNames, hasUnwind })),
      [
        { debugFileId: namesOnly.id, symcache: undefined, hasNames: true, hasUnwind: false },
        { debugFileId: unwind.id, symcache: "u", hasNames: false, hasUnwind: true },
      ],
      "oldest first; a file without a lookup file is read itself",
    );
    const first = await page(null, 2);
    assert.equal(first.crashes[0]?.crashId, ids.names);
    assert.equal(first.crashes.length, 2);
    const second = await page(first.next, 2);
    assert.equal(second.crashes.length, 1);
    assert.equal(second.next, null);
    await rows.sql.query("UPDATE missing_files SET state = 'ignored' WHERE project_id = $1", [tenant.projectId]);
    assert.equal(await rows.db.arrivals.waitingCount(tenant.organizationId, key), 0);
  });

  test("an executable answers by debug id and by code id; its PDB, whenever it comes, answers to the code id as well", async () => {
    const key = debugId("d");
    const codeId = "5a1b2c3d7000";
    const byCodeId = `code:${codeId}/game.exe`;
    const module = { codeFile: "C:\\games\\Game.exe", debugFile: null, debugId: null, codeId };
    const exe = { name: "GAME.EXE", codeFile: "GAME.EXE", kind: "pe" as const, codeId, hasNames: false };
    const pdb = { name: "game.pdb", codeFile: "game.pdb", kind: "pdb" as const, hasUnwind: false };
    for (const order of ["executable first", "PDB first", "at once"]) {
      const tenant = await rows.createTenant();
      const missing = [missingFile(byCodeId, { ...module, name: "Game.exe" })];
      const { crashId } = await finishNew(rows, tenant, { missing });
      const waiting = () => rows.db.arrivals.waitingCount(tenant.organizationId, byCodeId);
      if (order === "executable first") {
        await publish(rows, tenant, key, exe);
        assert.equal(await waiting(), 1, "unwind rules for a crash that needs both");
        await publish(rows, tenant, key, pdb);
      } else if (order === "PDB first") {
        await publish(rows, tenant, key, pdb);
        assert.equal(await waiting(), 0, "nothing says yet that this PDB is the executable's");
        await rows.sql.query("UPDATE debug_file_keys SET added_at = now() - interval '1 hour' WHERE organization_id = $1", [
          tenant.organizationId,
        ]);
        await publish(rows, tenant, key, exe);
      } else await Promise.all([publish(rows, tenant, key, pdb), publish(rows, tenant, key, exe)]);
      assert.equal(await waiting(), 1, order);
      assert.equal(await rows.one("SELECT state FROM missing_files WHERE project_id = $1", [tenant.projectId]), "found", order);
      const lost = (await rows.db.sweep.readyButMissing(100)).filter((row) => row.organizationId === tenant.organizationId);
      assert.deepEqual(lost, [{ organizationId: tenant.organizationId, fileKey: byCodeId }], order);
      const [files, others] = await rows.db.files.resolveForModules(tenant.organizationId, [module, { ...module, codeFile: "other.exe" }]);
      assert.deepEqual(
        files?.map((file) => [file.hasNames, file.hasUnwind]).sort(),
        [
          [false, true],
          [true, false],
        ],
        order,
      );
      assert.deepEqual(others, [], "a code id goes with its name");
      assert.equal((await upgrade(rows, crashId)).state, "complete", order);
    }
  });

  test("the same bytes under another name answer to that name as well", async () => {
    const tenant = await rows.createTenant();
    const file = await publish(rows, tenant, debugId("c"), { codeId: "aa11", codeFile: "build-17.exe" });
    const again = await rows.db.debugFiles.publish({ ...file, id: randomUUID(), codeFile: "Setup.exe" });
    assert.ok(again.outcome === "duplicate");
    assert.deepEqual(
      again.keys.map((key) => key.fileKey),
      [debugId("c"), "code:aa11/build-17.exe", "code:aa11/setup.exe"],
    );
  });

  test("another organization's file wakes nobody and resolves nothing", async () => {
    const [a, b] = [await rows.createTenant(), await rows.createTenant()];
    const key = debugId("f");
    await finishNew(rows, a, { missing: [missingFile(key)] });
    await publish(rows, b, key);
    assert.equal(await rows.db.arrivals.waitingCount(a.organizationId, key), 0);
    const [files] = await rows.db.files.resolveForModules(a.organizationId, [
      { codeFile: "engine.dll", debugFile: null, debugId: key, codeId: null },
    ]);
    assert.deepEqual(files, []);
    assert.equal((await rows.db.files.ownNames(a.organizationId)).size, 0);
    assert.deepEqual([...(await rows.db.files.ownNames(b.organizationId))], ["engine.pdb"]);
  });

  test("a lookup file that comes later replaces an older one, is counted, and is not made again", async () => {
    const tenant = await rows.createTenant();
    const file = await publish(rows, tenant, debugId("8"), { symcache: { blobKey: "v1", formatVersion: 1, sizeBytes: 300 } });
    await rows.db.uploads.setState(file.uploadId, { state: "ready" });
    const mine = async (version: number) =>
      (await rows.db.debugFiles.withOldSymcaches(version, 1000)).filter((old) => old.organizationId === tenant.organizationId);
    const used = async () =>
      Number(
        (await rows.sql.query("SELECT used_bytes FROM storage_usage WHERE organization_id = $1", [tenant.organizationId])).rows[0]
          .used_bytes,
      );
    assert.deepEqual(await mine(1), []);
    assert.deepEqual(await mine(2), [
      { debugFileId: file.id, organizationId: tenant.organizationId, sourceBlobKey: file.sourceBlobKey, debugId: debugId("8") },
    ]);
    const before = await used();
    const set = (blobKey: string | null, formatVersion: number, sizeBytes: number) =>
      rows.db.debugFiles.setSymcache(tenant.organizationId, file.id, { blobKey, formatVersion, sizeBytes });
    assert.deepEqual(await set("v2", 2, 500), { stored: true, replacedBlobKey: "v1" });
    assert.deepEqual(await mine(2), []);
    assert.equal((await used()) - before, 200);
    assert.deepEqual(await set(null, 3, 0), { stored: true, replacedBlobKey: "v2" }, "this file cannot have one in format 3");
    assert.deepEqual(await mine(3), []);
    await rows.sql.query("UPDATE debug_files SET deleted_at = now() WHERE id = $1", [file.id]);
    assert.deepEqual(await set("v3", 3, 1), { stored: false, replacedBlobKey: null });
    const other = await rows.createTenant();
    assert.deepEqual(
      await rows.db.debugFiles.setSymcache(other.organizationId, file.id, { blobKey: "x", formatVersion: 3, sizeBytes: 1 }),
      {
        stored: false,
        replacedBlobKey: null,
      },
    );
  });

  test("the gap: a file published while the crash was processed is reported after the commit, and the sweep sees it too", async () => {
    const tenant = await rows.createTenant();
    const key = debugId("9");
    const crashId = await post(tenant);
    const batch = await claim(tenant);
    await publish(rows, tenant, key);
    const outcome = await rows.db.crashes.finish(batch.claimToken, crashId, finished(only(batch.crashes), { missing: [missingFile(key)] }));
    assert.deepEqual(outcome.outcome === "finished" && outcome.readyNow, [key]);
    const lost = (await rows.db.sweep.readyButMissing(100)).filter((row) => row.organizationId === tenant.organizationId);
    assert.deepEqual(lost, [{ organizationId: tenant.organizationId, fileKey: key }]);
    const upgraded = await upgrade(rows, crashId);
    assert.deepEqual([upgraded.state, upgraded.revision, upgraded.readyNow], ["complete", 2, []]);
    assert.deepEqual(
      (await rows.db.sweep.readyButMissing(100)).filter((row) => row.organizationId === tenant.organizationId),
      [],
    );
    assert.equal(await rows.one("SELECT state FROM missing_files WHERE project_id = $1", [tenant.projectId]), "found");
    assert.equal(await rows.one("SELECT waiting_crashes FROM missing_files WHERE project_id = $1", [tenant.projectId]), 0);
  });

  test("an upgrade that changes nothing is not asked for again for ever", async () => {
    const tenant = await rows.createTenant();
    const key = debugId("8");
    const { crashId } = await finishNew(rows, tenant, { missing: [missingFile(key)] });
    await publish(rows, tenant, key);
    await rows.sql.query("UPDATE debug_file_keys SET added_at = now() - interval '5 minutes' WHERE organization_id = $1", [
      tenant.organizationId,
    ]);
    await rows.sql.query("UPDATE crash_missing_files SET checked_at = now() - interval '10 minutes' WHERE crash_id = $1", [crashId]);
    const mine = async () =>
      (await rows.db.sweep.readyButMissing(100)).filter((row) => row.organizationId === tenant.organizationId).length;
    assert.equal(await mine(), 1);
    const claimed = await rows.db.arrivals.claimForUpgrade(crashId, lease);
    assert.ok(claimed.outcome === "claimed");
    assert.deepEqual(claimed.crash.waiting, [{ fileKey: key, needs: "both" }]);
    await rows.db.crashes.finish(claimed.claimToken, crashId, finished(claimed.crash, { missing: [missingFile(key)] }));
    assert.equal(await mine(), 0);
  });

  test("ignore rules cover new files by pattern and by version; another version opens them", async () => {
    const tenant = await rows.createTenant();
    const rule =
      "INSERT INTO ignore_rules (id, organization_id, project_id, pattern, version, created_by) VALUES (gen_random_uuid(), $1, $2, $3, $4, 'Ada')";
    await rows.sql.query(rule, [tenant.organizationId, tenant.projectId, "LIB_*.p?b", null]);
    await rows.sql.query(rule, [tenant.organizationId, tenant.projectId, null, "game@0.9"]);
    const state = (key: string) =>
      rows.one<string>("SELECT state FROM missing_files WHERE project_id = $1 AND file_key = $2", [tenant.projectId, key]);
    const byPattern = await finishNew(rows, tenant, { missing: [missingFile(debugId("1"), { name: "lib_audio.pdb" })] });
    assert.equal(byPattern.outcome.state, "complete");
    assert.equal(await state(debugId("1")), "ignored");
    const notByPattern = await finishNew(rows, tenant, { missing: [missingFile(debugId("2"), { name: "libXaudio.pdb" })] });
    assert.equal(notByPattern.outcome.state, "provisional");
    const byVersion = await finishNew(rows, tenant, { missing: [missingFile(debugId("3"))] }, { release: "game@0.9" });
    assert.equal(byVersion.outcome.state, "complete");
    const otherVersion = await finishNew(rows, tenant, { missing: [missingFile(debugId("3"))] });
    assert.equal(otherVersion.outcome.state, "provisional");
    assert.equal(await state(debugId("3")), "open");
  });

  test("publishing the same bytes twice is one file; publishing again after a lost answer is no duplicate", async () => {
    const tenant = await rows.createTenant();
    const file = await publish(rows, tenant, debugId("7"));
    assert.equal((await rows.db.debugFiles.publish(file)).outcome, "published");
    const again = await rows.db.debugFiles.publish({ ...file, id: randomUUID() });
    assert.deepEqual([again.outcome, again.outcome !== "no ids" && again.debugFileId], ["duplicate", file.id]);
    assert.deepEqual(await rows.db.debugFiles.publish({ ...file, id: randomUUID(), debugId: null, codeId: null }), { outcome: "no ids" });
    assert.equal(await rows.one("SELECT used_bytes::int FROM storage_usage WHERE organization_id = $1", [tenant.organizationId]), 800);
  });

  test("uploads: the same bytes and name are one upload within an organization only", async () => {
    const [a, b] = [await rows.createTenant(), await rows.createTenant()];
    const upload = (tenant: Tenant) => ({
      id: randomUUID(),
      organizationId: tenant.organizationId,
      projectId: tenant.projectId,
      actor: "Ada",
      fileName: "engine.sym",
      blobKey: "b",
      sizeBytes: 1,
      sha256: "e".repeat(64),
    });
    const first = upload(a);
    assert.deepEqual(await rows.db.uploads.insertReceived(first), { uploadId: first.id, duplicate: false });
    assert.deepEqual(await rows.db.uploads.insertReceived(upload(a)), { uploadId: first.id, duplicate: true });
    assert.equal((await rows.db.uploads.insertReceived(upload(b))).duplicate, false);
    assert.ok((await rows.db.sweep.uploadsStuck(-1)).includes(first.id));
    await rows.db.uploads.setState(first.id, { state: "rejected", reason: "not a debug file", verdicts: [] });
    assert.equal((await rows.db.uploads.byId(first.id))?.state, "rejected");
    assert.equal((await rows.db.uploads.insertReceived(upload(a))).duplicate, false);
  });
});

describe("retention", () => {
  test("a dump whose waiting time ended goes, but not while an import or an upgrade runs or a worker has the crash", async () => {
    const tenant = await rows.createTenant();
    const key = debugId("5");
    const { crashId } = await finishNew(rows, tenant, { missing: [missingFile(key), missingFile(debugId("6"), { needs: "unwind" })] });
    const due = async () => (await rows.db.retention.dumpsDue(1000)).filter((dump) => dump.crashId === crashId);
    assert.deepEqual(await due(), []);
    await rows.sql.query("UPDATE crashes SET dump_delete_after = now() - interval '1 minute' WHERE id = $1", [crashId]);
    assert.deepEqual(await due(), [
      { crashId, organizationId: tenant.organizationId, projectId: tenant.projectId, reason: "waiting_time_ended" },
    ]);
    const uploadId = randomUUID();
    await rows.db.uploads.insertReceived({
      id: uploadId,
      organizationId: tenant.organizationId,
      projectId: null,
      actor: "A",
      fileName: "f",
      blobKey: "b",
      sizeBytes: 1,
      sha256: "1",
    });
    assert.deepEqual(await due(), []);
    await rows.db.uploads.setState(uploadId, { state: "ready" });
    await rows.db.arrivals.progress(tenant.organizationId, key, 0, 1);
    assert.deepEqual(await due(), []);
    await rows.db.arrivals.progress(tenant.organizationId, key, 1, 1);
    const claimed = await rows.db.arrivals.claimForUpgrade(crashId, lease);
    assert.ok(claimed.outcome === "claimed");
    assert.deepEqual(await rows.db.retention.markDumpDeleted(crashId, "waiting_time_ended"), { outcome: "busy" });
    await rows.db.crashes.releaseClaim(claimed.claimToken);
    assert.equal((await due()).length, 1);
    // Looked at, and put off before it is its turn.
    await rows.sql.query("UPDATE crashes SET dump_delete_after = now() + interval '1 day' WHERE id = $1", [crashId]);
    assert.deepEqual(await rows.db.retention.markDumpDeleted(crashId, "waiting_time_ended"), { outcome: "gone" });
    assert.equal(await rows.one("SELECT dump_state FROM crashes WHERE id = $1", [crashId]), "held");
    await rows.endDumpTime(crashId);
    const marked = await rows.db.retention.markDumpDeleted(crashId, "waiting_time_ended");
    assert.deepEqual(marked, { outcome: "marked", releasedBlobKeys: [`org/${tenant.organizationId}/dump/${crashId}`] });
    assert.deepEqual(await rows.db.retention.markDumpDeleted(crashId, "waiting_time_ended"), { outcome: "gone" });
    // Names can still come; unwind data cannot do anything any more.
    const { rows: waiting } = await rows.sql.query("SELECT file_key, needs FROM crash_missing_files WHERE crash_id = $1 AND open", [
      crashId,
    ]);
    assert.deepEqual(waiting, [{ file_key: key, needs: "names" }]);
    assert.equal(await stateOf(crashId), "provisional");
    const upgraded = await upgrade(rows, crashId, { kind: "names_only", missing: [missingFile(debugId("6"), { needs: "unwind" })] });
    assert.equal(upgraded.state, "complete");
  });

  test("old and deleted crashes are erased with their blobs and taken out of the counters", async () => {
    const tenant = await rows.createTenant();
    const key = debugId("4");
    const keep = await finishNew(rows, tenant, { missing: [missingFile(key)] });
    const old = await finishNew(rows, tenant, { missing: [missingFile(key)] }, { receivedAt: new Date(Date.now() - 91 * 86_400_000) });
    const due = (await rows.db.retention.crashesDue(1000)).filter((id) => [keep.crashId, old.crashId].includes(id));
    assert.deepEqual(due, [old.crashId]);
    const erased = await rows.db.retention.eraseCrashes(due);
    assert.equal(erased.erased, 1);
    assert.deepEqual(erased.releasedBlobKeys.toSorted(), [
      `org/${tenant.organizationId}/dump/${old.crashId}`,
      `org/${tenant.organizationId}/report/${old.crashId}/1-aaaaaaaa.json.gz`,
    ]);
    assert.equal(await rows.one("SELECT crash_count FROM issues WHERE id = $1", [keep.outcome.issueId]), 1);
    assert.equal(await rows.one("SELECT waiting_crashes FROM missing_files WHERE project_id = $1", [tenant.projectId]), 1);
    assert.equal(await rows.one("SELECT used_bytes::int FROM storage_usage WHERE organization_id = $1", [tenant.organizationId]), 1000);
  });

  test("orphans: only blobs that no row knows, and only keys that hold an id", async () => {
    const tenant = await rows.createTenant();
    const { crashId } = await finishNew(rows, tenant, { missing: [missingFile(debugId("3"))] });
    const file = await publish(rows, tenant, debugId("2"));
    const org = `org/${tenant.organizationId}`;
    const known = [
      `${org}/dump/${crashId}`,
      `${org}/report/${crashId}/1-aaaaaaaa.json.gz`,
      file.sourceBlobKey,
      `${org}/symcache/${file.id}.1`,
    ];
    const orphans = [`${org}/dump/${randomUUID()}`, `${org}/report/${crashId}/1-bbbbbbbb.json.gz`];
    assert.deepEqual(await rows.db.retention.unknownBlobKeys([...known, ...orphans, "readme.txt"]), orphans);
    await rows.endDumpTime(crashId);
    await rows.db.retention.markDumpDeleted(crashId, "waiting_time_ended");
    assert.deepEqual(await rows.db.retention.unknownBlobKeys(known), [`${org}/dump/${crashId}`]);
  });

  test("a deleted project is erased page by page, its uploads stay with the organization", async () => {
    const tenant = await rows.createTenant();
    for (let n = 0; n < 5; n++) await finishNew(rows, tenant, { missing: [missingFile(debugId("1"))] });
    await rows.sql.query("UPDATE projects SET deleted_at = now() WHERE id = $1", [tenant.projectId]);
    assert.ok((await rows.db.retention.projectsToErase()).includes(tenant.projectId));
    assert.equal((await rows.db.retention.eraseProjectPage(tenant.projectId, 3)).done, false);
    const last = await rows.db.retention.eraseProjectPage(tenant.projectId, 3);
    assert.equal(last.done, true);
    assert.equal(last.releasedBlobKeys.length, 4);
    for (const table of ["crashes", "issues", "missing_files", "client_keys"]) {
      assert.equal(await rows.one(`SELECT count(*)::int FROM ${table} WHERE organization_id = $1`, [tenant.organizationId]), 0);
    }
  });

  test("deleted debug files lose their blobs, their names stay known as the team's own", async () => {
    const tenant = await rows.createTenant();
    const file = await publish(rows, tenant, debugId("1"));
    await rows.sql.query("UPDATE debug_files SET deleted_at = now() WHERE id = $1", [file.id]);
    await rows.sql.query("UPDATE debug_file_uploads SET finished_at = now() - interval '1 hour' WHERE organization_id = $1", [
      tenant.organizationId,
    ]);
    const erased = await rows.db.retention.eraseDebugFiles(1000);
    assert.ok(erased.releasedBlobKeys.includes(file.sourceBlobKey));
    assert.ok(erased.releasedBlobKeys.includes(file.symcache?.blobKey ?? ""));
    assert.equal(await rows.one("SELECT used_bytes::int FROM storage_usage WHERE organization_id = $1", [tenant.organizationId]), 0);
    assert.ok((await rows.db.files.ownNames(tenant.organizationId)).has("engine.pdb"));
    assert.equal((await rows.db.retention.eraseDebugFiles(1000)).erased, 0);
  });

  test("expired rows of sign-in go, and queue sizes are told", async () => {
    await rows.sql.query("INSERT INTO sign_in_throttles (key, failures, last_failure_at) VALUES ('x', 1, now() - interval '2 days')");
    assert.ok((await rows.db.sweep.removeExpired()) >= 1);
    const sizes = await rows.db.sweep.queueSizes();
    assert.equal(typeof sizes.queuedCrashes, "number");
    assert.equal(typeof sizes.oldestQueuedSeconds, "number");
    assert.equal(await rows.db.ping(), true);
  });
});
