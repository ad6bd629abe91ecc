/**
 * A step by the frame pointer: the chain of saved frame pointers that compilers keep with -fno-omit-frame-pointer. On most processors the frame
 * pointer points at the caller's saved frame pointer with the return address one word above; the processor's table says where exactly.
 */
import type { Cpu, Registers } from "../cpu/cpu.ts";
import { canBeCode, get, type Step, type WalkFrame, type WalkInput } from "./frame.ts";

/** How many links of a chain through code outside all modules (jitted code) are followed to see whether it leads back to a module. */
const MAX_CHAIN_LINKS = 64;
/** A saved frame pointer beyond the captured stack is believed up to this distance: dumps cut long stacks. */
const MAX_UNCAPTURED_BYTES = 8n * 1024n * 1024n;

export function stepByFramePointer(frame: WalkFrame, { cpu, memory, images }: WalkInput): Step {
  const fp = get(frame, cpu.fp);
  const sp = get(frame, cpu.sp);
  if (fp === null || sp === null || cpu.frameRecord === null) return null;
  // On x86 nearly all code keeps frame pointers, so one that rules recovered belongs to the chain as well.
  const onChain = frame.trust === "frame_pointer" || (frame.trust === "cfi" && cpu.name === "x86");
  // A thread starts with a frame pointer of 0. On x86, where registers are few, code without frame pointers often leaves a 0 there too.
  if (fp === 0n) return onChain && cpu.name !== "x86" ? { end: "end_of_stack" } : null;
  if (fp < sp) return null;
  const link = readLink(fp, cpu, memory);
  if (link === null) return null;
  if (link.returnAddress === 0n && link.callerFp === 0n && onChain) return { end: "end_of_stack" };
  if (!canBeCode(cpu, link.returnAddress)) return null;
  const callSite = link.returnAddress - BigInt(cpu.callBackStep);
  if (!plausibleCallerFp(link, callSite, { cpu, memory, images })) return null;

  // The other preserved registers were saved at places that only rules know.
  const registers: Registers = new Map([
    [cpu.ip, link.returnAddress],
    [cpu.sp, link.callerSp],
    [cpu.fp, link.callerFp],
  ]);
  return { registers, trust: "frame_pointer" };
}

/**
 * The outermost function of a thread saves a frame pointer of 0; any other saved one lies further up the stack. Where the dump does not
 * hold that place, or the return address is in no module (jitted code), something else must speak for the link.
 */
function plausibleCallerFp(link: Link, callSite: bigint, { cpu, memory, images }: WalkInput): boolean {
  if (link.callerFp === 0n) return images.inModule(callSite);
  if (link.callerFp < link.callerSp) return false;
  if (memory.word(link.callerFp, cpu.pointerBytes) === null) {
    return link.callerFp - link.callerSp <= MAX_UNCAPTURED_BYTES && images.inFunction(callSite);
  }
  return images.inModule(callSite) || leadsToModule(link.callerFp, { cpu, memory, images });
}

/** Swift marks the frames of async functions by this bit of the frame pointer they save; no address has it. */
const SWIFT_ASYNC_MARK = 1n << 60n;

type Link = { returnAddress: bigint; callerFp: bigint; callerSp: bigint };

function readLink(fp: bigint, cpu: Cpu, memory: WalkInput["memory"]): Link | null {
  if (cpu.frameRecord === null) return null;
  const { frameRecord: at } = cpu;
  const callerFp = memory.word(fp + BigInt(at.savedFp), cpu.pointerBytes);
  const returnAddress = memory.word(fp + BigInt(at.returnAddress), cpu.pointerBytes);
  if (callerFp === null || returnAddress === null) return null;
  return { returnAddress: cpu.stripAddress(returnAddress), callerFp: callerFp & ~SWIFT_ASYNC_MARK, callerSp: fp + BigInt(at.callerSp) };
}

function leadsToModule(from: bigint, { cpu, memory, images }: WalkInput): boolean {
  let fp = from;
  for (let i = 0; i < MAX_CHAIN_LINKS; i++) {
    const link = readLink(fp, cpu, memory);
    if (link === null || !canBeCode(cpu, link.returnAddress)) return false;
    if (images.inModule(link.returnAddress - BigInt(cpu.callBackStep))) return true;
    if (link.callerFp < link.callerSp) return false;
    fp = link.callerFp;
  }
  return false;
}
