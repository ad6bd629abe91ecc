/** Each wrong setting ends in one sentence with its name, and no secret is repeated. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { EnvError, envFields, readEnv } from "./env.ts";

const schema = z.object({
  PORT: envFields.port().default(4680),
  MAX_DUMP_BYTES: envFields.bytes().default(200),
  WEB_URL: envFields.httpUrl(),
  DATABASE_URL: envFields.databaseUrl(),
  ALLOW: envFields.flag().default(false),
});
const good = { WEB_URL: "http://127.0.0.1:3000/", DATABASE_URL: "postgresql://a:b@h/d" };

test("defaults, sizes and flags", () => {
  assert.deepEqual(readEnv("ingest", schema, { ...good, MAX_DUMP_BYTES: "1.5 GiB", ALLOW: "1", PORT: "" }), {
    PORT: 4680,
    MAX_DUMP_BYTES: 1.5 * 1024 ** 3,
    WEB_URL: "http://127.0.0.1:3000",
    DATABASE_URL: good.DATABASE_URL,
    ALLOW: true,
  });
});

test("one sentence names what is wrong", () => {
  const sentence = (env: NodeJS.ProcessEnv) => {
    try {
      readEnv("ingest", schema, env);
    } catch (error) {
      assert.ok(error instanceof EnvError);
      return error.message;
    }
    return assert.fail("accepted");
  };
  assert.equal(sentence({ ...good, PORT: "http" }), 'ingest cannot start: PORT must be a whole number from 0 to 65535 (it is "http").');
  assert.equal(sentence({ DATABASE_URL: good.DATABASE_URL }), "ingest cannot start: WEB_URL is not set.");
  assert.match(sentence({ ...good, MAX_DUMP_BYTES: "lots" }), /MAX_DUMP_BYTES must be a size such as .* \(it is "lots"\)\.$/);
  const hidden = sentence({ ...good, DATABASE_URL: "mysql://root:hunter2@h/d" });
  assert.ok(!hidden.includes("hunter2"));
  assert.match(sentence({ ...good, PORT: "x", ALLOW: "yes" }), /PORT must .*; ALLOW must be 0 or 1/);
});
