/**
 * Whether the bytes before an address end in a call: a word of the stack is a return address only then. Knows the encodings of each processor's
 * calls, not its other instructions, so data that looks like a call passes; what it refuses is no return address.
 *
 *   x86, amd64   e8 rel32 · ff /2 with any addressing form, 2 to 7 bytes · ff /3 and 9a on x86 only
 *   arm64        bl · blr · blraa, blrab and their forms with zero
 *   arm          bl, blx · Thumb: bl, blx of 4 bytes, blx register of 2
 */
import type { Cpu } from "../cpu/cpu.ts";

/** As many bytes before a return address as the longest call has. */
export const MAX_CALL_BYTES = 8;

/** `before` are the bytes that end at the return address; null when they are too few or the processor's calls are not known here. */
export function endsInCall(cpu: Cpu, before: Uint8Array): boolean | null {
  switch (cpu.name) {
    case "x86":
    case "amd64":
      return before.length < MAX_CALL_BYTES ? null : x86Call(before);
    case "arm64":
      return before.length < 4 ? null : arm64Call(wordAt(before, before.length - 4));
    case "arm":
      return before.length < 4 ? null : armCall(wordAt(before, before.length - 4));
    default:
      return null;
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

function x86Call(before: Uint8Array): boolean {
  const back = (n: number): number => before[before.length - n]!;
  if (back(5) === 0xe8) return true;
  // The opcode's place is told by the length that its addressing form gives.
  for (let length = 2; length <= 7; length++) {
    if (back(length) === 0xff && indirectCallBytes(back(length - 1), length > 2 ? back(length - 2) : 0) === length) return true;
  }
  return back(7) === 0x9a;
}

/** Length of `ff` with this ModRM byte as a call (register field 2 or 3), 0 when it is none. */
function indirectCallBytes(modRm: number, sib: number): number {
  const operation = (modRm >> 3) & 7;
  if (operation !== 2 && operation !== 3) return 0;
  const mode = modRm >> 6;
  const memory = modRm & 7;
  if (mode === 3) return operation === 2 ? 2 : 0;
  const withSib = memory === 4 ? 1 : 0;
  if (mode === 1) return 3 + withSib;
  if (mode === 2) return 6 + withSib;
  if (memory === 5) return 6;
  return withSib && (sib & 7) === 5 ? 7 : 2 + withSib;
}

function arm64Call(word: number): boolean {
  const isBl = word >>> 26 === 0x25;
  const isBlr = (word & 0xfffffc1f) >>> 0 === 0xd63f0000;
  const isBlrAuthenticated = (word & 0xfefff800) >>> 0 === 0xd63f0800;
  return isBl || isBlr || isBlrAuthenticated;
}

function armCall(word: number): boolean {
  const isBl = (word & 0x0f000000) === 0x0b000000 && word >>> 28 !== 0xf;
  const isBlxImmediate = word >>> 25 === 0x7d;
  const isBlxRegister = (word & 0x0ffffff0) === 0x012fff30;
  if (isBl || isBlxImmediate || isBlxRegister) return true;
  const first = word & 0xffff;
  const second = word >>> 16;
  const thumbBl = first >>> 11 === 0x1e && ((second & 0xd000) === 0xd000 || (second & 0xd001) === 0xc000);
  return thumbBl || (second & 0xff87) === 0x4780;
}
