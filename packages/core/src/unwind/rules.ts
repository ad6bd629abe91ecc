/**
 * Unwind rules in the one form the stack walker understands.
 *
 * Every source of call frame information (STACK CFI records of a .sym file, .eh_frame, .debug_frame, compact unwind, PE unwind data) is
 * normalised to an UnwindRow: how to compute the canonical frame address (CFA), the return address
 * and the caller's registers, before one instruction. The walker never sees a file format, the readers never see a stack.
 *
 * Example, x86-64 after `push rbp`:
 *   cfa            { kind: "register", register: "rsp", offset: 16 }
 *   returnAddress  { kind: "cfaOffset", offset: -8 }
 *   registers      "rbp" → { kind: "cfaOffset", offset: -16 }
 */

/** How one value of the caller's frame is recovered. Register names as the CPU names them, without "$": "rsp", "x29". */
export type RegisterRule =
  /** The value cannot be recovered. As the rule of the return address: this is the outermost frame. */
  | { kind: "undefined" }
  /** The value is the same as in the callee. */
  | { kind: "same" }
  /** The value was saved in memory at CFA + offset. */
  | { kind: "cfaOffset"; offset: number }
  /** The value itself is CFA + offset. */
  | { kind: "valCfaOffset"; offset: number }
  /** The value is the callee's register + offset. */
  | { kind: "register"; register: string; offset: number }
  /**
   * A postfix program in Breakpad's words that gives the value: numbers, registers ("$rsp" on x86 and amd64, "x29" elsewhere),
   * ".cfa", "+ - * / % @" and "^", which replaces an address by the word stored there; and the words of postfix.ts for what only DWARF says.
   * Kept as text; the walker evaluates it.
   */
  | { kind: "expression"; program: string };

/** The rules in force at one instruction. A register without an entry follows the CPU's calling convention. */
export type UnwindRow = {
  cfa: RegisterRule;
  returnAddress: RegisterRule;
  registers: ReadonlyMap<string, RegisterRule>;
  /** The frame was entered by an interruption (signal, trap), not by a call: its "return address" is the instruction to look up itself. */
  interrupted?: true;
};

/** Unwind rules of one image. */
export interface UnwindLookup {
  /** The rules hold where functions call others, not in prologues and epilogues: another file's rules are better. */
  readonly onlyAtCalls?: boolean;
  /**
   * The rules at an image-relative address, or null when the image has none there. Of the innermost frame the address is the instruction
   * to be executed next, of its callers a byte inside the call. Throws FormatError for a damaged file.
   */
  find(relativeAddress: number): UnwindRow | null;
}

/** A stretch of code with one row; a null row says that it is known to have no rules. Image-relative start, length in bytes. */
export type UnwindRange = { start: number; length: number; row: UnwindRow | null };

/** Unwind rules read from a binary: asked by address while walking, or all of them in address order for a lookup file. */
export interface UnwindSource extends UnwindLookup {
  /** Disjoint, in ascending order; at every instruction in a range, and at every byte of a call, the row is what `find` gives. Throws FormatError for a damaged file. */
  ranges(): Iterable<UnwindRange>;
}

/**
 * One STACK WIN record of x86 Windows code: FrameData (a program in Breakpad's words) or FPO (sizes only). Unlike an UnwindRow it covers the
 * whole extent of the code it describes and is interpreted together with the callee's parameter size.
 */
export type WindowsFrame = {
  kind: "frameData" | "fpo";
  /** Image-relative start of the described code; sizes in bytes. */
  address: number;
  codeSize: number;
  prologueSize: number;
  epilogueSize: number;
  parameterSize: number;
  savedRegisterSize: number;
  localSize: number;
  maxStackSize: number;
  /** FrameData only. */
  program: string | null;
  /** FPO only: ebp is used as a general register. */
  allocatesBasePointer: boolean;
};

/** STACK WIN records of one image. */
export interface WindowsFrameLookup {
  /** The record that covers an image-relative address, FrameData before FPO; null when none does. */
  find(relativeAddress: number): WindowsFrame | null;
}

/** STACK WIN records read from a PDB: asked by address while walking, or all of them for a lookup file. */
export interface WindowsFrameSource extends WindowsFrameLookup {
  /** As the file has them: not sorted, overlapping. Of one kind the record in force is the one that starts last, of equal starts the first. */
  records(): Iterable<WindowsFrame>;
}
