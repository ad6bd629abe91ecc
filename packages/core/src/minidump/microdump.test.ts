/** Microdumps as logs carry them: prefixes, foreign lines, several in one log, damage. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BufferSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import { processMinidump } from "../process.ts";
import type { Report } from "../report/report.ts";

const reportOf = (text: string): Report =>
  processMinidump(new BufferSource(new TextEncoder().encode(text)), { image: () => null, own: () => true });

/** A number as 8 bytes in memory order, hex. */
function word(value: bigint): string {
  return (value.toString(16).padStart(16, "0").match(/../g) ?? []).reverse().join("").toUpperCase();
}

/** arm64 in the older layout: flags with bit 31, x0 … x28, fp, lr, sp, pc, cpsr, floating point. */
function context(fp: bigint, lr: bigint, sp: bigint, pc: bigint): string {
  const words = [0x80000006n, ...Array.from({ length: 29 }, (_, i) => BigInt(i)), fp, lr, sp, pc];
  return words.map(word).join("") + "0".repeat(2 * 796 - 16 * words.length);
}

const SP = 0x7fe0001000n;
const BASE = 0x5500000000n;
const BODY = [
  "V Game:1.2.3",
  "O A arm64 08 aarch64 Android 14 build",
  "R 0000000B SIGSEGV 0000000000000045",
  "G OpenGL ES 3.2|Vendor|Renderer",
  "S 0 0000007FE0001000 0000007FE0001000 00001000",
  // A frame record over the border of two lines.
  `S 0000007FE0001000 ${word(0n)}${word(SP + 32n)}`,
  `S 0000007FE0001010 ${word(BASE + 0x2004n)}${word(0n)}${word(0n)}${word(BASE + 0x3004n)}`,
  `C ${context(SP + 8n, BASE + 0x2004n, SP, BASE + 0x1000n)}`,
  "M 0000005500000000 0000000000000000 0000000000010000 0123456789ABCDEF0123456789ABCDEF0 lib game.so",
  "M 0000007000000000 0000000000000000 0000000000010000 000000000000000000000000000000000 libzero.so",
];
const BEGIN = "-----BEGIN BREAKPAD MICRODUMP-----";
const END = "-----END BREAKPAD MICRODUMP-----";
const plain = [BEGIN, ...BODY, END].join("\n");
const logged = (lines: readonly string[], pid: number): string[] =>
  lines.map((line) => `11-22 06:00:00.123 F/google-breakpad(${pid}): ${line}`);

function assertWhole(report: Report): void {
  assert.deepEqual(
    report.crashing_thread?.frames.map((f) => [f.trust, f.module, f.module_offset]),
    [
      ["context", "lib game.so", "0x0000000000001000"],
      ["frame_pointer", "lib game.so", "0x0000000000002000"],
      ["frame_pointer", "lib game.so", "0x0000000000003000"],
    ],
  );
  assert.deepEqual(report.warnings, []);
}

test("system, reason, modules and stack", () => {
  const report = reportOf(plain);
  assertWhole(report);
  assert.deepEqual(
    [report.system_info.os, report.system_info.os_ver, report.system_info.cpu_arch, report.system_info.cpu_count],
    ["Android", "Android 14 build", "arm64", 8],
  );
  assert.deepEqual([report.crash_info.type, report.crash_info.address], ["SIGSEGV", "0x0000000000000045"]);
  assert.deepEqual(
    report.modules.map((m) => m.debug_id),
    ["0123456789ABCDEF0123456789ABCDEF0", null],
  );
  assert.equal(report.cause?.title, "Access to a field of a null object");
});

test("log prefixes, and lines of other programs between", () => {
  const lines = logged([BEGIN, ...BODY, END], 42);
  lines.splice(
    3,
    0,
    "11-22 06:00:00.123 I/ActivityManager(7): S something else",
    "11-22 06:00:00.124 F/google-breakpad(99): M 00 00 00 00 x",
  );
  assertWhole(reportOf(`${lines.join("\r\n")}\r\n`));
});

test("of several the last whole one counts, though the log begins and ends in the middle of others", () => {
  const broken = logged(["S 00 zz", END], 1);
  const cut = logged([BEGIN, "O A mips 01 mips x"], 3);
  assertWhole(reportOf([...broken, ...logged([BEGIN, ...BODY, END], 2), ...cut].join("\n")));
});

test("without a reason it is a crash all the same", () => {
  const report = reportOf(plain.replace(/^R .*\n/m, ""));
  assert.equal(report.crash_info.type, null);
  assert.equal(report.crash_info.crashing_thread, 0);
  assert.equal(report.cause, null);
});

test("damaged lines are told and left out", () => {
  const text = [
    BEGIN,
    "O L x86_64 zz",
    "S 12 4",
    "S 12 zz",
    "C xyz",
    "M 1 2 3",
    "M zz 0 1 0123456789ABCDEF0123456789ABCDEF0 a",
    "S",
    "R zz",
    END,
  ].join("\n");
  const report = reportOf(text);
  assert.equal(report.system_info.os, "Linux");
  assert.equal(report.threads[0]?.walk_end, "no_context");
  assert.deepEqual(
    report.warnings.map((w) => w.message),
    [
      "a line of the stack is no hex text",
      "a line of the stack is no hex text",
      "the context is no hex text",
      "a line of a module is damaged",
      "a line of a module is damaged",
      "there is no context",
    ],
  );
});

test("a processor we do not know is reported, not walked", () => {
  const report = reportOf(plain.replace("A arm64", "A loongarch64"));
  assert.deepEqual([report.system_info.cpu_arch, report.threads[0]?.walk_end], ["loongarch64", "no_context"]);
});

test("a log that speaks of breakpad but holds no microdump", () => {
  assert.throws(
    () => reportOf("google-breakpad: nothing happened, nothing at all, really nothing"),
    (error) => error instanceof FormatError && error.offset === 0,
  );
});
