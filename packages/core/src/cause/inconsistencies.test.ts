/** Contradictions between crash reason and instruction: each kind found, and what is only not known left alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Instruction, MemoryOperand } from "../cpu/instruction.ts";
import type { MemoryRegion } from "../minidump/memory-regions.ts";
import { type CauseInput, findCause } from "./cause.ts";
import type { ExecutedInstruction } from "./executed-instruction.ts";
import { findInconsistencies } from "./inconsistencies.ts";

const at = 0x140001000n;
const heap = 0x20000010n;

function executed(
  text: string,
  accesses: [MemoryOperand["access"], bigint | null, number?][],
  parts: Partial<Instruction> = {},
  target: bigint | null = null,
): ExecutedInstruction {
  const memory = accesses.map(([access, , sizeBytes = 4]): MemoryOperand => {
    const plain = { segment: null, base: "rax", index: null, indexBits: "all", scale: 1, displacement: 0n, addressBits: 64 } as const;
    return { kind: "memory", ...plain, sizeBytes, access, implicit: false };
  });
  const mnemonic = text.split(" ")[0] ?? "";
  const instruction: Instruction = { text, mnemonic, lengthBytes: 3, flow: "next", operands: memory, memory, privileged: false, ...parts };
  return { instruction, address: at, accesses: memory.map((operand, i) => ({ operand, address: accesses[i]?.[1] ?? null })), target };
}

function region(change: Partial<MemoryRegion>): CauseInput["region"] {
  return () => ({
    start: 0n,
    end: 1n << 64n,
    committed: true,
    read: false,
    write: false,
    execute: false,
    guard: false,
    kernelName: null,
    ...change,
  });
}

function input(reason: string, instruction: ExecutedInstruction | null, parts: Partial<CauseInput> = {}): CauseInput {
  return {
    os: "windows",
    cpu: "amd64",
    pointerBytes: 8,
    crashed: true,
    reason,
    address: heap,
    parameters: [],
    registers: new Map(),
    access: null,
    instruction,
    fault: null,
    cameFrom: null,
    ip: at,
    sp: 0x10000n,
    ipInModule: true,
    stack: null,
    totalFrames: 3,
    assertion: null,
    functions: [],
    region: () => null,
    module: () => null,
    unloaded: () => null,
    notes: [],
    word: () => null,
    thrownType: null,
    bitFlips: [],
    ...parts,
  };
}

const load = executed("mov eax, [rax]", [["read", heap]]);
const store = executed("mov [rax], eax", [["write", heap]]);
const elsewhere = executed("mov eax, [rax]", [["read", 0x3000n]]);
const unknown = executed("mov eax, [rax]", [["read", null]]);
const call = executed("call rax", [["write", 0xfff8n, 8]], { flow: "call" }, heap);
const readFault = "EXCEPTION_ACCESS_VIOLATION_READ";
const hidden = { address: 0xffffffffffffffffn };

const cases: [string, CauseInput, string[]][] = [
  ["a division by zero of a division", input("EXCEPTION_INT_DIVIDE_BY_ZERO", executed("idiv ecx", [])), []],
  ["of arm64's", input("SIGFPE / FPE_INTDIV", executed("sdiv x0, x1, x2", []), { cpu: "arm64", os: "linux" }), []],
  ["of an addition", input("SIGFPE / FPE_INTDIV", executed("add ecx, 1", []), { os: "linux" }), ["int_div_by_zero_not_possible"]],
  ["of what is not known", input("EXCEPTION_INT_DIVIDE_BY_ZERO", null), []],
  ["a privileged instruction that is one", input("EXCEPTION_PRIV_INSTRUCTION", executed("hlt", [], { privileged: true })), []],
  ["that is none", input("EXCEPTION_PRIV_INSTRUCTION", load), ["priv_instruction_crash_without_priv_instruction"]],
  ["a read of what the instruction reads", input(readFault, load), []],
  ["its last byte", input(readFault, load, { address: heap + 3n }), []],
  ["the byte behind it", input(readFault, load, { address: heap + 4n }), ["crashing_access_not_found_in_memory_accesses"]],
  ["a read where the instruction writes", input(readFault, store), ["crashing_access_not_found_in_memory_accesses"]],
  ["a read that leads nowhere near", input(readFault, elsewhere), ["crashing_access_not_found_in_memory_accesses"]],
  ["an access that is not known", input(readFault, unknown), []],
  ["the code itself cannot be read", input(readFault, elsewhere, { address: at }), []],
  ["execution of where a call leads", input("EXCEPTION_ACCESS_VIOLATION_EXEC", call), []],
  ["execution of what is only read", input("EXCEPTION_ACCESS_VIOLATION_EXEC", load), ["crashing_access_not_found_in_memory_accesses"]],
  [
    "a write to memory that allows it",
    input("EXCEPTION_ACCESS_VIOLATION_WRITE", store, { region: region({ read: true, write: true }) }),
    ["access_violation_when_access_allowed"],
  ],
  ["to memory that may be read only", input("EXCEPTION_ACCESS_VIOLATION_WRITE", store, { region: region({ read: true }) }), []],
  ["to a guard page", input("EXCEPTION_ACCESS_VIOLATION_WRITE", store, { region: region({ read: true, write: true, guard: true }) }), []],
  [
    "to memory that is only reserved",
    input("EXCEPTION_ACCESS_VIOLATION_WRITE", store, { region: region({ write: true, committed: false }) }),
    [],
  ],
  ["a stack overflow by a push", input("EXCEPTION_STACK_OVERFLOW", executed("push rax", [["write", heap, 8]])), []],
  [
    "a stack overflow without an access",
    input("EXCEPTION_STACK_OVERFLOW", executed("add ecx, 1", [])),
    ["crashing_access_not_found_in_memory_accesses"],
  ],
  ["a hidden address, non-canonical", input(readFault, executed("mov eax, [rax]", [["read", 0x1234000000000000n]]), hidden), []],
  ["a hidden address where all are canonical", input(readFault, load, hidden), ["non_canonical_address_falsely_reported"]],
  ["an instruction that wants aligned memory", input(readFault, executed("movaps xmm0, [rax]", [["read", heap + 1n, 16]]), hidden), []],
  ["Linux tells too little", input("SIGSEGV / SEGV_MAPERR", elsewhere, { os: "linux" }), []],
];

for (const [name, given, expected] of cases) test(name, () => assert.deepEqual(findInconsistencies(given), expected));

test("a contradiction is evidence; one about what the instruction does is the cause", () => {
  const wild = findCause(input(readFault, elsewhere, { address: 0x10n }));
  assert.equal(wild?.evidence.at(-1), "the instruction does not access the address that was reported");
  const division = findCause(input("EXCEPTION_INT_DIVIDE_BY_ZERO", load));
  assert.deepEqual(
    [division?.title, division?.confidence],
    ["A division by zero where nothing is divided, possibly faulty hardware", "possible"],
  );
  assert.equal(findCause(input("EXCEPTION_INT_DIVIDE_BY_ZERO", executed("idiv ecx", [])))?.title, "Integer division by zero");
});
