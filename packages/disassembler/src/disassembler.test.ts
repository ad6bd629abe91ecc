/** Instructions of every processor: text, what memory they touch and how, where control goes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CpuName, Instruction, MemoryOperand } from "@salvage/core";
import { openDisassembler } from "./index.ts";

async function decode(
  cpu: CpuName,
  bytes: readonly number[],
  { thumb = false, littleEndian = true, address = 0x1000n } = {},
): Promise<Instruction> {
  const disassemble = await openDisassembler(cpu);
  const decoded = disassemble({ cpu, bytes: Uint8Array.from(bytes), address, thumb, littleEndian });
  assert.ok(decoded, `${cpu} ${bytes}`);
  return decoded;
}

const word = (value: number): number[] => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];
const big = (value: number): number[] => word(value).reverse();

/** "read 4 [rbx + rcx*4 + 0x10]". */
function shown({ access, sizeBytes, segment, base, index, indexBits, scale, displacement, implicit }: MemoryOperand): string {
  const parts = [base, index === null ? null : `${index}${indexBits === "all" ? "" : `:${indexBits}`}*${scale}`, `${displacement}`];
  return `${access} ${sizeBytes} [${segment === null ? "" : `${segment}:`}${parts.filter((part) => part !== null).join(" + ")}]${implicit ? " implicit" : ""}`;
}

async function check(
  cpu: CpuName,
  cases: readonly (readonly [bytes: readonly number[], text: string, flow: string, ...memory: string[]])[],
  options: { thumb?: boolean; littleEndian?: boolean } = {},
): Promise<void> {
  for (const [bytes, text, flow, ...memory] of cases) {
    const decoded = await decode(cpu, bytes, options);
    assert.deepEqual([decoded.text, decoded.flow, ...decoded.memory.map(shown)], [text, flow, ...memory]);
    assert.equal(decoded.lengthBytes, bytes.length, text);
  }
}

test("amd64: operands, segments, places relative to the instruction, implicit stack and strings", async () => {
  await check("amd64", [
    [[0x89, 0x01], "mov dword [rcx], eax", "next", "write 4 [rcx + 0]"],
    [[0x48, 0x8b, 0x44, 0x8b, 0x10], "mov rax, qword [rbx + rcx*4 + 0x10]", "next", "read 8 [rbx + rcx*4 + 16]"],
    [[0x83, 0x40, 0xf8, 0x01], "add dword [rax - 0x8], 0x1", "next", "read_write 4 [rax + -8]"],
    [[0x64, 0x48, 0x8b, 0x04, 0x25, 0x28, 0, 0, 0], "mov rax, qword [fs:0x28]", "next", "read 8 [fs:40]"],
    [[0x8b, 0x05, 0x10, 0, 0, 0], "mov eax, dword [rel 0x1016]", "next", "read 4 [4118]"],
    [[0xff, 0x50, 0x18], "call qword [rax + 0x18]", "call", "read 8 [rax + 24]", "write 8 [rsp + -8] implicit"],
    [[0xff, 0xe0], "jmp rax", "jump"],
    [[0x50], "push rax", "next", "write 8 [rsp + -8] implicit"],
    [[0xc3], "ret", "return", "read 8 [rsp + 0] implicit"],
    [[0xa4], "movsb", "next", "write 1 [rdi + 0] implicit", "read 1 [rsi + 0] implicit"],
    [[0xf7, 0x7d, 0xfc], "idiv dword [rbp - 0x4]", "next", "read 4 [rbp + -4]"],
    [[0x0f, 0x0b], "ud2", "trap"],
    [[0xcd, 0x29], "int 0x29", "trap"],
    [[0x67, 0x8b, 0x03], "mov eax, dword [ebx]", "next", "read 4 [rbx + 0]"],
  ]);
  assert.equal((await decode("amd64", [0xf4])).privileged, true);
  assert.equal((await decode("amd64", [0x67, 0x8b, 0x03])).memory[0]?.addressBits, 32);
});

test("x86: registers of 32 bits", async () => {
  await check("x86", [
    [[0x8b, 0x46, 0x04], "mov eax, dword [esi + 0x4]", "next", "read 4 [esi + 4]"],
    [[0xa1, 0x45, 0, 0, 0], "mov eax, dword [0x45]", "next", "read 4 [69]"],
    [[0x64, 0xa1, 0, 0, 0, 0], "mov eax, dword [fs:0x0]", "next", "read 4 [fs:0]"],
    [[0xff, 0xd2], "call edx", "call", "write 4 [esp + -4] implicit"],
  ]);
});

test("arm64: displacement, index, literal, pairs, exclusive and atomic accesses", async () => {
  await check("arm64", [
    [word(0xf9400420), "ldr x0, [x1, #8]", "next", "read 8 [x1 + 8]"],
    [word(0xf8408c20), "ldr x0, [x1, #8]!", "next", "read 8 [x1 + 8]"],
    [word(0xf8408420), "ldr x0, [x1], #8", "next", "read 8 [x1 + 0]"],
    [word(0xb8625820), "ldr w0, [x1, w2, uxtw #2]", "next", "read 4 [x1 + x2:zero32*4 + 0]"],
    [word(0x39400020), "ldrb w0, [x1]", "next", "read 1 [x1 + 0]"],
    [word(0x79400020), "ldrh w0, [x1]", "next", "read 2 [x1 + 0]"],
    [word(0xb9800020), "ldrsw x0, [x1]", "next", "read 4 [x1 + 0]"],
    [word(0x6d400420), "ldp d0, d1, [x1]", "next", "read 16 [x1 + 0]"],
    [word(0xa9be7bfd), "stp x29, x30, [sp, #-0x20]!", "next", "write 16 [sp + -32]"],
    [word(0x58000041), "ldr x1, #0x1008", "next", "read 8 [4104]"],
    [word(0xc8027c20), "stxr w2, x0, [x1]", "next", "write 8 [x1 + 0]"],
    [word(0xf8200020), "ldadd x0, x0, [x1]", "next", "read_write 8 [x1 + 0]"],
    [word(0xf9800020), "prfm pldl1keep, [x1]", "next", "none null [x1 + 0]"],
    [word(0xd63f0100), "blr x8", "call"],
    [word(0xd65f03c0), "ret", "return"],
    [word(0xd4200020), "brk #1", "trap"],
    [word(0x1ac20c20), "sdiv w0, w1, w2", "next"],
  ]);
  assert.deepEqual((await decode("arm64", word(0xd4200020))).operands, [{ kind: "immediate", value: 1n }]);
  assert.deepEqual((await decode("arm64", word(0xd63f03c0))).operands, [{ kind: "register", register: "lr", bits: 64, access: "read" }]);
});

test("arm and Thumb: literals count from the word boundary, lists move as many words as registers", async () => {
  await check("arm", [
    [word(0xe5930000), "ldr r0, [r3]", "next", "read 4 [r3 + 0]"],
    [word(0xe7910102), "ldr r0, [r1, r2, lsl #2]", "next", "read 4 [r1 + r2*4 + 0]"],
    [word(0xe7110002), "ldr r0, [r1, -r2]", "next", "read 4 [r1 + r2*-1 + 0]"],
    [word(0xe59f0008), "ldr r0, [pc, #8]", "next", "read 4 [4112]"],
    [word(0xe1d100b4), "ldrh r0, [r1, #4]", "next", "read 2 [r1 + 4]"],
    [word(0xe92d4010), "push {r4, lr}", "next", "write 8 [sp + -8] implicit"],
    [word(0xe12fff33), "blx r3", "call"],
    [word(0xe12fff1e), "bx lr", "return"],
  ]);
  await check(
    "arm",
    [
      [[0x18, 0x68], "ldr r0, [r3]", "next", "read 4 [r3 + 0]"],
      [[0xd8, 0xf8, 0x04, 0x00], "ldr.w r0, [r8, #4]", "next", "read 4 [r8 + 4]"],
      [[0xd1, 0xe9, 0x02, 0x34], "ldrd r3, r4, [r1, #8]", "next", "read 8 [r1 + 8]"],
      [[0x02, 0x48], "ldr r0, [pc, #8]", "next", "read 4 [4108]"],
      [[0x00, 0xde], "udf #0", "trap"],
    ],
    { thumb: true },
  );
});

test("mips, ppc, riscv64 and sparc", async () => {
  await check("mips", [[big(0x8c820004), "lw $v0, 4($a0)", "next", "read null [a0 + 4]"]], { littleEndian: false });
  await check("ppc", [[big(0x9421fff0), "stwu r1, -0x10(r1)", "next", "write null [r1 + -16]"]], { littleEndian: false });
  await check("riscv64", [[[0x03, 0xb5, 0x85, 0x00], "ld a0, 8(a1)", "next", "read null [a1 + 8]"]]);
  await check("sparc", [[big(0xc2006004), "ld [%g1+4], %g1", "next", "read null [g1 + 4]"]], { littleEndian: false });
});

test("what is no instruction, is cut off or of an unknown processor gives null", async () => {
  const none = async (cpu: CpuName, bytes: readonly number[]): Promise<void> => {
    const disassemble = await openDisassembler(cpu);
    assert.equal(
      disassemble({ cpu, bytes: Uint8Array.from(bytes), address: 0n, thumb: false, littleEndian: true }),
      null,
      `${cpu} ${bytes}`,
    );
  };
  await none("amd64", [0x06]);
  await none("amd64", [0x48, 0x8b]);
  await none("amd64", []);
  await none("arm64", [0x20, 0x04]);
  await none("arm64", [0xff, 0xff, 0xff, 0xff]);
  await none("unknown", [0x90]);
});
