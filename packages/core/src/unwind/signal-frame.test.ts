/** Stacks with a signal's frame in the middle, and scans with the code at hand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CpuName, Registers } from "../cpu/cpu.ts";
import { cpuByName } from "../cpu/index.ts";
import type { WalkImages } from "./frame.ts";
import { type Walk, walkStack } from "./walk.ts";

const CODE = 0x400000n;
const CODE_END = 0x410000n;
const HANDLER = 0x401000n;
const TRAMPOLINE = 0x402000n;
const INTERRUPTED = 0x403000n;
const CALLER = 0x404000n;

/** Code bytes by address; everything else is unknown. */
type Options = { name?: string; code?: ReadonlyMap<bigint, string> };

function walk(cpuName: CpuName, registers: Record<string, bigint>, memory: ReadonlyMap<bigint, bigint>, options: Options): Walk {
  const cpu = cpuByName(cpuName);
  assert.ok(cpu);
  const inModule = (address: bigint): boolean => address >= CODE && address < CODE_END;
  const images: WalkImages = {
    inModule,
    inFunction: inModule,
    functionStart: () => null,
    isThreadEntry: () => false,
    rules: () => null,
    windowsFrame: () => null,
    functionName: (address) => (address === TRAMPOLINE ? (options.name ?? null) : null),
    code: (address, maxBytes) => {
      const hex = options.code?.get(address);
      return hex === undefined ? null : Uint8Array.from(hex.match(/../g) ?? [], (h) => Number.parseInt(h, 16)).subarray(0, maxBytes);
    },
  };
  const word = (address: bigint): bigint | null => memory.get(address) ?? null;
  return walkStack(new Map(Object.entries(registers)) as Registers, {
    cpu,
    memory: { word, inSameRange: (a, b) => a >> 20n === b >> 20n },
    images,
  });
}

const shape = (result: Walk): string[] => result.frames.map(({ frame }) => `${frame.trust} ${frame.lookupAddress.toString(16)}`);

/** amd64: a handler with a frame record, the trampoline's frame above it, the interrupted code on another, lower stack. */
function amd64Memory(): Map<bigint, bigint> {
  const memory = new Map<bigint, bigint>();
  for (let at = 0x7000000n; at < 0x7000400n; at += 8n) memory.set(at, 0n);
  memory.set(0x7000008n, TRAMPOLINE);
  const context = 0x7000010n + 40n;
  memory.set(context + 10n * 8n, 0x6000010n); // rbp
  memory.set(context + 11n * 8n, 0xb0bn); // rbx
  memory.set(context + 15n * 8n, 0x6000000n); // rsp
  memory.set(context + 16n * 8n, INTERRUPTED);
  for (let at = 0x6000000n; at < 0x6000100n; at += 8n) memory.set(at, 0n);
  memory.set(0x6000018n, CALLER);
  return memory;
}
const atHandler = { rip: HANDLER, rsp: 0x7000000n, rbp: 0x7000000n };
const overTheSignal = ["context 401000", "frame_pointer 401fff", "cfi 403000", "frame_pointer 403fff"];

test("amd64: the trampoline by its name; the interrupted instruction itself is looked up, though its stack lies lower", () => {
  const result = walk("amd64", atHandler, amd64Memory(), { name: "__restore_rt" });
  assert.deepEqual(shape(result), overTheSignal);
  assert.equal(result.frames[2]?.frame.registers.get("rbx"), 0xb0bn);
});

test("amd64: the trampoline by its bytes", () => {
  assert.deepEqual(shape(walk("amd64", atHandler, amd64Memory(), { code: new Map([[TRAMPOLINE, "48c7c00f0000000f05"]]) })), overTheSignal);
  const other = walk("amd64", atHandler, amd64Memory(), { code: new Map([[TRAMPOLINE, "48c7c00e0000000f05"]]) });
  assert.equal(shape(other).length, 2);
});

test("amd64: registers that were not captured end the walk", () => {
  const memory = amd64Memory();
  for (const at of [...memory.keys()]) if (at >= 0x7000080n && at < 0x7001000n) memory.delete(at);
  const result = walk("amd64", atHandler, memory, { name: "__restore_rt" });
  assert.deepEqual([result.totalFrames, result.end], [2, "stack_not_captured"]);
});

test("signals chained in a circle end", () => {
  const memory = amd64Memory();
  const context = 0x7000010n + 40n;
  memory.set(context + 15n * 8n, 0x7000010n);
  memory.set(context + 16n * 8n, TRAMPOLINE);
  const result = walk("amd64", atHandler, memory, { name: "__restore_rt" });
  assert.ok(result.totalFrames < 20, `${result.totalFrames} frames`);
});

test("arm64, arm and x86 keep the registers where the kernel puts them", () => {
  const base = 0x7000000n;
  const cases: [CpuName, Record<string, bigint>, string, [bigint, bigint][], number][] = [
    [
      "arm64",
      { pc: TRAMPOLINE, sp: base },
      "681180d2010000d4",
      [
        [base + 128n + 184n + 31n * 8n, base + 0x1000n],
        [base + 128n + 184n + 32n * 8n, INTERRUPTED],
      ],
      8,
    ],
    [
      "arm",
      { pc: TRAMPOLINE, sp: base },
      "ad2700df",
      [
        [base + 128n + 32n + 13n * 4n, base + 0x1000n],
        [base + 128n + 32n + 15n * 4n, INTERRUPTED],
      ],
      4,
    ],
    [
      "x86",
      { eip: TRAMPOLINE, esp: base },
      "b8ad000000cd80",
      [
        [base + 8n, base + 0x100n],
        [base + 0x100n + 20n + 7n * 4n, base + 0x1000n],
        [base + 0x100n + 20n + 14n * 4n, INTERRUPTED],
      ],
      4,
    ],
  ];
  for (const [cpu, registers, code, words] of cases) {
    const result = walk(cpu, registers, new Map(words), { code: new Map([[TRAMPOLINE, code]]) });
    assert.deepEqual(shape(result).slice(0, 2), ["context 402000", "cfi 403000"], cpu);
  }
});

test("scan: a word behind no call is passed over where the code is at hand", () => {
  const memory = new Map<bigint, bigint>([
    [0x7000000n, 0x405000n],
    [0x7000008n, 0x406000n],
    [0x7000010n, 0x407000n],
  ]);
  const registers = { rip: HANDLER, rsp: 0x7000000n };
  const code = new Map([
    [0x405000n - 8n, "9090909090909090"],
    [0x406000n - 8n, "909090e800010000"],
  ]);
  assert.deepEqual(shape(walk("amd64", registers, memory, { code })).slice(0, 3), ["context 401000", "scan 405fff", "scan 406fff"]);
  assert.equal(shape(walk("amd64", registers, memory, {}))[1], "scan 404fff", "without code the first word counts");
});
