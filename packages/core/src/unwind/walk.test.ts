/** Stacks drawn by hand, walked by every kind of step. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { amd64 } from "../cpu/amd64.ts";
import { appleArm64, arm64 } from "../cpu/arm64.ts";
import type { Cpu, Registers } from "../cpu/cpu.ts";
import { ppc, ppc64 } from "../cpu/ppc.ts";
import { sparc } from "../cpu/sparc.ts";
import { x86 } from "../cpu/x86.ts";
import type { WalkImages } from "./frame.ts";
import type { RegisterRule, UnwindRow, WindowsFrame } from "./rules.ts";
import { LISTED_INNER_FRAMES, MAX_LISTED_FRAMES, MAX_WALKED_FRAMES, type Walk, walkStack } from "./walk.ts";

const CODE = { start: 0x400000n, end: 0x410000n };

type World = {
  cpu: Cpu;
  registers: Record<string, bigint>;
  /** Stack words from `stackAt` upwards. */
  stackAt: bigint;
  words: readonly bigint[];
  rules?: ReadonlyMap<bigint, UnwindRow>;
  /** STACK WIN records by the start of their function. */
  windowsFrames?: ReadonlyMap<bigint, WindowsFrame>;
  /** Function starts; without them names are unknown. */
  functions?: readonly bigint[];
  /** Start of the function that nobody calls. */
  entry?: bigint;
};

function walk(world: World): Walk {
  const size = BigInt(world.cpu.pointerBytes);
  const inModule = (address: bigint): boolean => address >= CODE.start && address < CODE.end;
  const functionStart = (address: bigint): bigint | null =>
    inModule(address) ? (world.functions?.findLast((f) => f <= address) ?? null) : null;
  const images: WalkImages = {
    inModule,
    inFunction: (address) => inModule(address) && (world.functions === undefined || functionStart(address) !== null),
    functionStart,
    isThreadEntry: (address) => functionStart(address) !== null && functionStart(address) === world.entry,
    rules: (address) => world.rules?.get(address) ?? null,
    windowsFrame: (address) => world.windowsFrames?.get(functionStart(address) ?? -1n) ?? null,
  };
  const memory = {
    inSameRange: (a: bigint, b: bigint): boolean =>
      [a, b].every((at) => at >= world.stackAt && at < world.stackAt + BigInt(world.words.length) * size),
    word: (address: bigint): bigint | null => {
      const offset = address - world.stackAt;
      return offset < 0n || offset % size !== 0n ? null : (world.words[Number(offset / size)] ?? null);
    },
  };
  return walkStack(new Map(Object.entries(world.registers)) as Registers, { cpu: world.cpu, memory, images });
}

function shape(result: Walk): string[] {
  return result.frames.map(({ frame }) => `${frame.trust} ${frame.lookupAddress.toString(16)}`);
}

const cfa = (register: string, offset: number): RegisterRule => ({ kind: "register", register, offset });
const saved = (offset: number): RegisterRule => ({ kind: "cfaOffset", offset });

test("rules: the caller's registers are recovered, preserved ones carried, others unknown", () => {
  const result = walk({
    cpu: amd64,
    registers: { rip: 0x400100n, rsp: 0x1000n, rbp: 7n, rbx: 5n, rax: 9n },
    stackAt: 0x1000n,
    words: [0xbbn, 0xaan, 0x400200n, 0n],
    rules: new Map([[0x400100n, { cfa: cfa("rsp", 24), returnAddress: saved(-8), registers: new Map([["rbp", saved(-16)]]) }]]),
  });
  assert.deepEqual(shape(result), ["context 400100", "cfi 4001ff"]);
  assert.deepEqual(Object.fromEntries(result.frames[1]?.frame.registers ?? []), { rbp: 0xaan, rbx: 5n, rip: 0x400200n, rsp: 0x1018n });
});

test("rules that say the return address is undefined end the stack", () => {
  const result = walk({
    cpu: amd64,
    registers: { rip: 0x400100n, rsp: 0x1000n, rbp: 0n },
    stackAt: 0x1000n,
    words: [0x400200n, 0x400300n],
    rules: new Map([[0x400100n, { cfa: cfa("rsp", 8), returnAddress: { kind: "undefined" }, registers: new Map() }]]),
  });
  assert.deepEqual(shape(result), ["context 400100"]);
  assert.equal(result.end, "end_of_stack");
});

test("rules whose return address is a place on the stack end it: the program's first function has no caller", () => {
  const result = walk({
    cpu: amd64,
    registers: { rip: 0x400100n, rsp: 0x1000n, rbp: 0n },
    stackAt: 0x1000n,
    words: [0x1010n, 0x400200n, 0x400300n],
    rules: new Map([[0x400100n, { cfa: cfa("rsp", 8), returnAddress: saved(-8), registers: new Map() }]]),
  });
  assert.deepEqual(shape(result), ["context 400100"]);
  assert.equal(result.end, "end_of_stack");
});

test("nothing is looked for above a function that starts a thread", () => {
  const result = walk({
    cpu: amd64,
    registers: { rip: 0x400100n, rsp: 0x1000n, rbp: 0n },
    stackAt: 0x1000n,
    words: [0x400200n, 0x400300n],
    functions: [0x400080n, 0x400180n, 0x400280n],
    entry: 0x400180n,
  });
  assert.deepEqual(shape(result), ["context 400100", "scan 4001ff"]);
});

test("rules as expressions, in the names Breakpad uses", () => {
  const result = walk({
    cpu: amd64,
    registers: { rip: 0x400100n, rsp: 0x1000n, rbp: 0n },
    stackAt: 0x1000n,
    words: [0x400200n],
    rules: new Map([
      [
        0x400100n,
        {
          cfa: { kind: "expression", program: "$rsp 8 +" },
          returnAddress: { kind: "expression", program: ".cfa -8 + ^" },
          registers: new Map(),
        },
      ],
    ]),
  });
  assert.deepEqual(shape(result), ["context 400100", "cfi 4001ff"]);
});

test("rules that lead nowhere are passed over for the frame pointer", () => {
  const result = walk({
    cpu: amd64,
    registers: { rip: 0x400100n, rsp: 0x1000n, rbp: 0x1008n },
    stackAt: 0x1000n,
    words: [0n, 0n, 0x400200n],
    rules: new Map([[0x400100n, { cfa: cfa("r10", 0), returnAddress: saved(-8), registers: new Map() }]]),
  });
  assert.deepEqual(shape(result), ["context 400100", "frame_pointer 4001ff"]);
});

test("frame pointers: a chain up to the one saved as 0", () => {
  const result = walk({
    cpu: amd64,
    registers: { rip: 0x400100n, rsp: 0x1000n, rbp: 0x1010n },
    stackAt: 0x1000n,
    words: [0n, 0n, 0x1030n, 0x400200n, 0n, 0n, 0n, 0x400300n, 0x400400n, 0x400500n],
  });
  assert.deepEqual(shape(result), ["context 400100", "frame_pointer 4001ff", "frame_pointer 4002ff"]);
  assert.equal(result.end, "end_of_stack", "words beyond the outermost frame are not scanned");
});

test("frame pointers: jitted code between modules is followed, a wild register is not", () => {
  const jitted = walk({
    cpu: amd64,
    registers: { rip: 0x400100n, rsp: 0x1000n, rbp: 0x1000n },
    stackAt: 0x1000n,
    words: [0x1010n, 0x7f0000001000n, 0x1020n, 0x400200n, 0n, 0n],
  });
  assert.deepEqual(shape(jitted), ["context 400100", "frame_pointer 7f0000000fff", "frame_pointer 4001ff"]);
  const wild = walk({
    cpu: amd64,
    registers: { rip: 0x400100n, rsp: 0x1000n, rbp: 0x1000n },
    stackAt: 0x1000n,
    words: [0x1010n, 0x7f0000001000n, 0x5n, 0x6n],
  });
  assert.deepEqual(shape(wild), ["context 400100"]);
});

test("a frame pointer below the stack pointer, or a chain that turns down, is not followed", () => {
  const below = walk({
    cpu: amd64,
    registers: { rip: 0x400100n, rsp: 0x1010n, rbp: 0x1000n },
    stackAt: 0x1000n,
    words: [0x1020n, 0x400200n, 1n, 1n, 1n],
  });
  assert.deepEqual(shape(below), ["context 400100"]);
  const down = walk({
    cpu: amd64,
    registers: { rip: 0x400100n, rsp: 0x1000n, rbp: 0x1010n },
    stackAt: 0x1000n,
    words: [0n, 0n, 0x1000n, 0x400200n],
  });
  assert.equal(down.frames[1]?.frame.trust, "scan");
});

test("scan: only words that point into a function count", () => {
  const words = [1n, 0x400050n, 0x99999999n, 0x400200n, 3n];
  const registers = { rip: 0x400100n, rsp: 0x1000n, rbp: 0n };
  assert.deepEqual(shape(walk({ cpu: amd64, registers, stackAt: 0x1000n, words, functions: [0x400080n] })), [
    "context 400100",
    "scan 4001ff",
  ]);
  assert.deepEqual(shape(walk({ cpu: amd64, registers, stackAt: 0x1000n, words })), ["context 400100", "scan 40004f", "scan 4001ff"]);
});

test("scan: a word in the module but outside the captured stack ends the walk with its reason", () => {
  const result = walk({ cpu: amd64, registers: { rip: 0x400100n, rsp: 0x9000n, rbp: 0n }, stackAt: 0x1000n, words: [0x400200n] });
  assert.equal(result.end, "stack_not_captured");
});

test("a call through a null pointer: the return address lies at the stack pointer, trusted", () => {
  const result = walk({
    cpu: amd64,
    registers: { rip: 0n, rsp: 0x1000n, rbp: 0x1020n, rbx: 5n },
    stackAt: 0x1000n,
    words: [0x400200n, 0n, 0n, 0n, 0n, 0x400300n],
  });
  assert.deepEqual(shape(result), ["context 0", "cfi_scan 4001ff", "frame_pointer 4002ff"]);
  assert.equal(result.frames[1]?.frame.registers.get("rbx"), 5n);
});

test("arm64: a call through a wild pointer returns by the link register; authentication bits are stripped", () => {
  const result = walk({
    cpu: arm64,
    registers: { pc: 0x1230n, sp: 0x1000n, fp: 0x1000n, lr: 0x00ab000000400200n },
    stackAt: 0x1000n,
    words: [0n, 0x7712000000400300n],
  });
  assert.deepEqual(shape(result), ["context 1230", "cfi_scan 4001fc", "frame_pointer 4002fc"]);
});

test("arm64 on macOS and iOS: bit 47 of a signed return address is no part of it, Swift's mark none of a frame pointer", () => {
  const signature = 0xb8_8000_0000_0000n << 8n;
  const world: World = {
    cpu: appleArm64,
    registers: { pc: 0x400100n, sp: 0x1000n, fp: 0x1000n, lr: 0n },
    stackAt: 0x1000n,
    words: [0x1010n | (1n << 60n), 0x400200n | signature | (1n << 47n), 0n, 0x400300n | (1n << 47n)],
  };
  assert.deepEqual(shape(walk(world)), ["context 400100", "frame_pointer 4001fc", "frame_pointer 4002fc"]);
  assert.notEqual(shape(walk({ ...world, cpu: arm64 }))[1], "frame_pointer 4001fc");
});

test("arm64: a leaf function's caller is in the link register, where names tell the functions apart", () => {
  const world: World = {
    cpu: arm64,
    registers: { pc: 0x400110n, sp: 0x1000n, fp: 0x1000n, lr: 0x400210n },
    stackAt: 0x1000n,
    words: [0n, 0x400310n],
    functions: [0x400100n, 0x400200n, 0x400300n],
  };
  assert.deepEqual(shape(walk(world)), ["context 400110", "cfi_scan 40020c", "frame_pointer 40030c"]);
  const inside = { ...world, registers: { ...world.registers, lr: 0x400120n } };
  assert.deepEqual(shape(walk(inside)), ["context 400110", "frame_pointer 40030c"], "a link register into the function itself is old");
});

test("a link register that was saved on the stack belongs to a function that is no leaf", () => {
  const result = walk({
    cpu: arm64,
    registers: { pc: 0x400110n, sp: 0x1000n, fp: 0n, lr: 0x400210n },
    stackAt: 0x1000n,
    words: [1n, 0x400210n, 0x400310n],
    functions: [0x400100n, 0x400200n, 0x400300n],
  });
  assert.deepEqual(shape(result), ["context 400110", "scan 40020c", "scan 40030c"]);
});

test("rules that point beyond the captured stack end the walk of a certain frame", () => {
  const result = walk({
    cpu: amd64,
    registers: { rip: 0x400100n, rsp: 0x1000n, rbp: 0n },
    stackAt: 0x1000n,
    words: [0x400200n, 0x400300n],
    rules: new Map([[0x400100n, { cfa: cfa("rsp", 0x100), returnAddress: saved(-8), registers: new Map() }]]),
  });
  assert.deepEqual(shape(result), ["context 400100"]);
  assert.equal(result.end, "stack_not_captured");
});

test("x86: frame pointers of 4 bytes", () => {
  const result = walk({
    cpu: x86,
    registers: { eip: 0x400100n, esp: 0x1000n, ebp: 0x1004n },
    stackAt: 0x1000n,
    words: [0n, 0x100cn, 0x400200n, 0n, 0n],
  });
  assert.deepEqual(shape(result), ["context 400100", "frame_pointer 4001ff"]);
});

test("rules that do not move the stack pointer cannot loop", () => {
  const row: UnwindRow = { cfa: cfa("rsp", 0), returnAddress: { kind: "register", register: "rip", offset: 1 }, registers: new Map() };
  const result = walk({
    cpu: amd64,
    registers: { rip: 0x400100n, rsp: 0x1000n, rbp: 0n },
    stackAt: 0x1000n,
    words: [0n],
    rules: new Map([[0x400100n, row]]),
  });
  assert.equal(result.frames.length, 1);
});

test("a deep stack keeps both ends", () => {
  const depth = 3000;
  const words: bigint[] = [];
  for (let i = 0; i < depth; i++) words.push(0x100000n + BigInt(i + 1) * 16n, 0x400200n + BigInt(i));
  words[words.length - 2] = 0n;
  const result = walk({ cpu: amd64, registers: { rip: 0x400100n, rsp: 0x100000n, rbp: 0x100000n }, stackAt: 0x100000n, words });
  assert.equal(result.totalFrames, depth + 1);
  assert.equal(result.frames.length, MAX_LISTED_FRAMES);
  assert.equal(result.frames[LISTED_INNER_FRAMES - 1]?.number, LISTED_INNER_FRAMES - 1);
  assert.equal(result.frames.at(-1)?.number, depth);
  const outer = result.frames.slice(LISTED_INNER_FRAMES).map((f) => f.number);
  assert.deepEqual(
    outer,
    Array.from({ length: MAX_LISTED_FRAMES - LISTED_INNER_FRAMES }, (_, i) => depth + 1 - (MAX_LISTED_FRAMES - LISTED_INNER_FRAMES) + i),
  );
});

test("an endless stack ends at the limit", () => {
  const memory = { inSameRange: () => false, word: (address: bigint): bigint => (address % 16n === 0n ? address + 16n : 0x400200n) };
  const images: WalkImages = {
    inModule: () => true,
    inFunction: () => true,
    functionStart: () => null,
    isThreadEntry: () => false,
    rules: () => null,
    windowsFrame: () => null,
  };
  const result = walkStack(
    new Map([
      ["rip", 0x400100n],
      ["rsp", 0x1000n],
      ["rbp", 0x1000n],
    ]),
    { cpu: amd64, memory, images },
  );
  assert.equal(result.totalFrames, MAX_WALKED_FRAMES);
  assert.equal(result.end, "limit");
});

const record: WindowsFrame = {
  kind: "frameData",
  address: 0,
  codeSize: 0x80,
  prologueSize: 3,
  epilogueSize: 0,
  parameterSize: 8,
  savedRegisterSize: 4,
  localSize: 8,
  maxStackSize: 0,
  program: null,
  allocatesBasePointer: false,
};

test("STACK WIN programs: the return address lies above locals and saved registers, callee parameters included", () => {
  const program = "$T0 .raSearch = $eip $T0 ^ = $esp $T0 4 + = $ebx $T0 4 - ^ =";
  const result = walk({
    cpu: x86,
    registers: { eip: 0x400100n, esp: 0x1000n, ebp: 1n, ebx: 2n },
    stackAt: 0x1000n,
    //      locals  ebx    return      parameters locals  ebx    return
    words: [9n, 9n, 0xb1n, 0x400210n, 7n, 7n, 9n, 9n, 0xb2n, 0x400310n, 0n, 0n],
    functions: [0x400080n, 0x400200n, 0x400300n],
    windowsFrames: new Map([
      [0x400080n, { ...record, program }],
      [0x400200n, { ...record, program }],
    ]),
  });
  assert.deepEqual(shape(result).slice(0, 3), ["context 400100", "cfi 40020f", "cfi 40030f"]);
  assert.deepEqual(Object.fromEntries(result.frames[2]?.frame.registers ?? []), { eip: 0x400310n, esp: 0x1028n, ebp: 1n, ebx: 0xb2n });
});

test("STACK WIN programs of functions that align their stack find the return address by the frame pointer", () => {
  const result = walk({
    cpu: x86,
    registers: { eip: 0x400100n, esp: 0x1000n, ebp: 0x1010n },
    stackAt: 0x1000n,
    words: [9n, 9n, 9n, 0x400299n, 0x1030n, 0x400210n, 0n, 0n],
    functions: [0x400080n, 0x400200n],
    windowsFrames: new Map([
      [0x400080n, { ...record, program: "$T1 .raSearch = $T0 $T1 4 - 8 @ = $ebp $T1 4 - ^ = $eip $T1 ^ = $esp $T1 4 + =" }],
    ]),
  });
  assert.deepEqual(shape(result).slice(0, 2), ["context 400100", "cfi 40020f"]);
  assert.equal(result.frames[1]?.frame.registers.get("ebp"), 0x1030n);
});

test("STACK WIN FPO records: sizes tell, ebp is saved or kept", () => {
  const world: World = {
    cpu: x86,
    registers: { eip: 0x400100n, esp: 0x1000n, ebp: 5n },
    stackAt: 0x1000n,
    words: [0xebn, 9n, 9n, 0x400210n, 0n],
    functions: [0x400080n, 0x400200n],
    windowsFrames: new Map([[0x400080n, { ...record, kind: "fpo", allocatesBasePointer: false }]]),
  };
  assert.deepEqual(shape(walk(world)).slice(0, 2), ["context 400100", "cfi 40020f"]);
  assert.equal(walk(world).frames[1]?.frame.registers.get("ebp"), 5n);
});

test("ppc: the back chain, with the return address in the caller's frame, one word above the chain or two", () => {
  for (const offset of [1, 2]) {
    const words = [0x1010n, 0n, 0n, 0n, 0x1020n, 0n, 0n, 0n, 0n, 0n, 0n, 0n];
    words[4 + offset] = 0x400200n;
    words[8 + offset] = 0x400300n;
    const result = walk({ cpu: ppc, registers: { srr0: 0x400100n, r1: 0x1000n, lr: 0x400108n }, stackAt: 0x1000n, words });
    assert.deepEqual(shape(result), ["context 400100", "frame_pointer 4001fc", "frame_pointer 4002fc"], `${offset}`);
    assert.equal(result.end, "end_of_stack");
  }
});

test("ppc64: the back chain, two words above it the return address; a chain that turns down ends the walk", () => {
  const words = [0x1020n, 0n, 0n, 0n, 0x1000n, 0n, 0x400200n, 0n];
  const result = walk({ cpu: ppc64, registers: { srr0: 0x400100n, r1: 0x1000n }, stackAt: 0x1000n, words });
  assert.deepEqual(shape(result), ["context 400100", "frame_pointer 4001fc"]);
  assert.equal(result.end, "no_progress");
});

test("sparc: windows of registers where the biased stack pointer points; i7 is the call itself", () => {
  const window = (sp: bigint, call: bigint): bigint[] => [...Array.from({ length: 14 }, () => 0n), sp, call];
  const words = [...window(0x1080n - 2047n, 0x400200n), ...window(0x1100n - 2047n, 0x400300n), ...window(0n, 0n)];
  const result = walk({ cpu: sparc, registers: { pc: 0x400100n, sp: 0x1000n - 2047n }, stackAt: 0x1000n, words });
  assert.deepEqual(shape(result), ["context 400100", "frame_pointer 400200", "frame_pointer 400300"]);
  assert.equal(result.end, "end_of_stack");
});

test("rules of a leaf function where no link register is known are the wrong ones", () => {
  const result = walk({
    cpu: arm64,
    registers: { pc: 0x400100n, sp: 0x1000n, fp: 0x1010n },
    stackAt: 0x1000n,
    words: [0n, 0n, 0n, 0x400200n, 0n],
    rules: new Map([[0x400100n, { cfa: cfa("sp", 0), returnAddress: { kind: "same" }, registers: new Map() }]]),
  });
  assert.deepEqual(shape(result), ["context 400100", "frame_pointer 4001fc"]);
});
