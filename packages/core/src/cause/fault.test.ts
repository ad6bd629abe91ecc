/** Operands evaluated, the refused access, the register to blame, and the causes that follow from them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Instruction, MemoryOperand, Operand } from "../cpu/instruction.ts";
import type { MemoryRegion } from "../minidump/memory-regions.ts";
import { type CauseInput, findCause } from "./cause.ts";
import { effectiveAddress, type Machine, withRegisters } from "./executed-instruction.ts";
import { findFault } from "./fault.ts";

function memory(parts: Partial<MemoryOperand>): MemoryOperand {
  const plain = {
    segment: null,
    base: null,
    index: null,
    indexBits: "all",
    scale: 1,
    displacement: 0n,
    addressBits: 64,
    sizeBytes: 4,
  } as const;
  return { kind: "memory", ...plain, access: "read", implicit: false, ...parts };
}

function instruction(text: string, operands: Operand[], parts: Partial<Instruction> = {}): Instruction {
  const touched = operands.filter((operand) => operand.kind === "memory");
  return { text, mnemonic: text.split(" ")[0] ?? "", lengthBytes: 4, flow: "next", operands, memory: touched, privileged: false, ...parts };
}

function machine(registers: Record<string, bigint>, pointers: Record<string, bigint> = {}, pointerBytes: 4 | 8 = 8): Machine {
  return {
    pointerBytes,
    register: (name) => registers[name] ?? null,
    segmentBase: (name) => (name === "gs" ? 0x7000n : null),
    pointer: (address) => pointers[`0x${address.toString(16)}`] ?? null,
  };
}

const nothing: (address: bigint) => boolean = () => false;

test("an effective address: base, index, scale, displacement, extension, segment, wrap", () => {
  const at = (parts: Partial<MemoryOperand>, registers: Record<string, bigint>, bytes: 4 | 8 = 8) =>
    effectiveAddress(memory(parts), machine(registers, {}, bytes));
  assert.equal(at({ base: "rbx", index: "rcx", scale: 4, displacement: 16n }, { rbx: 0x1000n, rcx: 2n }), 0x1018n);
  assert.equal(at({ base: "rbx", displacement: -8n }, { rbx: 4n }), 0xfffffffffffffffcn);
  assert.equal(at({ base: "eax", displacement: 4n, addressBits: 32 }, { eax: 0xffffffffn }, 4), 3n);
  assert.equal(at({ base: "x1", index: "x2", indexBits: "sign32", scale: 8 }, { x1: 0x1000n, x2: 0xffffffffn }), 0xff8n);
  assert.equal(at({ base: "x1", index: "x2", indexBits: "zero32" }, { x1: 0x1000n, x2: 0x500000001n }), 0x1001n);
  assert.equal(at({ base: "r1", index: "r2", scale: -1, addressBits: 32 }, { r1: 0x20n, r2: 8n }, 4), 0x18n);
  assert.equal(at({ segment: "gs", displacement: 0x30n }, {}), 0x7030n);
  assert.equal(at({ segment: "fs", displacement: 0x28n }, {}), null, "a segment whose base is not known");
  assert.equal(at({ base: "zmm1" }, {}), null, "a register that was not saved");
});

test("where a call, jump or return leads", () => {
  const target = (made: Instruction, registers: Record<string, bigint>, pointers: Record<string, bigint> = {}) =>
    withRegisters(made, 0x400000n, machine(registers, pointers)).target;
  const rax = { kind: "register", register: "rax", bits: 64, access: "read" } as const;
  assert.equal(target(instruction("call rax", [rax], { flow: "call" }), { rax: 0x1230n }), 0x1230n);
  const slot = memory({ base: "rax", displacement: 24n, sizeBytes: 8 });
  assert.equal(target(instruction("call qword [rax + 0x18]", [slot], { flow: "call" }), { rax: 0x1000n }, { "0x1018": 0x99n }), 0x99n);
  assert.equal(target(instruction("call qword [rax + 0x18]", [slot], { flow: "call" }), { rax: 0x1000n }), null, "not captured");
  const pop = memory({ base: "rsp", sizeBytes: 8, implicit: true });
  assert.equal(target(instruction("ret", [], { flow: "return", memory: [pop] }), { rsp: 0x10n }, { "0x10": 0x77n }), 0x77n);
  const bytes = { kind: "immediate", value: 8n } as const;
  assert.equal(target(instruction("ret 8", [bytes], { flow: "return", memory: [pop] }), { rsp: 0x10n }, { "0x10": 0x77n }), 0x77n);
  assert.equal(target(instruction("ret", [], { flow: "return" }), { lr: 0x55n }), 0x55n);
  assert.equal(target(instruction("mov rax, rax", [rax]), { rax: 1n }), null);
});

test("the refused access covers the address that the system tells; of two registers the one that is no pointer is to blame", () => {
  const find = (parts: Partial<MemoryOperand>, registers: Record<string, bigint>, address: bigint | null, isMapped = nothing) =>
    findFault(withRegisters(instruction("mov", [memory(parts)]), 0x400000n, machine(registers)), address, machine(registers), isMapped);
  assert.deepEqual(find({ base: "rax", displacement: 8n }, { rax: 0x10n }, 0x18n)?.register, { name: "rax", value: 0x10n });
  assert.equal(find({ base: "rax", displacement: 8n }, { rax: 0x10n }, 0x1bn)?.address, 0x18n, "any byte of it");
  assert.equal(find({ base: "rax", displacement: 8n }, { rax: 0x10n }, 0x1cn), null, "the byte behind it is another's");
  const both = { base: "rax", index: "rcx", scale: 8 } as const;
  assert.equal(find(both, { rax: 0n, rcx: 5n }, 0x28n)?.register?.name, "rax");
  const mapped = (a: bigint) => a === 0x7f0000005000n;
  assert.equal(find(both, { rax: 0x7f0000005000n, rcx: 0x100000000n }, 0x7f0800005000n, mapped)?.register?.name, "rcx");
  assert.equal(
    find({ ...both, scale: 1 }, { rax: 8n, rcx: 0x7f0000005000n }, 0x7f0000005008n, mapped)?.register,
    null,
    "a pointer may be the index",
  );
  assert.equal(find({ base: "x1" }, { x1: 0xab00000000001230n }, 0x1230n)?.register?.value, 0xab00000000001230n, "a tagged pointer");
});

test("without an address from the system, it is the access that no processor can carry out", () => {
  const operand = memory({ base: "rax", displacement: 8n });
  const find = (rax: bigint) => {
    const registers = machine({ rax });
    return findFault(withRegisters(instruction("mov", [operand]), 0n, registers), null, registers, nothing);
  };
  assert.equal(find(0xddddddddddddddddn)?.address, 0xdddddddddddddde5n);
  assert.equal(find(0x7ffdeadbeef0n), null);
  const call = instruction("call rax", [{ kind: "register", register: "rax", bits: 64, access: "read" }], { flow: "call" });
  const registers = machine({ rax: 0x4141414141414141n });
  const fault = findFault(withRegisters(call, 0n, registers), null, registers, nothing);
  assert.deepEqual(fault, {
    access: "execute",
    address: 0x4141414141414141n,
    operand: null,
    register: { name: "rax", value: 0x4141414141414141n },
  });
});

test("an address of 0 that the instruction contradicts was not recorded", () => {
  const registers = machine({ x0: 0x45n, sp: 0x9000n });
  const store = withRegisters(instruction("str w3, [x0]", [memory({ base: "x0", access: "write" })]), 0n, registers);
  assert.equal(findFault(store, 0n, registers, nothing)?.address, 0x45n);
  assert.equal(
    findFault(store, 0n, registers, (a) => a === 0x45n),
    null,
    "memory that is there was not refused",
  );
});

type Change = Partial<CauseInput> & { run?: Instruction; held?: Record<string, bigint>; pointers?: Record<string, bigint> };

/** A fault with its instruction put together as a report does. */
function input({ run, held = {}, pointers, ...change }: Change): CauseInput {
  const base: CauseInput = {
    os: "linux",
    cpu: "amd64",
    reason: "SIGSEGV / SEGV_MAPERR",
    address: null,
    access: null,
    instruction: null,
    fault: null,
    cameFrom: null,
    ip: 0x401000n,
    sp: 0x7ffe0100n,
    ipInModule: true,
    stack: { start: 0x7ffe0000n, end: 0x7fff0000n },
    totalFrames: 5,
    assertion: null,
    functions: ["f", "main"],
    pointerBytes: 8,
    crashed: true,
    parameters: [],
    registers: new Map(Object.entries(held)),
    region: () => null,
    module: () => null,
    word: () => null,
    unloaded: () => null,
    notes: [],
    thrownType: null,
    bitFlips: [],
    ...change,
  };
  if (run === undefined) return base;
  const registers = machine(held, pointers, base.pointerBytes);
  const executed = withRegisters(run, 0x401000n, registers);
  const hidden = base.reason?.endsWith("SI_KERNEL") || base.address === 0xffffffffffffffffn;
  const fault = findFault(executed, hidden ? null : base.address, registers, (a) => base.region(a)?.committed ?? false);
  return { ...base, instruction: executed, fault, access: base.access ?? fault?.access ?? null };
}

const region = (change: Partial<MemoryRegion>): CauseInput["region"] => {
  const none = { committed: true, read: false, write: false, execute: false, guard: false, kernelName: null };
  return () => ({ start: 0n, end: 1n << 64n, ...none, ...change });
};
const read = (base: string, displacement: bigint, parts: Partial<MemoryOperand> = {}): Instruction =>
  instruction(`mov eax, dword [${base} + ${displacement}]`, [memory({ base, displacement, ...parts })]);
const write = (base: string, displacement: bigint, parts: Partial<MemoryOperand> = {}): Instruction =>
  instruction(`mov dword [${base} + ${displacement}], eax`, [memory({ base, displacement, access: "write", ...parts })]);
const immediate = (text: string, value: bigint): Instruction => instruction(text, [{ kind: "immediate", value }], { flow: "trap" });

const CASES: readonly [string, Change, string | null, string?][] = [
  ["field of null", { run: read("rax", 0x18n), held: { rax: 0n }, address: 0x18n }, "Read of a field of a null object", "certain"],
  [
    "a field further from null than any page",
    { run: write("rax", 0x12340n), held: { rax: 0n }, address: 0x12340n },
    "Write to a field of a null object",
    "certain",
  ],
  [
    "element of null",
    { run: read("rax", 0n, { index: "rcx", scale: 8 }), held: { rax: 0n, rcx: 0x4000n }, address: 0x20000n },
    "Read of an element of a null array",
    "likely",
  ],
  ["null itself", { run: write("rax", 0n), held: { rax: 0n }, address: 0n }, "Write to a null pointer", "certain"],
  [
    "near null by a register that is not",
    { run: read("rax", 4n), held: { rax: 0x41n }, address: 0x45n },
    "Read of a field of a null object",
    "likely",
  ],
  [
    "thread-local memory at a small offset is no null object",
    { run: read("rax", 0x28n, { segment: "gs" }), held: { rax: 0n }, address: 0x7028n, reason: "SIGSEGV / SEGV_MAPERR" },
    "Read of a field of a null object",
    "likely",
  ],
  [
    "wild pointer",
    { run: read("rax", 0n), held: { rax: 0x7f0012345678n }, address: 0x7f0012345678n },
    "Read through a wild pointer: nothing is mapped there",
    "likely",
  ],
  [
    "wild pointer, and nobody says what is mapped",
    { os: "windows", reason: "EXCEPTION_ACCESS_VIOLATION_READ", run: read("rax", 0n), held: { rax: 0xdead0000n }, address: 0xdead0000n },
    "Read through a wild pointer: nothing is mapped there",
    "possible",
  ],
  [
    "without the instruction, Windows' word alone is too little",
    { os: "windows", reason: "EXCEPTION_ACCESS_VIOLATION_READ", address: 0xdead0000n },
    null,
  ],
  [
    "memory that is there is no wild pointer",
    { run: read("rax", 0n), held: { rax: 0x5000000n }, address: 0x5000000n, region: region({ read: true, write: true }) },
    null,
  ],
  [
    "reserved memory",
    { run: read("rax", 0n), held: { rax: 0x5000000n }, address: 0x5000000n, region: region({ committed: false }) },
    "Read through a wild pointer: nothing is mapped there",
  ],
  [
    "write to constant data",
    { run: write("rax", 0n), held: { rax: 0x402000n }, address: 0x402000n, region: region({ read: true }) },
    "Write to read-only memory",
    "certain",
  ],
  [
    "read of constant data is no such write",
    { run: read("rax", 0n), held: { rax: 0x402000n }, address: 0x402000n, region: region({ read: true }) },
    null,
  ],
  [
    "write to code",
    { run: write("rax", 0n), held: { rax: 0x401000n }, address: 0x401000n, region: region({ read: true, execute: true }) },
    "Write to code",
  ],
  [
    "write to a module, whose memory is not listed",
    { reason: "SIGSEGV / SEGV_ACCERR", run: write("rax", 0n), held: { rax: 0x402000n }, address: 0x402000n, module: () => "app" },
    "Write to read-only memory",
    "likely",
  ],
  [
    "memory made inaccessible",
    { run: read("rax", 0n), held: { rax: 0x5000000n }, address: 0x5000000n, region: region({}) },
    "Access to memory that was made inaccessible",
  ],
  [
    "non-canonical by the operand",
    { reason: "SIGSEGV / SI_KERNEL", address: 0n, run: read("rax", 8n), held: { rax: 0x1234_5678_9abc_def0n } },
    "Read through a corrupted pointer (not an address this processor can have)",
    "certain",
  ],
  [
    "freed memory by the operand",
    { reason: "SIGSEGV / SI_KERNEL", address: 0n, run: read("rax", 8n), held: { rax: 0xddddddddddddddddn } },
    "Use after free: a pointer was read from memory that had been freed",
  ],
  [
    "a pattern in a register that the instruction does not use",
    { reason: "SIGSEGV / SI_KERNEL", address: 0n, run: read("rax", 8n), held: { rax: 0x1234_5678_9abc_def0n, rbx: 0xddddddddddddddddn } },
    "Read through a corrupted pointer (not an address this processor can have)",
  ],
  [
    "return into text",
    {
      reason: "SIGSEGV / SI_KERNEL",
      address: 0n,
      run: instruction("ret", [], { flow: "return", memory: [memory({ base: "rsp", sizeBytes: 8, implicit: true })] }),
      held: { rsp: 0x7ffe0100n },
      pointers: { "0x7ffe0100": 0x4242_4242_0042_4242n },
    },
    "Return to an address that this processor cannot have: the stack was overwritten",
    "certain",
  ],
  [
    "misaligned vector",
    {
      reason: "SIGSEGV / SI_KERNEL",
      address: 0n,
      run: instruction("movaps oword [rsp + 0x10], xmm0", [memory({ base: "rsp", displacement: 16n, sizeBytes: 16, access: "write" })]),
      held: { rsp: 0x7ffe0108n },
    },
    "Access to a misaligned address: the stack pointer was off when the function was called",
    "certain",
  ],
  [
    "an aligned vector has another fault",
    {
      reason: "SIGSEGV / SI_KERNEL",
      address: 0n,
      run: instruction("movaps oword [rax], xmm0", [memory({ base: "rax", sizeBytes: 16, access: "write" })]),
      held: { rax: 0x7ffe0100n },
    },
    "Access through a corrupted pointer (not an address this processor can have)",
    "likely",
  ],
  [
    "an unaligned move demands no alignment",
    {
      reason: "SIGSEGV / SI_KERNEL",
      address: 0n,
      run: instruction("movups oword [rax], xmm0", [memory({ base: "rax", sizeBytes: 16, access: "write" })]),
      held: { rax: 0x7ffe0101n },
    },
    "Access through a corrupted pointer (not an address this processor can have)",
    "likely",
  ],
  [
    "privileged",
    { reason: "SIGSEGV / SI_KERNEL", address: 0n, run: instruction("hlt", [], { privileged: true }) },
    "An instruction that only the system may execute",
    "certain",
  ],
  [
    "division by zero",
    {
      reason: "SIGFPE / FPE_INTDIV",
      run: instruction("idiv ecx", [{ kind: "register", register: "rcx", bits: 32, access: "read" }]),
      held: { rcx: 0xff00000000n },
    },
    "Integer division by zero",
    "certain",
  ],
  [
    "division whose result does not fit",
    {
      reason: "SIGFPE / FPE_INTDIV",
      run: instruction("idiv ecx", [{ kind: "register", register: "rcx", bits: 32, access: "read" }]),
      held: { rcx: 0xffffffffn },
    },
    "Integer division whose result does not fit, as of the smallest number by -1",
    "certain",
  ],
  [
    "division by memory",
    {
      reason: "SIGFPE",
      run: instruction("div byte [rbp - 0x4]", [memory({ base: "rbp", displacement: -4n, sizeBytes: 1 })]),
      held: { rbp: 0x104n },
      word: () => 0x500n,
    },
    "Integer division by zero",
    "certain",
  ],
  [
    "a push below the stack",
    {
      run: instruction("call 0x401000", [], {
        flow: "call",
        memory: [memory({ base: "rsp", displacement: -8n, sizeBytes: 8, access: "write", implicit: true })],
      }),
      held: { rsp: 0x7ffe0000n },
      sp: 0x7ffe0000n,
      address: 0x7ffdfff8n,
    },
    "Stack overflow",
    "likely",
  ],
  [
    "a heap pointer that happens to lie near the stack",
    { run: write("rax", 0n), held: { rax: 0x7ffdfff8n }, sp: 0x7ffe0000n, address: 0x7ffdfff8n },
    "Write through a wild pointer: nothing is mapped there",
  ],
  [
    "the probe of a large frame",
    {
      run: instruction("test dword [rcx], eax", [memory({ base: "rcx" })]),
      held: { rcx: 0x7ffd0000n },
      address: 0x7ffd0000n,
      functions: ["__chkstk", "f"],
    },
    "Stack overflow",
    "likely",
  ],
  [
    "ud2",
    { reason: "SIGILL / ILL_ILLOPN", run: instruction("ud2", [], { flow: "trap" }) },
    "The program stopped itself by a trap: a failed check, or code that must not be reached",
  ],
  [
    "ud2 in Swift code",
    {
      os: "macos",
      reason: "EXC_BAD_INSTRUCTION / EXC_I386_INVOP",
      run: instruction("ud2", [], { flow: "trap" }),
      functions: ["$s4game4main", "main"],
    },
    "Swift trap: an overflow, an index out of range, a nil that was unwrapped, or fatalError",
    "likely",
  ],
  [
    "a sanitizer's trap on arm64",
    { cpu: "arm64", reason: "SIGTRAP / TRAP_BRKPT", run: immediate("brk #0x5512", 0x5512n) },
    "A check that the compiler planted failed: an array index was out of bounds",
    "certain",
  ],
  [
    "a sanitizer's trap on amd64",
    {
      reason: "SIGILL / ILL_ILLOPN",
      run: instruction("ud1 eax, dword [eax + 0x2]", [memory({ base: "rax", displacement: 2n })], { flow: "trap" }),
    },
    "A check that the compiler planted failed: control flow integrity: an indirect call or cast of the wrong type",
  ],
  [
    "a signed pointer",
    { cpu: "arm64", os: "macos", reason: "EXC_BREAKPOINT / EXC_ARM_BREAKPOINT", run: immediate("brk #0xc472", 0xc472n) },
    "Pointer authentication failed: a signed pointer was overwritten or used as another kind",
    "certain",
  ],
  [
    "division by zero as Windows on arm64 plants it",
    { cpu: "arm64", os: "windows", reason: "EXCEPTION_ILLEGAL_INSTRUCTION", run: immediate("brk #0xf004", 0xf004n) },
    "Integer division by zero",
    "certain",
  ],
  [
    "a breakpoint of no known meaning",
    { cpu: "arm64", reason: "SIGTRAP / TRAP_BRKPT", run: immediate("brk #0x1234", 0x1234n) },
    "Trap instruction: a check in the program failed or a breakpoint was hit",
  ],
  [
    "an ordinary instruction that is illegal",
    { reason: "SIGILL / ILL_ILLOPC", run: instruction("vaddps zmm0, zmm1, zmm2", []) },
    "Illegal instruction, often a trap that the compiler or the program planted",
  ],
  [
    "call through null, with the call",
    {
      address: 0n,
      ip: 0n,
      ipInModule: false,
      cameFrom: withRegisters(
        instruction("call qword [rax + 0x18]", [memory({ base: "rax", displacement: 24n, sizeBytes: 8 })], { flow: "call" }),
        0x401000n,
        machine({ rax: 0x5000n }),
      ),
    },
    "Call through a null function pointer",
    "certain",
  ],
  [
    "data executed",
    { address: 0x7ffe0100n, ip: 0x7ffe0100n, ipInModule: false },
    "Execution of the stack: a function pointer or return address led into data",
  ],
  [
    "code made at run time that faults itself",
    {
      run: read("rax", 0n),
      held: { rax: 0x9000000n },
      address: 0x9000000n,
      ip: 0x5000n,
      ipInModule: false,
      region: (a) => (a === 0x5000n ? region({ execute: true })(a) : null),
    },
    "Read through a wild pointer: nothing is mapped there",
  ],
];

for (const [name, change, title, confidence] of CASES) {
  test(name, () => {
    const cause = findCause(input(change));
    assert.equal(cause?.title ?? null, title, JSON.stringify(cause?.evidence));
    if (confidence !== undefined) assert.equal(cause?.confidence, confidence);
  });
}

test("the evidence names the instruction, the register and the offset", () => {
  const cause = findCause(input({ run: read("rax", 0x18n), held: { rax: 0n }, address: 0x18n }));
  assert.deepEqual(cause?.evidence, [
    "SIGSEGV / SEGV_MAPERR",
    "address 0x18",
    "instruction mov eax, dword [rax + 24]",
    "register rax holds 0x0",
    "offset 0x18 from null",
  ]);
});
