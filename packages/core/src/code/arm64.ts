/**
 * arm64 instructions, as far as they build frames or direct the flow: moves of the stack pointer, saves and restores of registers relative to
 * stack and frame pointer, branches, calls and returns. Every other instruction only passes.
 */
import { type Effect, type FrameState, type Machine, moveSp, restore, save } from "./frame-state.ts";

const SP = 31;
const FP = 29;
const LR = 30;

/** Registers that a function must give back; others are of no interest when stored. */
function trackedName(register: number): string | null {
  if (register === FP) return "fp";
  if (register === LR) return "lr";
  return register >= 19 && register <= 28 ? `x${register}` : null;
}

export const arm64Machine: Machine = {
  entry: { cfaFromSp: 0, cfaFromFp: null, saved: new Map(), marked: false, constant: null },
  functionAlignment: 4,
  instructionAlignment: 4,
  step(code, at, before) {
    if (at + 4 > code.length) return { length: 0, state: before, flow: "end", target: null };
    const word = (code[at]! | (code[at + 1]! << 8) | (code[at + 2]! << 16) | (code[at + 3]! << 24)) >>> 0;
    return branch(word, at, before) ?? { length: 4, state: frame(word, before), flow: "next", target: null };
  },
};

function signed(value: number, bits: number): number {
  return (value << (32 - bits)) >> (32 - bits);
}

function branch(word: number, at: number, state: FrameState): Effect | null {
  const to = (flow: Effect["flow"], offset: number | null): Effect => ({
    length: 4,
    state,
    flow,
    target: offset === null ? null : at + offset * 4,
  });
  if ((word & 0x7c000000) >>> 0 === 0x14000000) {
    return word >>> 31 === 1 ? to("call", null) : to("jump", signed(word & 0x3ffffff, 26));
  }
  // b.cond and bc.cond, cbz and cbnz, tbz and tbnz
  if ((word & 0xff000000) >>> 0 === 0x54000000) return to("branch", signed((word >>> 5) & 0x7ffff, 19));
  if ((word & 0x7e000000) >>> 0 === 0x34000000) return to("branch", signed((word >>> 5) & 0x7ffff, 19));
  if ((word & 0x7e000000) >>> 0 === 0x36000000) return to("branch", signed((word >>> 5) & 0x3fff, 14));
  // br, blr, ret and their authenticated forms: the kind is in bits 21 and 22.
  if ((word & 0xfe000000) >>> 0 === 0xd6000000) {
    const kind = (word >>> 21) & 3;
    return kind === 0 ? to("jump", null) : kind === 1 ? to("call", null) : to("end", null);
  }
  // udf, and brk with the code that compilers use for places that are never left; other breakpoints may be gone on from.
  if (word >>> 16 === 0) return to("end", null);
  if ((word & 0xffe0001f) >>> 0 === 0xd4200000) return ((word >>> 5) & 0xffff) === 1 ? to("end", null) : to("trap", null);
  return null;
}

function frame(word: number, before: FrameState): FrameState {
  const state = before.constant === null || keepsConstant(word) ? before : { ...before, constant: null };
  // add and sub with an immediate, 64-bit, without flags
  if ((word & 0xbf800000) >>> 0 === 0x91000000) return addImmediate(word, state);
  // add and sub with a register into the stack pointer
  if ((word & 0xbfe00000) >>> 0 === 0x8b200000) return addRegister(word, state);
  // logical with an immediate into the stack pointer (aligning it), and Swift's mark in the frame pointer
  if ((word & 0x7f800000) >>> 0 === 0x12000000 || (word & 0x7f800000) >>> 0 === 0x32000000) return logicalImmediate(word, state);
  // movz and movk of a 64- or 32-bit register
  if ((word & 0x7f800000) >>> 0 === 0x52800000) return moveWide(word, state, false);
  if ((word & 0x7f800000) >>> 0 === 0x72800000) return moveWide(word, state, true);
  // ldp and stp of general, then of vector registers; ldr and str
  if ((word & 0x3e000000) >>> 0 === 0x28000000) return pair(word, state, word >>> 30 === 2 ? 8 : 4, word >>> 30 === 2);
  if ((word & 0x3e000000) >>> 0 === 0x2c000000) return pair(word, state, 4 << (word >>> 30), false);
  if ((word & 0x3b000000) >>> 0 === 0x39000000 || (word & 0x3b200000) >>> 0 === 0x38000000) return single(word, state);
  return state;
}

/** The constant lives from its loading to the subtraction, and through the call that touches a large frame's pages. */
function keepsConstant(word: number): boolean {
  return (word & 0x7f800000) >>> 0 === 0x72800000 || (word & 0xbfe00000) >>> 0 === 0x8b200000;
}

function addImmediate(word: number, state: FrameState): FrameState {
  const subtracts = (word >>> 30) & 1;
  const amount = ((word >>> 10) & 0xfff) << (12 * ((word >>> 22) & 1));
  return assign(word & 31, (word >>> 5) & 31, subtracts ? -amount : amount, state);
}

/** Register `to` becomes register `from` + amount. */
function assign(to: number, from: number, amount: number, state: FrameState): FrameState {
  const base = from === SP ? state.cfaFromSp : from === FP ? state.cfaFromFp : null;
  const value = base === null ? null : base - amount;
  if (to === SP) return moveSp(state, value);
  if (to === FP) return { ...state, cfaFromFp: value };
  return state;
}

function addRegister(word: number, state: FrameState): FrameState {
  if ((word & 31) !== SP) return (word & 31) === FP ? { ...state, cfaFromFp: null } : state;
  const { constant } = state;
  const shift = (word >>> 10) & 7;
  const from = (word >>> 5) & 31;
  if (constant === null || constant.register !== ((word >>> 16) & 31) || from !== SP || shift > 4 || state.cfaFromSp === null) {
    return moveSp(state, null);
  }
  const amount = constant.value * 2 ** shift;
  return { ...moveSp(state, state.cfaFromSp + ((word >>> 30) & 1 ? amount : -amount)), constant: null };
}

function logicalImmediate(word: number, state: FrameState): FrameState {
  const to = word & 31;
  if (to === SP) return moveSp(state, null);
  if (to !== FP || ((word >>> 5) & 31) !== FP) return state;
  // orr x29, x29, #0x1000000000000000 and and x29, x29, #0xefffffffffffffff
  const rest = (word & 0xfffffc00) >>> 0;
  return rest === 0xb2440000 ? { ...state, marked: true } : rest === 0x9243f800 ? { ...state, marked: false } : state;
}

function moveWide(word: number, state: FrameState, keeps: boolean): FrameState {
  const register = word & 31;
  const half = (word >>> 21) & 3;
  if (half > 1) return { ...state, constant: null };
  const value = ((word >>> 5) & 0xffff) * 2 ** (16 * half);
  if (!keeps) return { ...state, constant: { register, value } };
  if (state.constant === null || state.constant.register !== register) return { ...state, constant: null };
  const other = half === 0 ? state.constant.value - (state.constant.value % 0x10000) : state.constant.value % 0x10000;
  return { ...state, constant: { register, value: other + value } };
}

/** ldp and stp: bits 24 and 23 are the form (1 post-index, 2 offset, 3 pre-index; 0 non-temporal), bit 22 a load. */
function pair(word: number, before: FrameState, scale: number, isGeneral: boolean): FrameState {
  const form = (word >>> 23) & 3;
  const base = (word >>> 5) & 31;
  if (base !== SP && base !== FP) return before;
  const offset = signed((word >>> 15) & 0x7f, 7) * scale;
  let state = form === 3 ? assign(base, base, offset, before) : before;
  const place = form === 1 || form === 3 ? 0 : offset;
  if (isGeneral) {
    const isLoad = ((word >>> 22) & 1) === 1;
    state = transfer(state, word & 31, base, place, isLoad);
    state = transfer(state, (word >>> 10) & 31, base, place + 8, isLoad);
  }
  return form === 1 ? assign(base, base, offset, state) : state;
}

/** ldr and str with an immediate: scaled and unsigned, or nine bits signed with bits 10 and 11 as the form. */
function single(word: number, before: FrameState): FrameState {
  const base = (word >>> 5) & 31;
  const sizeLog = word >>> 30;
  const isVector = ((word >>> 26) & 1) === 1;
  const opc = (word >>> 22) & 3;
  const isWord = sizeLog === 3 && !isVector && opc <= 1;
  if (base !== SP && base !== FP) return before;
  if (((word >>> 24) & 3) === 1) {
    return isWord ? transfer(before, word & 31, base, ((word >>> 10) & 0xfff) * 8, opc === 1) : before;
  }
  const form = (word >>> 10) & 3;
  const offset = signed((word >>> 12) & 0x1ff, 9);
  let state = form === 3 ? assign(base, base, offset, before) : before;
  if (isWord && form !== 2) state = transfer(state, word & 31, base, form === 0 ? offset : 0, opc === 1);
  return form === 1 ? assign(base, base, offset, state) : state;
}

function transfer(state: FrameState, register: number, base: number, place: number, isLoad: boolean): FrameState {
  const name = trackedName(register);
  const fromBase = base === SP ? state.cfaFromSp : state.cfaFromFp;
  if (name === null) return state;
  if (!isLoad) return fromBase === null ? state : save(state, name, place - fromBase);
  const restored = fromBase === null ? state : restore(state, name, place - fromBase);
  // Whatever was loaded, the frame pointer is no longer this function's.
  return register === FP ? { ...restored, cfaFromFp: null } : restored;
}
