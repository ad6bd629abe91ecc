/** DWARF expressions, assembled by hand, against the postfix programs they become and the values those give. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FormatError } from "../bytes/format-error.ts";
import { evaluatePostfix } from "../unwind/postfix.ts";
import { translateExpression } from "./expressions.ts";
import { dwarfRegisters } from "./registers.ts";

const context = { registers: dwarfRegisters("amd64")!, addressBytes: 8, littleEndian: true } as const;
const memory = new Map([[0x1008n, 0x1122334455667788n]]);

/** The value with rsp = 0x1000, rip = 0x40100b, CFA = 0x2000. */
function value(...bytes: number[]): bigint | null {
  const program = translateExpression(Uint8Array.from(bytes), 0, null, context);
  if (program === null) return null;
  return evaluatePostfix(program, {
    wordBits: 64,
    cfa: 0x2000n,
    register: (name) => ({ rsp: 0x1000n, rip: 0x40100bn })[name] ?? null,
    word: (address) => memory.get(address) ?? null,
  });
}

const cases: [string, number[], bigint | null][] = [
  ["lit", [0x3a], 10n],
  ["const1u", [0x08, 0xff], 255n],
  ["const1s", [0x09, 0xff, 0x23, 2], 1n],
  ["const2u", [0x0a, 0xff, 0xff], 65535n],
  ["const2s", [0x0b, 0xfe, 0xff, 0x23, 3], 1n],
  ["const4u", [0x0c, 0xff, 0xff, 0xff, 0xff], 0xffffffffn],
  ["const4s", [0x0d, 0xff, 0xff, 0xff, 0xff, 0x23, 2], 1n],
  ["const8u", [0x0e, 1, 0, 0, 0, 0, 0, 0, 0x80], 0x8000000000000001n],
  ["const8s", [0x0f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x23, 2], 1n],
  ["constu", [0x10, 0x80, 0x02], 256n],
  ["consts", [0x11, 0x7f, 0x23, 2], 1n],
  ["breg", [0x77, 0x10], 0x1010n],
  ["bregx", [0x92, 7, 0x70], 0xff0n],
  ["deref", [0x77, 8, 0x06], 0x1122334455667788n],
  ["deref_size 4", [0x77, 8, 0x94, 4], 0x55667788n],
  ["deref_size 8", [0x77, 8, 0x94, 8], 0x1122334455667788n],
  ["call_frame_cfa", [0x9c], 0x2000n],
  ["dup", [0x33, 0x12, 0x1e], 9n],
  ["drop", [0x33, 0x34, 0x13], 3n],
  ["over", [0x33, 0x34, 0x14, 0x1c], 1n],
  ["pick", [0x33, 0x34, 0x35, 0x15, 2], 3n],
  ["swap", [0x33, 0x34, 0x16, 0x1c], 1n],
  ["rot: the top goes third", [0x31, 0x32, 0x33, 0x17], 2n],
  ["abs", [0x11, 0x7d, 0x19], 3n],
  ["and", [0x3c, 0x3a, 0x1a], 8n],
  ["div", [0x37, 0x32, 0x1b], 3n],
  ["minus", [0x37, 0x32, 0x1c], 5n],
  ["mod", [0x37, 0x32, 0x1d], 1n],
  ["mul", [0x37, 0x32, 0x1e], 14n],
  ["neg", [0x31, 0x1f, 0x23, 3], 2n],
  ["not", [0x30, 0x20, 0x23, 3], 2n],
  ["or", [0x3c, 0x3a, 0x21], 14n],
  ["plus", [0x37, 0x32, 0x22], 9n],
  ["plus_uconst", [0x37, 0x23, 0x80, 0x01], 135n],
  ["shl", [0x33, 0x34, 0x24], 48n],
  ["shr", [0x3c, 0x32, 0x25], 3n],
  ["shra", [0x11, 0x7c, 0x31, 0x26, 0x23, 4], 2n],
  ["xor", [0x3c, 0x3a, 0x27], 6n],
  ["eq", [0x33, 0x33, 0x29], 1n],
  ["ge", [0x33, 0x34, 0x2a], 0n],
  ["gt", [0x34, 0x33, 0x2b], 1n],
  ["le", [0x33, 0x34, 0x2c], 1n],
  ["lt", [0x33, 0x34, 0x2d], 1n],
  ["ne", [0x33, 0x33, 0x2e], 0n],
  ["nop", [0x33, 0x96], 3n],
  ["skip", [0x33, 0x2f, 1, 0, 0xff], 3n],
  ["bra taken", [0x33, 0x31, 0x28, 1, 0, 0x34], 3n],
  ["bra not taken", [0x33, 0x30, 0x28, 1, 0, 0x34], 4n],
  ["procedure linkage table", [0x77, 8, 0x80, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22], 0x1010n],
  ["backwards: a loop", [0x33, 0x2f, 0xfd, 0xff], null],
  ["a register without a name", [0x92, 40, 0], null],
  ["an operation of values only", [0xe0], null],
  ["too long to evaluate", [0x77, 8, ...new Array(9).fill([0x12, 0x22]).flat()], null],
];
for (const [name, bytes, want] of cases) test(name, () => assert.equal(value(...bytes), want));

test("what an operation lacks is damage", () => {
  for (const bytes of [
    [],
    [0x22],
    [0x33, 0x22],
    [0x12],
    [0x14],
    [0x33, 0x15, 5],
    [0x33, 0x16],
    [0x08],
    [0x33, 0x94, 9],
    [0x2f, 9, 0],
    [0x33, 0x28, 9, 0],
  ]) {
    assert.throws(() => translateExpression(Uint8Array.from(bytes), 0x40, null, context), FormatError, JSON.stringify(bytes));
  }
});

test("branches that double the work give up", () => {
  const bytes = new Array(64).fill([0x31, 0x28, 0, 0]).flat();
  const started = performance.now();
  assert.equal(translateExpression(Uint8Array.from([...bytes, 0x33]), 0, null, context), null);
  assert.ok(performance.now() - started < 200);
});
