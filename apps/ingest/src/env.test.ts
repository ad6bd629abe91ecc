/** The settings with their defaults, and one sentence for a wrong one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readIngestEnv } from "./env.ts";

const required = {
  SALVAGE_HOME: "/srv/salvage",
  PUBLIC_URL: "https://crashes.example/",
  WEB_URL: "http://127.0.0.1:3000",
  DATABASE_URL: "postgresql://app:a@127.0.0.1/s",
  DATABASE_SYSTEM_URL: "postgresql://system:a@127.0.0.1/s",
  TEMPORAL_ADDRESS: "127.0.0.1:7233",
  SALVAGE_SECRET: "x".repeat(40),
};

test("defaults", () => {
  const env = readIngestEnv(required);
  assert.equal(env.port, 4680);
  assert.equal(env.publicUrl, "https://crashes.example");
  assert.equal(env.blobDir, "/srv/salvage/blobs");
  assert.equal(env.limits.maxDumpBytes, 209_715_200);
  assert.equal(env.limits.maxDebugFileBytes, 2 * 1024 ** 3);
  assert.deepEqual(env.previousSecrets, []);
  assert.deepEqual(readIngestEnv({ ...required, SALVAGE_PREVIOUS_SECRETS: "a,b" }).previousSecrets, ["a", "b"]);
});

test("wrong settings", () => {
  assert.throws(
    () => readIngestEnv({ ...required, PORT: "99999" }),
    /^EnvError: ingest cannot start: PORT must be a whole number from 0 to 65535 \(it is "99999"\)\.$/,
  );
  assert.throws(() => readIngestEnv({}), /SALVAGE_HOME is not set; PUBLIC_URL is not set/);
});
