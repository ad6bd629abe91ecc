/** Settings from the environment: defaults and the sentences for wrong values. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultHome, readLauncherEnv } from "./env.ts";

test("defaults", () => {
  const env = readLauncherEnv({});
  assert.equal(env.publicUrl, "http://localhost:4680");
  assert.equal(env.database, null);
  assert.equal(env.temporalAddress, null);
  assert.equal(env.home, defaultHome());
});

test("the port: SALVAGE_PORT, else PORT", () => {
  assert.equal(readLauncherEnv({ SALVAGE_PORT: "5001", PORT: "5002" }).publicUrl, "http://localhost:5001");
  assert.equal(readLauncherEnv({ PORT: "5002" }).publicPort, 5002);
});

test("one database address is a superuser's, three are the roles'", () => {
  const one = { DATABASE_URL: "postgresql://postgres:x@db:5432/postgres" };
  assert.deepEqual(readLauncherEnv(one).database, { adminUrl: one.DATABASE_URL });
  const three = { ...one, DATABASE_SYSTEM_URL: "postgresql://s@db/salvage", DATABASE_OWNER_URL: "postgresql://o@db/salvage" };
  assert.deepEqual(readLauncherEnv(three).database, {
    databaseUrl: three.DATABASE_URL,
    databaseSystemUrl: three.DATABASE_SYSTEM_URL,
    databaseOwnerUrl: three.DATABASE_OWNER_URL,
  });
});

test("wrong values are named in one sentence", () => {
  assert.throws(() => readLauncherEnv({ PORT: "lots" }), /EnvError: salvage cannot start: PORT must be a whole number from 0 to 65535/);
  assert.throws(() => readLauncherEnv({ TEMPORAL_ADDRESS: "http://x" }), /TEMPORAL_ADDRESS must be host:port/);
});
