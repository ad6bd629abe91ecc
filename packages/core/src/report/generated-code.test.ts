/** Code made at run time: function tables in the dump, what they describe among its memory. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { generatedCode } from "./generated-code.ts";

const base = 0x1_0000_0000n;
/** At 1000h: sub rsp,28h; nop; add rsp,28h; ret. Its unwind data at 2000h: allocates 28h in the 4 bytes of the prologue. */
const pieces = new Map([
  [base + 0x1000n, Buffer.from("4883ec28904883c428c3", "hex")],
  [base + 0x2000n, Buffer.from("0104010004420000", "hex")],
]);
const memory = {
  bytes(address: bigint, maxBytes: number): Uint8Array | null {
    for (const [start, bytes] of pieces) {
      if (address >= start && address < start + BigInt(bytes.length)) {
        return bytes.subarray(Number(address - start)).subarray(0, maxBytes);
      }
    }
    return null;
  },
};

function table(begin: number, end: number, unwind: number, at = base): Parameters<typeof generatedCode>[0][number] {
  return { start: at, end: at + 0x10000n, base: at, entryBytes: 12, entries: new Uint8Array(Uint32Array.of(begin, end, unwind).buffer) };
}

test("rules come from captured unwind data; what was not captured, or lies elsewhere, has none", () => {
  const [code] = generatedCode([table(0x1000, 0x100a, 0x2000)], memory);
  const cfa = (address: bigint) => code!.find(address)?.cfa;
  assert.deepEqual(cfa(base + 0x1000n), { kind: "register", register: "rsp", offset: 8 });
  assert.deepEqual(cfa(base + 0x1004n), { kind: "register", register: "rsp", offset: 48 });
  assert.deepEqual(cfa(base + 0x1009n), { kind: "register", register: "rsp", offset: 8 });
  assert.equal(cfa(base + 0x5000n), undefined, "no entry: unknown, not a leaf");
  assert.equal(cfa(base - 1n), undefined);
  assert.equal(cfa(base + 0x2_0000_0000n), undefined);
  assert.equal(generatedCode([table(0x1000, 0x100a, 0x3000)], memory)[0]!.find(base + 0x1004n), null, "unwind data not captured");
});

test("tables in the order of their addresses; those of other processors and empty ones are left out", () => {
  const high = table(0x1000, 0x100a, 0x2000, 0x9_0000_0000n);
  const low = table(0x1000, 0x100a, 0x2000, 0x3_0000_0000n);
  const found = generatedCode([high, { ...low, entryBytes: 8 }, low, { ...low, entries: new Uint8Array(0) }], memory);
  assert.deepEqual(
    found.map(({ start, end }) => [start, end]),
    [
      [0x3_0000_0000n, 0x3_0001_0000n],
      [0x9_0000_0000n, 0x9_0001_0000n],
    ],
  );
});
