/** Prologues and epilogues of 32-bit x86, told by their code. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { hex } from "../../test/pe-image.ts";
import { x86 } from "../cpu/x86.ts";
import type { WalkInput } from "./frame.ts";
import { stepByX86Code } from "./x86-code.ts";

const codeStart = 0x401000n;
const stackStart = 0x10000n;
const returnAddress = 0x402005n;

/** A step from an offset in `code`; what lies on the stack is given word by word. */
function step(
  code: string,
  offset: number,
  stack: readonly bigint[],
  trust: "context" | "cfi" = "context",
  more: Record<string, bigint> = {},
): string {
  const bytes = Uint8Array.from(hex(code));
  const input = {
    cpu: x86,
    memory: { word: (address: bigint) => stack[Number((address - stackStart) / 4n)] ?? null, inSameRange: () => true },
    images: {
      inFunction: (address: bigint) => address >= codeStart && address < codeStart + 0x10000n,
      code: (address: bigint, maxBytes: number) =>
        bytes.length === 0 ? null : bytes.subarray(Number(address - codeStart)).subarray(0, maxBytes),
    },
  } as unknown as WalkInput;
  const registers = new Map([["eip", codeStart + BigInt(offset)], ["esp", stackStart], ["ebp", 0x10100n], ...Object.entries(more)]);
  const found = stepByX86Code({ registers, trust, lookupAddress: codeStart + BigInt(offset), calleeParameterBytes: 0 }, input);
  if (found === null || !("registers" in found)) return "nothing";
  return [...found.registers].map(([name, value]) => `${name}=${value.toString(16)}`).join(" ");
}

test("an epilogue is what is left to pop, then a return", () => {
  // add esp,12; pop esi; pop edi; pop ebx; ret 8
  const code = "83c40c 5e 5f 5b c20800";
  assert.equal(step(code, 3, [1n, 2n, 3n, returnAddress]), "ebp=10100 esi=1 edi=2 ebx=3 eip=402005 esp=10010");
  assert.equal(step(code, 5, [3n, returnAddress]), "ebp=10100 ebx=3 eip=402005 esp=10008");
  assert.equal(step(code, 6, [returnAddress]), "ebp=10100 eip=402005 esp=10004");
  assert.equal(step(code, 0, [returnAddress]), "nothing");
});

test("a prologue that sets up a frame pointer, in either encoding, with room for patching", () => {
  for (const code of ["55 8bec 90", "55 89e5 90"]) {
    assert.equal(step(code, 0, [returnAddress]), "ebp=10100 eip=402005 esp=10004");
    assert.equal(step(code, 1, [0x20200n, returnAddress]), "ebp=20200 eip=402005 esp=10008");
    assert.equal(step(code, 3, [returnAddress]), "nothing");
  }
  assert.equal(step("8bff 55 8bec", 0, [returnAddress]), "ebp=10100 eip=402005 esp=10004");
});

test("a system call of 32-bit Linux, whose code no dump has", () => {
  const stack = [0x10100n, 2n, 0x80n, returnAddress];
  const registers = { edx: 2n, ecx: 0x80n };
  assert.equal(step("", 0x5e9, stack, "context", registers), "ebp=10100 eip=402005 esp=10010");
  assert.equal(step("", 0x5e9, stack, "context", { edx: 2n, ecx: 0x81n }), "nothing");
  assert.equal(step("", 0x5e9, stack, "context"), "nothing", "registers that were not saved");
  assert.equal(step("90 90 c3", 0, stack, "context", registers), "nothing", "the code says otherwise");
});

test("callers, unreadable stacks and addresses that are no code give nothing", () => {
  assert.equal(step("5e c3", 0, [1n, returnAddress], "cfi"), "nothing");
  assert.equal(step("5e c3", 0, [1n]), "nothing");
  assert.equal(step("5e c3", 0, [1n, 5n]), "nothing");
  assert.equal(step("5c c3", 0, [1n, returnAddress]), "nothing");
});
