/**
 * No tenant sees another, and each role may do what the permission table says: tried with every procedure there is.
 * A new procedure fails here until it has a sample input in samples.ts (or is named as public below).
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Permission, role, roleMay } from "@salvage/contracts";
import { TRPCError } from "@trpc/server";
import { appRouter } from "../src/server/routers/index.ts";
import type { ProcedureMeta } from "../src/server/trpc.ts";
import { mixedInputs, type Sample, samples } from "./samples.ts";
import { startWorld, type Tenant, type World } from "./world.ts";

/** Procedures for everyone; each holds a secret of its own (an invitation's token). */
const publicPaths = ["invitations.accept", "invitations.preview"];

type Procedure = { path: string; access: Sample["access"]; type: "query" | "mutation"; sample: Sample };
type Answer = { ok: true; value: unknown } | { ok: false; code: string };

type Definition = { _def: { meta?: ProcedureMeta; type: Procedure["type"] } };

/** At run time this is flat ("projects.list"), whatever its type says. */
const all = Object.entries(appRouter._def.procedures as unknown as Record<string, Definition>);
const covered: Procedure[] = [];
for (const [path, { _def }] of all) {
  const sample = samples[path];
  if (sample !== undefined) covered.push({ path, access: sample.access, type: _def.type, sample });
}
const ofOrganizations = covered.filter(({ access }) => access !== "authed");

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.stop());

/** Calls a procedure by its path. Anything but a value or a TRPCError, and a server error, fails the test. */
async function call(sessionId: string | null, path: string, input: Record<string, unknown>): Promise<Answer> {
  let target: unknown = world.as(sessionId);
  for (const part of path.split(".")) target = (target as Record<string, unknown>)[part];
  try {
    return { ok: true, value: await (target as (input: unknown) => Promise<unknown>)(input) };
  } catch (error) {
    assert.ok(error instanceof TRPCError, `${path} threw ${String(error)}`);
    assert.notEqual(error.code, "INTERNAL_SERVER_ERROR", `${path}: ${error.cause?.stack ?? error.stack}`);
    assert.notEqual(error.code, "BAD_REQUEST", `${path}: the sample input is not valid: ${error.message}`);
    return { ok: false, code: error.code };
  }
}

/** Nothing found and nothing done: an empty list or page, or counts that are all 0. */
function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value !== "object" || value === null) return false;
  const members = Object.values(value);
  return members.length > 0 && members.every((member) => member === 0 || member === null || (Array.isArray(member) && member.length === 0));
}

/** The answer holds nothing of the tenant: neither its marker nor any of its ids. */
function assertNothingOf(tenant: Tenant, answer: Answer, what: string): void {
  if (!answer.ok) return;
  const text = JSON.stringify(answer.value) ?? "";
  const secrets = [tenant.marker, tenant.organizationId, tenant.crashId, tenant.issueId, tenant.projectSlug, tenant.keyId, tenant.uploadId];
  for (const secret of secrets) assert.ok(!text.includes(secret), `${what} shows ${secret}: ${text.slice(0, 300)}`);
}

test("every procedure has an access level, and a sample input or a reason to be public", () => {
  for (const [path, { _def }] of all) {
    assert.ok(_def.meta !== undefined, `${path} is not made by a builder of trpc.ts`);
    if (_def.meta.access === "public")
      assert.ok(publicPaths.includes(path), `${path} is public: is that meant? Then name it in publicPaths`);
    else assert.equal(_def.meta.access, samples[path]?.access ?? "to be stated in samples.ts, with a sample input", path);
  }
  const paths = all.map(([path]) => path);
  for (const path of [...Object.keys(samples), ...publicPaths]) assert.ok(paths.includes(path), `${path} is no procedure any more`);
});

describe("another organization", () => {
  let victim: Tenant;
  let untouched: string;
  before(async () => {
    victim = await world.createTenant();
    untouched = await world.dump(victim);
    assert.ok(untouched.split("\n").length > 25, "the dump sees rows of every kind");
  });

  async function assertUntouched(what: string): Promise<void> {
    assert.equal(await world.dump(victim), untouched, `${what} changed a row of another organization`);
    const pokes = world.takePokes().filter((poke) => poke.includes(victim.organizationId) || poke === `intake/${victim.projectId}`);
    assert.deepEqual(pokes, [], `${what} woke work of another organization`);
  }

  for (const { path, sample } of ofOrganizations) {
    test(`${path} with the other's slug is not found`, async () => {
      const attacker = (await world.createTenant()).people.owner;
      const answer = await call(attacker.sessionId, path, { orgSlug: victim.orgSlug, ...sample.input(victim) });
      assert.deepEqual(answer, { ok: false, code: "NOT_FOUND" });
      await assertUntouched(path);
    });

    test(`${path} with the own slug and the other's ids finds nothing`, async () => {
      const attacker = await world.createTenant();
      const answer = await call(attacker.people.owner.sessionId, path, { orgSlug: attacker.orgSlug, ...sample.input(victim) });
      assertNothingOf(victim, answer, path);
      if (sample.names === "rows") {
        if (answer.ok) assert.ok(isEmpty(answer.value), `${path} answered ${JSON.stringify(answer.value)}`);
        else assert.equal(answer.code, "NOT_FOUND");
      } else {
        assert.ok(answer.ok, `${path} answered ${JSON.stringify(answer)}`);
      }
      await assertUntouched(path);
    });
  }

  for (const [index, { path, input }] of mixedInputs.entries()) {
    test(`${path} with rows of both sides (${index}) finds nothing`, async () => {
      const attacker = await world.createTenant();
      const answer = await call(attacker.people.owner.sessionId, path, { orgSlug: attacker.orgSlug, ...input(attacker, victim) });
      assertNothingOf(victim, answer, path);
      assert.ok(answer.ok ? isEmpty(answer.value) : answer.code === "NOT_FOUND", JSON.stringify(answer));
      await assertUntouched(path);
    });
  }

  test("procedures about the caller show and change nothing of others", async () => {
    const attacker = await world.createTenant();
    for (const { path, access, sample } of covered) {
      if (access !== "authed" || path === "account.changePassword") continue;
      const answer = await call(attacker.people.owner.sessionId, path, sample.input(victim));
      assertNothingOf(victim, answer, path);
      if (sample.names === "rows") assert.deepEqual(answer, { ok: false, code: "NOT_FOUND" }, path);
      await assertUntouched(path);
    }
  });

  test("an organization that does not exist answers the same", async () => {
    const attacker = (await world.createTenant()).people.owner;
    for (const { path, sample } of ofOrganizations) {
      const answer = await call(attacker.sessionId, path, { orgSlug: "there-is-none", ...sample.input(victim) });
      assert.deepEqual(answer, { ok: false, code: "NOT_FOUND" }, path);
    }
  });
});

describe("not signed in", () => {
  let tenant: Tenant;
  before(async () => {
    tenant = await world.createTenant();
  });

  const inputOf = ({ access, sample }: Procedure) => ({
    ...(access === "authed" ? {} : { orgSlug: tenant.orgSlug }),
    ...sample.input(tenant),
  });

  async function assertRefusedEverywhere(sessionId: string | null): Promise<void> {
    const before = await world.dump(tenant);
    for (const procedure of covered) {
      const answer = await call(sessionId, procedure.path, inputOf(procedure));
      assert.deepEqual(answer, { ok: false, code: "UNAUTHORIZED" }, procedure.path);
    }
    assert.equal(await world.dump(tenant), before);
  }

  test("nobody", () => assertRefusedEverywhere(null));

  test("a session that was revoked", async () => {
    const { sessionId } = await world.services.gate.sessions.create(tenant.people.owner.userId, "test");
    assert.ok((await call(sessionId, "projects.list", { orgSlug: tenant.orgSlug })).ok);
    await world.services.gate.sessions.revoke(sessionId);
    await assertRefusedEverywhere(sessionId);
  });

  test("a session that has expired", async () => {
    const { sessionId } = await world.services.gate.sessions.create(tenant.people.owner.userId, "test");
    await world.sql.query("UPDATE sessions SET expires_at = now() - interval '1 second' WHERE id = $1", [sessionId]);
    await assertRefusedEverywhere(sessionId);
  });

  test("a session that never was, and one whose id is none", async () => {
    await assertRefusedEverywhere("4d1f4b3a-0000-4000-8000-000000000000");
    await assertRefusedEverywhere("' OR 1=1 --");
  });
});

describe("the permission table", () => {
  for (const name of role.options) {
    test(`${name}: queries and changes that the role may not make are forbidden, all others work`, async () => {
      let tenant = await world.createTenant();
      for (const { path, access, type, sample } of ofOrganizations) {
        const allowed = roleMay(name, access as Permission);
        // A change that is made leaves other rows behind: the next one finds a tenant as new.
        if (allowed && type === "mutation") tenant = await world.createTenant();
        const before = allowed ? null : await world.dump(tenant);
        const answer = await call(tenant.people[name].sessionId, path, { orgSlug: tenant.orgSlug, ...sample.input(tenant) });
        if (allowed) {
          assert.ok(answer.ok, `${path} as ${name}: ${JSON.stringify(answer)}`);
          if (type === "mutation") tenant = await world.createTenant();
        } else {
          assert.deepEqual(answer, { ok: false, code: "FORBIDDEN" }, `${path} as ${name}`);
          assert.equal(await world.dump(tenant), before, `${path} as ${name} changed something`);
        }
      }
    });
  }

  test("what a role may do is the table's and nothing else's", () => {
    const permissions = new Set(ofOrganizations.map(({ access }) => access));
    for (const needed of ["crash:read", "crash:write", "crash:delete", "dump:download", "project:write", "organization:admin"] as const) {
      assert.ok(permissions.has(needed), `no procedure asks for ${needed}: the walk above proves less than it says`);
    }
  });
});

/** SALVAGE_DOORS=1 node --test --test-name-pattern "as a table" apps/web/test/tenancy.test.ts: docs/SECURITY.md has what it prints. */
test("the procedures as a table", { skip: process.env.SALVAGE_DOORS === undefined }, async () => {
  const rows = new Map<string, string[]>();
  const [stranger, shared] = [await world.createTenant(), await world.createTenant()];
  for (const { path, access, type, sample } of covered) {
    const said = async (who: (tenant: Tenant) => string | null) => {
      // What one may delete is not there for the next.
      const tenant = type === "query" ? shared : await world.createTenant();
      const answer = await call(who(tenant), path, {
        ...(access === "authed" ? {} : { orgSlug: tenant.orgSlug }),
        ...sample.input(tenant),
      });
      return answer.ok ? "yes" : answer.code;
    };
    const people = access === "authed" ? [] : role.options.map((name) => (tenant: Tenant) => tenant.people[name].sessionId);
    const cells = [access, await said(() => null)];
    if (people.length > 0) cells.push(await said(() => stranger.people.owner.sessionId));
    for (const person of people) cells.push(await said(person));
    const line = people.length === 0 ? `${cells.join(" | ")} | about oneself alone | | | | ` : `${cells.join(" | ")} `;
    rows.set(line, [...(rows.get(line) ?? []), `\`${path}\``]);
  }
  process.stdout.write(`| permission | nobody | another organization | ${role.options.join(" | ")} | procedures |\n|${"---|".repeat(8)}\n`);
  for (const [line, paths] of rows) process.stdout.write(`| ${line}| ${paths.join(" ")} |\n`);
});
