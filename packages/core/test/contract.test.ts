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

test("a dump with nothing but its system gives a report that satisfies the schema; one with nothing at all is refused", () => {
  const bare = () => synthDump().linux().without("threads").without("modules");
  const read = (dump: Uint8Array) => processMinidump(new BufferSource(dump), { image: () => null, own: () => true });
  const report = read(bare().build());
  reportSchema.strict().parse(report);
  assert.deepEqual(
    report.warnings.map((w) => w.stream),
    ["ModuleList", "ThreadList"],
  );
  assert.throws(
    () => read(bare().without("systemInfo").build()),
    /FormatError: minidump: .*neither system, exception nor modules|no streams/,
  );
});
