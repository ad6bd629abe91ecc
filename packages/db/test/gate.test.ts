/** Sign-in, sessions, invitations, tokens, roles: who is let in, on a real PostgreSQL. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { createOrgGate, type OrgDb, type OrgGate } from "../src/index.ts";
import { resetPassword, seed } from "../src/setup/index.ts";
import { type Rows, startRows } from "./rows.ts";

let rows: Rows;
let gate: OrgGate;
let ownerId: string;
let seedToken: string;
const password = "a password of the tests";
const owner = { email: "Owner@Example.org", name: "Olga", password };
const input = { owner, organization: { name: "Acme", slug: "acme" }, project: { name: "Game", slug: "game" } };

before(async () => {
  rows = await startRows();
  gate = createOrgGate({ databaseUrl: rows.database.databaseUrl });
  const seeded = await seed(rows.database, input);
  ownerId = seeded?.userId ?? "";
  seedToken = seeded?.token ?? "";
});
after(async () => {
  await gate.close();
  await rows.stop();
});

const enter = async (userId: string, slug = "acme"): Promise<OrgDb> => {
  const db = await gate.authorizeOrganization(userId, slug, "organization:read");
  if (db === null || db === "forbidden") throw new Error("not let in");
  return db;
};
const invite = async (role: "owner" | "admin" | "member" | "viewer", email?: string): Promise<string> => {
  const made = await (await enter(ownerId)).invitations.create({ role, ...(email === undefined ? {} : { email }) });
  if (made === "forbidden") throw new Error("not invited");
  return made.token;
};
const join = async (role: "owner" | "admin" | "member" | "viewer"): Promise<string> => {
  const accepted = await gate.invitations.accept(await invite(role), { email: `${randomUUID()}@example.org`, name: "Max", password });
  if (typeof accepted === "string" || !("userId" in accepted)) throw new Error(`not let in: ${JSON.stringify(accepted)}`);
  return accepted.userId;
};

describe("first rows", () => {
  test("are made once; the token works; the password is stored hashed with its parameters", async () => {
    assert.equal(await seed(rows.database, input), null);
    const stored = await rows.one<string>("SELECT password_hash FROM users WHERE id = $1", [ownerId]);
    assert.match(stored, /^scrypt\$32768\$8\$1\$/);
    const answer = await gate.authorizeToken(seedToken, "debug-file:write");
    assert.ok(answer !== null && answer !== "forbidden");
    assert.equal(answer.token.organizationSlug, "acme");
    assert.equal(await gate.authorizeToken(seedToken, "organization:admin"), "forbidden");
  });
});

describe("passwords and sessions", () => {
  test("right, wrong, unknown; the e-mail's case does not matter; an unknown address takes as long", async () => {
    assert.deepEqual(await gate.users.verifyPassword("OWNER@example.ORG ", password, null), { userId: ownerId });
    const time = async (email: string) => {
      const start = performance.now();
      assert.equal(await gate.users.verifyPassword(email, "wrong password", null), null);
      return performance.now() - start;
    };
    await time("owner@example.org");
    const [known, unknown] = [await time("owner@example.org"), await time("nobody@example.org")];
    assert.ok(unknown > known / 4, `unknown ${unknown} ms, known ${known} ms`);
  });

  test("failures are throttled per e-mail, and many at once gain nothing", async () => {
    const email = "throttled@example.org";
    const answers = await Promise.all(Array.from({ length: 20 }, () => gate.users.verifyPassword(email, "guess a password", "192.0.2.1")));
    assert.ok(answers.filter((answer) => answer === null).length <= 6);
    const blocked = answers.find((answer) => answer !== null);
    assert.ok(
      blocked !== undefined && blocked !== null && "throttledUntil" in blocked && blocked.throttledUntil > new Date(Date.now() - 5000),
    );
    // The pause grows with each further failure.
    await rows.sql.query("UPDATE sign_in_throttles SET blocked_until = now() - interval '1 second', failures = 12");
    await gate.users.verifyPassword(email, "guess a password", null);
    const next = await gate.users.verifyPassword(email, "guess a password", null);
    assert.ok(next !== null && "throttledUntil" in next && next.throttledUntil.getTime() > Date.now() + 60_000);
    await rows.sql.query("DELETE FROM sign_in_throttles");
  });

  test("failures are throttled per address over many e-mails; success forgives", async () => {
    await rows.sql.query("DELETE FROM sign_in_throttles");
    for (let n = 0; n < 3; n++) assert.ok(await gate.users.verifyPassword("owner@example.org", password, "192.0.2.2"));
    assert.equal(await rows.one("SELECT coalesce(max(failures), 0) FROM sign_in_throttles"), 0);
    await rows.sql.query("UPDATE sign_in_throttles SET failures = 40, blocked_until = now() + interval '1 minute'");
    const answer = await gate.users.verifyPassword("owner@example.org", password, "192.0.2.2");
    assert.ok(answer !== null && "throttledUntil" in answer);
    assert.deepEqual(await gate.users.verifyPassword("owner@example.org", password, "192.0.2.3"), { userId: ownerId });
    await rows.sql.query("DELETE FROM sign_in_throttles");
  });

  test("a session lives until it is revoked, ends or the password changes", async () => {
    const userId = await join("member");
    const { email } = (await gate.users.byId(userId)) ?? { email: "" };
    const open = () => gate.sessions.create(userId, "Browser\0");
    const [first, second, kept] = [await open(), await open(), await open()];
    assert.equal((await gate.sessions.check(first.sessionId))?.userId, userId);
    assert.equal((await gate.sessions.ofUser(userId)).length, 3);
    await gate.sessions.revoke(first.sessionId);
    assert.equal(await gate.sessions.check(first.sessionId), null);
    assert.equal(await gate.users.changePassword(userId, "not the password", "another long password"), "wrong password");
    assert.equal(await gate.users.changePassword(userId, password, "short"), "too weak");
    assert.equal(await gate.users.changePassword(userId, password, "another long password", kept.sessionId), "done");
    assert.equal(await gate.sessions.check(second.sessionId), null);
    assert.equal((await gate.sessions.check(kept.sessionId))?.email, email);
    assert.deepEqual(await gate.users.verifyPassword(email, "another long password", null), { userId });
    await rows.sql.query("UPDATE sessions SET expires_at = now() WHERE id = $1", [kept.sessionId]);
    assert.equal(await gate.sessions.check(kept.sessionId), null);
    for (const id of ["", "x", randomUUID()]) assert.equal(await gate.sessions.check(id), null);
    const last = await open();
    assert.equal(await resetPassword(rows.database, email, "set by the operator"), true);
    assert.equal(await gate.sessions.check(last.sessionId), null);
    assert.deepEqual(await gate.users.verifyPassword(email, "set by the operator", null), { userId });
    assert.equal(await resetPassword(rows.database, "nobody@example.org", "set by the operator"), false);
  });
});

describe("organizations and roles", () => {
  test("absent, not a member and forbidden", async () => {
    const viewer = await join("viewer");
    assert.equal(await gate.authorizeOrganization(viewer, "acme", "project:write"), "forbidden");
    assert.equal(await gate.authorizeOrganization(viewer, "nope", "project:read"), null);
    const created = await gate.organizations.create(viewer, { name: "Own", slug: "own-one" });
    assert.ok(typeof created !== "string" && created.role === "owner");
    assert.equal(await gate.authorizeOrganization(ownerId, "own-one", "project:read"), null);
    assert.equal(await gate.organizations.create(ownerId, { name: "Own", slug: "own-one" }), "slug taken");
    assert.equal(await gate.organizations.create(ownerId, { name: "Own", slug: "Own!" }), "bad slug");
    const mine = await gate.organizations.ofUser(viewer);
    assert.deepEqual(
      mine.map((organization) => [organization.slug, organization.role]),
      [
        ["acme", "viewer"],
        ["own-one", "owner"],
      ],
    );
  });

  test("owners are changed by owners only, and the last one stays", async () => {
    const [admin, second] = [await join("admin"), await join("owner")];
    const asAdmin = await enter(admin);
    assert.equal(await asAdmin.members.setRole({ userId: second, role: "member" }), "forbidden");
    assert.equal(await asAdmin.members.setRole({ userId: admin, role: "owner" }), "forbidden");
    assert.equal(await asAdmin.members.remove({ userId: second }), "forbidden");
    assert.equal(await asAdmin.invitations.create({ role: "owner" }), "forbidden");
    const asOwner = await enter(ownerId);
    // Both leave at once: one stays.
    const answers = await Promise.all([(await enter(second)).members.leave(), asOwner.members.leave()]);
    assert.deepEqual(answers.toSorted(), ["done", "last owner"]);
    const stays = await rows.one<string>(
      "SELECT m.user_id FROM memberships m JOIN organizations o ON o.id = m.organization_id WHERE role = 'owner' AND o.slug = 'acme'",
    );
    const left = await enter(stays);
    assert.equal(await left.members.setRole({ userId: stays, role: "admin" }), "last owner");
    assert.equal(await left.members.remove({ userId: stays }), "last owner");
    if (stays !== ownerId) {
      await rows.sql.query("UPDATE memberships SET role = 'admin' WHERE user_id = $1", [stays]);
      await rows.sql.query(
        "INSERT INTO memberships (organization_id, user_id, role) SELECT id, $1, 'owner' FROM organizations WHERE slug = 'acme'",
        [ownerId],
      );
    }
  });

  test("a removed member is out at once, and the tickets are void", async () => {
    const userId = await join("member");
    const ticket = await (await enter(userId)).uploads.ticket({});
    assert.ok(ticket !== "not found");
    assert.ok(await gate.authorizeToken(ticket.ticket, "debug-file:write"));
    assert.ok(await gate.authorizeToken(ticket.ticket, "debug-file:write"));
    assert.equal(await (await enter(ownerId)).members.remove({ userId }), "done");
    assert.equal(await gate.authorizeOrganization(userId, "acme", "project:read"), null);
    assert.equal(await gate.authorizeToken(ticket.ticket, "debug-file:write"), null);
  });
});

describe("invitations", () => {
  test("are single use, also for two at once", async () => {
    const token = await invite("member");
    assert.equal((await gate.invitations.byToken(token))?.organizationSlug, "acme");
    const person = (n: number) => ({ email: `two-${n}-${randomUUID()}@example.org`, name: "Two", password });
    const answers = await Promise.all([gate.invitations.accept(token, person(1)), gate.invitations.accept(token, person(2))]);
    assert.equal(answers.filter((answer) => answer === "gone").length, 1);
    assert.equal(await gate.invitations.byToken(token), null);
    assert.equal(await gate.invitations.accept(token, { userId: ownerId }), "gone");
  });

  test("for one address, with a known account, expired, revoked, unknown", async () => {
    const named = await invite("member", "Named@Example.org");
    assert.equal(await gate.invitations.accept(named, { email: "else@example.org", name: "E", password }), "other email");
    assert.equal(await gate.invitations.accept(named, { userId: ownerId }), "other email");
    assert.equal(await gate.invitations.accept(named, { email: "named@example.org", name: "N", password: "short" }), "too weak");
    const accepted = await gate.invitations.accept(named, { email: "NAMED@example.org", name: "N", password });
    assert.ok(typeof accepted === "object" && "userId" in accepted);
    const known = await invite("admin");
    assert.equal(await gate.invitations.accept(known, { email: "named@example.org", name: "N", password }), "sign in first");
    // The refused attempt did not use it up, and joining twice keeps the role that one has.
    assert.ok(typeof (await gate.invitations.accept(known, { userId: accepted.userId })) !== "string");
    assert.equal(await rows.one("SELECT role FROM memberships WHERE user_id = $1", [accepted.userId]), "member");
    const late = await invite("member");
    await rows.sql.query("UPDATE invitations SET expires_at = now() WHERE accepted_at IS NULL");
    assert.equal(await gate.invitations.byToken(late), null);
    const revoked = await invite("member");
    const db = await enter(ownerId);
    assert.equal(await db.invitations.revoke({ invitationId: (await db.invitations.list())[0]?.id ?? "" }), "done");
    assert.equal(await gate.invitations.byToken(revoked), null);
    assert.equal(await gate.invitations.byToken("nonsense"), null);
  });
});

describe("API tokens", () => {
  test("scopes, both spellings, expiry, revocation; the use is noted", async () => {
    const db = await enter(ownerId);
    const { token, view } = await db.tokens.create({ name: "ci", scopes: ["crash:read", "crash:read"], expiresInDays: 1 });
    assert.match(token, /^[0-9A-Za-z]{43}$/);
    assert.deepEqual([view.hint, view.scopes], [token.slice(-4), ["crash:read"]]);
    assert.equal(await rows.one("SELECT count(*)::int FROM api_tokens WHERE token_hash = $1", [token]), 0);
    for (const bearer of [token, `sntrys_eyJpYXQiOjF9_${token}`]) {
      const answer = await gate.authorizeToken(bearer, "crash:read");
      assert.ok(answer !== null && answer !== "forbidden");
      assert.deepEqual(
        [answer.db.may("crash:read"), answer.db.may("crash:write"), answer.db.may("organization:read")],
        [true, false, false],
      );
    }
    assert.equal(await gate.authorizeToken(token, "crash:write"), "forbidden");
    assert.ok((await db.tokens.list()).find((item) => item.id === view.id)?.lastUsedAt);
    for (const bearer of ["", "x", "sntrys_", `${token}x`, "a".repeat(43), "'; --"])
      assert.equal(await gate.authorizeToken(bearer, "crash:read"), null);
    await rows.sql.query("UPDATE api_tokens SET expires_at = now() WHERE id = $1", [view.id]);
    assert.equal(await gate.authorizeToken(token, "crash:read"), null);
    const other = await db.tokens.create({ name: "ci 2", scopes: ["crash:read"] });
    assert.equal(await db.tokens.revoke({ tokenId: other.view.id }), "done");
    assert.equal(await db.tokens.revoke({ tokenId: other.view.id }), "not found");
    assert.equal(await gate.authorizeToken(other.token, "crash:read"), null);
  });

  test("an upload ticket ends after its time and knows its project", async () => {
    const db = await enter(ownerId);
    const made = await db.uploads.ticket({ projectSlug: "game" });
    assert.ok(made !== "not found");
    const answer = await gate.authorizeToken(made.ticket, "debug-file:write");
    assert.ok(answer !== null && answer !== "forbidden" && answer.token.projectId !== null);
    assert.equal(await gate.authorizeToken(made.ticket, "crash:read"), "forbidden");
    assert.equal(await db.uploads.ticket({ projectSlug: "nope" }), "not found");
    await rows.sql.query("UPDATE api_tokens SET expires_at = now() WHERE kind = 'upload_ticket'");
    assert.equal(await gate.authorizeToken(made.ticket, "debug-file:write"), null);
    assert.ok(!(await db.tokens.list()).some((token) => token.name === "upload"));
  });
});
