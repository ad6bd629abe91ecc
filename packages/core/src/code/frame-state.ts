/**
 * Where a function's frame stands between two of its instructions, followed through its code from the first byte.
 *
 * Tables of calls' unwind rules say nothing about prologues, epilogues and functions without a frame. The code does: it moves the stack
 * pointer by constants and saves and restores registers at places that can be computed. Following every path from the function's start
 * gives the state before each instruction, without knowing what a compiler's prologue looks like: instructions may be scheduled in between,
 * the frame may be built late, there may be many epilogues.
 *
 * Where a path's stack pointer gets lost (aligned down, moved by a variable) and no frame pointer stands, there is no state.
 */

export type FrameState = {
  /** CFA = stack pointer + this; null: not known. */
  readonly cfaFromSp: number | null;
  /** CFA = frame pointer + this; null while the frame pointer is not this function's. */
  readonly cfaFromFp: number | null;
  /** Registers whose caller's value is in memory at CFA + offset, and perhaps nowhere else. Others still have it. */
  readonly saved: ReadonlyMap<string, number>;
  /** Bit 60 of the caller's frame pointer was set, before it was saved: how Swift marks the frames of async functions. */
  readonly marked: boolean;
  /** A constant just loaded, by which the stack pointer may move: large frames. */
  readonly constant: { readonly register: number; readonly value: number } | null;
};

/** What an instruction does: to the frame, and to where execution goes on. */
export type Effect = {
  /** In bytes; 0: no instruction that is known. */
  length: number;
  state: FrameState;
  /** "next" goes on behind it; "branch" also at target; "jump" only at target; "call" and "trap" may return; "end" goes nowhere that can be seen. */
  flow: "next" | "branch" | "jump" | "call" | "trap" | "end";
  /** Offset in the code; outside of it or null when the place is elsewhere or computed. */
  target: number | null;
};

export interface Machine {
  /** The state before a function's first instruction. */
  readonly entry: FrameState;
  /** Functions, and instructions, start at multiples of these. */
  readonly functionAlignment: number;
  readonly instructionAlignment: number;
  step(code: Uint8Array, at: number, before: FrameState): Effect;
}

/** An instruction that a path leads to, and the state before it. */
export type FollowedInstruction = { start: number; length: number; state: FrameState; isCall: boolean };

export type FunctionFlow = {
  /** The instruction that covers an offset; null where no path leads. */
  at(offset: number): FollowedInstruction | null;
  /** How many bytes behind an offset the next instruction starts that a path leads to; at least 1. */
  gapAt(offset: number): number;
  /** Registers that some path saves: what is known of the others comes from elsewhere. */
  readonly everSaved: ReadonlySet<string>;
  /** All distances from stack pointer to CFA. */
  readonly everCfaFromSp: ReadonlySet<number>;
};

/** Instructions are at most this long on any processor followed here. */
const MAX_INSTRUCTION_BYTES = 15;
/** Distinct states in one function; more than compilers make is code that is no code. */
const MAX_STATES = 20_000;

/**
 * Follows a function's code from its first byte. Code that no path leads to is reached through a jump table where there is a computed jump
 * before it. `manyFunctions`: the code may hold several functions, as nobody knows where they start; code that no path leads to is then taken
 * for the next function, unless there are computed jumps.
 */
export function followFunction(code: Uint8Array, machine: Machine, manyFunctions: boolean): FunctionFlow {
  const stateAt = new Int32Array(code.length);
  const lengthAt = new Uint8Array(code.length);
  const isCallAt = new Uint8Array(code.length);
  const states: FrameState[] = [];
  const everSaved = new Set<string>();
  const everCfaFromSp = new Set<number>(machine.entry.cfaFromSp === null ? [] : [machine.entry.cfaFromSp]);
  const open: { at: number; state: FrameState }[] = [];
  // What follows a call is only believed when nothing else leads there: the call may never return, and other code stand behind it.
  const afterCalls: { at: number; state: FrameState }[] = [];
  // Computed jumps out of a standing frame: through a table, to places that nothing else may lead to.
  const tableJumps: { at: number; state: FrameState }[] = [];

  const visit = (from: number, first: FrameState): void => {
    let at = from;
    let state = first;
    let number = -1;
    while (at < code.length && stateAt[at] === 0 && states.length < MAX_STATES) {
      const effect = machine.step(code, at, state);
      if (effect.length === 0 || effect.length > code.length - at) return;
      if (number < 0 || states[number] !== state) number = states.push(state) - 1;
      stateAt[at] = number + 1;
      lengthAt[at] = effect.length;
      if (effect.flow === "call") isCallAt[at] = 1;
      if (effect.state !== state) {
        for (const name of effect.state.saved.keys()) everSaved.add(name);
        if (effect.state.cfaFromSp !== null) everCfaFromSp.add(effect.state.cfaFromSp);
      }
      const { target } = effect;
      if ((effect.flow === "branch" || effect.flow === "jump") && target !== null && target >= 0 && target < code.length) {
        open.push({ at: target, state: effect.state });
      }
      if (effect.flow === "jump" && target === null && effect.state.saved.size > 0) tableJumps.push({ at, state: effect.state });
      if (effect.flow === "call" || effect.flow === "trap") {
        afterCalls.push({ at: at + effect.length, state: effect.state });
        return;
      }
      if (effect.flow === "jump" || effect.flow === "end") return;
      at += effect.length;
      state = effect.state;
    }
  };

  const follow = (at: number, state: FrameState): void => {
    visit(at, state);
    for (let place = open.pop() ?? afterCalls.pop(); place !== undefined; place = open.pop() ?? afterCalls.pop())
      visit(place.at, place.state);
  };
  follow(0, machine.entry);
  if (tableJumps.length > 0 ? !manyFunctions : manyFunctions) {
    const alignment = manyFunctions ? machine.functionAlignment : machine.instructionAlignment;
    tableJumps.sort((a, b) => a.at - b.at);
    const nextFrom = (at: number) => firstUnvisited(code, stateAt, lengthAt, at, alignment);
    for (let at = nextFrom(0), jump = 0; at < code.length; at = nextFrom(stateAt[at] === 0 ? at + alignment : at)) {
      while (jump + 1 < tableJumps.length && tableJumps[jump + 1]!.at < at) jump++;
      follow(at, manyFunctions ? machine.entry : tableJumps[jump]!.state);
    }
  }

  return {
    everSaved,
    everCfaFromSp,
    gapAt(offset) {
      let end = offset + 1;
      while (end < code.length && stateAt[end] === 0) end++;
      return end >= code.length ? Number.POSITIVE_INFINITY : end - offset;
    },
    at(offset) {
      for (let start = offset; start >= 0 && start > offset - MAX_INSTRUCTION_BYTES; start--) {
        const number = stateAt[start] ?? 0;
        if (number === 0) continue;
        const length = lengthAt[start]!;
        if (start + length <= offset) return null;
        return { start, length, state: states[number - 1]!, isCall: isCallAt[start] === 1 };
      }
      return null;
    },
  };
}

/** The first aligned offset from `from` on that no path covers. */
function firstUnvisited(code: Uint8Array, stateAt: Int32Array, lengthAt: Uint8Array, from: number, alignment: number): number {
  let at = from;
  for (;;) {
    while (at < code.length && stateAt[at] !== 0) at += lengthAt[at]!;
    const aligned = Math.ceil(at / alignment) * alignment;
    if (aligned === at || aligned >= code.length) return aligned;
    at = aligned;
  }
}

/** A register is pushed or stored at CFA + offset: the first time that is its caller's value. */
export function save(state: FrameState, register: string, offset: number): FrameState {
  if (state.saved.has(register)) return state;
  return { ...state, saved: new Map(state.saved).set(register, offset) };
}

/** A register is loaded from CFA + offset: it has its caller's value again when that is where it was saved. */
export function restore(state: FrameState, register: string, offset: number): FrameState {
  if (state.saved.get(register) !== offset) return state;
  const saved = new Map(state.saved);
  saved.delete(register);
  return { ...state, saved };
}

/** The stack pointer moves; what lies below it is gone. */
export function moveSp(state: FrameState, cfaFromSp: number | null): FrameState {
  if (cfaFromSp === state.cfaFromSp) return state;
  let saved = state.saved;
  if (cfaFromSp !== null && (state.cfaFromSp === null || cfaFromSp < state.cfaFromSp)) {
    for (const offset of saved.values()) {
      if (offset >= -cfaFromSp) continue;
      saved = new Map([...saved].filter(([, at]) => at >= -cfaFromSp));
      break;
    }
  }
  return { ...state, cfaFromSp, saved };
}
