/** Temporal behind TLS, a client's certificate and an API key: who has them all is let in, who lacks one is not; and what the settings say. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { workflowIds } from "@salvage/contracts";
import { startTestTemporal } from "@salvage/testkit/temporal";
import { guardTemporal } from "@salvage/testkit/temporal-tls";
import { Client, Connection } from "@temporalio/client";
import { createLanes, readTemporalSecurity } from "./index.ts";

const skip = spawnSync("openssl", ["version"]).status === 0 ? false : "openssl is not here to make certificates";

test("pokes go over TLS with certificate and key; without one of them none arrives, and no secret is in the log", { skip }, async (t) => {
  const temporal = await startTestTemporal();
  t.after(() => temporal.stop());
  const guarded = await guardTemporal(temporal.address);
  t.after(() => guarded.stop());
  const connection = await Connection.connect({ address: temporal.address });
  t.after(() => connection.close());
  const client = new Client({ connection, namespace: temporal.namespace });
  const lines: string[] = [];
  const poke = async (projectId: string, env: Record<string, string>) => {
    const lanes = createLanes({
      ...{ address: guarded.env.TEMPORAL_ADDRESS ?? "", namespace: temporal.namespace, security: readTemporalSecurity("test", env) },
      logger: { warn: (fields, message) => void lines.push(JSON.stringify(fields) + message) },
    });
    lanes.pokeIntake(projectId);
    await lanes.close();
    return await client.workflow
      .getHandle(workflowIds.intake(projectId))
      .describe()
      .then(
        () => true,
        () => false,
      );
  };
  assert.ok(await poke("1", guarded.env));
  assert.ok(guarded.counts.admitted > 0 && guarded.counts.refused === 0);
  for (const [number, missing] of Object.entries({
    ...{ 2: "TEMPORAL_API_KEY", 3: "TEMPORAL_TLS_SERVER_NAME", 4: "TEMPORAL_TLS_SERVER_CA_CERT_PATH", 5: "TEMPORAL_TLS_CLIENT" },
  })) {
    const left = Object.fromEntries(Object.entries(guarded.env).filter(([name]) => !name.startsWith(missing)));
    assert.equal(await poke(number, left), false, `without ${missing}`);
  }
  assert.equal(await poke("6", { ...guarded.env, TEMPORAL_TLS: "0" }), false, "without TLS");
  assert.equal(await poke("7", { ...guarded.env, TEMPORAL_API_KEY: "another" }), false, "with another key");
  assert.ok(guarded.counts.refused > 0);
  assert.ok(lines.length > 0 && !lines.join().includes(guarded.env.TEMPORAL_API_KEY ?? ""));
});

test("nothing set is no TLS; a key alone is TLS; what does not fit is said in one sentence", () => {
  assert.deepEqual(readTemporalSecurity("web", {}), { tls: false });
  assert.deepEqual(readTemporalSecurity("web", { TEMPORAL_TLS: "1" }), { tls: {} });
  assert.deepEqual(readTemporalSecurity("web", { TEMPORAL_API_KEY: "k" }), { tls: {}, apiKey: "k" });
  assert.deepEqual(readTemporalSecurity("web", { TEMPORAL_API_KEY: "k", TEMPORAL_TLS: "0" }), { tls: false, apiKey: "k" });
  const refused = (env: Record<string, string>, sentence: RegExp) => assert.throws(() => readTemporalSecurity("web", env), sentence);
  refused({ TEMPORAL_TLS: "yes" }, /^EnvError: web cannot start: TEMPORAL_TLS must be 0 or 1 \(it is "yes"\)\.$/);
  refused({ TEMPORAL_TLS_CLIENT_CERT_PATH: "/nowhere/c.pem" }, /TEMPORAL_TLS_CLIENT_CERT_PATH cannot be read \(ENOENT/);
  refused({ TEMPORAL_TLS_CLIENT_CERT_PATH: import.meta.filename }, /CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH belong together/);
});
