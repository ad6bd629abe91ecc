/** Signing a machine in, through the router: the person at the browser, and the machine's token afterwards. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { TRPCError } from "@trpc/server";
import { startWorld, type World } from "./world.ts";

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.stop());

async function refused(work: Promise<unknown>, code: TRPCError["code"], message?: RegExp): Promise<void> {
  await assert.rejects(work, (error) => error instanceof TRPCError && error.code === code && (message ?? /./).test(error.message));
}

test("a member approves for an organization of theirs only; the machine is in, the code over", async () => {
  const [own, other] = [await world.createTenant(), await world.createTenant()];
  const { gate } = world.services;
  const member = world.as(own.people.member.sessionId);
  const { secret, userCode } = await gate.deviceCodes.create({ clientName: "build-7" });
  assert.equal((await member.deviceCodes.find({ userCode })).clientName, "build-7");

  await refused(member.deviceCodes.approve({ userCode, organizationSlug: other.orgSlug }), "NOT_FOUND");
  await refused(member.deviceCodes.approve({ userCode, organizationSlug: "there-is-none" }), "NOT_FOUND");
  assert.equal(await gate.deviceCodes.state(secret), "pending");
  await refused(world.as(null).deviceCodes.approve({ userCode, organizationSlug: own.orgSlug }), "UNAUTHORIZED");

  assert.deepEqual(await member.deviceCodes.approve({ userCode, organizationSlug: own.orgSlug }), { organizationSlug: own.orgSlug });
  const login = await gate.authorizeToken(secret, "crash:read");
  assert.ok(login !== null && login !== "forbidden");
  assert.equal(login.token.organizationSlug, own.orgSlug);
  await refused(member.deviceCodes.find({ userCode }), "NOT_FOUND", /was used, refused/);
});

test("who says that it was not them ends the code for everybody", async () => {
  const { people, orgSlug } = await world.createTenant();
  const { secret, userCode } = await world.services.gate.deviceCodes.create({ clientName: "a stranger" });
  assert.deepEqual(await world.as(people.viewer.sessionId).deviceCodes.deny({ userCode }), { denied: true });
  assert.equal(await world.services.gate.deviceCodes.state(secret), "denied");
  await refused(world.as(people.owner.sessionId).deviceCodes.approve({ userCode, organizationSlug: orgSlug }), "NOT_FOUND");
});

test("guessing is stopped and said so", async () => {
  const { people } = await world.createTenant();
  const guesser = world.as(people.owner.sessionId);
  for (let i = 0; i < 10; i++) await refused(guesser.deviceCodes.find({ userCode: "BCDF-GHJK" }), "NOT_FOUND");
  await refused(guesser.deviceCodes.find({ userCode: "BCDF-GHJK" }), "TOO_MANY_REQUESTS", /Too many wrong tries/);
});
