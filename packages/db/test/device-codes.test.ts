/** Signing a machine in through a browser: who may approve, what the login may do, and what guessing costs. On a real PostgreSQL. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import type { Role } from "@salvage/contracts";
import { createOrgGate, type OrgGate } from "../src/index.ts";
import { resetPassword } from "../src/setup/index.ts";
import { type Rows, startRows, type Tenant } from "./rows.ts";

let rows: Rows;
let gate: OrgGate;
let tenant: Tenant;
let slug: string;
before(async () => {
  rows = await startRows();
  gate = createOrgGate({ databaseUrl: rows.database.databaseUrl });
  tenant = await rows.createTenant();
  slug = await rows.one<string>("SELECT slug FROM organizations WHERE id = $1", [tenant.organizationId]);
});
after(async () => {
  await gate.close();
  await rows.stop();
});

async function person(role: Role | null): Promise<string> {
  const id = randomUUID();
  await rows.sql.query("INSERT INTO users (id, email, name) VALUES ($1::uuid, $1::text || '@example.org', 'Ada')", [id]);
  if (role !== null)
    await rows.sql.query("INSERT INTO memberships (organization_id, user_id, role) VALUES ($1, $2, $3)", [tenant.organizationId, id, role]);
  return id;
}

const ask = () => gate.deviceCodes.create({ clientName: "build-7" });

test("a code that a member approves makes the secret a token of that member, once", async () => {
  const member = await person("member");
  const { secret, userCode, expiresAt } = await ask();
  assert.match(userCode, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
  assert.ok(expiresAt.getTime() - Date.now() <= 600_000);
  assert.equal(
    await rows.one("SELECT count(*)::int FROM device_codes WHERE token_hash = $1 OR user_code_hash = $2", [secret, userCode]),
    0,
  );
  assert.equal(await gate.deviceCodes.state(secret), "pending");
  assert.equal(await gate.authorizeToken(secret, "crash:read"), null);
  const found = await gate.deviceCodes.find(member, ` ${userCode.toLowerCase().replace("-", " ")}`);
  assert.ok(typeof found === "object" && "clientName" in found && found.clientName === "build-7");

  const both = await Promise.all([gate.deviceCodes.approve(member, userCode, slug), gate.deviceCodes.approve(member, userCode, slug)]);
  assert.equal(both.filter((answer) => answer === "code gone").length, 1, "only one of two at once");
  assert.equal(await gate.deviceCodes.state(secret), "approved");
  const login = await gate.authorizeToken(secret, "debug-file:write");
  assert.ok(login !== null && login !== "forbidden");
  assert.deepEqual([login.token.organizationSlug, login.token.name], [slug, "Ada"]);
  assert.equal(await gate.authorizeToken(secret, "dump:download"), "forbidden");
  assert.equal(await gate.deviceCodes.find(member, userCode), "code gone");
  assert.equal(
    await rows.one("SELECT count(*)::int FROM audit_entries WHERE organization_id = $1 AND action = 'login.approve'", [
      tenant.organizationId,
    ]),
    1,
  );
});

test("a login may what its member may now, ends with the membership, and can end itself", async () => {
  const [viewer, member] = [await person("viewer"), await person("member")];
  const login = async (userId: string) => {
    const { secret, userCode } = await ask();
    assert.deepEqual(await gate.deviceCodes.approve(userId, userCode, slug), { organizationSlug: slug });
    return secret;
  };
  const ofViewer = await login(viewer);
  assert.equal(await gate.authorizeToken(ofViewer, "debug-file:write"), "forbidden");
  assert.ok(typeof (await gate.authorizeToken(ofViewer, "crash:read")) === "object");

  const ofMember = await login(member);
  await rows.sql.query("UPDATE memberships SET role = 'viewer' WHERE user_id = $1", [member]);
  assert.equal(await gate.authorizeToken(ofMember, "debug-file:write"), "forbidden");
  await rows.sql.query("DELETE FROM memberships WHERE user_id = $1", [member]);
  assert.equal(await gate.authorizeToken(ofMember, "crash:read"), "forbidden");

  assert.equal(await gate.endLogin(ofViewer), true);
  assert.equal(await gate.authorizeToken(ofViewer, "crash:read"), null);
  assert.equal(await gate.deviceCodes.state(ofViewer), "expired");
  assert.equal(await gate.endLogin(ofViewer), false);
});

test("an admin sees and revokes logins; an API token cannot end itself", async () => {
  const admin = await person("admin");
  const db = await gate.authorizeOrganization(admin, slug, "organization:admin");
  assert.ok(db !== null && db !== "forbidden");
  const { secret, userCode } = await ask();
  await gate.deviceCodes.approve(admin, userCode, slug);
  const listed = (await db.tokens.list()).filter(({ createdBy, name }) => createdBy === "Ada" && name === "login on build-7");
  assert.ok(listed.length > 0);
  for (const { id } of listed) await db.tokens.revoke({ tokenId: id });
  assert.equal(await gate.authorizeToken(secret, "crash:read"), null);
  const { token } = await db.tokens.create({ name: "ci", scopes: ["crash:read"] });
  assert.equal(await gate.endLogin(token), false);
  assert.ok(typeof (await gate.authorizeToken(token, "crash:read")) === "object");
});

test("nobody approves for an organization that is not theirs; a denied or old code is gone", async () => {
  const [outsider, member] = [await person(null), await person("member")];
  const foreign = await ask();
  assert.equal(await gate.deviceCodes.approve(outsider, foreign.userCode, slug), "not found");
  assert.equal(await gate.deviceCodes.approve(outsider, foreign.userCode, "there-is-none"), "not found");
  assert.equal(await gate.deviceCodes.state(foreign.secret), "pending");

  assert.equal(await gate.deviceCodes.deny(member, foreign.userCode), "done");
  assert.equal(await gate.deviceCodes.state(foreign.secret), "denied");
  assert.equal(await gate.deviceCodes.approve(member, foreign.userCode, slug), "code gone");

  const old = await ask();
  await rows.sql.query("UPDATE device_codes SET expires_at = now() - interval '2 hours' WHERE denied_at IS NULL");
  assert.equal(await gate.deviceCodes.approve(member, old.userCode, slug), "code gone");
  assert.equal(await gate.deviceCodes.state(old.secret), "expired");
  assert.equal(await gate.deviceCodes.state("nonsense"), "expired");
  await rows.db.sweep.removeExpired();
  assert.equal(await rows.one("SELECT count(*)::int FROM device_codes WHERE expires_at < now()"), 0);
});

test("guesses are throttled per member; an own code in between buys none", async () => {
  const guesser = await person("member");
  const { userCode } = await ask();
  for (let guess = 0; guess < 9; guess++) assert.equal(await gate.deviceCodes.find(guesser, "BBBB-BBBB"), "code gone");
  assert.ok(typeof (await gate.deviceCodes.find(guesser, userCode)) === "object");
  assert.equal(await gate.deviceCodes.find(guesser, "BBBB-BBBB"), "code gone");
  const refused = await gate.deviceCodes.find(guesser, userCode);
  assert.ok(typeof refused === "object" && "throttledUntil" in refused, "also for the right code");
  assert.ok(typeof (await gate.deviceCodes.find(await person("member"), userCode)) === "object", "others go on");
});

test("a new password, by the user or by the operator, ends the user's logins and nobody else's", async () => {
  const admin = await gate.authorizeOrganization(await person("admin"), slug, "organization:admin");
  assert.ok(admin !== null && admin !== "forbidden");
  const invitation = await admin.invitations.create({ role: "member" });
  assert.ok(invitation !== "forbidden");
  const account = { email: "eve@example.org", name: "Eve", password: "a password of the tests" };
  const accepted = await gate.invitations.accept(invitation.token, account);
  assert.ok(typeof accepted === "object" && "userId" in accepted);
  const { userId } = accepted;
  const login = async (of: string) => {
    const { secret, userCode } = await ask();
    assert.ok(typeof (await gate.deviceCodes.approve(of, userCode, slug)) === "object");
    return secret;
  };
  const other = await login(await person("member"));
  const first = await login(userId);
  assert.equal(await gate.users.changePassword(userId, "a password of the tests", "another long password"), "done");
  assert.equal(await gate.authorizeToken(first, "crash:read"), null);
  const second = await login(userId);
  assert.equal(await resetPassword(rows.database, "eve@example.org", "set by the operator"), true);
  assert.equal(await gate.authorizeToken(second, "crash:read"), null);
  assert.ok(typeof (await gate.authorizeToken(other, "crash:read")) === "object");
});
