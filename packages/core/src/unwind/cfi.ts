/** A step by call frame information: the rules in force at the frame's address, whatever file they came from. */
import type { Cpu, Registers } from "../cpu/cpu.ts";
import { canBeCode, get, preserved, type Step, type WalkFrame, type WalkInput } from "./frame.ts";
import { evaluatePostfix } from "./postfix.ts";
import type { RegisterRule } from "./rules.ts";

export function stepByCfi(frame: WalkFrame, { cpu, memory, images }: WalkInput): Step {
  const row = images.rules(frame.lookupAddress);
  if (row === null) return null;
  const cfa = evaluate(row.cfa, null, null, frame, cpu, memory);
  if (cfa === null) return null;
  const ra = row.returnAddress;
  if (ra.kind === "undefined") return { end: "end_of_stack" };
  const raw = evaluate(ra, cpu.lr ?? cpu.ip, cfa, frame, cpu, memory);
  // A register that is not known: the rules are those of a leaf function, which has not called anybody, so they are the wrong ones here.
  if (raw === null && (ra.kind === "same" || ra.kind === "register")) return null;
  if (raw === null) {
    // The rules are there, but not the memory they point to. For a frame that is certain, all that was captured is its own, so a search there
    // would find only leftovers.
    return frame.trust === "scan" || frame.trust === "frame_pointer" ? { failed: "stack_not_captured" } : { end: "stack_not_captured" };
  }
  const returnAddress = cpu.stripAddress(raw);
  if (returnAddress === 0n) return { end: "end_of_stack" };
  if (!canBeCode(cpu, returnAddress)) return null;
  const isModule = images.inModule(returnAddress - BigInt(cpu.callBackStep));
  // Rules applied to a frame that was only guessed may be the wrong ones; then their result must at least be code.
  if (frame.trust === "scan" && !isModule) return null;
  // Compilers' rules for a program's very first function often give a word of the initial stack (argc, argv) as return address.
  const sp = get(frame, cpu.sp);
  if (!isModule && sp !== null && memory.inSameRange(sp, returnAddress)) return { end: "end_of_stack" };

  const registers: Registers = preserved(cpu, frame.registers);
  for (const [given, rule] of row.registers) {
    const name = cpu.aliases.get(given) ?? given;
    const value = evaluate(rule, name, cfa, frame, cpu, memory);
    if (value === null) registers.delete(name);
    else registers.set(name, value);
  }
  registers.set(cpu.ip, returnAddress);
  registers.set(cpu.sp, cfa);
  return row.interrupted ? { registers, trust: "cfi", interrupted: true } : { registers, trust: "cfi" };
}

/** The value a rule gives; `self` is the register the rule is about. Null when it cannot be known. */
function evaluate(
  rule: RegisterRule,
  self: string | null,
  cfa: bigint | null,
  frame: WalkFrame,
  cpu: Cpu,
  memory: WalkInput["memory"],
): bigint | null {
  const bits = cpu.pointerBytes === 8 ? 64 : 32;
  const register = (given: string): bigint | null => frame.registers.get(cpu.aliases.get(given) ?? given) ?? null;
  switch (rule.kind) {
    case "undefined":
      return null;
    case "same":
      return self === null ? null : register(self);
    case "cfaOffset":
      return cfa === null ? null : memory.word(BigInt.asUintN(bits, cfa + BigInt(rule.offset)), cpu.pointerBytes);
    case "valCfaOffset":
      return cfa === null ? null : BigInt.asUintN(bits, cfa + BigInt(rule.offset));
    case "register": {
      const value = register(rule.register);
      return value === null ? null : BigInt.asUintN(bits, value + BigInt(rule.offset));
    }
    case "expression":
      return evaluatePostfix(rule.program, {
        wordBits: bits,
        cfa,
        register,
        word: (address) => memory.word(address, cpu.pointerBytes),
      });
  }
}
