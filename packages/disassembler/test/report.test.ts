/** Through core: dumps whose captured code faults in a known way, and what their reports say of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BufferSource, cpuOfMinidump, processMinidump, type Report } from "@salvage/core";
import { type SynthCpu, synthDump, synthStack } from "@salvage/testkit/synth-dump";
import { openDisassembler } from "../src/index.ts";

type Crash = {
  cpu: SynthCpu;
  code: readonly number[];
  /** Bytes of `code` before the instruction pointer. */
  skip?: number;
  registers: Record<string, bigint>;
  ip: string;
  sp: string;
  signal?: number;
  siCode?: number;
  address: bigint;
  stackWords?: readonly bigint[];
};

const CODE = 0x401000n;
const STACK = 0x7fff0000n;

async function reportOf({
  cpu,
  code,
  skip = 0,
  registers,
  ip,
  sp,
  signal = 11,
  siCode = 1,
  address,
  stackWords = [0n],
}: Crash): Promise<Report> {
  const stack = stackWords.reduce((made, word) => made.word(word), synthStack(STACK, cpu === "arm" || cpu === "x86" ? 4 : 8));
  const bytes = synthDump()
    .linux({ cpu })
    .module({ name: "/opt/app", base: 0x400000n, size: 0x10000 })
    .memory(CODE, Uint8Array.from([...code, ...Array.from({ length: 32 }, () => 0)]))
    .thread({ id: 7, registers: { [ip]: CODE + BigInt(skip), [sp]: STACK, ...registers }, stack })
    .exception({ threadId: 7, code: signal, flags: siCode, address })
    .build();
  const source = new BufferSource(bytes);
  return processMinidump(source, {
    image: () => null,
    own: () => true,
    disassemble: await openDisassembler(cpuOfMinidump(source)),
  });
}

const amd64 = { cpu: "amd64", ip: "rip", sp: "rsp" } as const;
const arm64 = { cpu: "arm64", ip: "pc", sp: "sp" } as const;

test("a field of a null object, far from null", async () => {
  const { crash_info: crash, cause } = await reportOf({
    ...amd64,
    code: [0x89, 0x81, 0x45, 0x23, 0x01, 0x00], // mov [rcx + 0x12345], eax
    registers: { rcx: 0n },
    address: 0x12345n,
  });
  assert.deepEqual(
    { ...crash, exception: null },
    {
      type: "SIGSEGV / SEGV_MAPERR",
      address: "0x0000000000012345",
      crashing_thread: 0,
      assertion: null,
      instruction: "mov dword [rcx + 0x12345], eax",
      memory_accesses: [{ address: "0x0000000000012345", size: 4, access_type: "write" }],
      instruction_pointer_update: null,
      adjusted_address: { kind: "null-pointer", offset: "0x0000000000012345" },
      access: "write",
      bad_register: { name: "rcx", value: "0x0000000000000000" },
      call_instruction: null,
      possible_bit_flips: null,
      crash_inconsistencies: [],
      exception: null,
    },
  );
  assert.equal(cause?.title, "Write to a field of a null object");
});

test("an address that the processor does not tell", async () => {
  const { crash_info: crash, cause } = await reportOf({
    ...amd64,
    code: [0x48, 0x8b, 0x40, 0x08], // mov rax, [rax + 8]
    registers: { rax: 0xddddddddddddddddn },
    siCode: 0x80,
    address: 0n,
  });
  assert.deepEqual(crash.adjusted_address, { kind: "non-canonical", address: "0xdddddddddddddde5" });
  assert.equal(crash.bad_register?.name, "rax");
  assert.match(cause?.title ?? "", /^Use after free/);
});

test("a jump to null names the call", async () => {
  const { crash_info: crash, cause } = await reportOf({
    ...arm64,
    code: [0x00, 0x01, 0x3f, 0xd6], // blr x8
    registers: { pc: 0n, lr: CODE + 4n, x8: 0n },
    address: 0n,
  });
  assert.equal(crash.call_instruction, "blr x8");
  assert.equal(cause?.title, "Call through a null function pointer");
  assert.ok(cause?.evidence.includes("called by blr x8"));
});

test("a call through memory, by the return address on the stack", async () => {
  const { crash_info: crash, cause } = await reportOf({
    ...amd64,
    code: [0xff, 0x50, 0x18], // call [rax + 0x18]
    registers: { rip: 0n, rax: 0x5000n },
    stackWords: [CODE + 3n, 0n, 0n],
    address: 0n,
  });
  assert.equal(crash.call_instruction, "call qword [rax + 0x18]");
  assert.ok(cause?.evidence.includes("called by call qword [rax + 0x18], whose pointer lies at 0x5018"), JSON.stringify(cause));
});

test("a breakpoint stops behind its instruction; a trap of a sanitizer says which check", async () => {
  const breakpoint = await reportOf({ ...amd64, code: [0xcc, 0x90], skip: 1, registers: {}, signal: 5, siCode: 0x80, address: 0n });
  assert.equal(breakpoint.crash_info.instruction, "int3");
  const trap = await reportOf({ ...arm64, code: [0x40, 0xa2, 0x2a, 0xd4], registers: {}, signal: 5, siCode: 1, address: CODE }); // brk #0x5512
  assert.equal(trap.cause?.title, "A check that the compiler planted failed: an array index was out of bounds");
});

test("Thumb by the status register, or where that was not saved by the return address", async () => {
  const load = { cpu: "arm", ip: "pc", sp: "sp", code: [0x1b, 0x68], address: 0x45n } as const; // ldr r3, [r3]
  const saved = await reportOf({ ...load, registers: { r3: 0x45n, cpsr: 0x30n } });
  assert.equal(saved.crash_info.instruction, "ldr r3, [r3]");
  const lost = await reportOf({ ...load, registers: { r3: 0x45n, lr: CODE + 9n } });
  assert.equal(lost.crash_info.instruction, "ldr r3, [r3]");
});

test("without a disassembler nothing else of the report changes", async () => {
  const stack = synthStack(STACK).words(4);
  const source = new BufferSource(
    synthDump()
      .linux()
      .memory(CODE, Uint8Array.of(0x89, 0x01))
      .thread({ id: 7, registers: { rip: CODE, rsp: STACK }, stack })
      .exception({ threadId: 7, code: 11, flags: 1, address: 0n })
      .build(),
  );
  const report = processMinidump(source, { image: () => null, own: () => true });
  assert.equal("instruction" in report.crash_info, false);
  assert.equal(report.cause?.title, "Access to a null pointer");
});
