/** What is not a crash gets an answer that says so, and a count that its project shows. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { crashDetail } from "@salvage/contracts";
import { demoFiles, repositoryRoot } from "@salvage/launcher";
import { type Installation, startInstallation, until } from "../src/installation.ts";

let salvage: Installation;
let dump: Buffer<ArrayBuffer>;
before(async () => {
  salvage = await startInstallation();
  dump = await readFile(join(repositoryRoot, demoFiles.dump));
});
after(async () => {
  await salvage.stop();
});

async function post(
  body: NonNullable<RequestInit["body"]>,
  { key = salvage.publicKey, project = salvage.projectId } = {},
): Promise<{ status: number; text: string }> {
  const response = await fetch(`${salvage.publicUrl}/api/${project}/minidump/?sentry_key=${key}`, {
    method: "POST",
    body,
    headers: { "content-type": "application/x-dmp" },
    ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
  } as RequestInit);
  return { status: response.status, text: await response.text() };
}

async function refused(reason: string): Promise<number> {
  const rows = await salvage.query<{ n: number }>("SELECT coalesce(sum(count), 0)::int AS n FROM refusal_counts WHERE reason = $1", [
    reason,
  ]);
  return rows[0]?.n ?? 0;
}

/** Asserts that the project's counter for `reason` reaches `count`: counters are written about once a second. */
const counted = (reason: string, count: number) =>
  until(`${reason} counted ${count} times`, 10_000, async () => ((await refused(reason)) === count ? true : null));

test("a cut dump is accepted: a report of what it has, or a rejection that names the place", async () => {
  const ends = new Map<number, string>();
  for (const length of [32, 200, Math.floor(dump.length * 0.9)]) {
    const { status, text } = await post(dump.subarray(0, length));
    assert.equal(status, 200);
    const crash = await until(`crash of ${length} bytes finished`, 30_000, async () => {
      const detail = crashDetail.parse((await salvage.get(`/api/v1/crashes/${text}`)).json);
      return ["complete", "provisional", "rejected"].includes(detail.state) ? detail : null;
    });
    ends.set(length, crash.state === "rejected" ? "rejected" : "report");
    if (crash.state === "rejected") {
      assert.match(crash.rejection?.reason ?? "", /minidump/);
      const offset = crash.rejection?.offset ?? -1;
      assert.ok(offset >= length, `the place that is cut off: ${offset}`);
    } else assert.ok(crash.hasReport);
  }
  assert.equal(ends.get(32), "rejected", "the header alone is nothing to report on");
  assert.equal(ends.get(200), "rejected", "nor is a directory without its streams");
  assert.equal(ends.get(Math.floor(dump.length * 0.9)), "report", "nine tenths of a dump are");
});

test("a text file, an empty body", async () => {
  const text = await post("this is no dump");
  assert.equal(text.status, 400);
  assert.match(text.text, /invalid minidump/);
  await counted("invalid_minidump", 1);
  const empty = await post("");
  assert.equal(empty.status, 400);
  await counted("empty_body", 1);
});

test("300 MB are stopped at the limit, without being stored", async () => {
  const chunk = new Uint8Array(1 << 20);
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(sent === 0 ? Buffer.concat([Buffer.from("MDMP"), chunk.subarray(4)]) : chunk);
      sent++;
      if (sent === 300) controller.close();
    },
  });
  // The server may answer and close while we still send: either way it says so or hangs up, and counts.
  const answer = await post(body).catch(() => null);
  if (answer !== null) assert.equal(answer.status, 413);
  await counted("too_large", 1);
  const declared = await fetch(`${salvage.publicUrl}/api/${salvage.projectId}/minidump/?sentry_key=${salvage.publicKey}`, {
    method: "POST",
    headers: { "content-type": "application/x-dmp" },
    body: new Uint8Array(300 << 20),
  }).catch(() => null);
  if (declared !== null) assert.equal(declared.status, 413);
  await counted("too_large", 2);
});

test("a wrong key and the key of another project answer alike", async () => {
  const wrong = await post(dump, { key: "0".repeat(32) });
  assert.equal(wrong.status, 403);
  const elsewhere = await post(dump, { project: "999999" });
  assert.deepEqual(elsewhere, wrong);
  await counted("wrong_key", 1);
});

test("sent = finished + rejected + dropped", async () => {
  const rows = await salvage.query<{ open: number; stored: number }>(`
    SELECT (SELECT count(*)::int FROM crashes WHERE state IN ('received', 'processing')) AS open, (SELECT count(*)::int FROM crashes) AS stored`);
  assert.deepEqual(rows[0], { open: 0, stored: 3 });
});
