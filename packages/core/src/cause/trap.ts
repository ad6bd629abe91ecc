/**
 * Instructions that exist to stop a program, and what those who plant them mean by which one and by its number.
 *
 *   ud2, brk #1, udf #254         __builtin_trap, Swift's and Rust's traps
 *   brk #0x55kk, ud1 kk(%eax)     -fsanitize-trap: kk is the check that failed
 *   brk #0xc47k                   pointer authentication failed, with key k (arm64e)
 *   brk #0xf00k, udf #0xf9…0xfe   Windows: debug break, assertion, fast fail, division by zero
 *   int 0x29, int 0x2c, int3      Windows: fast fail, assertion; a breakpoint
 */
import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";
import { instructionEvidence } from "./memory-fault.ts";

const REASON =
  /^(SIGILL|SIGTRAP|EXC_BREAKPOINT|EXC_BAD_INSTRUCTION|EXCEPTION_BREAKPOINT|EXCEPTION_ILLEGAL_INSTRUCTION|STATUS_ASSERTION_FAILURE|EXCEPTION_INT_DIVIDE_BY_ZERO)/;

/** Checks of -fsanitize=undefined and of bounds and integer overflow, numbered as compilers number them for traps. */
const SANITIZER_CHECKS: readonly string[] = [
  "an addition overflowed",
  "code that was declared unreachable was reached",
  "control flow integrity: an indirect call or cast of the wrong type",
  "a division overflowed or was by zero",
  "an object of the wrong dynamic type",
  "a conversion from floating point overflowed",
  "an indirect call through a function pointer of the wrong type",
  "an implicit conversion changed the value",
  "an invalid argument to a builtin function",
  "an Objective-C cast of the wrong type",
  "a value that its type cannot have was loaded",
  "the end of a function without a return was reached",
  "a multiplication overflowed",
  "a negation overflowed",
  "null was passed for an argument that must not be null",
  "null was returned where that was excluded",
  "null was passed for an argument declared nonnull",
  "null was returned by a function declared nonnull",
  "an array index was out of bounds",
  "pointer arithmetic overflowed",
  "a shift by too much",
  "a subtraction overflowed",
  "an access through a null or misaligned pointer, or of the wrong size",
  "an assumption about alignment was wrong",
  "an array of variable length got no positive length",
];

const AUTHENTICATION_KEYS = ["IA", "IB", "DA", "DB"];

const WINDOWS_ARM64: ReadonlyMap<bigint, string> = new Map([
  [0xf000n, "Breakpoint in the program"],
  [0xf001n, "Failed assertion"],
  [0xf003n, "The program stopped itself by a fast fail"],
  [0xf004n, "Integer division by zero"],
]);
const WINDOWS_ARM: ReadonlyMap<bigint, string> = new Map([
  [0xf9n, "Integer division by zero"],
  [0xfbn, "The program stopped itself by a fast fail"],
  [0xfcn, "Failed assertion"],
  [0xfen, "Breakpoint in the program"],
]);

type Meaning = { title: string; evidence?: string; confidence: ReportCause["confidence"] };

export function recogniseTrap(input: CauseInput): ReportCause | null {
  if (input.instruction === null || input.reason === null || !REASON.test(input.reason)) return null;
  const meaning = input.cpu === "amd64" || input.cpu === "x86" ? ofX86(input) : input.cpu === "arm64" ? ofArm64(input) : ofArm(input);
  if (meaning === null) return null;
  const evidence = [input.reason, ...instructionEvidence(input), ...(meaning.evidence === undefined ? [] : [meaning.evidence])];
  return { title: meaning.title, evidence, confidence: meaning.confidence };
}

function ofX86(input: CauseInput): Meaning | null {
  const { mnemonic, memory } = input.instruction!.instruction;
  const number = immediateOf(input);
  if (mnemonic === "ud2") return planted(input);
  if (mnemonic === "ud1" && memory[0] !== undefined) return sanitizer(memory[0].displacement & 0xffn);
  if (mnemonic === "int3" || (mnemonic === "int" && number === 3n)) {
    return { title: "Breakpoint in the program: a debug break or a failed check", confidence: "likely" };
  }
  if (mnemonic !== "int") return null;
  if (number === 0x29n) return { title: "The program stopped itself by a fast fail", confidence: "certain" };
  return number === 0x2cn ? { title: "Failed assertion", confidence: "certain" } : null;
}

function ofArm64(input: CauseInput): Meaning | null {
  const { mnemonic } = input.instruction!.instruction;
  const number = immediateOf(input);
  if (mnemonic !== "brk" || number === null) return mnemonic === "udf" ? planted(input) : null;
  if (number >> 8n === 0x55n) return sanitizer(number & 0xffn);
  if (number >= 0xc470n && number <= 0xc473n) {
    const key = AUTHENTICATION_KEYS[Number(number & 3n)] ?? "";
    return {
      title: "Pointer authentication failed: a signed pointer was overwritten or used as another kind",
      evidence: `key ${key}`,
      confidence: "certain",
    };
  }
  const windows = input.os === "windows" ? WINDOWS_ARM64.get(number) : undefined;
  if (windows !== undefined) return { title: windows, confidence: "certain" };
  // 1: clang and Swift. 1000: GCC. 0: Chromium. 0xf000: clang's debug trap.
  if (number === 0xf000n) return { title: "Breakpoint in the program: a debug break or a failed check", confidence: "likely" };
  return number === 1n || number === 1000n || number === 0n ? planted(input) : null;
}

function ofArm(input: CauseInput): Meaning | null {
  if (input.cpu !== "arm") return null;
  const { mnemonic } = input.instruction!.instruction;
  if (mnemonic === "bkpt") return { title: "Breakpoint in the program: a debug break or a failed check", confidence: "likely" };
  if (mnemonic !== "udf") return null;
  const windows = input.os === "windows" ? WINDOWS_ARM.get(immediateOf(input) ?? -1n) : undefined;
  return windows === undefined ? planted(input) : { title: windows, confidence: "certain" };
}

/** Whose trap it is shows by the functions around it; the instruction itself is the same for all. */
function planted(input: CauseInput): Meaning {
  const swift = input.functions.find((name) => /^(\$s|_\$s|Swift\.|closure #\d+ )|\bSwift\b/.test(name));
  if (swift !== undefined) {
    return {
      title: "Swift trap: an overflow, an index out of range, a nil that was unwrapped, or fatalError",
      evidence: `${swift} is on the stack`,
      confidence: "likely",
    };
  }
  return { title: "The program stopped itself by a trap: a failed check, or code that must not be reached", confidence: "likely" };
}

function sanitizer(check: bigint): Meaning {
  const known = SANITIZER_CHECKS[Number(check)];
  return known === undefined
    ? { title: "A check that the compiler planted failed", evidence: `check ${check}`, confidence: "likely" }
    : { title: `A check that the compiler planted failed: ${known}`, confidence: "certain" };
}

function immediateOf({ instruction }: CauseInput): bigint | null {
  const found = instruction?.instruction.operands.find((operand) => operand.kind === "immediate");
  return found?.kind === "immediate" ? found.value : null;
}
