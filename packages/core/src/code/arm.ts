/**
 * 32-bit ARM instructions, in both encodings (A32, Thumb), as far as they build frames or direct the flow: moves of the stack pointer and the
 * frame pointer (r11, in Thumb code r7), pushes and pops, branches, calls and returns. Every other instruction only passes.
 *
 * Encodings: Arm Architecture Reference Manual, ARMv7-A, chapters A5, A6 and A8. Conditional pushes and returns are passed over, since what
 * follows them is the path on which they did not happen.
 */
import { type Effect, type FrameState, type Machine, moveSp, restore, save } from "./frame-state.ts";

const SP = 13;
const LR = 14;
const PC = 15;
const ALWAYS = 14;

const entry: FrameState = { cfaFromSp: 0, cfaFromFp: null, saved: new Map(), marked: false, constant: null };

export const armMachine: Machine = {
  entry,
  functionAlignment: 4,
  instructionAlignment: 4,
  step(code, at, before) {
    if (at + 4 > code.length) return { length: 0, state: before, flow: "end", target: null };
    const word = (code[at]! | (code[at + 1]! << 8) | (code[at + 2]! << 16) | (code[at + 3]! << 24)) >>> 0;
    return stepArm(word, at, before);
  },
};

export const thumbMachine: Machine = {
  entry,
  functionAlignment: 2,
  instructionAlignment: 2,
  step(code, at, before) {
    if (at + 2 > code.length) return { length: 0, state: before, flow: "end", target: null };
    const half = code[at]! | (code[at + 1]! << 8);
    if (half >>> 11 < 0x1d) return stepThumb(half, at, before, code);
    if (at + 4 > code.length) return { length: 0, state: before, flow: "end", target: null };
    return stepThumbWide(half, code[at + 2]! | (code[at + 3]! << 8), at, before);
  },
};

function signed(value: number, bits: number): number {
  return (value << (32 - bits)) >> (32 - bits);
}

/** Calling conventions keep r4 to r11; the link register is the return address. */
function trackedName(register: number): string | null {
  return register === LR ? "lr" : register >= 4 && register <= 11 ? `r${register}` : null;
}

function push(before: FrameState, mask: number): FrameState {
  // Who saves the return address again is another function: the path came here behind a call that never returns.
  const state = (mask & (1 << LR)) !== 0 && before.saved.has("lr") ? entry : before;
  if (state.cfaFromSp === null) return state;
  let count = 0;
  for (let bits = mask; bits !== 0; bits &= bits - 1) count++;
  const cfaFromSp = state.cfaFromSp + 4 * count;
  let result: FrameState = { ...state, cfaFromSp };
  let offset = -cfaFromSp;
  for (let register = 0; register < PC; register++) {
    if ((mask & (1 << register)) === 0) continue;
    const name = trackedName(register);
    if (name !== null) result = save(result, name, offset);
    offset += 4;
  }
  return result;
}

function pop(state: FrameState, mask: number, fp: number): FrameState {
  let result: FrameState = (mask & (1 << fp)) !== 0 ? { ...state, cfaFromFp: null } : state;
  if (state.cfaFromSp === null) return result;
  let offset = -state.cfaFromSp;
  for (let register = 0; register <= PC; register++) {
    if ((mask & (1 << register)) === 0) continue;
    const name = trackedName(register);
    if (name !== null) result = restore(result, name, offset);
    offset += 4;
  }
  if ((mask & (1 << SP)) !== 0) return moveSp(result, null);
  return moveSp(result, -offset);
}

function move(state: FrameState, bytes: number): FrameState {
  return state.cfaFromSp === null ? state : moveSp(state, state.cfaFromSp - bytes);
}

/** Register `to` becomes register `from` + amount. */
function assign(state: FrameState, to: number, from: number, amount: number, fp: number): FrameState {
  const base = from === SP ? state.cfaFromSp : from === fp ? state.cfaFromFp : null;
  const value = base === null ? null : base - amount;
  if (to === SP) return moveSp(state, value);
  return to === fp ? { ...state, cfaFromFp: value } : state;
}

function stepArm(word: number, at: number, state: FrameState): Effect {
  const fp = 11;
  const condition = word >>> 28;
  const next = (after: FrameState): Effect => ({ length: 4, state: after, flow: "next", target: null });
  const flow = (kind: Effect["flow"], target: number | null = null): Effect => ({ length: 4, state, flow: kind, target });
  if (condition === 15) return flow((word & 0x0e000000) === 0x0a000000 ? "call" : "next");
  if ((word & 0x0e000000) === 0x0a000000) {
    if ((word & 0x01000000) !== 0) return flow("call");
    return flow(condition === ALWAYS ? "jump" : "branch", at + 8 + signed(word & 0xffffff, 24) * 4);
  }
  if ((word & 0x0ffffff0) === 0x012fff30) return flow("call");
  if ((word & 0x0ff000f0) === 0x07f000f0) return flow("end");
  if (condition !== ALWAYS) return next(state);
  if ((word & 0x0ffffff0) === 0x012fff10) return flow((word & 15) === LR ? "end" : "jump");
  if ((word & 0x0fff0000) === 0x092d0000) return next(push(state, word & 0x7fff));
  if ((word & 0x0fff0fff) === 0x052d0004) return next(push(state, 1 << ((word >>> 12) & 15)));
  if ((word & 0x0fff0000) === 0x08bd0000) return (word & 0x8000) !== 0 ? flow("end") : next(pop(state, word & 0xffff, fp));
  if ((word & 0x0fff0fff) === 0x049d0004) {
    const register = (word >>> 12) & 15;
    return register === PC ? flow("end") : next(pop(state, 1 << register, fp));
  }
  if ((word & 0x0fbf0e00) === 0x0d2d0a00) return next(move(state, -4 * (word & 0xff)));
  if ((word & 0x0fbf0e00) === 0x0cbd0a00) return next(move(state, 4 * (word & 0xff)));
  // Other loads into the program counter, of one or several registers.
  if ((word & 0x0e108000) === 0x08108000 || (word & 0x0c10f000) === 0x0410f000) return flow("jump");
  return dataProcessing(word, state, fp) ?? next(state);
}

/** An instruction that computes stack pointer, frame pointer or program counter; null for others. */
function dataProcessing(word: number, state: FrameState, fp: number): Effect | null {
  const next = (after: FrameState): Effect => ({ length: 4, state: after, flow: "next", target: null });
  const operation = (word >>> 21) & 15;
  const isCompare = operation >= 8 && operation <= 11;
  const isMultiplyOrMemory = (word & 0x0e000090) === 0x00000090;
  if ((word & 0x0c000000) !== 0 || isCompare || isMultiplyOrMemory) return null;
  const to = (word >>> 12) & 15;
  const from = (word >>> 16) & 15;
  if (to === PC) return { length: 4, state, flow: operation === 13 && (word & 0x02000fff) === LR ? "end" : "jump", target: null };
  if (to !== SP && to !== fp) return null;
  const isImmediate = (word & 0x02000000) !== 0;
  const rotation = ((word >>> 8) & 15) * 2;
  const byte = word & 0xff;
  const immediate = ((byte >>> rotation) | (byte << (32 - rotation))) >>> 0;
  if (isImmediate && operation === 4) return next(assign(state, to, from, rotation === 0 ? byte : immediate, fp));
  if (isImmediate && operation === 2) return next(assign(state, to, from, -(rotation === 0 ? byte : immediate), fp));
  if (!isImmediate && operation === 13 && (word & 0xff0) === 0) return next(assign(state, to, word & 15, 0, fp));
  return next(assign(state, to, -1, 0, fp));
}

const thumbFp = 7;

function stepThumb(half: number, at: number, state: FrameState, code: Uint8Array): Effect {
  const next = (after: FrameState): Effect => ({ length: 2, state: after, flow: "next", target: null });
  const flow = (kind: Effect["flow"], target: number | null = null): Effect => ({ length: 2, state, flow: kind, target });
  if ((half & 0xfe00) === 0xb400) return next(push(state, (half & 0xff) | ((half & 0x100) << 6)));
  if ((half & 0xfe00) === 0xbc00) return (half & 0x100) !== 0 ? flow("end") : next(pop(state, half & 0xff, thumbFp));
  if ((half & 0xff00) === 0xb000) return next(move(state, ((half & 0x80) !== 0 ? -4 : 4) * (half & 0x7f)));
  if ((half & 0xff00) === 0xaf00) return next(assign(state, thumbFp, SP, 4 * (half & 0xff), thumbFp));
  if ((half & 0xff00) === 0x3700) return next(assign(state, thumbFp, thumbFp, half & 0xff, thumbFp));
  if ((half & 0xff00) === 0x4600) {
    const to = (half & 7) | ((half >>> 4) & 8);
    return to === PC ? flow((half & 0x78) >>> 3 === LR ? "end" : "jump") : next(assign(state, to, (half >>> 3) & 15, 0, thumbFp));
  }
  if ((half & 0xff00) === 0x4700) return flow((half & 0x80) !== 0 ? "call" : ((half >>> 3) & 15) === LR ? "end" : "jump");
  if ((half & 0xf800) === 0xe000) return flow("jump", at + 4 + signed(half & 0x7ff, 11) * 2);
  if ((half & 0xff00) === 0xde00) return flow("end");
  if ((half & 0xf000) === 0xd000 && (half & 0xff00) !== 0xdf00) return flow("branch", at + 4 + signed(half & 0xff, 8) * 2);
  if ((half & 0xf500) === 0xb100) return flow("branch", at + 4 + (((half >>> 3) & 0x1f) + ((half >>> 4) & 0x20)) * 2);
  if ((half & 0xff00) === 0xbf00 && (half & 0x0f) !== 0) return { length: ifThenBytes(half, at, code), state, flow: "next", target: null };
  return next(state);
}

/** An if-then instruction together with the one to four conditional ones behind it. */
function ifThenBytes(half: number, at: number, code: Uint8Array): number {
  let count = 4;
  for (let mask = half & 0x0f; (mask & 1) === 0; mask >>>= 1) count--;
  let length = 2;
  for (let i = 0; i < count && at + length + 2 <= code.length; i++) length += code[at + length + 1]! >>> 3 >= 0x1d ? 4 : 2;
  // The engine looks at most 15 bytes back for the start of an instruction; three wide ones are the most compilers make.
  return Math.min(length, 14, code.length - at);
}

function stepThumbWide(first: number, second: number, at: number, state: FrameState): Effect {
  const next = (after: FrameState): Effect => ({ length: 4, state: after, flow: "next", target: null });
  const flow = (kind: Effect["flow"], target: number | null = null): Effect => ({ length: 4, state, flow: kind, target });
  if ((first & 0xf800) === 0xf000 && (second & 0x8000) !== 0) return branchWide(first, second, at, flow);
  if (first === 0xe92d) return next(push(state, second & 0x7fff));
  if (first === 0xe8bd) return (second & 0x8000) !== 0 ? flow("end") : next(pop(state, second, thumbFp));
  if (first === 0xf84d && (second & 0x0fff) === 0x0d04) return next(push(state, 1 << (second >>> 12)));
  if (first === 0xf85d && (second & 0x0fff) === 0x0b04) {
    return second >>> 12 === PC ? flow("end") : next(pop(state, 1 << (second >>> 12), thumbFp));
  }
  if ((first & 0xffbf) === 0xed2d) return next(move(state, -4 * (second & 0xff)));
  if ((first & 0xffbf) === 0xecbd) return next(move(state, 4 * (second & 0xff)));
  if ((first === 0xe8df && (second & 0xffe0) === 0xf000) || (first === 0xf8df && second >>> 12 === PC)) return flow("jump");
  const to = (second >>> 8) & 15;
  const kind = first & 0xfbe0;
  const isSum = kind === 0xf100 || kind === 0xf200;
  const isDifference = kind === 0xf1a0 || kind === 0xf2a0;
  if ((to === SP || to === thumbFp) && (second & 0x8000) === 0 && (isSum || isDifference)) {
    const plain = ((first & 0x400) << 1) | ((second & 0x7000) >>> 4) | (second & 0xff);
    const amount = kind >= 0xf200 ? plain : expandImmediate(plain);
    return next(assign(state, to, first & 15, isSum ? amount : -amount, thumbFp));
  }
  // Any other computation of the stack pointer loses it.
  if (to === SP && (first & 0xfa00) === 0xf000 && (second & 0x8000) === 0) return next(moveSp(state, null));
  return (first & 0xfe00) === 0xea00 && to === SP ? next(moveSp(state, null)) : next(state);
}

function branchWide(first: number, second: number, at: number, flow: (kind: Effect["flow"], target?: number | null) => Effect): Effect {
  if ((second & 0x4000) !== 0) return flow("call");
  const sign = (first >>> 10) & 1;
  const j1 = (second >>> 13) & 1;
  const j2 = (second >>> 11) & 1;
  if ((second & 0x1000) === 0) {
    if (((first >>> 6) & 15) >= ALWAYS) return flow("next");
    const distance = (sign << 19) | (j2 << 18) | (j1 << 17) | ((first & 0x3f) << 11) | (second & 0x7ff);
    return flow("branch", at + 4 + signed(distance, 20) * 2);
  }
  const i1 = 1 ^ j1 ^ sign;
  const i2 = 1 ^ j2 ^ sign;
  const distance = (sign << 23) | (i1 << 22) | (i2 << 21) | ((first & 0x3ff) << 11) | (second & 0x7ff);
  return flow("jump", at + 4 + signed(distance, 24) * 2);
}

/** The twelve bits of a modified immediate: a byte repeated, or one rotated. */
function expandImmediate(bits: number): number {
  const byte = bits & 0xff;
  if (bits >>> 10 === 0) {
    const pattern = (bits >>> 8) & 3;
    return [byte, byte | (byte << 16), (byte << 8) | (byte << 24), byte * 0x01010101][pattern]! >>> 0;
  }
  const rotation = bits >>> 7;
  const value = 0x80 | (bits & 0x7f);
  return ((value >>> rotation) | (value << (32 - rotation))) >>> 0;
}
