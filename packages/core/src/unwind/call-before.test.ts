/** Call encodings as an assembler gives them, and near misses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CpuName } from "../cpu/cpu.ts";
import { cpuByName } from "../cpu/index.ts";
import { endsInCall, MAX_CALL_BYTES } from "./call-before.ts";

const NOP: Partial<Record<CpuName, string>> = { amd64: "90", x86: "90", arm64: "1f2003d5", arm: "00f020e3" };

function judge(name: CpuName, hex: string): boolean | null {
  const cpu = cpuByName(name);
  assert.ok(cpu);
  const code = Uint8Array.from(hex.match(/../g) ?? [], (h) => Number.parseInt(h, 16));
  const fill = Uint8Array.from((NOP[name] ?? "00").match(/../g) ?? [], (h) => Number.parseInt(h, 16));
  const before = Uint8Array.from({ length: MAX_CALL_BYTES - code.length }, (_, i) => fill[i % fill.length] ?? 0);
  return endsInCall(cpu, Uint8Array.from([...before, ...code]));
}

const cases: [CpuName, string, string, boolean][] = [
  ["amd64", "call rel32", "e800010000", true],
  ["amd64", "call rax", "ffd0", true],
  ["amd64", "call r11", "41ffd3", true],
  ["amd64", "call [rip+disp32]", "ff1534120000", true],
  ["amd64", "call [rax]", "ff10", true],
  ["amd64", "call [rax+8]", "ff5008", true],
  ["amd64", "call [rax+0x100]", "ff9000010000", true],
  ["amd64", "call [rsp+8]", "ff542408", true],
  ["amd64", "call [rsp+rax*8+0x100]", "ff94c400010000", true],
  ["amd64", "call [rax*8+disp32]", "ff14c500010000", true],
  ["amd64", "call [rsp]", "ff1424", true],
  ["amd64", "jmp rax", "ffe0", false],
  ["amd64", "jmp rel32", "e900010000", false],
  ["amd64", "push [rax]", "ff30", false],
  ["amd64", "ret", "c3", false],
  ["amd64", "mov eax, [rbp-8]", "8b45f8", false],
  ["x86", "call far [esi]", "ff1e", true],
  ["x86", "call far imm", "9a785634123300", true],
  ["arm64", "bl", "00010094", true],
  ["arm64", "blr x8", "00013fd6", true],
  ["arm64", "blraa x8, x9", "09093fd7", true],
  ["arm64", "blraaz x8", "1f093fd6", true],
  ["arm64", "br x8", "00011fd6", false],
  ["arm64", "b", "00010014", false],
  ["arm64", "ret", "c0035fd6", false],
  ["arm", "bl", "000100eb", true],
  ["arm", "blne", "0001001b", true],
  ["arm", "blx imm", "000100fa", true],
  ["arm", "blx r3", "33ff2fe1", true],
  ["arm", "bx lr", "1eff2fe1", false],
  ["arm", "Thumb bl", "00f001f8", true],
  ["arm", "Thumb blx imm", "00f002e8", true],
  ["arm", "Thumb blx r3", "00bf9847", true],
  ["arm", "Thumb bx lr", "00bf7047", false],
  ["arm", "Thumb b.w", "00f00190", false],
];
for (const [cpu, what, hex, expected] of cases) test(`${cpu}: ${what}`, () => assert.equal(judge(cpu, hex), expected));

test("a processor whose calls are not known, and too few bytes, say nothing", () => {
  assert.equal(judge("mips", "00000000"), null);
  const amd64 = cpuByName("amd64");
  assert.ok(amd64);
  assert.equal(endsInCall(amd64, Uint8Array.of(0xff, 0xd0)), null);
});
