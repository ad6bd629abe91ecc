/** From a dump with known stacks to a report, and names that arrive later. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ref, synthDump, synthStack } from "@salvage/testkit/synth-dump";
import { BufferSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import { applyNames, inspectMinidump, processMinidump } from "../process.ts";
import type { ImageLookup, ProcessOptions } from "../process-types.ts";
import type { NameLookup } from "../symbolicate/lookup.ts";
import type { UnwindLookup } from "../unwind/rules.ts";
import { maskUserNames } from "./mask-paths.ts";
import { reportToText } from "./to-text.ts";

function dumpBytes(): Uint8Array {
  const stack = synthStack(0x7ffe0000n)
    .word(5n)
    .label("f1")
    .word(ref("f2"))
    .word(0x401234n)
    .label("f2")
    .word(0n)
    .word(0x7f0000000100n)
    .words(4);
  const other = synthStack(0x7fff0000n).words(3).word(0x400777n).words(3);
  return synthDump()
    .linux()
    .writtenAt(1_700_000_000)
    .module({ name: "/home/ann/app", base: 0x400000n, size: 0x10000, buildId: "00112233445566778899aabbccddeeff" })
    .module({ name: "/usr/lib/libc.so.6", base: 0x7f0000000000n, size: 0x10000, buildId: "ff112233445566778899aabbccddeeff" })
    .module({ name: "/usr/lib/libm.so.6", base: 0x7f1000000000n, size: 0x10000 })
    .thread({ id: 7, name: "main", registers: { rip: 0x401000n, rsp: 0x7ffe0000n, rbp: ref("f1") }, stack })
    .thread({ id: 8, registers: { rip: 0x400500n, rsp: 0x7fff0000n }, stack: other })
    .thread({ id: 9, noContext: true })
    .exception({ threadId: 7, code: 11, flags: 1, address: 0x10n })
    .build();
}

const names: NameLookup = {
  lookup: (at) =>
    at >= 0x1000 && at < 0x1200
      ? [
          { function: "inlined", functionAddress: 0x1000, file: "a.h", line: 3 },
          { function: "crash", functionAddress: 0x1000, file: "a.c", line: 10 },
        ]
      : at >= 0x1200 && at < 0x1300
        ? [{ function: "main", functionAddress: 0x1200, file: "a.c", line: 20 }]
        : null,
};
const noRules: UnwindLookup = { find: () => null };
const app = (lookup: ImageLookup | null): ProcessOptions => ({ image: (m) => (m.index === 0 ? lookup : null), own: (m) => m.isMain });
const both: ImageLookup = { names, unwind: noRules, namesStatus: "found", unwindStatus: "found" };
const onlyNames: ImageLookup = { names, unwind: null, namesStatus: "found", unwindStatus: "missing" };
const source = (): BufferSource => new BufferSource(dumpBytes());

test("without any file: frames, statuses, needs", () => {
  const report = processMinidump(source(), app(null));
  assert.deepEqual(
    report.crashing_thread?.frames.map((f) => [f.trust, f.module, f.module_offset, f.status]),
    [
      ["context", "app", "0x0000000000001000", "missing"],
      ["frame_pointer", "app", "0x0000000000001233", "missing"],
      ["frame_pointer", "libc.so.6", "0x00000000000000ff", "missing"],
    ],
  );
  assert.deepEqual(
    report.modules.map((m) => [m.filename, m.status, m.own, m.needs, m.missing_symbols]),
    [
      ["app", "missing", true, "both", true],
      ["libc.so.6", "missing", false, "both", true],
      ["libm.so.6", "unused", false, null, false],
    ],
  );
  assert.equal(report.modules[0]?.code_file, "/home/*/app", "user names are masked");
  assert.equal(report.crash_info.type, "SIGSEGV / SEGV_MAPERR");
  assert.equal(report.crash_info.address, "0x0000000000000010");
  assert.equal(report.cause?.title, "Access to a field of a null object");
  assert.deepEqual(
    report.threads.map((t) => t.walk_end),
    ["end_of_stack", "end_of_stack", "no_context"],
  );
  assert.equal(report.crashing_thread?.frames[0]?.registers?.rip, "0x0000000000401000");
  assert.equal(report.threads[0]?.frames[0]?.registers, undefined, "registers are listed once");
  assert.equal(report.signature.title, "app+0x1000");
  assert.equal(report.signature.provisional, true);
  assert.deepEqual(report.warnings, []);
});

test("with names and rules: functions, inlines, nothing needed of the module", () => {
  const report = processMinidump(source(), app(both));
  const first = report.crashing_thread?.frames[0];
  assert.equal(first?.function, "crash");
  assert.equal(first?.line, 10);
  assert.deepEqual(first?.inlines, [{ function: "inlined", function_mangled: null, file: "a.h", line: 3 }]);
  assert.equal(report.crashing_thread?.frames[1]?.function_offset, "0x0000000000000033");
  assert.equal(report.modules[0]?.needs, null);
  assert.equal(report.modules[0]?.status, "found");
  assert.equal(report.signature.title, "inlined");
  assert.equal(report.threads[1]?.frames.length, 1, "a scan accepts only words that lie in a function");
});

test("the same input gives the same bytes", () => {
  assert.equal(JSON.stringify(processMinidump(source(), app(both))), JSON.stringify(processMinidump(source(), app(both))));
});

test("each image is opened once, and only when a frame lands in it", () => {
  const opened: number[] = [];
  processMinidump(source(), {
    image: (m) => {
      opened.push(m.index);
      return null;
    },
    own: () => false,
  });
  assert.deepEqual(opened, [0, 1]);
});

test("a damaged lookup file is a status, not an error", () => {
  const damaged = (): never => {
    throw new FormatError("symcache: page", 4096, "bad checksum");
  };
  const report = processMinidump(source(), app({ ...both, names: { lookup: damaged }, unwind: { find: damaged } }));
  assert.equal(report.modules[0]?.names_status, "malformed");
  assert.equal(report.modules[0]?.unwind_status, "malformed");
  assert.equal(report.modules[0]?.corrupt_symbols, true);
  assert.equal(report.crashing_thread?.frames[0]?.status, "malformed");
  assert.equal(report.crashing_thread?.frames.length, 3, "the walk goes on by frame pointers");
});

test("an error that is not the file's fault is not hidden", () => {
  const broken = (): never => {
    throw new TypeError("a bug");
  };
  assert.throws(() => processMinidump(source(), app({ ...both, names: { lookup: broken } })), TypeError);
});

test("names that arrive later give what they would have given at once", () => {
  const before = processMinidump(source(), app({ names: null, unwind: noRules, namesStatus: "missing", unwindStatus: "found" }));
  assert.equal(before.modules[0]?.needs, "names");
  const after = applyNames(before, app(both));
  const atOnce = processMinidump(source(), app(both));
  assert.deepEqual(after.crashing_thread, atOnce.crashing_thread);
  assert.deepEqual(after.signature, atOnce.signature);
  assert.deepEqual(after.modules, atOnce.modules);
  assert.equal(after.re_walked, true);
  assert.equal(before.modules[0]?.needs, "names", "the stored report is not changed");
});

test("rules that arrive without the dump: names are taken, the walk stays and says so", () => {
  const before = processMinidump(source(), app(null));
  const after = applyNames(before, app(both));
  assert.equal(after.re_walked, false);
  assert.equal(after.modules[0]?.needs, null);
  assert.equal(after.crashing_thread?.frames[0]?.function, "crash");
  assert.match(reportToText(after), /Not re-walked/);
});

test("names only: the need for rules stays", () => {
  const after = applyNames(processMinidump(source(), app(null)), app(onlyNames));
  assert.equal(after.modules[0]?.needs, "unwind");
  assert.equal(after.re_walked, true);
});

test("names stay when their file is gone later", () => {
  const named = processMinidump(source(), app(both));
  assert.deepEqual(applyNames(named, app(null)).threads, named.threads);
  assert.equal(applyNames(named, app(null)).modules[0]?.needs, null);
});

test("the outline names the images a stack may touch", () => {
  const outline = inspectMinidump(source());
  assert.deepEqual(
    outline.modules.map((m) => [m.debugId, m.touched]),
    [
      ["33221100554477668899AABBCCDDEEFF0", true],
      ["332211FF554477668899AABBCCDDEEFF0", true],
      [null, false],
    ],
  );
  assert.equal(outline.mainModule, 0);
  assert.equal(outline.os, "Linux");
  assert.equal(outline.cpu, "amd64");
});

test("the text form: cause first, the crashing thread, what is missing", () => {
  const text = reportToText(processMinidump(source(), app(both)));
  assert.match(text, /^Access to a field of a null object \(likely\)\n/);
  assert.match(
    text,
    /Thread 0 main \(id 7\) crashed\n {2}0 {2}app!inlined \[a\.h:3\] {2}\(inlined\)\n {2}0 {2}app!crash \+ 0x0 \[a\.c:10\] {2}\(context\)/,
  );
  assert.match(
    text,
    /Missing debug files:\n {2}libc\.so\.6 {2}debug id \S+ {2}would bring names and unwind data {2}\(not the team's own\)/,
  );
});

test("the text form with colours says the same; control characters of a dump do not reach the terminal", () => {
  const report = processMinidump(source(), app(both));
  const coloured = reportToText(report, { colours: true });
  const esc = String.fromCharCode(0x1b);
  assert.ok(coloured.startsWith(`${esc}[1;31mAccess to a field of a null object${esc}[0m`));
  assert.equal(coloured.replaceAll(new RegExp(`${esc}\\[[0-9;]*m`, "g"), ""), reportToText(report));
  const hostile = { ...report, comment: `a${esc}]0;title${String.fromCharCode(7)}b\u202e` };
  assert.match(reportToText(hostile), /Comment: +a\ufffd\]0;title\ufffdb\ufffd\n/);
});

test("user names in paths are masked, shared folders are not", () => {
  assert.equal(maskUserNames("C:\\Users\\Ann Lee\\game\\game.exe"), "C:\\Users\\*\\game\\game.exe");
  assert.equal(maskUserNames("/home/ann/app"), "/home/*/app");
  assert.equal(maskUserNames("/Users/ann/Library/x"), "/Users/*/Library/x");
  assert.equal(maskUserNames("C:\\Users\\Public\\game.exe"), "C:\\Users\\Public\\game.exe");
  assert.equal(maskUserNames("/usr/lib/libc.so.6"), "/usr/lib/libc.so.6");
  assert.equal(maskUserNames("/home"), "/home");
});
