/**
 * Two walls stand between tenants: the repositories' own conditions, and row-level security. Here each is tried without the other, with the
 * walk of tenancy.test.ts (every method of OrgDb, called by B with A's ids):
 *
 *   conditions off, row-level security on    nothing leaks
 *   conditions on, row-level security off    nothing leaks
 *   both off                                 nearly everything leaks: so the two above were really off
 *
 * Conditions are switched off between the repositories and the driver (testkit/src/without-filters.ts), row-level security by connecting as a
 * superuser. What the gate asks (who is a member of what) is untouched.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { switchFiltersOff } from "@salvage/testkit/without-filters";
import { createOrgGate, type OrgDb, type OrgGate } from "../src/index.ts";
import { type Rows, startRows } from "./rows.ts";
import { absent, destroyersLast, dump, type Inhabited, inhabit, samples, withoutIds } from "./walk.ts";

let rows: Rows;
let app: OrgGate;
let superuser: OrgGate;
before(async () => {
  rows = await startRows();
  app = createOrgGate({ databaseUrl: rows.database.databaseUrl });
  superuser = createOrgGate({ databaseUrl: rows.database.databaseAdminUrl });
});
after(async () => {
  await app.close();
  await superuser.close();
  await rows.stop();
});

/** A's rows of use to anybody: who sees one of these has looked over the wall. */
const markersOf = (a: Inhabited) => [a.organizationId, a.orgSlug, ...Object.values(a.ids).filter((id) => id.length > 8)];

async function enter(gate: OrgGate, { ids, orgSlug }: Inhabited): Promise<OrgDb> {
  const db = await gate.authorizeOrganization(ids.ownerId ?? "", orgSlug, "organization:own");
  assert.ok(db !== null && db !== "forbidden");
  return db;
}

/** Calls every method of B's with A's ids. @returns the methods that showed or changed something of A */
async function walk(gate: OrgGate): Promise<string[]> {
  const a = await inhabit({ rows, gate: app });
  const b = await inhabit({ rows, gate: app });
  const leaks: string[] = [];
  const neither = gate === superuser && rewriting !== null;
  for (const [name, method] of destroyersLast(await enter(gate, b))) {
    const before = await dump(rows, a);
    const answers: string[] = [];
    for (const input of samples[name]?.(a.ids) ?? []) {
      // With both walls down a row may get two owners, which the database then refuses: that is a leak, too.
      const answer = method.call(null, input).catch((error: unknown) => {
        if (!neither) throw error;
        return String(error);
      });
      answers.push(JSON.stringify((await answer) ?? null));
    }
    const shown = answers.some(
      (answer) => markersOf(a).some((marker) => answer.includes(marker)) || (!withoutIds.has(name) && !absent.has(answer)),
    );
    if (shown || (await dump(rows, a)) !== before) leaks.push(name);
  }
  return leaks;
}

let rewriting: ReturnType<typeof switchFiltersOff> | null = null;
async function withoutConditions<T>(work: () => Promise<T>): Promise<T> {
  rewriting = switchFiltersOff();
  try {
    return await work();
  } finally {
    assert.ok(rewriting.rewritten() > 50, `${rewriting.rewritten()} statements were rewritten`);
    rewriting.restore();
    rewriting = null;
  }
}

describe("each wall alone", () => {
  test("row-level security without the repositories' conditions", async () => {
    assert.deepEqual(await withoutConditions(() => walk(app)), []);
  });

  test("the repositories' conditions without row-level security", async () => {
    assert.deepEqual(await walk(superuser), []);
  });

  test("with neither, every method that names a row reaches A's", async () => {
    const leaks = await withoutConditions(() => walk(superuser));
    const kept = Object.keys(samples).filter((name) => !leaks.includes(name));
    // These name no row, and make or change something of the caller's own.
    assert.deepEqual(kept.toSorted(), [
      "invitations.create",
      "limits.setOrganization",
      "members.leave",
      "projects.create",
      "tokens.create",
    ]);
  });
});
