/** Owners, removal and invitations, through the router: the rules that keep an organization in the right hands. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { TRPCError } from "@trpc/server";
import { startWorld, type Tenant, type World } from "./world.ts";

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.stop());

async function refused(work: Promise<unknown>, code: TRPCError["code"]): Promise<void> {
  await assert.rejects(work, (error) => error instanceof TRPCError && error.code === code);
}

/** Leaves exactly one owner. */
async function withOneOwner(): Promise<Tenant> {
  const tenant = await world.createTenant();
  await world.sql.query("DELETE FROM memberships WHERE organization_id = $1 AND role = 'owner' AND user_id <> $2", [
    tenant.organizationId,
    tenant.people.owner.userId,
  ]);
  return tenant;
}

describe("owners", () => {
  test("the last owner cannot leave, be demoted or be removed", async () => {
    const { orgSlug, people } = await withOneOwner();
    const owner = world.as(people.owner.sessionId);
    await refused(owner.members.leave({ orgSlug }), "CONFLICT");
    await refused(owner.members.setRole({ orgSlug, userId: people.owner.userId, role: "admin" }), "CONFLICT");
    await refused(owner.members.remove({ orgSlug, userId: people.owner.userId }), "CONFLICT");
    await owner.members.setRole({ orgSlug, userId: people.admin.userId, role: "owner" });
    await owner.members.leave({ orgSlug });
    await refused(owner.projects.list({ orgSlug }), "NOT_FOUND");
  });

  test("two owners who leave at the same moment leave one behind", async () => {
    const { orgSlug, people, organizationId } = await withOneOwner();
    await world.as(people.owner.sessionId).members.setRole({ orgSlug, userId: people.admin.userId, role: "owner" });
    const outcomes = await Promise.allSettled([
      world.as(people.owner.sessionId).members.leave({ orgSlug }),
      world.as(people.admin.sessionId).members.leave({ orgSlug }),
    ]);
    assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
    const left = await world.sql.query("SELECT count(*)::int AS n FROM memberships WHERE organization_id = $1 AND role = 'owner'", [
      organizationId,
    ]);
    assert.equal(left.rows[0].n, 1);
  });

  test("an admin neither makes, changes, removes nor invites owners", async () => {
    const { orgSlug, people, guest } = await world.createTenant();
    const admin = world.as(people.admin.sessionId);
    await refused(admin.members.setRole({ orgSlug, userId: guest.userId, role: "owner" }), "FORBIDDEN");
    await refused(admin.members.setRole({ orgSlug, userId: people.admin.userId, role: "owner" }), "FORBIDDEN");
    await refused(admin.members.setRole({ orgSlug, userId: people.owner.userId, role: "viewer" }), "FORBIDDEN");
    await refused(admin.members.remove({ orgSlug, userId: people.owner.userId }), "FORBIDDEN");
    await refused(admin.invitations.create({ orgSlug, role: "owner" }), "FORBIDDEN");
  });
});

test("a removed member's session finds the organization no more, at once", async () => {
  const { orgSlug, people, guest } = await world.createTenant();
  const member = world.as(guest.sessionId);
  assert.equal((await member.projects.list({ orgSlug })).length, 1);
  await world.as(people.admin.sessionId).members.remove({ orgSlug, userId: guest.userId });
  await refused(world.as(guest.sessionId).projects.list({ orgSlug }), "NOT_FOUND");
  // The same request context too: what a user may is never remembered.
  await refused(member.projects.list({ orgSlug }), "NOT_FOUND");
});

describe("invitations", () => {
  const account = (email: string) => ({ email, name: "New Person", password: "a long enough password" });

  test("a link makes one account, once, with the invited role", async () => {
    const { orgSlug, people } = await world.createTenant();
    const { token, url } = await world.as(people.admin.sessionId).invitations.create({ orgSlug, role: "viewer" });
    assert.equal(url, `${world.services.publicUrl}/invite/${token}`);
    const nobody = world.as(null);
    assert.equal((await nobody.invitations.preview({ token }))?.role, "viewer");
    const email = `new-${orgSlug}@example.org`;
    assert.deepEqual(await nobody.invitations.accept({ token, account: account(email) }), { organizationSlug: orgSlug });
    const members = await world.as(people.owner.sessionId).members.list({ orgSlug });
    assert.equal(members.find((member) => member.email === email)?.role, "viewer");
    assert.equal(await nobody.invitations.preview({ token }), null);
    await refused(nobody.invitations.accept({ token, account: account(`second-${orgSlug}@example.org`) }), "NOT_FOUND");
  });

  test("two who use one link at the same moment: one gets in", async () => {
    const { orgSlug, people } = await world.createTenant();
    const { token } = await world.as(people.admin.sessionId).invitations.create({ orgSlug, role: "viewer" });
    const nobody = world.as(null);
    const outcomes = await Promise.allSettled(
      [1, 2, 3].map((n) => nobody.invitations.accept({ token, account: account(`race${n}-${orgSlug}@example.org`) })),
    );
    assert.equal(outcomes.filter(({ status }) => status === "fulfilled").length, 1);
  });

  test("a signed-in person joins with their account", async () => {
    const { orgSlug, people } = await world.createTenant();
    const person = await world.createPerson();
    const { token } = await world.as(people.admin.sessionId).invitations.create({ orgSlug, role: "member" });
    await world.as(person.sessionId).invitations.accept({ token });
    assert.equal((await world.as(person.sessionId).organizations.mine())[0]?.role, "member");
  });

  test("an invitation for another address, a revoked one, an expired one and none are refused", async () => {
    const { orgSlug, people } = await world.createTenant();
    const admin = world.as(people.admin.sessionId);
    const person = world.as((await world.createPerson()).sessionId);
    const named = await admin.invitations.create({ orgSlug, role: "member", email: "someone-else@example.org" });
    await refused(person.invitations.accept({ token: named.token }), "FORBIDDEN");
    await refused(world.as(null).invitations.accept({ token: named.token }), "UNAUTHORIZED");

    const revoked = await admin.invitations.create({ orgSlug, role: "member" });
    await admin.invitations.revoke({ orgSlug, invitationId: revoked.view.id });
    await refused(person.invitations.accept({ token: revoked.token }), "NOT_FOUND");

    const expired = await admin.invitations.create({ orgSlug, role: "member" });
    await world.sql.query("UPDATE invitations SET expires_at = now() - interval '1 second' WHERE id = $1", [expired.view.id]);
    await refused(person.invitations.accept({ token: expired.token }), "NOT_FOUND");
    await refused(person.invitations.accept({ token: "no-such-token-no-such-token" }), "NOT_FOUND");
  });

  test("an address that has an account must sign in: a link never takes an account over", async () => {
    const { orgSlug, people, guest } = await world.createTenant();
    const { token } = await world.as(people.admin.sessionId).invitations.create({ orgSlug, role: "admin" });
    await refused(world.as(null).invitations.accept({ token, account: account(guest.email) }), "UNAUTHORIZED");
    assert.notEqual(await world.as(null).invitations.preview({ token }), null);
  });
});
