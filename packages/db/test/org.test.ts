/** What members and tokens do inside an organization: lists, changes and their effects on crashes, on a real PostgreSQL. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import {
  apiTokenView,
  auditEntryView,
  clientKeyView,
  crashDetail,
  crashSummary,
  debugFileView,
  invitationView,
  issueSummary,
  memberView,
  missingFileView,
  page,
  projectSettings,
  projectSummary,
  refusalView,
  uploadView,
  webhookView,
} from "@salvage/contracts";
import { createOrgGate, type OrgDb, type OrgGate } from "../src/index.ts";
import { debugId, finished, finishNew, missingFile, publish, type Rows, receivedCrash, startRows, type Tenant, upgrade } from "./rows.ts";

let rows: Rows;
let gate: OrgGate;
before(async () => {
  rows = await startRows();
  gate = createOrgGate({ databaseUrl: rows.database.databaseUrl });
});
after(async () => {
  await gate.close();
  await rows.stop();
});

/** A tenant with an owner who is let in. */
async function enter(): Promise<{ tenant: Tenant; db: OrgDb; userId: string }> {
  const tenant = await rows.createTenant();
  const userId = randomUUID();
  await rows.sql.query("INSERT INTO users (id, email, name) VALUES ($1, $2, 'Ada')", [userId, `${userId}@example.org`]);
  await rows.sql.query("INSERT INTO memberships (organization_id, user_id, role) VALUES ($1, $2, 'owner')", [
    tenant.organizationId,
    userId,
  ]);
  const slug = await rows.one<string>("SELECT slug FROM organizations WHERE id = $1", [tenant.organizationId]);
  const db = await gate.authorizeOrganization(userId, slug, "organization:own");
  if (db === null || db === "forbidden") throw new Error("not let in");
  return { tenant, db, userId };
}

const projectSlug = "game";
const got = <T>(value: T | null | string): T => {
  assert.ok(value !== null && typeof value !== "string", `got ${value}`);
  return value as T;
};

describe("views", () => {
  test("every view of a lived-in organization fits the contracts' schema", async () => {
    const { tenant, db } = await enter();
    const { crashId, outcome } = await finishNew(rows, tenant, {
      missing: [missingFile(debugId("a")), missingFile(debugId("b"), { own: false })],
    });
    await finishNew(rows, tenant, { groupingKey: "other" }, { tags: { a: "b" }, extra: { deep: { x: [1, null] } }, user: "u" });
    const file = await publish(rows, tenant, debugId("c"));
    await rows.db.refusals.count([
      { projectId: tenant.projectId, reason: "too_large", count: 3, example: "300 MB", met: null, at: new Date() },
    ]);
    await db.webhooks.create({ projectSlug, url: "https://example.org/hook", events: ["issue.new"] });
    await finishNew(rows, tenant, { groupingKey: "third" });
    await db.tokens.create({ name: "ci", scopes: ["crash:read"], expiresInDays: 30 });
    await db.invitations.create({ email: "B@Example.org", role: "member" });

    const [project] = projectSummary.array().parse(await db.projects.list());
    assert.deepEqual([project?.crashes24h, project?.openIssues, project?.missingFiles, project?.waitingCrashes], [3, 3, 1, 1]);
    assert.equal(project?.crashesByDay.length, 14);
    assert.equal(project?.crashesByDay.at(-1), 3);
    assert.equal(projectSettings.loose().parse(await db.projects.bySlug({ projectSlug })).slug, projectSlug);
    assert.equal(got(await db.projects.bySlug({ projectSlug })).crashCount, 3);
    assert.equal(clientKeyView.array().parse(await db.clientKeys.list({ projectSlug })).length, 1);
    const issues = page(issueSummary).parse(await db.issues.list({ projectSlug }));
    assert.equal(issues.items.length, 3);
    assert.equal(issues.items[0]?.crashesByDay.at(-1), 1);
    const issue = got(await db.issues.byId({ issueId: outcome.issueId }));
    issueSummary.parse(issue);
    assert.deepEqual([issue.projectSlug, issue.newestCrashId, issue.redirectedFrom], [projectSlug, crashId, null]);
    assert.equal(page(crashSummary).parse(await db.crashes.list({ projectSlug })).items.length, 3);
    const detail = crashDetail.parse(await db.crashes.byId({ crashId }));
    assert.deepEqual(
      detail.missing.map((missing) => [missing.name, missing.own, missing.state]),
      [
        ["engine.pdb", true, "open"],
        ["engine.pdb", false, "open"],
      ],
    );
    assert.equal(detail.dump.state, "held");
    assert.ok(detail.dump.deleteAfter !== null);
    assert.deepEqual(
      detail.revisions.map((revision) => [revision.revision, revision.kind]),
      [[1, "first"]],
    );
    assert.deepEqual(await db.crashes.status({ crashId }), { state: "provisional", revision: 1, missingFiles: 1 });
    assert.match(got(await db.crashes.reportBlob({ crashId })).blobKey, /report/);
    const missing = page(missingFileView).parse(await db.missingFiles.list({ projectSlug, filter: "blocking" }));
    assert.deepEqual(
      missing.items.map((item) => [item.fileKey, item.waitingCrashes, item.issues, item.needs, item.versions]),
      [[debugId("a"), 1, 1, "both", ["game@1.0"]]],
    );
    assert.equal(page(missingFileView).parse(await db.missingFiles.list({ projectSlug, filter: "other" })).items.length, 1);
    assert.deepEqual(await db.missingFiles.count({ projectSlug }), { blocking: 1 });
    const files = page(debugFileView).parse(await db.debugFiles.list({}));
    assert.deepEqual([files.items.length, files.items[0]?.uploadedBy, files.items[0]?.sizeBytes], [1, "Ada", 500]);
    assert.equal(uploadView.array().parse(await db.uploads.recent()).length, 1);
    assert.equal(uploadView.parse(await db.uploads.byId({ uploadId: file.uploadId })).state, "ready");
    assert.deepEqual(apiTokenView.array().parse(await db.tokens.list())[0]?.scopes, ["crash:read"]);
    assert.equal(memberView.array().parse(await db.members.list())[0]?.you, true);
    assert.equal(invitationView.array().parse(await db.invitations.list())[0]?.email, "b@example.org");
    const [webhook] = webhookView.array().parse(await db.webhooks.list({ projectSlug }));
    assert.equal(webhook?.deliveries.length, 1);
    const refusals = refusalView.array().parse(await db.refusals.list({ projectSlug }));
    assert.deepEqual([refusals[0]?.reason, refusals[0]?.count, refusals[0]?.example], ["too_large", 3, "300 MB"]);
    const audit = page(auditEntryView).parse(await db.audit.list({}));
    assert.deepEqual(
      audit.items.map((entry) => entry.action),
      ["invitation.create", "token.create", "webhook.create"],
    );
  });

  test("no view tells a secret", async () => {
    const { tenant, db } = await enter();
    const { token } = await db.tokens.create({ name: "ci", scopes: ["crash:read"] });
    const invitation = await db.invitations.create({ role: "member" });
    const webhook = got(await db.webhooks.create({ projectSlug, url: "https://example.org", events: ["issue.new"] }));
    const { crashId } = await finishNew(rows, tenant, { missing: [missingFile(debugId("a"))] });
    const text = JSON.stringify([
      await db.tokens.list(),
      await db.invitations.list(),
      await db.webhooks.list({ projectSlug }),
      await db.crashes.byId({ crashId }),
      await db.members.list(),
      await db.audit.list({}),
    ]);
    assert.ok(invitation !== "forbidden");
    for (const secret of [token, invitation.token, webhook.secret]) assert.ok(!text.includes(secret));
    assert.ok(!/wrapped|hash":/i.test(text));
  });

  test("limits: what is given changes, null goes back, ingest's lookup of a key has them", async () => {
    const { tenant, db } = await enter();
    assert.deepEqual(await db.limits.ofProject({ projectSlug }), {
      project: { rateLimitPerMinute: null, maxDumpBytes: null, maxAttachmentBytes: null, maxAttachments: null },
      organization: { rateLimitPerMinute: null, storageQuotaBytes: null },
      storageUsedBytes: 0,
    });
    assert.equal(
      await db.limits.setProject({ projectSlug, rateLimitPerMinute: 60, maxDumpBytes: 5_000_000_000, maxAttachments: 3 }),
      "done",
    );
    assert.equal(await db.limits.setProject({ projectSlug, maxAttachmentBytes: 2048, maxAttachments: null }), "done");
    await db.limits.setOrganization({ rateLimitPerMinute: 600 });
    const limits = await db.limits.ofProject({ projectSlug });
    assert.deepEqual(limits?.project, {
      rateLimitPerMinute: 60,
      maxDumpBytes: 5_000_000_000,
      maxAttachmentBytes: 2048,
      maxAttachments: null,
    });
    assert.deepEqual(limits?.organization, { rateLimitPerMinute: 600, storageQuotaBytes: null });
    const found = await rows.db.keys.find(tenant.projectId, tenant.publicKey);
    assert.ok(found.found === "key");
    const {
      projectRateLimitPerMinute,
      organizationRateLimitPerMinute,
      maxDumpBytes,
      maxAttachmentBytes,
      maxAttachments,
      storageQuotaBytes,
    } = found.key;
    assert.deepEqual(
      [projectRateLimitPerMinute, organizationRateLimitPerMinute, maxDumpBytes, maxAttachmentBytes, maxAttachments, storageQuotaBytes],
      [60, 600, 5_000_000_000, 2048, null, null],
    );
    assert.equal(await db.limits.ofProject({ projectSlug: "none" }), null);
    assert.equal(await db.limits.setProject({ projectSlug: "none", maxAttachments: 1 }), "not found");
  });

  test("contexts, breadcrumbs and what became of the parts come back with the crash", async () => {
    const { tenant, db } = await enter();
    const breadcrumb = {
      at: "2026-01-02T03:04:05.000Z",
      type: null,
      category: "ui",
      level: "info",
      message: "clicked\u0000",
      data: { n: 1 },
    };
    const given = { dist: "42", contexts: { gpu: { name: "g" } }, breadcrumbs: [breadcrumb], intakeNotes: ["b.dmp: kept"] };
    const { crashId } = await rows.db.crashes.insertReceived(receivedCrash(tenant, given));
    const crash = crashDetail.parse(got(await db.crashes.byId({ crashId })));
    assert.deepEqual(crash.breadcrumbs, [{ ...breadcrumb, message: "clicked\ufffd" }]);
    assert.deepEqual([crash.dist, crash.contexts, crash.intakeNotes], ["42", given.contexts, given.intakeNotes]);
  });
});

describe("lists go page by page without gaps or repeats", () => {
  test("issues in each order, crashes, missing files, debug files, audit", async () => {
    const { tenant, db } = await enter();
    for (let n = 0; n < 7; n++) {
      const receivedAt = new Date(Date.now() - (n % 3) * 60_000);
      await finishNew(rows, tenant, { groupingKey: `k${n}`, missing: [missingFile(debugId(String(n)))] }, { receivedAt });
      if (n % 2 === 0) await finishNew(rows, tenant, { groupingKey: `k${n}`, missing: [missingFile(debugId(String(n)))] });
      await publish(rows, tenant, debugId("f"));
      await db.clientKeys.create({ projectSlug, name: `key ${n}` });
    }
    // Same times: only the id tells the rows apart.
    await rows.sql.query("UPDATE debug_files SET ready_at = date_trunc('minute', ready_at) WHERE organization_id = $1", [
      tenant.organizationId,
    ]);
    const walk = async (list: (cursor: string | null) => Promise<{ items: { id: string }[]; next: string | null } | null>) => {
      const seen: string[] = [];
      for (let cursor: string | null = null; ; ) {
        const { items, next }: { items: { id: string }[]; next: string | null } = got(await list(cursor));
        assert.ok(items.length <= 2);
        seen.push(...items.map((item) => item.id));
        if (next === null) return seen;
        cursor = next;
      }
    };
    for (const sort of ["crashes", "lastSeen", "firstSeen"] as const) {
      const seen = await walk((cursor) => db.issues.list({ projectSlug, sort, cursor, limit: 2 }));
      assert.deepEqual([seen.length, new Set(seen).size], [7, 7], sort);
    }
    for (const [count, list] of [
      [11, (cursor: string | null) => db.crashes.list({ projectSlug, cursor, limit: 2 })],
      [7, (cursor: string | null) => db.missingFiles.list({ projectSlug, filter: "blocking", cursor, limit: 2 })],
      [7, (cursor: string | null) => db.debugFiles.list({ cursor, limit: 2 })],
      [7, (cursor: string | null) => db.audit.list({ cursor, limit: 2 })],
    ] as const) {
      const seen = await walk(list);
      assert.deepEqual([seen.length, new Set(seen).size], [count, count]);
    }
    const counts = got(await db.issues.list({ projectSlug, sort: "crashes" })).items.map((issue) => issue.crashes);
    assert.deepEqual(
      counts,
      counts.toSorted((a, b) => b - a),
    );
  });

  test("cursors that nobody made are the first page; searches take % and _ as they are", async () => {
    const { tenant, db } = await enter();
    await finishNew(rows, tenant, { signature: "100%_done" });
    for (const cursor of [
      "",
      "x",
      "Zm9v",
      Buffer.from("1 2").toString("base64url"),
      Buffer.from(`9999-99-99T00:00:00.000Z ${randomUUID()}`).toString("base64url"),
    ]) {
      assert.equal(got(await db.crashes.list({ projectSlug, cursor })).items.length, 1);
      assert.equal(got(await db.issues.list({ projectSlug, cursor, sort: "crashes" })).items.length, 1);
      assert.equal(got(await db.missingFiles.list({ projectSlug, filter: "resolved", cursor })).items.length, 0);
    }
    assert.equal(got(await db.issues.list({ projectSlug, search: "0%_D" })).items.length, 1);
    assert.equal(got(await db.issues.list({ projectSlug, search: "0%%" })).items.length, 0);
    assert.equal(got(await db.crashes.list({ projectSlug, search: "\0' OR 1=1 --" })).items.length, 0);
    const [crash] = got(await db.crashes.list({ projectSlug })).items;
    assert.equal(got(await db.crashes.list({ projectSlug, search: (crash?.id ?? "").replaceAll("-", "") })).items.length, 1);
  });
});

describe("projects", () => {
  test("slugs: made from the name, checked, unique within the organization, free again after deletion", async () => {
    const [{ db }, other] = [await enter(), await enter()];
    const made = got(await db.projects.create({ name: "Ünïcode Gäme 2!" }));
    assert.match(made.publicKey, /^[0-9a-f]{32}$/);
    const { slug } = made;
    assert.match(slug, /^[a-z0-9-]+$/);
    assert.equal(await db.projects.create({ name: "x", slug }), "slug taken");
    assert.equal(await db.projects.create({ name: "x", slug: "-bad" }), "bad slug");
    assert.equal(await db.projects.create({ name: "日本" }), "bad slug");
    assert.ok(typeof (await other.db.projects.create({ name: "x", slug })) !== "string");
    assert.equal(await db.projects.update({ projectSlug: slug, slug: projectSlug }), "slug taken");
    assert.equal(await db.projects.delete({ projectSlug: slug, confirmSlug: "no" }), "not confirmed");
    assert.equal(await db.projects.delete({ projectSlug: slug, confirmSlug: slug }), "done");
    assert.equal(await db.projects.bySlug({ projectSlug: slug }), null);
    assert.equal(await db.projects.byId({ projectId: made.id }), null);
    assert.equal(await db.projects.delete({ projectSlug: slug, confirmSlug: slug }), "not found");
    assert.ok(typeof (await db.projects.create({ name: "x", slug })) !== "string");
    assert.ok((await rows.db.retention.projectsToErase()).includes(made.id));
  });

  test("new times apply to dumps that are held", async () => {
    const { tenant, db } = await enter();
    const { crashId } = await finishNew(rows, tenant, { missing: [missingFile(debugId("a"))] });
    assert.equal(await db.projects.update({ projectSlug, waitForSymbolsDays: 0, ownPatterns: ["engine*"] }), "done");
    assert.ok((await rows.db.retention.dumpsDue(1000)).some((dump) => dump.crashId === crashId));
    assert.deepEqual(got(await db.projects.bySlug({ projectSlug })).ownPatterns, ["engine*"]);
  });
});

describe("crashes", () => {
  test("a deleted crash is gone at once, leaves the counters, and is erased later", async () => {
    const { tenant, db } = await enter();
    const { crashId, outcome } = await finishNew(rows, tenant, { missing: [missingFile(debugId("a"))] });
    assert.equal(await db.crashes.delete({ crashId }), "done");
    assert.equal(await db.crashes.delete({ crashId }), "not found");
    assert.equal(await db.crashes.byId({ crashId }), null);
    assert.equal(await db.crashes.status({ crashId }), null);
    assert.equal(await db.crashes.dumpTicket({ crashId }), "not found");
    assert.equal(got(await db.crashes.list({ projectSlug })).items.length, 0);
    assert.equal(got(await db.issues.list({ projectSlug })).items.length, 0);
    assert.equal(await rows.one("SELECT crash_count FROM issues WHERE id = $1", [outcome.issueId]), 0);
    assert.deepEqual(await db.missingFiles.count({ projectSlug }), { blocking: 0 });
    assert.deepEqual(await rows.db.arrivals.claimForUpgrade(crashId, 1000), { outcome: "gone" });
    assert.ok((await rows.db.retention.crashesDue(1000)).includes(crashId));
  });

  test("a crash deleted while a worker has it is not finished", async () => {
    const { tenant, db } = await enter();
    const { crashId } = await rows.db.crashes.insertReceived(receivedCrash(tenant));
    const batch = await rows.db.crashes.claimBatch({ projectId: tenant.projectId, limit: 1, leaseMs: 60_000 });
    await db.crashes.delete({ crashId });
    const result = {
      revisionBase: 0,
      kind: "first",
      reportBlobKey: "r",
      reportSizeBytes: 1,
      coreVersion: "0",
      signature: "s",
      groupingKey: "k",
    } as const;
    const rest = {
      groupingProvisional: false,
      crashReason: null,
      crashAddress: null,
      os: null,
      cpu: null,
      cause: null,
      missing: [],
    };
    assert.deepEqual(await rows.db.crashes.finish(batch.claimToken, crashId, { ...result, ...rest }), { outcome: "lost claim" });
  });

  test("process again queues a crash that has a dump or a report, and lifts the block", async () => {
    const { tenant, db } = await enter();
    const { crashId } = await finishNew(rows, tenant, { missing: [missingFile(debugId("a"))] });
    await rows.sql.query("UPDATE crashes SET given_up_at = now(), deaths = 3, deaths_alone = 2 WHERE id = $1", [crashId]);
    assert.deepEqual(await db.crashes.processAgain({ crashId }), { projectId: tenant.projectId });
    const { claimToken, crashes } = await rows.db.crashes.claimBatch({ projectId: tenant.projectId, limit: 5, leaseMs: 60_000 });
    const [claimed] = crashes;
    assert.ok(claimed !== undefined);
    assert.deepEqual([claimed.crashId, claimed.revision, claimed.alone, claimed.state], [crashId, 1, false, "provisional"]);
    // Asked for once more while a worker has it: it stays queued after the finish.
    // A claim may be younger than the transaction that asks, which waited for it.
    await rows.sql.query("UPDATE crashes SET claimed_at = now() + interval '1 second' WHERE id = $1", [crashId]);
    await db.crashes.processAgain({ crashId });
    await rows.db.crashes.finish(claimToken, crashId, finished(claimed, { missing: [missingFile(debugId("a"))] }));
    const again = await rows.db.crashes.claimBatch({ projectId: tenant.projectId, limit: 5, leaseMs: 60_000 });
    assert.equal(again.crashes.length, 1);
    await rows.db.crashes.releaseClaim(again.claimToken);
    const rejected = await rows.db.crashes.insertReceived(receivedCrash(tenant));
    await rows.sql.query("UPDATE crashes SET queued_at = NULL WHERE id = $1", [crashId]);
    const batch = await rows.db.crashes.claimBatch({ projectId: tenant.projectId, limit: 5, leaseMs: 60_000 });
    await rows.db.crashes.reject(batch.claimToken, rejected.crashId, "no minidump", 0);
    assert.equal(await db.crashes.processAgain({ crashId: rejected.crashId }), "nothing to process");
    assert.deepEqual(got(await db.crashes.byId({ crashId: rejected.crashId })).rejection, { reason: "no minidump", offset: 0 });
  });

  test("a crash that was given up keeps its dump for the waiting time, and its next version may read it", async () => {
    const { tenant, db } = await enter();
    const { crashId } = await rows.db.crashes.insertReceived(receivedCrash(tenant));
    const claim = () => rows.db.crashes.claimBatch({ projectId: tenant.projectId, limit: 5, leaseMs: 60_000 });
    const giveUp = async () => {
      for (let failure = 0; failure < 3; failure++) {
        const batch = await claim();
        await rows.db.crashes.startAttempt(batch.claimToken, crashId);
        await rows.db.crashes.recordFailure(batch.claimToken, crashId, "out of memory");
      }
    };
    const look = async () => {
      const crash = got(await db.crashes.byId({ crashId }));
      const waits = await rows.one(
        "SELECT dump_delete_after = received_at + p.wait_for_symbols_days * interval '1 day' FROM crashes c JOIN projects p ON p.id = c.project_id WHERE c.id = $1",
        [crashId],
      );
      return [crash.state, crash.rejection, crash.givenUp, crash.dump.state, waits, crash.finishedAt !== null];
    };
    const givenUp = ["rejected", { reason: "out of memory", offset: null }, { reason: "out of memory" }, "held", true, true];
    await giveUp();
    assert.deepEqual(await look(), givenUp);
    assert.equal((await claim()).crashes.length, 0);
    // The same version again: given up again, for the same time.
    assert.deepEqual(await db.crashes.processAgain({ crashId }), { projectId: tenant.projectId });
    assert.deepEqual(await look(), ["received", null, null, "held", null, false]);
    await giveUp();
    assert.deepEqual(await look(), givenUp);
    await rows.endDumpTime(crashId);
    const due = async () => (await rows.db.retention.dumpsDue(1000)).find((dump) => dump.crashId === crashId)?.reason;
    assert.equal(await due(), "waiting_time_ended");
    // The next one reads it.
    await db.crashes.processAgain({ crashId });
    assert.equal(await due(), undefined);
    const { claimToken, crashes } = await claim();
    const [claimed] = crashes;
    assert.ok(claimed !== undefined);
    await rows.db.crashes.finish(claimToken, crashId, finished(claimed, { missing: [missingFile(debugId("a"))] }));
    assert.deepEqual(await look(), ["provisional", null, null, "held", true, true]);
  });

  test("a dump ticket is for one crash and one use; every download is audited", async () => {
    const { tenant, db } = await enter();
    const { crashId } = await finishNew(rows, tenant, { missing: [missingFile(debugId("a"))] });
    const other = await finishNew(rows, tenant, { groupingKey: "x", missing: [missingFile(debugId("a"))] });
    const { ticket } = got(await db.crashes.dumpTicket({ crashId }));
    assert.equal(await gate.redeemDumpTicket(ticket, other.crashId), null);
    assert.equal(await gate.authorizeToken(ticket, "dump:download"), null);
    const uses = await Promise.all([1, 2, 3, 4].map(() => gate.redeemDumpTicket(ticket, crashId)));
    const used = uses.filter((use) => use !== null);
    assert.equal(used.length, 1);
    const dump = got(await (used[0] as { db: OrgDb }).db.crashes.dumpForDownload({ crashId }));
    assert.deepEqual([...dump.wrappedKey], [1, 2, 3]);
    assert.deepEqual([dump.keyId, dump.sizeBytes, dump.projectId], ["k1", 1000, tenant.projectId]);
    const audited = (await db.audit.list({})).items.filter((entry) => entry.action === "dump.download");
    assert.deepEqual(
      audited.map((entry) => [entry.subject, /^Ada \(/.test(entry.actor)]),
      [[crashId, true]],
    );
    const late = got(await db.crashes.dumpTicket({ crashId }));
    await rows.sql.query("UPDATE api_tokens SET expires_at = now() WHERE kind = 'dump_ticket'");
    assert.equal(await gate.redeemDumpTicket(late.ticket, crashId), null);
    await rows.endDumpTime(crashId);
    await rows.db.retention.markDumpDeleted(crashId, "waiting_time_ended");
    assert.equal(await db.crashes.dumpTicket({ crashId }), "no dump");
    assert.equal(await db.crashes.dumpForDownload({ crashId }), "no dump");
  });
});

describe("issues", () => {
  test("a merged issue's link leads on, for one and for its crashes", async () => {
    const { tenant, db } = await enter();
    const known = await finishNew(rows, tenant, { groupingKey: "A" });
    const merged = await finishNew(rows, tenant, { groupingKey: "B" });
    await upgrade(rows, merged.crashId, { groupingKey: "A" });
    const issue = got(await db.issues.byId({ issueId: merged.outcome.issueId }));
    assert.deepEqual([issue.id, issue.redirectedFrom, issue.crashes], [known.outcome.issueId, merged.outcome.issueId, 2]);
    assert.equal(got(await db.crashes.list({ projectSlug, issueId: merged.outcome.issueId })).items.length, 2);
  });

  test("states are set in bulk; resolving is what regressing compares with", async () => {
    const { tenant, db } = await enter();
    const { outcome } = await finishNew(rows, tenant);
    assert.deepEqual(await db.issues.setState({ issueIds: [outcome.issueId, randomUUID(), "x"], state: "resolved" }), { changed: 1 });
    assert.deepEqual(await db.issues.setState({ issueIds: [outcome.issueId], state: "resolved" }), { changed: 0 });
    assert.equal(got(await db.issues.list({ projectSlug, state: "resolved" })).items.length, 1);
    assert.equal(got(await db.issues.list({ projectSlug, state: "open" })).items.length, 0);
    const later = await finishNew(rows, tenant, {}, { receivedAt: new Date(Date.now() + 2000) });
    assert.equal(later.outcome.regressed, true);
  });
});

describe("ignoring missing files", () => {
  test("by file: what waited for nothing else is complete and its dump is let go; un-ignoring takes it back and tells what came meanwhile", async () => {
    const { tenant, db } = await enter();
    const [a, b] = [debugId("a"), debugId("b")];
    const one = await finishNew(rows, tenant, { missing: [missingFile(a)] });
    const two = await finishNew(rows, tenant, { missing: [missingFile(a), missingFile(b)] });
    const list = got(await db.missingFiles.list({ projectSlug, filter: "blocking" }));
    const id = list.items.find((file) => file.fileKey === a)?.id ?? "";
    assert.deepEqual(await db.missingFiles.ignore({ missingFileIds: [id] }), { ignored: 1 });
    assert.deepEqual(await db.crashes.status({ crashId: one.crashId }), { state: "complete", revision: 1, missingFiles: 0 });
    assert.deepEqual(await db.crashes.status({ crashId: two.crashId }), { state: "provisional", revision: 1, missingFiles: 1 });
    const due = await rows.db.retention.dumpsDue(1000);
    assert.equal(due.find((dump) => dump.crashId === one.crashId)?.reason, "complete");
    assert.ok(!due.some((dump) => dump.crashId === two.crashId));
    assert.equal(got(await db.missingFiles.list({ projectSlug, filter: "ignored" })).items.length, 1);
    await publish(rows, tenant, a);
    assert.equal(await rows.db.arrivals.waitingCount(tenant.organizationId, a), 0);
    assert.deepEqual(await db.missingFiles.unignore({ missingFileIds: [id] }), {
      opened: 1,
      ready: [{ organizationId: tenant.organizationId, fileKey: a }],
    });
    assert.deepEqual(await db.crashes.status({ crashId: one.crashId }), { state: "provisional", revision: 1, missingFiles: 1 });
    assert.deepEqual(await db.crashes.status({ crashId: two.crashId }), { state: "provisional", revision: 1, missingFiles: 2 });
    assert.equal(await rows.db.arrivals.waitingCount(tenant.organizationId, a), 2);
  });

  test("by pattern and by version the rule stays for later files, is listed, and its deletion opens what it hid", async () => {
    const { tenant, db } = await enter();
    const first = await finishNew(
      rows,
      tenant,
      { missing: [missingFile(debugId("a"), { name: "Vendor_Audio.pdb" })] },
      { release: "game@0.9" },
    );
    assert.deepEqual(await db.missingFiles.ignore({ projectSlug, pattern: "vendor_*.pdb" }), { ignored: 1 });
    assert.equal((await db.crashes.status({ crashId: first.crashId }))?.state, "complete");
    const later = await finishNew(rows, tenant, { missing: [missingFile(debugId("b"), { name: "vendor_video.pdb" })] });
    assert.equal(later.outcome.state, "complete");
    const mixed = missingFile(debugId("c"));
    await finishNew(rows, tenant, { missing: [mixed] }, { release: "game@0.9" });
    await finishNew(rows, tenant, { missing: [mixed] }, { release: "game@1.0" });
    const old = await finishNew(rows, tenant, { missing: [missingFile(debugId("d"))] }, { release: "game@0.9" });
    // The file that another version wants too stays open.
    assert.deepEqual(await db.missingFiles.ignore({ projectSlug, version: "game@0.9" }), { ignored: 1 });
    assert.equal((await db.crashes.status({ crashId: old.crashId }))?.state, "complete");
    const rules = got(await db.ignoreRules.list({ projectSlug }));
    assert.deepEqual(rules.map((rule) => rule.pattern ?? rule.version).toSorted(), ["game@0.9", "vendor_*.pdb"]);
    const rule = rules.find((candidate) => candidate.pattern !== null);
    assert.equal(await db.ignoreRules.delete({ ruleId: rule?.id ?? "" }), "done");
    assert.equal((await db.crashes.status({ crashId: first.crashId }))?.state, "provisional");
    assert.equal((await db.crashes.status({ crashId: old.crashId }))?.state, "complete");
    assert.equal(await db.missingFiles.ignore({ projectSlug: "nope", pattern: "*" }), "not found");
  });
});

describe("debug files", () => {
  test("deleting one leaves reports as they are, stops resolving, and the same bytes may come again", async () => {
    const { tenant, db } = await enter();
    const key = debugId("a");
    const file = await publish(rows, tenant, key);
    const { crashId } = await finishNew(rows, tenant);
    const upload = {
      organizationId: tenant.organizationId,
      projectId: null,
      actor: "Ada",
      fileName: "engine.sym",
      blobKey: "again",
      sizeBytes: 500,
      sha256: file.sha256,
    };
    assert.equal((await rows.db.uploads.insertReceived({ ...upload, id: randomUUID() })).duplicate, true);
    assert.equal(await db.debugFiles.delete({ debugFileId: file.id }), "done");
    assert.equal((await db.crashes.status({ crashId }))?.state, "complete");
    assert.equal(await db.debugFiles.delete({ debugFileId: file.id }), "not found");
    const [files] = await rows.db.files.resolveForModules(tenant.organizationId, [
      { codeFile: "x", debugFile: null, debugId: key, codeId: null },
    ]);
    assert.deepEqual(files, []);
    assert.equal((await rows.db.uploads.insertReceived({ ...upload, id: randomUUID() })).duplicate, false);
  });

  test("an upload shows the progress of the crashes that its files upgrade", async () => {
    const { tenant, db } = await enter();
    const key = debugId("a");
    for (let n = 0; n < 3; n++) await finishNew(rows, tenant, { missing: [missingFile(key)] });
    const file = await publish(rows, tenant, key);
    assert.deepEqual(got(await db.uploads.byId({ uploadId: file.uploadId })).upgraded, { done: 0, total: 3 });
    await rows.db.arrivals.progress(tenant.organizationId, key, 2, 3);
    assert.deepEqual(got(await db.uploads.byId({ uploadId: file.uploadId })).upgraded, { done: 2, total: 3 });
    const found = got(await db.missingFiles.list({ projectSlug, filter: "resolved" })).items[0];
    assert.deepEqual([found?.state, found?.arrival], ["found", { done: 2, total: 3 }]);
  });

  test("the progress of an arrival never goes back, and the next arrival begins at 0", async () => {
    const { tenant } = await enter();
    const key = debugId("b");
    const shown = async (done: number, total: number | null) => {
      await rows.db.arrivals.progress(tenant.organizationId, key, done, total);
      const { rows: found } = await rows.sql.query("SELECT done, total FROM arrival_progress WHERE organization_id = $1", [
        tenant.organizationId,
      ]);
      return [found[0].done, found[0].total];
    };
    assert.deepEqual(await shown(0, 100), [0, 100]);
    assert.deepEqual(await shown(30, null), [30, 100]);
    // A page that is tried again; a scan that begins anew and finds 70.
    assert.deepEqual(await shown(10, null), [30, 100]);
    assert.deepEqual(await shown(0, 70), [30, 100]);
    assert.deepEqual(await shown(40, 60), [40, 60]);
    assert.deepEqual(await shown(60, 60), [60, 60]);
    assert.deepEqual(await shown(0, 5), [0, 5]);
  });
});
