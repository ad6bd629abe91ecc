/** What the text form says of reports that lack or have something unusual. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { synthDump, synthStack } from "@salvage/testkit/synth-dump";
import { BufferSource } from "../bytes/byte-source.ts";
import { processMinidump } from "../process.ts";
import type { Report, ReportFrame } from "./report.ts";
import { reportToText } from "./to-text.ts";

const stack = synthStack(0x7ffe0000n).words(8);
const dump = synthDump()
  .linux()
  .module({ name: "/opt/app", base: 0x400000n, size: 0x10000, buildId: "00112233445566778899aabbccddeeff" })
  .thread({ id: 7, registers: { rip: 0x401000n, rsp: 0x7ffe0000n }, stack })
  .exception({ threadId: 7, code: 11, flags: 1, address: 0x10n })
  .build();
const report = processMinidump(new BufferSource(dump), { image: () => null, own: () => true });

function withFrames(...frames: Partial<ReportFrame>[]): string {
  const [first] = report.crashing_thread!.frames;
  const thread = { ...report.crashing_thread!, frames: frames.map((frame) => ({ ...first!, registers: {}, ...frame })) };
  return reportToText({ ...report, crashing_thread: thread });
}

test("frames: in no module, in an unloaded one, without a name, without a line, scanned", () => {
  const text = withFrames(
    { frame: 0, module: null, module_offset: null, offset: "0x0000000000000010" },
    { frame: 1, module: null, offset: "0x0000000000005010", unloaded_modules: [{ module: "gone.so", offset: "0x10" }] },
    { frame: 2, function: null, trust: "scan" },
    { frame: 3, function: "f", function_offset: null, file: "/src/a.c", line: null, trust: "cfi" },
    { frame: 9, function: "g", function_offset: "0x0000000000000004", inlines: [{ function: null, file: null, line: null }], trust: "cfi" },
  );
  assert.match(text, / {2}0 {2}0x0000000000000010 {2}\(context\)\n/);
  assert.match(text, / {2}1 {2}0x0000000000005010 \(in gone\.so, which was unloaded\) {2}\(context\)\n/);
  assert.match(text, / {2}2 {2}app \+ 0x1000 {2}\(scan\)\n/);
  assert.match(
    text,
    / {2}3 {2}app!f \+ 0x0 \[a\.c\] {2}\(cfi\)\n {5}… 5 frames left out …\n {2}9 {2}app!\? {2}\(inlined\)\n {2}9 {2}app!g \+ 0x4 {2}\(cfi\)\n/,
  );
  assert.doesNotMatch(text, /Registers:/);
});

test("the summary: no exception, memory accesses, a report that was not walked again", () => {
  const crash: Report["crash_info"] = {
    ...report.crash_info,
    type: null,
    address: null,
    memory_accesses: [
      { address: "0x10", size: null },
      { address: "0x20", size: 8, access_type: "write", is_likely_guard_page: true },
    ],
  };
  const text = reportToText({ ...report, cause: null, crashing_thread: null, crash_info: crash, re_walked: false });
  assert.match(text, /^Signature: /, "without a cause the summary comes first");
  assert.match(text, /Crash: +no exception\n/);
  assert.match(text, /Accesses: +access at 0x10, write of 8 bytes at 0x20 \(guard page\)\n/);
  assert.match(text, /Not re-walked: unwind data arrived after the dump was deleted\./);
  assert.doesNotMatch(text, / crashed\n/);
});

test("missing files say what they would bring and how they are asked for; warnings say where", () => {
  const [module] = report.modules;
  const needing = (change: Partial<Report["modules"][number]>) => ({ ...module!, ...change });
  const text = reportToText({
    ...report,
    modules: [
      needing({ needs: "names", debug_file: null, debug_id: null, code_id: "5e4f" }),
      needing({ needs: "unwind", debug_id: null, code_id: null, own: false }),
      needing({ needs: null, debug_id: null, code_id: null, status: "unused" }),
    ],
    warnings: [
      { stream: "thread list", offset: 0x20, message: "reaches past the end" },
      { stream: "module list", offset: null, message: "absent" },
    ],
  } as Report);
  assert.match(
    text,
    /Missing debug files:\n {2}app {2}code id 5e4f {2}would bring names\n {2}\S+ {2}no id {2}would bring unwind data {2}\(not the team's own\)\n/,
  );
  assert.match(text, / - 0x\w+ {2}app {2}no id {2}unused\n/);
  assert.match(text, /Warning: thread list at 0x20: reaches past the end\nWarning: module list: absent\n/);
});
