/**
 * Lengths of x86-64 instructions, so that code can be swept from a known start: an address is an instruction, or it lies inside one.
 * Opcode maps of the Intel manual, volume 2, appendix A, as far as they decide about length.
 *
 *   prefixes, REX (0x40-0x4f) | opcode 1-3 bytes, or VEX (c5, c4) or EVEX (62) and one | ModRM | SIB | displacement | immediate
 */

const maxInstructionBytes = 15;

/** What follows an opcode. */
const modrm = 1;
const imm8 = 2;
/** 16 bits with the operand size prefix, else 32. */
const immZ = 4;
/** 32 bits, whatever the prefixes. */
const imm32 = 8;
const imm16 = 16;
const invalid = 128;

const oneByte = new Uint8Array(256);
const twoByte = new Uint8Array(256).fill(modrm);

function set(table: Uint8Array, value: number, ...ranges: (number | [number, number])[]): void {
  for (const range of ranges) {
    const [from, to] = typeof range === "number" ? [range, range] : range;
    table.fill(value, from, to + 1);
  }
}

for (let row = 0; row < 0x40; row += 8) {
  set(oneByte, modrm, [row, row + 3]);
  set(oneByte, imm8, row + 4);
  set(oneByte, immZ, row + 5);
  set(oneByte, invalid, row + 6, row + 7);
}
set(oneByte, modrm, 0x63, [0x84, 0x8f], [0xd0, 0xd3], [0xd8, 0xdf], 0xf6, 0xf7, 0xfe, 0xff);
set(oneByte, modrm | imm8, 0x6b, 0x80, 0x83, 0xc0, 0xc1, 0xc6);
set(oneByte, modrm | immZ, 0x69, 0x81, 0xc7);
set(oneByte, imm8, 0x6a, [0x70, 0x7f], 0xa8, [0xb0, 0xb7], 0xcd, [0xe0, 0xe7], 0xeb);
set(oneByte, immZ, 0x68, 0xa9, [0xb8, 0xbf]);
set(oneByte, imm32, 0xe8, 0xe9);
set(oneByte, imm16, 0xc2, 0xca);
set(oneByte, imm16 | imm8, 0xc8);
set(oneByte, invalid, 0x60, 0x61, 0x62, 0x82, 0x9a, 0xc4, 0xc5, 0xce, [0xd4, 0xd6], 0xea);

set(twoByte, 0, [0x05, 0x09], 0x0b, 0x0e, [0x30, 0x37], 0x77, [0xa0, 0xa2], [0xa8, 0xaa], [0xc8, 0xcf]);
set(twoByte, imm32, [0x80, 0x8f]);
set(twoByte, modrm | imm8, 0x0f, [0x70, 0x73], 0xa4, 0xac, 0xba, 0xc2, [0xc4, 0xc6]);
set(twoByte, invalid, 0x04, 0x0a, 0x0c);

function isPrefix(byte: number): boolean {
  return (
    byte === 0x66 ||
    byte === 0x67 ||
    byte === 0xf0 ||
    byte === 0xf2 ||
    byte === 0xf3 ||
    (byte & 0xe7) === 0x26 ||
    byte === 0x64 ||
    byte === 0x65
  );
}

/** Bytes of ModRM, SIB and displacement; 0 when they are cut off. */
function modrmBytes(code: Uint8Array, at: number): number {
  if (at >= code.length) return 0;
  const byte = code[at]!;
  const mode = byte >> 6;
  if (mode === 3) return 1;
  const hasSib = (byte & 7) === 4;
  if (hasSib && at + 1 >= code.length) return 0;
  const base = hasSib ? code[at + 1]! & 7 : byte & 7;
  const displacement = mode === 1 ? 1 : mode === 2 || base === 5 ? 4 : 0;
  return 1 + (hasSib ? 1 : 0) + displacement;
}

/** Opcode and map of an instruction with a VEX or EVEX prefix: where its opcode lies, what follows. Null when it has neither. */
function vectorOpcode(code: Uint8Array, at: number): { at: number; follows: number } | null {
  const first = code[at]!;
  const opcodeAt = at + (first === 0xc5 ? 2 : first === 0xc4 ? 3 : 4);
  if ((first !== 0xc5 && first !== 0xc4 && first !== 0x62) || opcodeAt >= code.length) return null;
  const map = first === 0xc5 ? 1 : code[at + 1]! & (first === 0xc4 ? 31 : 7);
  if (map === 3) return { at: opcodeAt, follows: modrm | imm8 };
  return { at: opcodeAt, follows: map === 1 ? twoByte[code[opcodeAt]!]! : modrm };
}

/** Length of the instruction at an index of `code`; 0 when it is no instruction of 64-bit mode or is cut off. */
export function instructionLengthX64(code: Uint8Array, start: number): number {
  let at = start;
  let small = false;
  let shortAddress = false;
  while (at < code.length && isPrefix(code[at]!)) {
    small ||= code[at] === 0x66;
    shortAddress ||= code[at] === 0x67;
    at++;
  }
  let wide = false;
  if (at < code.length && (code[at]! & 0xf0) === 0x40) {
    wide = (code[at]! & 8) !== 0;
    at++;
  }
  if (at >= code.length) return 0;
  const opcode = code[at]!;
  let follows: number;
  let immediate = 0;
  const vector = vectorOpcode(code, at);
  if (vector !== null) {
    at = vector.at + 1;
    follows = vector.follows;
  } else if (opcode === 0x0f) {
    const second = code[at + 1] ?? 0x04;
    follows = second === 0x38 ? modrm : second === 0x3a ? modrm | imm8 : twoByte[second]!;
    at += second === 0x38 || second === 0x3a ? 3 : 2;
  } else {
    follows = oneByte[opcode]!;
    at++;
    if (opcode >= 0xa0 && opcode <= 0xa3) immediate = shortAddress ? 4 : 8;
    if (wide && opcode >= 0xb8 && opcode <= 0xbf) immediate = 4;
    // Of the unary group only "test" has an immediate.
    if ((opcode === 0xf6 || opcode === 0xf7) && at < code.length && (code[at]! & 0x30) === 0) follows |= opcode === 0xf6 ? imm8 : immZ;
  }
  if ((follows & invalid) !== 0) return 0;
  if ((follows & modrm) !== 0) {
    const bytes = modrmBytes(code, at);
    if (bytes === 0) return 0;
    at += bytes;
  }
  if ((follows & imm8) !== 0) immediate += 1;
  if ((follows & imm16) !== 0) immediate += 2;
  if ((follows & imm32) !== 0) immediate += 4;
  if ((follows & immZ) !== 0) immediate += small && !wide ? 2 : 4;
  const length = at + immediate - start;
  return at + immediate > code.length || length > maxInstructionBytes ? 0 : length;
}
