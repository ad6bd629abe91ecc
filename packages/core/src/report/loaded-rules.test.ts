/** Stacks of dumps that hold what no file brings: images in memory, and function tables of generated code. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteBuilder, synthDump, synthStack } from "@salvage/testkit/synth-dump";
import { codeAddress, dataAddress, hex, peImage, words } from "../../test/pe-image.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import { machineAmd64 } from "../pe/image.ts";
import { processMinidump } from "../process.ts";
import type { ImageLookup } from "../process-types.ts";
import type { UnwindLookup } from "../unwind/rules.ts";
import type { Report } from "./report.ts";

/** push rsi; sub rsp,20h; call next; add rsp,20h; pop rsi; ret */
const CODE = hex("56 4883ec20 e800000000 4883c420 5e c3");
const INFO = hex("01050200 0532 0160");
/** Where a frame of that function stands after its prologue, and the address behind its call. */
const IN_BODY = 5n;
const BEHIND_CALL = 10n;

const BASE = 0x7ff600000000n;
const STACK = 0x10000n;
const APP = { name: "C:\\app.exe", base: BASE, pdb: { guid: "00112233445566778899AABBCCDDEEFF", age: 1, file: "app.pdb" } };

const ends = (report: Report): string[] =>
  report.threads[0]!.frames.map((f) => `${f.trust} ${f.module ?? f.offset} ${f.module_offset ?? ""}`);
const report = (bytes: Uint8Array): Report => processMinidump(new BufferSource(bytes), { image: () => null, own: () => true });

/** Three frames of the function above, at addresses given; a return address of 0 ends the stack. */
function stackOf(first: bigint, second: bigint): ReturnType<typeof synthStack> {
  const stack = synthStack(STACK).words(5).word(first).words(5).word(second);
  return stack.words(5).word(0n).words(8);
}

test("an image that the dump holds is unwound by its own tables, in pieces and all", () => {
  const image = peImage(machineAmd64, CODE, INFO, [codeAddress, codeAddress + CODE.length, dataAddress]);
  const within = BASE + BigInt(codeAddress);
  const dump = synthDump()
    .windows()
    .module({ ...APP, size: image.length })
    // Ranges as the writer makes them: one per kind of page.
    .memory(BASE, image.subarray(0, 0x1000))
    .memory(BASE + 0x1000n, image.subarray(0x1000, 0x2000))
    .memory(BASE + 0x2000n, image.subarray(0x2000))
    .thread({ id: 1, registers: { rip: within + IN_BODY, rsp: STACK }, stack: stackOf(within + BEHIND_CALL, within + BEHIND_CALL) });
  const made = report(dump.build());
  assert.deepEqual(ends(made), ["context app.exe 0x0000000000001005", "cfi app.exe 0x0000000000001009", "cfi app.exe 0x0000000000001009"]);
  assert.equal(made.threads[0]!.walk_end, "end_of_stack");
  assert.equal(made.modules[0]!.unwind_status, "found");
  assert.equal(made.modules[0]!.needs, "names");
});

test("an image whose headers alone were captured is missing, not damaged", () => {
  const image = peImage(machineAmd64, CODE, INFO, [codeAddress, codeAddress + CODE.length, dataAddress]);
  const within = BASE + BigInt(codeAddress);
  const dump = synthDump()
    .windows()
    .module({ ...APP, size: image.length })
    .memory(BASE, image.subarray(0, 0x400))
    .thread({ id: 1, registers: { rip: within + IN_BODY, rsp: STACK }, stack: stackOf(within + BEHIND_CALL, 0n) });
  const made = report(dump.build());
  assert.equal(made.modules[0]!.unwind_status, "missing");
  assert.equal(made.modules[0]!.needs, "both");
});

test("generated code is unwound by the function table it was announced with", () => {
  const page = new Uint8Array(0x2000);
  page.set(CODE, 0x1000);
  page.set(INFO, 0x100);
  const jit = 0x20000000n;
  const entries = words(0x1000, 0x1000 + CODE.length, 0x100);
  const table = new ByteBuilder().u32(24).u32(32).u32(0).u32(12).u32(1).u32(0);
  table
    .u64(jit + 0x1000n)
    .u64(jit + 0x2000n)
    .u64(jit)
    .u32(1)
    .u32(0)
    .bytes(Uint8Array.from(entries));
  const dump = synthDump()
    .windows()
    .module({ ...APP, size: 0x10000 })
    .memory(jit, page)
    .stream(13, table.toBytes())
    .thread({
      id: 1,
      registers: { rip: jit + 0x1000n + IN_BODY, rsp: STACK },
      stack: stackOf(jit + 0x1000n + BEHIND_CALL, BASE + 0x1234n),
    });
  assert.deepEqual(ends(report(dump.build())), [
    "context 0x0000000020001005 ",
    "cfi 0x0000000020001009 ",
    "cfi app.exe 0x0000000000001233",
  ]);
});

test("one damaged record does not take the others' rules away", () => {
  const row = {
    cfa: { kind: "register", register: "rsp", offset: 48 },
    returnAddress: { kind: "cfaOffset", offset: -8 },
    registers: new Map(),
  } as const;
  const unwind: UnwindLookup = {
    find(relative) {
      if (relative === 0x1233) throw new FormatError("dwarf: .eh_frame", 0x40, "a damaged record");
      return row;
    },
  };
  const within = BASE + 0x1000n;
  const dump = synthDump()
    .windows()
    .module({ ...APP, size: 0x10000 })
    .thread({
      id: 1,
      registers: { rip: BASE + 0x1233n, rsp: STACK },
      stack: synthStack(STACK).word(within).words(5).word(within).words(5).word(0n),
    })
    .thread({
      id: 2,
      registers: { rip: within, rsp: STACK + 0x1000n },
      stack: synthStack(STACK + 0x1000n)
        .words(5)
        .word(within)
        .words(6),
    });
  const lookup: ImageLookup = { names: null, unwind, namesStatus: "missing", unwindStatus: "found" };
  const made = processMinidump(new BufferSource(dump.build()), { image: () => lookup, own: () => true });
  assert.deepEqual(
    made.threads.map((thread) => thread.frames.map((frame) => frame.trust)),
    [
      ["context", "scan", "cfi"],
      ["context", "cfi"],
    ],
  );
  assert.equal(made.modules[0]!.unwind_status, "malformed");
});
