/** PostgreSQL may be killed at any time: whoever was in a transaction gets an error, the process lives, the next one works. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startTestDatabase } from "@salvage/testkit/postgres";
import pg from "pg";
import { openAppDatabase } from "../src/scope.ts";
import { openSqlPool } from "../src/shared/sql.ts";

test("connections that are ended in the middle of a transaction", async () => {
  const database = await startTestDatabase();
  const admin = new pg.Client({ connectionString: database.databaseAdminUrl });
  await admin.connect();
  const system = openSqlPool(database.databaseSystemUrl, { maxConnections: 2, applicationName: "test" });
  const app = openAppDatabase(database.databaseUrl, 2);
  const endOthers = () =>
    admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
  try {
    const inTransaction = async (sql: { rows(text: string): Promise<unknown[]> }) => {
      await sql.rows("SELECT 1");
      await endOthers();
      // The loss arrives while no query runs.
      await sleep(100);
      await sql.rows("SELECT 1");
    };
    await assert.rejects(system.transaction(inTransaction));
    await assert.rejects(app.transaction({}, ({ sql }) => inTransaction(sql)));
    // Idle ones too.
    await endOthers();
    await sleep(100);
    assert.deepEqual(await system.rows("SELECT 1 AS one"), [{ one: 1 }]);
    assert.equal(await app.ping(), true);
    assert.equal(await system.transaction(async (sql) => (await sql.rows("SELECT 1")).length), 1);
  } finally {
    await system.close();
    await app.close();
    await admin.end();
    await database.stop();
  }
});
