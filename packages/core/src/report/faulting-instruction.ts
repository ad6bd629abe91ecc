/**
 * The instruction that was stopped, decoded by the port and put together with the registers it was to run with: which access was refused, and
 * after a jump to no code, the call that led there.
 */
import { type ExecutedInstruction, type Machine, withRegisters } from "../cause/executed-instruction.ts";
import { type Fault, findFault } from "../cause/fault.ts";
import { hidesAddress, isMemoryFault } from "../cause/memory-fault.ts";
import type { Cpu, Registers } from "../cpu/cpu.ts";
import type { Disassemble, Instruction } from "../cpu/instruction.ts";
import type { Dump } from "../minidump/read-dump.ts";
import type { Walk } from "../unwind/walk.ts";

/** More than the longest instruction of any processor. */
const MAX_INSTRUCTION_BYTES = 16;
/** Calls of x86 are of 2 to 7 bytes, with a prefix up to 8; the longest that decodes is tried first. */
const MAX_CALL_BYTES = 8;
/** A breakpoint of x86 stops behind itself on Linux and macOS. */
const INT3 = 0xcc;
/** Of arm's status register. */
const THUMB_BIT = 0x20n;
const MODE_BITS = 0x1fn;

type Code = (address: bigint, maxBytes: number) => Uint8Array | null;
export type FaultingInstruction = { instruction: ExecutedInstruction | null; fault: Fault | null; cameFrom: ExecutedInstruction | null };

const NOTHING: FaultingInstruction = { instruction: null, fault: null, cameFrom: null };

/** `code` gives captured bytes, else those of a file. All null without a disassembler, a walk, or code. */
export function faultingInstruction(
  dump: Dump,
  crash: { reason: string | null; address: bigint | null },
  walk: Walk | null,
  code: Code,
  disassemble: Disassemble | undefined,
): FaultingInstruction {
  const { cpu } = dump;
  const registers = walk?.frames[0]?.frame.registers;
  const ip = cpu === null ? undefined : registers?.get(cpu.ip);
  if (disassemble === undefined || cpu === null || registers === undefined || ip === undefined || dump.exception === null) return NOTHING;
  const machine = machineOf(dump, cpu, registers);
  const thumb = cpu.name === "arm" && isThumb(ip, registers);
  const decode = (address: bigint, bytes: Uint8Array): Instruction | null =>
    disassemble({ cpu: cpu.name, bytes, address, littleEndian: dump.littleEndian, thumb });

  const at = cpu.stripAddress(ip);
  const stopped = atBreakpoint(at, crash.reason, cpu, code) ?? at;
  const bytes = code(stopped, MAX_INSTRUCTION_BYTES);
  const decoded = bytes === null ? null : decode(stopped, bytes);
  const instruction = decoded === null ? null : withRegisters(decoded, stopped, machine);
  const cameFrom = instruction === null || crash.address === at ? callBefore(walk, at, machine, cpu, code, decode) : null;
  if (instruction === null || !isMemoryFault(crash.reason)) return { instruction, fault: null, cameFrom };
  const hidden = hidesAddress({ cpu: cpu.name, os: dump.system.os, reason: crash.reason, address: crash.address });
  const isMapped = (address: bigint): boolean => {
    const region = dump.regions.at(address);
    if (region?.committed) return !region.guard && (region.read || region.write || region.execute);
    return dump.memory.rangeAt(address) !== null;
  };
  const fault = crash.address === null && !hidden ? null : findFault(instruction, hidden ? null : crash.address, machine, isMapped);
  return { instruction, fault, cameFrom };
}

/** Some writers leave the status register 0, which no processor has; then callers and callees mostly being of one kind, the return address tells. */
function isThumb(ip: bigint, registers: Registers): boolean {
  const status = registers.get("cpsr") ?? 0n;
  if ((status & MODE_BITS) !== 0n) return (status & THUMB_BIT) !== 0n;
  return ((ip | (registers.get("lr") ?? 0n)) & 1n) !== 0n;
}

function machineOf(dump: Dump, cpu: Cpu, registers: Registers): Machine {
  const teb = dump.crashingThread === null ? 0n : dump.threads[dump.crashingThread]!.teb;
  // Windows keeps the thread's block where one segment begins.
  const tebSegment = dump.system.os !== "windows" || teb === 0n ? null : cpu.name === "amd64" ? "gs" : cpu.name === "x86" ? "fs" : null;
  return {
    pointerBytes: cpu.pointerBytes,
    register: (name) => (name === "xzr" || name === "wzr" ? 0n : (registers.get(cpu.aliases.get(name) ?? name) ?? null)),
    segmentBase: (name) => (name === tebSegment ? teb : null),
    pointer: (address) => dump.memory.word(address, cpu.pointerBytes),
  };
}

function atBreakpoint(ip: bigint, reason: string | null, cpu: Cpu, code: Code): bigint | null {
  if ((cpu.name !== "amd64" && cpu.name !== "x86") || !/^(SIGTRAP|EXC_BREAKPOINT)/.test(reason ?? "")) return null;
  return code(ip - 1n, 1)?.[0] === INT3 ? ip - 1n : null;
}

/** The instruction before the return address of the innermost frame, if it is a call that leads, or may lead, to where the thread stopped. */
function callBefore(
  walk: Walk | null,
  ip: bigint,
  machine: Machine,
  cpu: Cpu,
  code: Code,
  decode: (address: bigint, bytes: Uint8Array) => Instruction | null,
): ExecutedInstruction | null {
  const caller = walk?.frames[1]?.frame;
  const returnAddress = caller?.trust === "cfi_scan" ? caller.registers.get(cpu.ip) : undefined;
  if (returnAddress === undefined) return null;
  const isX86 = cpu.name === "amd64" || cpu.name === "x86";
  // A call to no code changed nothing but the stack pointer.
  const pushed = cpu.lr === null ? BigInt(cpu.pointerBytes) : 0n;
  const before: Machine = { ...machine, register: (name) => addTo(machine.register(name), name === cpu.sp ? pushed : 0n) };
  const lengths = isX86 ? Array.from({ length: MAX_CALL_BYTES - 1 }, (_, i) => MAX_CALL_BYTES - i) : [4, 2];
  for (const length of lengths) {
    const address = returnAddress - BigInt(length);
    const bytes = code(address, length);
    const decoded = bytes === null || bytes.length < length ? null : decode(address, bytes);
    if (decoded === null || decoded.flow !== "call" || decoded.lengthBytes !== length) continue;
    const call = withRegisters(decoded, address, before);
    if (call.target === null || cpu.stripAddress(call.target) === ip) return call;
  }
  return null;
}

function addTo(value: bigint | null, more: bigint): bigint | null {
  return value === null ? null : value + more;
}
