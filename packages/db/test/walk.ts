/**
 * What the walks of the tenancy tests need: an organization with a row in every tenant table, every method of its OrgDb with inputs made of
 * given ids, and all its rows as text.
 */
import { randomUUID } from "node:crypto";
import type { OrgDb, OrgGate } from "../src/index.ts";
import { debugId, finishNew, missingFile, publish, type Rows, type Tenant, upgrade } from "./rows.ts";

export type Inhabited = Tenant & { db: OrgDb; orgSlug: string; ids: Record<string, string> };

/** An organization with at least one row in every tenant table. */
export async function inhabit({ rows, gate }: { rows: Rows; gate: OrgGate }): Promise<Inhabited> {
  const tenant = await rows.createTenant();
  const { organizationId, projectId } = tenant;
  const [ownerId, memberId] = [randomUUID(), randomUUID()];
  for (const [userId, role] of [
    [ownerId, "owner"],
    [memberId, "member"],
  ]) {
    await rows.sql.query("INSERT INTO users (id, email, name) VALUES ($1::uuid, $1::text || '@example.org', 'Person')", [userId]);
    await rows.sql.query("INSERT INTO memberships (organization_id, user_id, role) VALUES ($1, $2, $3)", [organizationId, userId, role]);
  }
  await gate.sessions.create(ownerId, null);
  const orgSlug = await rows.one<string>("SELECT slug FROM organizations WHERE id = $1", [organizationId]);
  // A project whose slug only this organization has.
  const slug = `only-${organizationId.slice(0, 8)}`;
  await rows.sql.query("UPDATE projects SET slug = $2 WHERE id = $1", [projectId, slug]);
  const db = await gate.authorizeOrganization(ownerId, orgSlug, "organization:own");
  if (db === null || db === "forbidden") throw new Error("not let in");
  const webhook = await db.webhooks.create({ projectSlug: slug, url: "https://example.org", events: ["issue.new"] });
  const attachment = {
    id: randomUUID(),
    fileName: "log",
    contentType: null,
    blobKey: "b",
    wrappedKey: new Uint8Array([1]),
    keyId: "k",
    sizeBytes: 1,
  };
  const missing = [missingFile(debugId("a")), missingFile(debugId("e"), { name: "vendor.pdb" })];
  const { crashId, outcome } = await finishNew(rows, tenant, { missing }, { attachments: [attachment] });
  await finishNew(rows, tenant, { groupingKey: "B", missing });
  const merged = await finishNew(rows, tenant, { groupingKey: "C", missing });
  await upgrade(rows, merged.crashId, { groupingKey: "B", missing });
  await db.missingFiles.ignore({ projectSlug: slug, pattern: "vendor*" });
  const file = await publish(rows, tenant, debugId("d"));
  // A file key that only this organization has.
  const only = await publish(rows, tenant, `${organizationId.replaceAll("-", "").toUpperCase()}0`);
  await rows.db.arrivals.progress(organizationId, debugId("d"), 1, 2);
  const transfer = {
    id: randomUUID(),
    organizationId,
    projectId,
    actor: "token ci",
    fileName: "a.sym",
    symbolType: "BREAKPAD",
    secretHash: "h",
  };
  await rows.db.transfers.insert(transfer);
  await rows.db.chunks.insert({ id: randomUUID(), organizationId, sha1: "5".repeat(40), sizeBytes: 1, blobKey: "c" });
  const token = await db.tokens.create({ name: "ci", scopes: ["crash:read"] });
  const invitation = await db.invitations.create({ role: "member" });
  const eventId = randomUUID();
  await rows.db.feedback.add({
    ...{ organizationId, projectId, eventId },
    ...{ name: "Person", email: null, comments: "It closed.", receivedAt: new Date() },
  });
  await rows.db.announced.add({ organizationId, projectId, eventId, event: {}, announcedAt: new Date() });
  await rows.db.resumables.create(
    { id: eventId, organizationId, projectId, clientKeyId: tenant.clientKeyId, sizeBytes: 1, wrappedKey: new Uint8Array([1]), keyId: "k" },
    { maxUploads: 1, maxBytes: 10 },
  );
  await rows.db.refusals.count([{ projectId, reason: "wrong_key", count: 1, example: null, met: null, at: new Date() }]);
  const one = (text: string) => rows.one<string>(text, [organizationId]);
  return {
    ...tenant,
    db,
    orgSlug,
    ids: {
      projectSlug: slug,
      projectId,
      keyId: tenant.clientKeyId,
      issueId: outcome.issueId,
      redirectedIssueId: merged.outcome.issueId,
      crashId,
      missingFileId: await one("SELECT id FROM missing_files WHERE organization_id = $1 AND name = 'engine.pdb'"),
      ignoredFileId: await one("SELECT id FROM missing_files WHERE organization_id = $1 AND state = 'ignored'"),
      ruleId: await one("SELECT id FROM ignore_rules WHERE organization_id = $1"),
      debugFileId: file.id,
      uploadId: file.uploadId,
      onlyKey: only.debugId ?? "",
      uploadSha256: await one("SELECT sha256 FROM debug_file_uploads WHERE organization_id = $1 ORDER BY id LIMIT 1"),
      tokenId: token.view.id,
      invitationId: invitation === "forbidden" ? "" : invitation.view.id,
      attachmentId: attachment.id,
      webhookId: webhook?.view.id ?? "",
      deliveryId: await one("SELECT id FROM webhook_deliveries WHERE organization_id = $1 LIMIT 1"),
      memberId,
      ownerId,
    },
  };
}

export async function tenantTables(rows: Rows): Promise<string[]> {
  const { rows: tables } = await rows.sql.query(
    "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'organization_id' ORDER BY 1",
  );
  return tables.map((table) => table.table_name);
}

/** Every row of an organization as text. */
export async function dump(rows: Rows, tenant: Inhabited): Promise<string> {
  let text = "";
  for (const table of await tenantTables(rows)) {
    const { rows: found } = await rows.sql.query(`SELECT t.*::text AS row FROM ${table} t WHERE organization_id = $1 ORDER BY 1`, [
      tenant.organizationId,
    ]);
    text += `${table}\n${found.map((row) => row.row).join("\n")}\n`;
  }
  const { rows: people } = await rows.sql.query(
    "SELECT u.*::text AS row FROM users u WHERE id = ANY ($1::uuid[]) UNION ALL SELECT s.*::text FROM sessions s WHERE user_id = ANY ($1::uuid[]) ORDER BY 1",
    [[tenant.ids.ownerId, tenant.ids.memberId]],
  );
  return text + people.map((row) => row.row).join("\n");
}

/** For every method: inputs made of the given ids. What takes no id is listed with its plain input. */
export const samples: Record<string, (ids: Record<string, string>) => unknown[]> = {
  "projects.list": () => [undefined],
  "projects.names": () => [undefined],
  "projects.create": () => [{ name: "New", slug: `new-${randomUUID().slice(0, 8)}` }],
  "projects.bySlug": ({ projectSlug }) => [{ projectSlug }],
  "projects.byId": ({ projectId }) => [{ projectId }],
  "projects.update": ({ projectSlug }) => [
    { projectSlug, name: "Taken over" },
    { projectSlug, waitForSymbolsDays: 0 },
  ],
  "projects.delete": ({ projectSlug }) => [{ projectSlug, confirmSlug: projectSlug }],
  "clientKeys.list": ({ projectSlug }) => [{ projectSlug }],
  "clientKeys.create": ({ projectSlug }) => [{ projectSlug, name: "x" }],
  "clientKeys.update": ({ keyId }) => [{ keyId, disabled: true }],
  "clientKeys.delete": ({ keyId }) => [{ keyId }],
  "issues.list": ({ projectSlug }) => [{ projectSlug }],
  "issues.byId": ({ issueId, redirectedIssueId }) => [{ issueId }, { issueId: redirectedIssueId }],
  "issues.setState": ({ issueId }) => [{ issueIds: [issueId], state: "resolved" }],
  "crashes.list": ({ projectSlug, issueId }) => [{ projectSlug }, { projectSlug, issueId }],
  "crashes.byId": ({ crashId }) => [{ crashId }],
  "crashes.reportBlob": ({ crashId }) => [{ crashId }],
  "crashes.status": ({ crashId }) => [{ crashId }],
  "crashes.processAgain": ({ crashId }) => [{ crashId }],
  "crashes.delete": ({ crashId }) => [{ crashId }],
  "crashes.dumpTicket": ({ crashId }) => [{ crashId }],
  "crashes.dumpForDownload": ({ crashId }) => [{ crashId }],
  "crashes.attachmentForDownload": ({ crashId, attachmentId }) => [{ crashId, attachmentId }],
  "missingFiles.list": ({ projectSlug }) => ["blocking", "other", "ignored", "resolved"].map((filter) => ({ projectSlug, filter })),
  "missingFiles.count": ({ projectSlug }) => [{ projectSlug }],
  "missingFiles.near": ({ missingFileId }) => [{ missingFileId }],
  "missingFiles.ignore": ({ projectSlug, missingFileId }) => [
    { missingFileIds: [missingFileId] },
    { projectSlug, pattern: "*" },
    { projectSlug, version: "game@1.0" },
  ],
  "missingFiles.unignore": ({ ignoredFileId }) => [{ missingFileIds: [ignoredFileId] }],
  "ignoreRules.list": ({ projectSlug }) => [{ projectSlug }],
  "ignoreRules.delete": ({ ruleId }) => [{ ruleId }],
  "debugFiles.list": () => [{}],
  "debugFiles.coverage": ({ onlyKey }) => [{ images: [{ debugId: onlyKey, codeId: null, name: "engine.pdb" }] }],
  "debugFiles.answering": ({ onlyKey }) => [{ fileKeys: [onlyKey] }],
  "debugFiles.source": ({ debugFileId }) => [{ debugFileId }],
  "debugFiles.delete": ({ debugFileId }) => [{ debugFileId }],
  "uploads.ticket": ({ projectSlug }) => [{ projectSlug }],
  "uploads.held": ({ uploadSha256 }) => [{ files: [{ sha256: uploadSha256, name: "engine.sym" }] }],
  "uploads.byId": ({ uploadId }) => [{ uploadId }],
  "uploads.byIds": ({ uploadId }) => [{ uploadIds: [uploadId] }],
  "uploads.recent": () => [undefined],
  "tokens.list": () => [undefined],
  "tokens.create": () => [{ name: "x", scopes: ["crash:read"] }],
  "tokens.revoke": ({ tokenId }) => [{ tokenId }],
  "members.list": () => [undefined],
  "members.setRole": ({ memberId, ownerId }) => [
    { userId: memberId, role: "viewer" },
    { userId: ownerId, role: "viewer" },
  ],
  "members.remove": ({ memberId, ownerId }) => [{ userId: memberId }, { userId: ownerId }],
  "members.leave": () => [undefined],
  "invitations.list": () => [undefined],
  "invitations.create": () => [{ role: "viewer" }],
  "invitations.revoke": ({ invitationId }) => [{ invitationId }],
  "webhooks.list": ({ projectSlug }) => [{ projectSlug }],
  "webhooks.create": ({ projectSlug }) => [{ projectSlug, url: "https://example.org", events: ["issue.new"] }],
  "webhooks.update": ({ webhookId }) => [{ webhookId, disabled: true }],
  "webhooks.delete": ({ webhookId }) => [{ webhookId }],
  "webhooks.redeliver": ({ deliveryId }) => [{ deliveryId }],
  "refusals.list": ({ projectSlug }) => [{ projectSlug }],
  "limits.ofProject": ({ projectSlug }) => [{ projectSlug }],
  "limits.setProject": ({ projectSlug }) => [{ projectSlug, rateLimitPerMinute: 7 }],
  "limits.setOrganization": () => [{ rateLimitPerMinute: 7 }],
  "audit.list": () => [{}],
};

/** Takes no id: it works on the own organization, and is checked for not showing or changing the other one. */
export const withoutIds = new Set([
  "projects.list",
  "projects.names",
  "projects.create",
  "debugFiles.list",
  "uploads.recent",
  "tokens.list",
  "tokens.create",
  "members.list",
  "members.leave",
  "invitations.list",
  "invitations.create",
  "audit.list",
  "limits.setOrganization",
]);

type Method = (input: unknown) => Promise<unknown>;

/** "issues.list" → the method, for every repository of an OrgDb. */
export function methodsOf(db: OrgDb): Map<string, Method> {
  const methods = new Map<string, Method>();
  for (const [name, repository] of Object.entries(db)) {
    if (typeof repository !== "object" || repository === null || name === "organization" || name === "actor") continue;
    for (const [method, call] of Object.entries(repository)) methods.set(`${name}.${method}`, call as Method);
  }
  return methods;
}

/** What "not there" looks like. */
export const absent = new Set([
  "null",
  "[]",
  '"not found"',
  '{"items":[],"next":null}',
  '[{"names":false,"unwind":false}]',
  '{"changed":0}',
  '{"ignored":0}',
  '{"opened":0,"ready":[]}',
]);

const destroyers = new Set([
  "crashes.delete",
  "clientKeys.delete",
  "webhooks.delete",
  "ignoreRules.delete",
  "debugFiles.delete",
  "members.remove",
  "members.leave",
  "projects.delete",
]);

/** All methods, those that take away what others need at the end, the whole project last. */
export function destroyersLast(db: OrgDb): [string, Method][] {
  return [...methodsOf(db)].toSorted(
    ([x], [y]) =>
      Number(destroyers.has(x)) - Number(destroyers.has(y)) || Number(x === "projects.delete") - Number(y === "projects.delete"),
  );
}
