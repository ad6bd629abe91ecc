/** readWebEnv: defaults, and one sentence when something does not fit. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readWebEnv } from "./env.ts";

const good = {
  NODE_ENV: "production",
  PUBLIC_URL: "https://crashes.example/",
  DATABASE_URL: "postgresql://salvage_app:x@127.0.0.1:5432/salvage",
  TEMPORAL_ADDRESS: "127.0.0.1:7233",
  SALVAGE_HOME: "/var/lib/salvage",
  NEXTAUTH_SECRET: "s",
} as const;

test("blobs lie in SALVAGE_HOME unless BLOB_DIR says otherwise; the public address is an origin", () => {
  const env = readWebEnv(good);
  assert.equal(env.blobDir, "/var/lib/salvage/blobs");
  assert.equal(env.publicUrl, "https://crashes.example");
  const below = readWebEnv({ ...good, PUBLIC_URL: "https://tools.example/crashes/" });
  assert.deepEqual([below.publicUrl, below.crashUrl], ["https://tools.example", "https://tools.example/crashes"]);
  assert.equal(env.logLevel, "info");
  assert.equal(readWebEnv({ ...good, BLOB_DIR: "/blobs" }).blobDir, "/blobs");
});

test("what is missing or wrong is named, secrets are not repeated", () => {
  const { DATABASE_URL: _, ...without } = good;
  assert.throws(() => readWebEnv(without), /DATABASE_URL is not set/);
  assert.throws(() => readWebEnv({ ...good, PUBLIC_URL: "crashes.example" }), /PUBLIC_URL must be an http or https URL/);
  const { SALVAGE_HOME: __, ...homeless } = good;
  assert.throws(() => readWebEnv(homeless), /neither BLOB_DIR nor SALVAGE_HOME/);
  assert.throws(
    () => readWebEnv({ ...good, DATABASE_URL: "mysql://user:hunter2@db/x" }),
    (error: Error) => /DATABASE_URL/.test(error.message) && !error.message.includes("hunter2"),
  );
});
