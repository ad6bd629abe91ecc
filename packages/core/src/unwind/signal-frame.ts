/**
 * A step over the frame that Linux puts on the stack to run a signal handler: the handler returns into a trampoline whose only work is the
 * system call that ends the signal, and above it lies a copy of all registers of the interrupted code. Needed where no rules describe the
 * trampoline, and by code that has none at all.
 *
 * Recognised by its bytes where the dump or a file has them, else by its name. The interrupted code did not call anything: its address
 * is the instruction itself.
 *
 *   amd64  at sp: ucontext; 40 r8 … r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip
 *   arm64  at sp: siginfo, 128 bytes; ucontext, 176 bytes before its registers: fault address, x0 … x30, sp, pc
 *   arm    at sp: siginfo, 128 bytes; ucontext, 20 bytes before: trap, error, mask, r0 … r15   (rt_sigreturn)
 *   x86    at sp: signal number, siginfo and ucontext pointers (rt) whose registers begin 20 bytes in: gs, fs, es, ds, edi, esi, ebp, esp,
 *          ebx, edx, ecx, eax, trap, error, eip
 */
import type { Cpu, Registers } from "../cpu/cpu.ts";
import { canBeCode, get, type Step, type WalkFrame, type WalkInput } from "./frame.ts";

const NAME =
  /^(__restore_rt|__kernel_rt_sigreturn|__kernel_sigreturn|__default_rt_sa_restorer|__default_sa_restorer|__restore|restore_rt)$/;

/** The trampoline's instructions from its first byte. */
const CODE: Readonly<Partial<Record<Cpu["name"], readonly (readonly number[])[]>>> = {
  // mov rax, 15; syscall
  amd64: [[0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05]],
  // mov x8, 139; svc 0
  arm64: [[0x68, 0x11, 0x80, 0xd2, 0x01, 0, 0, 0xd4]],
  // mov r7, 173; svc 0, and the same in Thumb
  arm: [
    [0xad, 0x70, 0xa0, 0xe3, 0, 0, 0, 0xef],
    [0xad, 0x27, 0x00, 0xdf],
  ],
  // mov eax, 173; int 0x80
  x86: [[0xb8, 0xad, 0, 0, 0, 0xcd, 0x80]],
};

export function stepOverSignalFrame(frame: WalkFrame, input: WalkInput): Step {
  const { cpu, memory, images } = input;
  const ip = frame.registers.get(cpu.ip);
  const sp = get(frame, cpu.sp);
  if (ip === undefined || sp === null || frame.trust === "scan" || !isTrampoline(cpu.stripAddress(ip), input)) return null;
  const saved = savedRegisters(cpu, sp, memory);
  if (saved === null) return { end: "stack_not_captured" };
  const registers: Registers = new Map();
  for (const [name, at] of saved) {
    const value = memory.word(at, cpu.pointerBytes);
    if (value !== null) registers.set(name, value);
  }
  const resume = registers.get(cpu.ip);
  if (resume === undefined || registers.get(cpu.sp) === undefined) return { end: "stack_not_captured" };
  const address = cpu.stripAddress(resume);
  // The interrupted code may itself have jumped to no code; then at least its stack must be the one that was captured.
  if (!canBeCode(cpu, address) && !images.inModule(address) && memory.word(registers.get(cpu.sp) ?? 0n, cpu.pointerBytes) === null)
    return null;
  registers.set(cpu.ip, address);
  return { registers, trust: "cfi", interrupted: true };
}

function isTrampoline(ip: bigint, { cpu, images }: WalkInput): boolean {
  const name = images.functionName?.(ip);
  if (name && NAME.test(name)) return true;
  return (CODE[cpu.name] ?? []).some((code) => {
    const bytes = images.code?.(ip, code.length) ?? null;
    return bytes !== null && bytes.length === code.length && code.every((byte, i) => bytes[i] === byte);
  });
}

const SIGINFO_BYTES = 128n;

function savedRegisters(cpu: Cpu, sp: bigint, memory: WalkInput["memory"]): [string, bigint][] | null {
  switch (cpu.name) {
    case "amd64": {
      const names = ["r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rdi", "rsi", "rbp", "rbx", "rdx", "rax", "rcx", "rsp", "rip"];
      return names.map((name, i) => [name, sp + 40n + BigInt(i * 8)]);
    }
    case "arm64": {
      const names = [...Array.from({ length: 29 }, (_, i) => `x${i}`), "fp", "lr", "sp", "pc"];
      return names.map((name, i) => [name, sp + SIGINFO_BYTES + 184n + BigInt(i * 8)]);
    }
    case "arm": {
      const names = [...Array.from({ length: 11 }, (_, i) => `r${i}`), "fp", "r12", "sp", "lr", "pc"];
      return names.map((name, i) => [name, sp + SIGINFO_BYTES + 32n + BigInt(i * 4)]);
    }
    case "x86": {
      const context = memory.word(sp + 8n, 4);
      if (context === null) return null;
      const names = ["gs", "fs", "es", "ds", "edi", "esi", "ebp", "esp", "ebx", "edx", "ecx", "eax", "trap", "error", "eip"];
      return names
        .map((name, i): [string, bigint] => [name, context + 20n + BigInt(i * 4)])
        .filter(([name]) => cpu.registers.includes(name));
    }
    default:
      return null;
  }
}
