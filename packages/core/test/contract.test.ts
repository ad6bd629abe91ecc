/** The report core writes and the schema the apps read are one shape: as types both ways, and for real reports at run time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Report as ContractReport, reportSchema } from "@salvage/contracts";
import { ref, synthDump, synthStack } from "@salvage/testkit/synth-dump";
import { BufferSource, processMinidump, type Report } from "../src/index.ts";

// Compile-time: each is assignable to the other.
const toContract = (report: Report): ContractReport => report;
const fromContract = (report: ContractReport): Report => report;

test("a report satisfies the schema exactly", () => {
  const stack = synthStack(0x7ffe0000n).label("fp").word(0n).word(0x401234n);
  const dump = synthDump()
    .linux()
    .module({ name: "/opt/app/app", base: 0x400000n, size: 0x10000, buildId: "00112233445566778899aabbccddeeff" })
    .thread({ id: 7, name: "main", registers: { rip: 0x401000n, rsp: 0x7ffe0000n, rbp: ref("fp") }, stack })
    .exception({ threadId: 7, code: 11, flags: 1, address: 0x10n })
    .build();
  const report = processMinidump(new BufferSource(dump), { image: () => null, own: () => true });
  const parsed = fromContract(reportSchema.strict().parse(toContract(report)));
  assert.deepEqual(parsed, report);
});

test("an empty dump gives a report that satisfies the schema", () => {
  const dump = synthDump().without("systemInfo").without("threads").without("modules").build();
  const report = processMinidump(new BufferSource(dump), { image: () => null, own: () => true });
  reportSchema.strict().parse(report);
  assert.deepEqual(
    report.warnings.map((w) => w.stream),
    ["SystemInfo", "ModuleList", "ThreadList"],
  );
});
