import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluatePostfix, type PostfixInput } from "./postfix.ts";

const input: PostfixInput = {
  wordBits: 64,
  cfa: 0x2000n,
  register: (name) => ({ rsp: 0x1000n, x29: 0x1800n, big: 0xffffffffffffffffn })[name] ?? null,
  word: (address) => (address === 0x1008n ? 0x401234n : null),
};

const cases: [string, bigint | null][] = [
  ["$rsp 8 +", 0x1008n],
  ["$rsp 8 + ^", 0x401234n],
  [".cfa -16 +", 0x1ff0n],
  [".cfa 16 -", 0x1ff0n],
  ["x29 2 *", 0x3000n],
  ["4103 16 @", 4096n],
  ["17 5 /", 3n],
  ["17 5 %", 2n],
  ["$big 1 +", 0n],
  ["0 1 -", 0xffffffffffffffffn],
  ["12 10 and", 8n],
  ["12 10 or", 14n],
  ["12 10 xor", 6n],
  ["3 4 shl", 48n],
  ["1 64 shl", 0n],
  ["48 4 shr", 3n],
  ["1 64 shr", 0n],
  ["-48 4 sra", 0xfffffffffffffffdn],
  ["-1 99 sra", 0xffffffffffffffffn],
  ["-7 2 div", 0xfffffffffffffffdn],
  ["1 0 div", null],
  ["5 neg abs", 5n],
  ["0 not", 0xffffffffffffffffn],
  ["-1 1 lt", 1n],
  ["-1 1 ge", 0n],
  ["1 1 le", 1n],
  ["1 1 gt", 0n],
  ["1 1 eq", 1n],
  ["1 1 ne", 0n],
  ["1 7 8 ?", 7n],
  ["0 7 8 ?", 8n],
  ["7 8 ?", null],
  ["not", null],
  // The rule of procedure linkage tables, before and behind the push.
  ["$rsp 8 + 4107 15 and 11 ge 3 shl +", 0x1010n],
  ["$rsp 8 + 4106 15 and 11 ge 3 shl +", 0x1008n],
  ["", null],
  ["1 2", null],
  ["+", null],
  ["1 +", null],
  ["$nothing", null],
  ["$rsp ^", null],
  ["1 0 /", null],
  ["1 0 %", null],
  ["1 0 @", null],
  [`1 ${"1 + ".repeat(300)}`, null],
];

for (const [program, want] of cases) {
  test(`"${program.slice(0, 20)}" is ${want}`, () => assert.equal(evaluatePostfix(program, input), want));
}

test("32-bit programs wrap at 32 bits", () => {
  assert.equal(evaluatePostfix("0 4 -", { ...input, wordBits: 32 }), 0xfffffffcn);
});
