/** The report core writes and the schema the apps read are one shape: as types both ways, and for real reports at run time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Report as ContractReport, reportSchema } from "@salvage/contracts";
import { ref, synthDump, synthStack } from "@salvage/testkit/synth-dump";
import { applyNames, BufferSource, processMinidump, type Report } from "../src/index.ts";

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

test("readable names, the debug file's own beside them, and names of reports from before", () => {
  const stack = synthStack(0x7ffe0000n).label("fp").word(0n).word(0x401234n);
  const dump = synthDump()
    .linux()
    .module({ name: "/opt/app/app", base: 0x400000n, size: 0x10000, buildId: "00112233445566778899aabbccddeeff" })
    .thread({ id: 7, name: "main", registers: { rip: 0x401000n, rsp: 0x7ffe0000n, rbp: ref("fp") }, stack })
    .exception({ threadId: 7, code: 11, flags: 1, address: 0x10n })
    .build();
  const at = { functionAddress: 0x1000, file: null, line: null };
  const names = {
    lookup: () => [
      { function: "_ZN3geo4areaEv", ...at },
      { function: "main", ...at },
    ],
  };
  const image = () => ({ names, unwind: null, namesStatus: "found" as const, unwindStatus: "missing" as const });
  const report = processMinidump(new BufferSource(dump), { image, own: () => true });
  reportSchema.strict().parse(toContract(report));
  const frame = report.crashing_thread?.frames[0];
  assert.deepEqual([frame?.function, frame?.function_mangled], ["main", null]);
  assert.deepEqual(frame?.inlines, [{ function: "geo::area()", function_mangled: "_ZN3geo4areaEv", file: null, line: null }]);

  const before = structuredClone(report);
  for (const { frames } of [...before.threads, ...(before.crashing_thread ? [before.crashing_thread] : [])]) {
    for (const each of frames) {
      delete each.function_mangled;
      each.inlines =
        each.inlines?.map(({ function_mangled, ...inline }) => ({ ...inline, function: function_mangled ?? inline.function })) ?? null;
    }
  }
  reportSchema.strict().parse(toContract(before));
  // Nothing new arrives: names are made readable all the same, and the key with them.
  const again = applyNames(before, { image: () => null, own: () => true });
  assert.deepEqual(again.crashing_thread?.frames[0]?.inlines, frame?.inlines);
  assert.deepEqual(again.signature, report.signature);
});

test("a dump with nothing but its system, or only memory, gives a report that satisfies the schema; one cut before its streams is refused", () => {
  const bare = () => synthDump().linux().without("threads").without("modules");
  const read = (dump: Uint8Array) => processMinidump(new BufferSource(dump), { image: () => null, own: () => true });
  const report = read(bare().build());
  reportSchema.strict().parse(report);
  assert.deepEqual(
    report.warnings.map((w) => w.stream),
    ["ModuleList", "ThreadList"],
  );
  const memory = synthDump()
    .linux()
    .without("threads")
    .without("modules")
    .without("systemInfo")
    .memory(0x1000n, new Uint8Array(16))
    .build();
  reportSchema.strict().parse(read(memory));
  const cut = bare().build();
  assert.throws(() => read(cut.slice(0, 60)), /FormatError: minidump at 0x38: neither system, exception nor modules/);
  reportSchema.strict().parse(read(bare().without("systemInfo").build()));
});
