/** `salvage user` against a real database: the first account, and the way back into it. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createOrgGate } from "@salvage/db";
import { startTestDatabase, type TestDatabase } from "@salvage/testkit/postgres";
import { salvage } from "./salvage.ts";

let database: TestDatabase;
before(async () => {
  database = await startTestDatabase();
});
after(() => database?.stop());

const user = (...args: string[]) => salvage(["user", ...args], "", { DATABASE_SYSTEM_URL: database.databaseSystemUrl });
const createFirst = (email: string, organization = "acme") =>
  user("create-first", email, "--organization", organization, "--project", "game");
const passwordIn = (text: string) => /[a-z2-9]{4}(?:-[a-z2-9]{4}){4}/.exec(text)?.[0] ?? "";

test("what is no e-mail address, or no short name, makes no account", async () => {
  for (const email of ["ada", "ada@", "ada@localhost@example.org", "\u0430da@example.org", " "]) {
    const refused = await createFirst(email);
    assert.deepEqual([refused.code, refused.stdout], [2, ""], email);
    assert.match(refused.stderr, /is no e-mail address/);
  }
  assert.equal((await createFirst("ada@example.org", "Acme Inc")).code, 2);
});

test("the first account is made once, under the address as people sign in with it; a lost password is replaced", async () => {
  const made = await createFirst("Ada@Example.ORG");
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stderr, /^ada@example\.org owns the organization acme/);
  const gate = createOrgGate({ databaseUrl: database.databaseUrl });
  try {
    const signsIn = async (password: string) => {
      const answer = await gate.users.verifyPassword("ada@example.org", password, null);
      return answer !== null && "userId" in answer;
    };
    const password = passwordIn(made.stdout);
    assert.ok(await signsIn(password));
    assert.match((await createFirst("eve@example.org", "other")).stderr, /there are accounts already/);

    const reset = await user("reset-password", "ADA@example.org");
    assert.equal(reset.code, 0, reset.stderr);
    assert.ok(!(await signsIn(password)));
    assert.ok(await signsIn(passwordIn(reset.stdout)));
    assert.match((await user("reset-password", "nobody@example.org")).stderr, /there is no account with the address nobody@example\.org/);
  } finally {
    await gate.close();
  }
});
