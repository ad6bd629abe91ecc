/** What a line looks like, that secrets do not reach it, and that a sender's text cannot forge one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger } from "./logger.ts";
import { redactText } from "./redact.ts";

function capture() {
  const lines: string[] = [];
  return { lines, logger: createLogger({ app: "test", destination: { write: (line: string) => void lines.push(line) } }) };
}

test("a line carries app, level and the ids of its child logger", () => {
  const { lines, logger } = capture();
  logger.child({ requestId: "r1" }).child({ crashId: "c1" }).info({ sizeBytes: 3 }, "accepted");
  const line = JSON.parse(lines[0] ?? "");
  assert.equal(line.app, "test");
  assert.equal(line.level, "info");
  assert.equal(line.requestId, "r1");
  assert.equal(line.crashId, "c1");
  assert.equal(line.sizeBytes, 3);
  assert.equal(line.msg, "accepted");
});

test("line breaks and escapes from a sender stay inside one JSON string", () => {
  const { lines, logger } = capture();
  logger.info({ userAgent: 'x\n{"level":"fatal"}\u001b[2J' }, "hello\r\nforged");
  assert.equal(lines.length, 1);
  assert.equal(lines[0]?.trimEnd().split("\n").length, 1);
  assert.ok(!lines[0]?.includes("\u001b"));
  assert.equal(JSON.parse(lines[0] ?? "").msg, "hello\r\nforged");
});

test("secrets are cut from objects, bindings, messages and errors", () => {
  const { lines, logger } = capture();
  const secret = "5f3c9a1e0d2b4c6f8a7e6d5c4b3a2910";
  logger.child({ url: `/api/1/minidump/?sentry_key=${secret}&guid=7`, token: secret }).warn(
    {
      headers: { Authorization: `Bearer ${secret}`, "x-sentry-auth": `Sentry sentry_key=${secret}`, accept: "*/*" },
      error: new Error(`postgresql://app:${secret}@db/x`),
    },
    `GET /api/v1/crashes/1/dump?ticket=${secret}`,
  );
  const line = lines[0] ?? "";
  assert.ok(!line.includes(secret), line);
  assert.ok(line.includes("guid=7"));
  assert.equal(JSON.parse(line).headers.accept, "*/*");
  assert.equal(JSON.parse(line).error.type, "Error");
});

test("redactText leaves ordinary text alone", () => {
  for (const text of ["state=open", "crash 7 took 3 ms", "http://host:1/api/1/minidump/", "basic idea"])
    assert.equal(redactText(text), text);
  assert.equal(redactText("Sentry sentry_key=abc, sentry_version=7"), "Sentry sentry_key=[cut], sentry_version=7");
  assert.equal(redactText("/symbols/sntrys_abc123/x.pdb"), "/symbols/sntrys_[cut]/x.pdb");
  assert.equal(redactText(`//symbols//${"aB3".repeat(15)}/x.pdb/1/x.pdb`), "//symbols//[cut]/x.pdb/1/x.pdb");
  assert.equal(redactText("/symbols/acme/x.pdb/1/x.pdb"), "/symbols/acme/x.pdb/1/x.pdb");
});

test("a token is cut by its form, wherever it stands; hashes and ids are not", () => {
  const token = `${"0Az9".repeat(10)}abA`;
  for (const [text, expected] of [
    [`/invite/${token}`, "/invite/[cut]"],
    [
      `/api/trpc/invitations.preview?input=%7B%22token%22%3A%22${token}%22%7D`,
      "/api/trpc/invitations.preview?input=%7B%22token%22%3A%22[cut]%22%7D",
    ],
    [token, "[cut]"],
  ] as const) {
    assert.equal(redactText(text), expected);
  }
  for (const text of ["a".repeat(64), "b".repeat(40), "0f8b7a52-6f0e-4c1c-9d51-6d3c0a1a2b3c", `C${"0".repeat(32)}1`])
    assert.equal(redactText(text), text);
});

test("texts made to be slow to redact are not", () => {
  const before = performance.now();
  for (const text of ["a.", "sntrys_/", "Bearer ", "&token=", "a://", "0Az9", "%22"]) redactText(text.repeat(65_536 / text.length));
  assert.ok(performance.now() - before < 1_000);
});
