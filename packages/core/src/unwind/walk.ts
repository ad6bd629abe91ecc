/**
 * Walks one thread's stack, from its saved context outwards. Each step tries, in this order: a signal's trampoline, call frame information, STACK WIN records, the
 * inference after a bare call, the chain of stack pointers, the frame pointer, a scan. A step counts only if it moves the stack pointer up, so a walk is linear in
 * the captured stack; every walk says why it ended.
 */
import type { Cpu, Registers } from "../cpu/cpu.ts";
import type { WalkEnd } from "../report/report.ts";
import { stepByBackChain } from "./back-chain.ts";
import { stepAfterBareCall } from "./bare-call.ts";
import { stepByCfi } from "./cfi.ts";
import { get, type Step, type WalkFrame, type WalkInput } from "./frame.ts";
import { stepByFramePointer } from "./frame-pointer.ts";
import { stepByScan } from "./scan.ts";
import { stepOverSignalFrame } from "./signal-frame.ts";
import { stepByStackWin } from "./stack-win.ts";
import { stepByX86Code } from "./x86-code.ts";

/** A stack longer than this is listed with its middle left out. */
export const MAX_LISTED_FRAMES = 512;
/** Of those, how many come from the inner end; the rest come from the outer end. */
export const LISTED_INNER_FRAMES = 400;
/** A walk gives up after this many frames: 8 MiB of stack hold at most half a million return addresses, real overflows far fewer. */
export const MAX_WALKED_FRAMES = 100_000;

/** All threads of a dump together: a hostile dump may show one stack to thousands of threads. */
export const MAX_WALKED_FRAMES_PER_DUMP = 250_000;
export const MAX_LISTED_FRAMES_PER_DUMP = 50_000;

/** Signals within signals are rare; a hostile stack could chain them in a circle. */
const MAX_INTERRUPTIONS = 8;

export type Walk = {
  /** Listed frames with their number in the whole stack, innermost first. */
  frames: { number: number; frame: WalkFrame }[];
  totalFrames: number;
  end: WalkEnd;
};

/** `maxFrames` is what the dump's budget leaves for this thread. */
export function walkStack(context: Registers, input: WalkInput, maxFrames = MAX_WALKED_FRAMES): Walk {
  const inner: Walk["frames"] = [];
  const outer: Walk["frames"] = [];
  const outerRoom = MAX_LISTED_FRAMES - LISTED_INNER_FRAMES;
  let frame: WalkFrame = {
    registers: context,
    trust: "context",
    lookupAddress: input.cpu.stripAddress(context.get(input.cpu.ip) ?? 0n),
    calleeParameterBytes: 0,
  };
  for (let number = 0; ; number++) {
    const listed = { number, frame };
    // The outer end is a ring: entry i is overwritten by frame i + outerRoom.
    if (number < LISTED_INNER_FRAMES) inner.push(listed);
    else outer[(number - LISTED_INNER_FRAMES) % outerRoom] = listed;
    const next = number + 1 < Math.min(maxFrames, MAX_WALKED_FRAMES) ? callerOf(frame, input) : "limit";
    if (typeof next === "string") {
      outer.sort((a, b) => a.number - b.number);
      return { frames: [...inner, ...outer], totalFrames: number + 1, end: next };
    }
    frame = next;
  }
}

const STEPS: readonly ((frame: WalkFrame, input: WalkInput) => Step)[] = [
  stepOverSignalFrame,
  stepByCfi,
  stepByX86Code,
  stepByStackWin,
  stepAfterBareCall,
  stepByBackChain,
  stepByFramePointer,
  stepByScan,
];

function callerOf(callee: WalkFrame, input: WalkInput): WalkFrame | WalkEnd {
  if (input.images.isThreadEntry(callee.lookupAddress)) return "end_of_stack";
  // Of the reasons why no step succeeded, the one of the best step is told.
  let why: WalkEnd | null = null;
  for (const step of STEPS) {
    const found = step(callee, input);
    if (found === null) continue;
    if ("end" in found) return found.end;
    if ("failed" in found) {
      why ??= found.failed;
      continue;
    }
    const interruptions = (callee.interruptions ?? 0) + (found.interrupted ? 1 : 0);
    // A handler may run on a stack of its own, above or below the interrupted one; how often is bounded instead.
    const otherStack = found.interrupted === true && interruptions <= MAX_INTERRUPTIONS;
    if (!otherStack && !progresses(callee, found.registers, input.cpu)) {
      why ??= "no_progress";
      continue;
    }
    const resume = found.registers.get(input.cpu.ip) ?? 0n;
    return {
      registers: found.registers,
      trust: found.trust,
      lookupAddress: found.interrupted ? resume : resume - BigInt(input.cpu.callBackStep),
      calleeParameterBytes: input.images.windowsFrame(callee.lookupAddress)?.parameterSize ?? 0,
      ...(interruptions > 0 && { interruptions }),
    };
  }
  return why ?? "end_of_stack";
}

/** The stack pointer must rise. With a link register the innermost frame may leave it: a leaf function pushes nothing. */
function progresses(callee: WalkFrame, caller: Registers, cpu: Cpu): boolean {
  const before = get(callee, cpu.sp);
  const after = caller.get(cpu.sp);
  if (after === undefined) return false;
  if (before === null) return true;
  if (after > before) return true;
  return after === before && cpu.lr !== null && callee.trust === "context" && caller.get(cpu.ip) !== callee.registers.get(cpu.ip);
}
