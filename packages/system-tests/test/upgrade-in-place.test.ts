/** The loop that the product is for: many crashes wait for one file, the file comes, each is upgraded in place. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { crashDetail, reportSchema } from "@salvage/contracts";
import { postMany, uploadSymbols } from "../src/crashes.ts";
import { type Installation, startInstallation, until } from "../src/installation.ts";

const crashes = 200;
let salvage: Installation;
before(async () => {
  salvage = await startInstallation();
});
after(async () => {
  await salvage.stop();
});

async function countByState(): Promise<Record<string, number>> {
  const rows = await salvage.query<{ state: string; n: number }>("SELECT state, count(*)::int AS n FROM crashes GROUP BY state");
  return Object.fromEntries(rows.map((row) => [row.state, row.n]));
}

const issues = () => salvage.query<{ id: string; signature: string; crash_count: number }>("SELECT id, signature, crash_count FROM issues");

test(`${crashes} distinct crashes that miss one file are upgraded in place when it comes`, async (t) => {
  const ids = await postMany(salvage, crashes, 16);
  assert.equal(new Set(ids).size, crashes, "each post is a crash of its own");
  await until("all provisional", 60_000, async () => ((await countByState()).provisional === crashes ? true : null));

  const before = await issues();
  assert.equal(before.length, 1, "one issue");
  assert.equal(before[0]?.crash_count, crashes);
  const missing = (await salvage.get(`/api/v1/projects/${salvage.projectSlug}/missing-files`)).json as {
    items: { own: boolean; waitingCrashes: number; name: string }[];
  };
  assert.deepEqual(
    missing.items.filter((file) => file.own).map(({ name, waitingCrashes }) => ({ name, waitingCrashes })),
    [{ name: "driftwood", waitingCrashes: crashes }],
  );

  const since = performance.now();
  assert.match(await uploadSymbols(salvage), /driftwood/);
  await until("all complete", 60_000, async () => ((await countByState()).complete === crashes ? true : null));
  t.diagnostic(`upload to last of ${crashes} upgrades: ${((performance.now() - since) / 1000).toFixed(1)} s`);

  const after = await issues();
  assert.equal(after.length, 1, "still one issue");
  assert.equal(after[0]?.id, before[0]?.id, "the issue keeps its id and so its link");
  assert.equal(after[0]?.crash_count, crashes, "counted once each");
  assert.notEqual(after[0]?.signature, before[0]?.signature, "the signature got its names");

  const revisions = await salvage.query<{ n: number }>("SELECT count(*)::int AS n FROM reports");
  assert.equal(revisions[0]?.n, 2 * crashes, "a first report and one upgrade each, none twice");
  const { json } = await salvage.get(`/api/v1/crashes/${ids[117]}`);
  const crash = crashDetail.extend({ report: reportSchema }).parse(json);
  assert.equal(crash.revision, 2);
  assert.equal(crash.issueId, before[0]?.id);
  assert.deepEqual(
    crash.missing.filter((file) => file.own && file.state !== "found"),
    [],
  );
  assert.ok(
    crash.report.crashing_thread?.frames.slice(0, 3).every((frame) => frame.function !== null && frame.line !== null),
    "the top frames have names and lines",
  );
  assert.equal(crash.dump.state, "deleted");
  assert.equal(crash.dump.deletedReason, "complete");
});
