/**
 * A step by STACK WIN records, the unwind data of 32-bit Windows code: FrameData, a program of assignments in postfix
 * ("$T0 .raSearch = $eip $T0 ^ = $esp $T0 4 + ="), or FPO, sizes only.
 *
 * `.raSearch` is where the return address should lie: above the callee's parameters, the locals and the saved registers. Since functions may
 * align their stack, it is searched for a few words upwards from there. With "@" in the program the function does align, and the frame pointer
 * tells the place.
 */
import type { Registers } from "../cpu/cpu.ts";
import { canBeCode, get, preserved, type Step, type WalkFrame, type WalkInput } from "./frame.ts";
import { evaluatePostfix } from "./postfix.ts";
import type { WindowsFrame } from "./rules.ts";

const WORD_BYTES = 4n;
const SEARCH_WORDS = 3;
const MAX_ASSIGNMENTS = 32;
const RESULTS = ["ebp", "ebx", "esi", "edi"] as const;

export function stepByStackWin(frame: WalkFrame, input: WalkInput): Step {
  if (input.cpu.name !== "x86") return null;
  const record = input.images.windowsFrame(frame.lookupAddress);
  const esp = get(frame, "esp");
  if (record === null || esp === null) return null;
  const registers = record.program === null ? byFpo(record, esp, frame, input) : byProgram(record, record.program, esp, frame, input);
  const eip = registers?.get("eip");
  if (!registers || eip === undefined || !canBeCode(input.cpu, eip) || !input.images.inModule(eip - 1n)) return null;
  return { registers, trust: "cfi" };
}

function frameBytes(record: WindowsFrame, frame: WalkFrame): bigint {
  return BigInt(record.localSize + record.savedRegisterSize + frame.calleeParameterBytes);
}

function byFpo(record: WindowsFrame, esp: bigint, frame: WalkFrame, { cpu, memory }: WalkInput): Registers | null {
  const at = esp + frameBytes(record, frame);
  const eip = memory.word(at, 4);
  if (eip === null) return null;
  const registers = preserved(cpu, frame.registers);
  if (record.allocatesBasePointer) {
    const saved = memory.word(esp + BigInt(frame.calleeParameterBytes + record.savedRegisterSize) - 8n, 4);
    if (saved === null) registers.delete("ebp");
    else registers.set("ebp", saved);
  }
  registers.set("eip", eip);
  registers.set("esp", at + WORD_BYTES);
  return registers;
}

function byProgram(record: WindowsFrame, program: string, esp: bigint, frame: WalkFrame, input: WalkInput): Registers | null {
  const ebp = get(frame, "ebp");
  const aligned = program.includes("@") && ebp !== null;
  const expected = aligned ? ebp + WORD_BYTES : esp + frameBytes(record, frame);
  const search = searchReturnAddress(expected, input);
  const variables = new Map<string, bigint>([
    [".raSearch", search],
    [".raSearchStart", search],
    [".cbParams", BigInt(record.parameterSize)],
    [".cbCalleeParams", BigInt(frame.calleeParameterBytes)],
    [".cbSavedRegs", BigInt(record.savedRegisterSize)],
    [".cbLocals", BigInt(record.localSize)],
  ]);
  for (const [name, value] of frame.registers) variables.set(name, value);
  if (!assign(program, variables, input)) return null;
  const eip = variables.get("eip");
  const top = variables.get("esp");
  if (eip === undefined || top === undefined) return null;
  const registers: Registers = new Map([
    ["eip", eip],
    ["esp", top],
  ]);
  for (const name of RESULTS) {
    const value = variables.get(name);
    if (value !== undefined) registers.set(name, value);
  }
  return registers;
}

/** Runs "name expression =" after "name expression ="; false when a part cannot be computed. */
function assign(program: string, variables: Map<string, bigint>, { memory }: WalkInput): boolean {
  const statements = program.split("=").map((part) => part.trim());
  if (statements.at(-1) === "") statements.pop();
  if (statements.length > MAX_ASSIGNMENTS) return false;
  for (const statement of statements) {
    const space = statement.indexOf(" ");
    if (space < 0) return false;
    const target = statement.slice(0, space).replace(/^\$/, "");
    const value = evaluatePostfix(statement.slice(space + 1), {
      wordBits: 32,
      cfa: null,
      register: (name) => variables.get(name) ?? null,
      word: (address) => memory.word(address, 4),
    });
    if (value === null) return false;
    variables.set(target, value);
  }
  return true;
}

function searchReturnAddress(expected: bigint, { memory, images }: WalkInput): bigint {
  for (let i = 0n; i <= SEARCH_WORDS; i++) {
    const at = expected + i * WORD_BYTES;
    const value = memory.word(at, 4);
    if (value !== null && images.inFunction(value - 1n)) return at;
  }
  return expected;
}
