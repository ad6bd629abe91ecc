/**
 * x86 and x86-64 instructions, as far as they build frames or direct the flow: pushes and pops, moves of the stack pointer, saves and restores
 * relative to stack and frame pointer, jumps, calls and returns. Of every other instruction only the length is known.
 */
import { type Effect, type FrameState, type Machine, moveSp, restore, save } from "./frame-state.ts";

/** An instruction taken apart. */
type Decoded = {
  length: number;
  /** 0 one-byte opcodes, 1 behind 0f, 2 behind 0f 38, 3 behind 0f 3a; +4 in VEX and EVEX form, which never touch a frame. */
  map: number;
  opcode: number;
  isWide: boolean;
  /** Register fields with their REX bits; base -1: no plain [base + displacement]; rm -1: operand in memory. */
  reg: number;
  rm: number;
  base: number;
  displacement: number;
  immediate: number;
};

const SP = 4;
const FP = 5;

const TRACKED: Readonly<Record<"x86" | "amd64", ReadonlyMap<number, string>>> = {
  x86: new Map([
    [3, "ebx"],
    [5, "ebp"],
    [6, "esi"],
    [7, "edi"],
  ]),
  amd64: new Map([
    [3, "rbx"],
    [5, "rbp"],
    [12, "r12"],
    [13, "r13"],
    [14, "r14"],
    [15, "r15"],
  ]),
};

export function x86Machine(cpu: "x86" | "amd64"): Machine {
  const is64 = cpu === "amd64";
  const word = is64 ? 8 : 4;
  const names = TRACKED[cpu];
  return {
    entry: { cfaFromSp: word, cfaFromFp: null, saved: new Map(), marked: false, constant: null },
    functionAlignment: 16,
    instructionAlignment: 1,
    step(code, at, before) {
      const d = decode(code, at, is64);
      if (d === null) return { length: 0, state: before, flow: "end", target: null };
      const flow = flowOf(d, code, at, before, word);
      if (flow !== null) return flow;
      const dropped = before.constant === null || isAllocation(d) ? before : { ...before, constant: null };
      return { length: d.length, state: frame(d, dropped, is64, word, names), flow: "next", target: null };
    },
  };
}

function flowOf(d: Decoded, code: Uint8Array, at: number, state: FrameState, word: number): Effect | null {
  const to = (flow: Effect["flow"], isRelative: boolean): Effect => ({
    length: d.length,
    state,
    flow,
    target: isRelative ? at + d.length + d.immediate : null,
  });
  const { map, opcode } = d;
  if (map === 1) {
    if (opcode >= 0x80 && opcode <= 0x8f) return to("branch", true);
    return opcode === 0x0b || opcode === 0xb9 || opcode === 0xff ? to("end", false) : null;
  }
  if (map !== 0) return null;
  if ((opcode >= 0x70 && opcode <= 0x7f) || (opcode >= 0xe0 && opcode <= 0xe3)) return to("branch", true);
  switch (opcode) {
    case 0xe8:
      // A call of the next instruction is how 32-bit code learns its own address: a push that a pop follows.
      if (d.immediate === 0 && (code[at + d.length]! & 0xf8) === 0x58) {
        return { length: d.length, state: push(state, null, word), flow: "next", target: null };
      }
      return to("call", false);
    case 0xe9:
    case 0xeb:
      return to("jump", true);
    case 0xc2:
    case 0xc3:
    case 0xca:
    case 0xcb:
    case 0xcf:
    case 0xf4:
      return to("end", false);
    case 0xcc:
      return to("trap", false);
    case 0xff:
      if ((d.reg & 7) === 2) return to("call", false);
      return (d.reg & 7) === 4 ? to("jump", false) : null;
    default:
      return null;
  }
}

/** `sub rsp, rax`, the use of a constant. */
function isAllocation(d: Decoded): boolean {
  return d.map === 0 && ((d.opcode === 0x29 && d.rm === SP) || (d.opcode === 0x2b && d.reg === SP));
}

function frame(d: Decoded, state: FrameState, is64: boolean, word: number, names: ReadonlyMap<number, string>): FrameState {
  if (d.map === 1) {
    // bts rbp, 60 and btr rbp, 60: Swift's mark
    const isMark = d.opcode === 0xba && d.rm === FP && d.isWide && d.immediate === 60 && ((d.reg & 7) === 5 || (d.reg & 7) === 6);
    return isMark ? { ...state, marked: (d.reg & 7) === 5 } : state;
  }
  if (d.map !== 0) return state;
  const { opcode } = d;
  if (opcode >= 0x50 && opcode <= 0x57) return push(state, names.get(d.rm) ?? null, word);
  if (opcode >= 0x58 && opcode <= 0x5f) return pop(state, d.rm, names, word);
  if (opcode >= 0xb8 && opcode <= 0xbf) return { ...state, constant: { register: d.rm, value: d.immediate >>> 0 } };
  const isFull = d.isWide || !is64;
  switch (opcode) {
    case 0x68:
    case 0x6a:
    case 0x9c:
      return push(state, null, word);
    case 0x9d:
      return pop(state, -1, names, word);
    case 0xff:
      return (d.reg & 7) === 6 ? push(state, null, word) : state;
    case 0x8f:
      return pop(state, -1, names, word);
    case 0xc9: {
      const back = moveSp(state, state.cfaFromFp);
      return pop(back, FP, names, word);
    }
    case 0xc8:
      return moveSp({ ...state, cfaFromFp: null }, null);
    case 0x89:
      return isFull ? move(d, state, d.rm, d.reg, names) : state;
    case 0x8b:
      return isFull ? move(d, state, d.reg, d.rm, names) : state;
    case 0x8d:
      return isFull ? loadAddress(d, state) : state;
    case 0x81:
    case 0x83:
      return isFull ? arithmetic(d, state) : state;
    case 0x29:
    case 0x2b:
      return isAllocation(d) ? allocate(d.opcode === 0x29 ? d.reg : d.rm, state) : state;
    default:
      return state;
  }
}

function push(state: FrameState, name: string | null, word: number): FrameState {
  if (state.cfaFromSp === null) return state;
  const cfaFromSp = state.cfaFromSp + word;
  const moved = moveSp(state, cfaFromSp);
  return name === null ? moved : save(moved, name, -cfaFromSp);
}

/** `register` -1: into memory or flags. */
function pop(before: FrameState, register: number, names: ReadonlyMap<number, string>, word: number): FrameState {
  const { cfaFromSp } = before;
  let state = before;
  if (register === SP) return moveSp(state, null);
  const name = names.get(register);
  if (name !== undefined && cfaFromSp !== null) state = restore(state, name, -cfaFromSp);
  if (register === FP) state = { ...state, cfaFromFp: null };
  return cfaFromSp === null ? state : moveSp(state, cfaFromSp - word);
}

/** mov: between registers, or a save or restore; -1 stands for the operand in memory. */
function move(d: Decoded, state: FrameState, to: number, from: number, names: ReadonlyMap<number, string>): FrameState {
  if (to >= 0 && from >= 0) return assign(to, from, 0, state);
  const fromBase = d.base === SP ? state.cfaFromSp : d.base === FP ? state.cfaFromFp : null;
  const place = fromBase === null ? null : d.displacement - fromBase;
  if (to < 0) {
    const name = names.get(from);
    return name === undefined || place === null ? state : save(state, name, place);
  }
  if (to === SP) return moveSp(state, null);
  const name = names.get(to);
  const restored = name === undefined || place === null ? state : restore(state, name, place);
  return to === FP ? { ...restored, cfaFromFp: null } : restored;
}

function loadAddress(d: Decoded, state: FrameState): FrameState {
  return d.reg === SP || d.reg === FP ? assign(d.reg, d.base, d.displacement, state) : state;
}

/** Register `to` becomes register `from` + amount. */
function assign(to: number, from: number, amount: number, state: FrameState): FrameState {
  if (to !== SP && to !== FP) return state;
  const base = from === SP ? state.cfaFromSp : from === FP ? state.cfaFromFp : null;
  const value = base === null ? null : base - amount;
  return to === SP ? moveSp(state, value) : { ...state, cfaFromFp: value };
}

/** add, sub, and … with an immediate: only those on stack and frame pointer matter. */
function arithmetic(d: Decoded, state: FrameState): FrameState {
  const operation = d.reg & 7;
  if ((d.rm !== SP && d.rm !== FP) || operation === 7) return state;
  if (operation === 0) return assign(d.rm, d.rm, d.immediate, state);
  if (operation === 5) return assign(d.rm, d.rm, -d.immediate, state);
  return d.rm === SP ? moveSp(state, null) : { ...state, cfaFromFp: null };
}

function allocate(register: number, state: FrameState): FrameState {
  const { constant, cfaFromSp } = state;
  if (constant === null || constant.register !== register || cfaFromSp === null) return moveSp({ ...state, constant: null }, null);
  return moveSp({ ...state, constant: null }, cfaFromSp + constant.value);
}

/** What follows the opcode: a ModRM byte, and an immediate of 1, 2, 4 bytes. "z" is 4, or 2 with an operand size prefix. */
const MODRM = 0x10;
const Z = 0x20;
const UNKNOWN = 0xff;

const ONE_BYTE = oneByteTable();

function oneByteTable(): Uint8Array {
  const table = new Uint8Array(256);
  for (let op = 0; op < 0x40; op++) {
    const kind = op & 7;
    table[op] = kind < 4 ? MODRM : kind === 4 ? 1 : kind === 5 ? Z : 0;
  }
  table[0x63] = MODRM;
  table[0x68] = Z;
  table[0x69] = MODRM | Z;
  table[0x6a] = 1;
  table[0x6b] = MODRM | 1;
  for (let op = 0x70; op <= 0x7f; op++) table[op] = 1;
  table.fill(MODRM, 0x84, 0x90);
  table[0x80] = table[0x82] = table[0x83] = MODRM | 1;
  table[0x81] = MODRM | Z;
  table[0xa8] = 1;
  table[0xa9] = Z;
  table.fill(1, 0xb0, 0xb8);
  table.fill(Z, 0xb8, 0xc0);
  table[0xc0] = table[0xc1] = MODRM | 1;
  table[0xc2] = table[0xca] = 2;
  table[0xc6] = MODRM | 1;
  table[0xc7] = MODRM | Z;
  table[0xc8] = 3;
  table[0xcd] = 1;
  table.fill(MODRM, 0xd0, 0xd4);
  table[0xd4] = table[0xd5] = 1;
  table.fill(MODRM, 0xd8, 0xe0);
  table.fill(1, 0xe0, 0xe8);
  table[0xe8] = table[0xe9] = Z;
  table[0xeb] = 1;
  table.fill(MODRM, 0xf6, 0xf8);
  table.fill(MODRM, 0xfe, 0x100);
  return table;
}

const TWO_BYTE = twoByteTable();

function twoByteTable(): Uint8Array {
  const table = new Uint8Array(256).fill(MODRM);
  for (const op of [0x05, 0x06, 0x07, 0x08, 0x09, 0x0b, 0x0e, 0x77, 0xa0, 0xa1, 0xa2, 0xa8, 0xa9, 0xaa]) table[op] = 0;
  table.fill(0, 0x30, 0x38);
  table.fill(0, 0xc8, 0xd0);
  table.fill(Z, 0x80, 0x90);
  for (const op of [0x0f, 0x70, 0x71, 0x72, 0x73, 0xa4, 0xac, 0xba, 0xc2, 0xc4, 0xc5, 0xc6]) table[op] = MODRM | 1;
  for (const op of [0x04, 0x0a, 0x0c, 0x24, 0x25, 0x26, 0x27, 0x36]) table[op] = UNKNOWN;
  return table;
}

const MAX_PREFIXES = 14;

/** Null for bytes that are no instruction or are cut off. */
function decode(code: Uint8Array, start: number, is64: boolean): Decoded | null {
  let at = start;
  let narrow = false;
  let rex = 0;
  for (let i = 0; ; i++) {
    const b = code[at];
    if (b === undefined || i > MAX_PREFIXES) return null;
    if (b === 0x66) narrow = true;
    else if (b === 0x67 && !is64) return null;
    else if (b === 0x67 || b === 0xf0 || b === 0xf2 || b === 0xf3 || b === 0x64 || b === 0x65) rex = 0;
    else if (b === 0x2e || b === 0x36 || b === 0x3e || b === 0x26) rex = 0;
    else if (is64 && (b & 0xf0) === 0x40) rex = b;
    else break;
    at++;
  }
  const d: Decoded = {
    length: 0,
    map: 0,
    opcode: code[at++]!,
    isWide: (rex & 8) !== 0,
    reg: 0,
    rm: -1,
    base: -1,
    displacement: 0,
    immediate: 0,
  };
  const vex = vexMap(code, at - 1, d.opcode, is64);
  let follows: number;
  if (vex !== null) {
    at = vex.opcodeAt;
    if (at >= code.length) return null;
    d.map = vex.map + 4;
    d.opcode = code[at++]!;
    follows = vex.map === 3 ? MODRM | 1 : vex.map === 1 ? TWO_BYTE[d.opcode]! & (MODRM | 1) : MODRM;
  } else if (d.opcode === 0x0f) {
    if (at >= code.length) return null;
    d.map = 1;
    d.opcode = code[at++]!;
    follows = TWO_BYTE[d.opcode]!;
    if (d.opcode === 0x38 || d.opcode === 0x3a) {
      if (at >= code.length) return null;
      d.map = d.opcode === 0x38 ? 2 : 3;
      d.opcode = code[at++]!;
      follows = d.map === 2 ? MODRM : MODRM | 1;
    }
  } else {
    follows = oneByteFollows(d.opcode, is64);
  }
  if (follows === UNKNOWN) return null;
  if ((follows & MODRM) !== 0) {
    at = modrm(code, at, d, rex);
    if (at < 0) return null;
  } else if (d.map === 0) {
    d.rm = (d.opcode & 7) | ((rex & 1) << 3);
  }
  const bytes = immediateBytes(d, follows, narrow, is64);
  if (at + bytes > code.length) return null;
  d.immediate = bytes === 1 ? (code[at]! << 24) >> 24 : bytes >= 4 ? word32(code, at) : 0;
  d.length = at + bytes - start;
  return d;
}

function oneByteFollows(opcode: number, is64: boolean): number {
  if (!is64) {
    if (opcode === 0x62 || opcode === 0xc4 || opcode === 0xc5) return MODRM;
    return ONE_BYTE[opcode]!;
  }
  const isGone =
    (opcode < 0x40 && (opcode & 7) >= 6) ||
    (opcode >= 0x60 && opcode <= 0x62) ||
    [0x82, 0x9a, 0xce, 0xd4, 0xd5, 0xd6, 0xea].includes(opcode);
  return isGone ? UNKNOWN : ONE_BYTE[opcode]!;
}

function immediateBytes(d: Decoded, follows: number, narrow: boolean, is64: boolean): number {
  if (d.map === 0) {
    if (d.opcode >= 0xa0 && d.opcode <= 0xa3) return is64 ? 8 : 4;
    if (d.opcode === 0x9a || d.opcode === 0xea) return narrow ? 4 : 6;
    if (d.opcode >= 0xb8 && d.opcode <= 0xbf && d.isWide) return 8;
    if ((d.opcode === 0xf6 || d.opcode === 0xf7) && (d.reg & 7) <= 1) return d.opcode === 0xf6 ? 1 : narrow ? 2 : 4;
    if (is64 && (d.opcode === 0xe8 || d.opcode === 0xe9)) return 4;
  }
  if ((follows & Z) !== 0) return narrow && !(is64 && d.map === 1) ? 2 : 4;
  return follows & 0x0f;
}

/** The place of the opcode behind a VEX or EVEX prefix, and its map; null when there is none. */
function vexMap(code: Uint8Array, at: number, first: number, is64: boolean): { opcodeAt: number; map: number } | null {
  if (first !== 0xc4 && first !== 0xc5 && first !== 0x62) return null;
  const second = code[at + 1];
  // In 32-bit code the same bytes load far pointers, whose operand is never a register.
  if (second === undefined || (!is64 && second < 0xc0)) return null;
  if (first === 0xc5) return { opcodeAt: at + 2, map: 1 };
  const map = second & (first === 0xc4 ? 0x1f : 7);
  return { opcodeAt: at + (first === 0xc4 ? 3 : 4), map: map >= 1 && map <= 3 ? map : 2 };
}

/** Reads ModRM, SIB and displacement; the offset behind them, -1 when cut off. */
function modrm(code: Uint8Array, from: number, d: Decoded, rex: number): number {
  let at = from;
  const byte = code[at++];
  if (byte === undefined) return -1;
  const mod = byte >>> 6;
  const low = byte & 7;
  d.reg = ((byte >>> 3) & 7) | ((rex & 4) << 1);
  if (mod === 3) {
    d.rm = low | ((rex & 1) << 3);
    return at;
  }
  let base = low | ((rex & 1) << 3);
  let displacementBytes = mod === 1 ? 1 : mod === 2 ? 4 : 0;
  if (low === 4) {
    const sib = code[at++];
    if (sib === undefined) return -1;
    const index = ((sib >>> 3) & 7) | ((rex & 2) << 2);
    base = index === 4 ? (sib & 7) | ((rex & 1) << 3) : -1;
    if ((sib & 7) === 5 && mod === 0) {
      base = -1;
      displacementBytes = 4;
    }
  } else if (low === 5 && mod === 0) {
    base = -1;
    displacementBytes = 4;
  }
  if (at + displacementBytes > code.length) return -1;
  d.base = base;
  d.displacement = displacementBytes === 1 ? (code[at]! << 24) >> 24 : displacementBytes === 4 ? word32(code, at) : 0;
  return at + displacementBytes;
}

function word32(code: Uint8Array, at: number): number {
  return code[at]! | (code[at + 1]! << 8) | (code[at + 2]! << 16) | (code[at + 3]! << 24);
}
