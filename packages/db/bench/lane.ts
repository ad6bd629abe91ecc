/**
 * What the database costs per crash: insert, claim and finish, one missing file each, then the upgrades. Prints crashes per
 * second; the server is the tests' own (durability off), so this measures our round trips and statements, not the disk.
 */
import { debugId, finished, missingFile, publish, receivedCrash, startRows } from "../test/rows.ts";

const crashes = 1000;
const rows = await startRows();
try {
  const tenant = await rows.createTenant();
  const measure = async (name: string, work: () => Promise<number>) => {
    const start = performance.now();
    const count = await work();
    const seconds = (performance.now() - start) / 1000;
    console.log(`${name.padEnd(28)} ${Math.round(count / seconds)} per second`);
  };
  await measure("insert, 4 at once", async () => {
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        for (let n = 0; n < crashes / 4; n++) await rows.db.crashes.insertReceived(receivedCrash(tenant));
      }),
    );
    return crashes;
  });
  const done: string[] = [];
  const lane = async () => {
    for (;;) {
      const batch = await rows.db.crashes.claimBatch({ projectId: tenant.projectId, limit: 64, leaseMs: 60_000 });
      if (batch.crashes.length === 0) return;
      for (const crash of batch.crashes) {
        await rows.db.crashes.startAttempt(batch.claimToken, crash.crashId);
        const groupingKey = `key-${done.length % 20}`;
        await rows.db.crashes.finish(
          batch.claimToken,
          crash.crashId,
          finished(crash, { groupingKey, missing: [missingFile(debugId("a"))] }),
        );
        done.push(crash.crashId);
      }
    }
  };
  await measure("claim and finish, 2 at once", async () => {
    await Promise.all([lane(), lane()]);
    return done.length;
  });
  await publish(rows, tenant, debugId("a"));
  await measure("upgrade, 2 at once", async () => {
    const queue = [...done];
    const worker = async () => {
      for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
        const claim = await rows.db.arrivals.claimForUpgrade(id, 60_000);
        if (claim.outcome !== "claimed") throw new Error(claim.outcome);
        const groupingKey = `key-${done.indexOf(id) % 20}`;
        await rows.db.crashes.finish(claim.claimToken, id, finished(claim.crash, { groupingKey }));
      }
    };
    await Promise.all([worker(), worker()]);
    return done.length;
  });
} finally {
  await rows.stop();
}
