/**
 * The unwind data of ARM64 Windows code, packed in the function table or in a record of its own (.xdata), as lists of operations.
 *
 *   packed   flag (2 bits: 1 function, 2 part of one without prologue), words of code (11), saved vector registers (3), saved registers (4),
 *            parameters homed (1), frame chain (2), frame bytes / 16 (9)
 *   record   words of code (18), version (2), handler (1), E: one epilogue at the end (1), epilogue count, with E its first code (5),
 *            words of codes (5); both 0: next word has count (16) and words (8)
 *            per epilogue: first word of it (18), reserved (4), index of its first code (10)
 *            codes, bytes; what the prologue did, newest first, which is also what an epilogue does
 *
 *   000xxxxx  allocate 16x                    1101100x xxzzzzzz  save vector pair
 *   001zzzzz  save x19, x20, allocate 8z      1101101x xxzzzzzz  the same, allocate 8(z+1)
 *   01zzzzzz  save fp, lr at 8z               1101110x xxzzzzzz  save vector register
 *   10zzzzzz  save fp, lr, allocate 8(z+1)    11011110 xxxzzzzz  the same, allocate 8(z+1)
 *   11000xxx xxxxxxxx  allocate 16x           11100000 24 bits   allocate 16x
 *   110010xx xxzzzzzz  save pair at 8z        11100001           fp = sp
 *   110011xx xxzzzzzz  save pair, allocate    11100010 xxxxxxxx  fp = sp + 8x
 *   110100xx xxzzzzzz  save register at 8z    11100011           any other instruction
 *   1101010x xxxzzzzz  save it, allocate      11100100           end
 *   1101011x xxzzzzzz  save pair with lr      11100101           end of this part's own prologue; the whole function's goes on
 *   11100111 0pxrrrrr ffoooooo  save any      11100110           the pair before the next one in the list
 *   11101000, 11101001, 11101010, 11101100    trap frame, machine frame, context record, address in lr without a call
 *   11111100                                  return address signed
 *
 * Specification: "ARM64 exception handling" in Microsoft's documentation. The canonical prologue of packed data follows the system's own
 * unwinder, where the two differ: it stores homed parameters in the area of saved registers only if there is one.
 */
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { PeImage } from "./image.ts";

/** What one code says. All but the last group stand for one instruction. */
export type OperationArm64 =
  | { kind: "allocate"; bytes: number }
  /** Registers with adjacent numbers, lowest first, at the stack pointer plus an offset; then `bytes` more are allocated. */
  | { kind: "save"; first: number; count: number; pair: boolean; offset: number; bytes: number }
  /** The pair with lr, which has no adjacent number. */
  | { kind: "saveWithLink"; first: number; offset: number }
  | { kind: "saveNext" }
  | { kind: "setFrame"; offset: number }
  | { kind: "nothing" }
  | { kind: "end" | "endOfPart" | "trapFrame" | "machineFrame" | "context" | "addressInLink" }
  /** A code this version knows no meaning of, or one about scalable vectors, whose size is not known. */
  | { kind: "unknown" };

/** An epilogue: its first word in the function, how many it has with the return or jump at its end, and its operations. */
export type EpilogueArm64 = { start: number; words: number; operations: readonly OperationArm64[] };

export type UnwindInfoArm64 = {
  /** Length of the code, in words. */
  words: number;
  prologue: readonly OperationArm64[];
  /** In ascending order. */
  epilogues: readonly EpilogueArm64[];
};

const what = "pe: arm64 unwind data";
const fp = 29;
const lr = 30;

/** How many instructions operations stand for, up to the end of the prologue or epilogue. */
export function instructionCount(operations: readonly OperationArm64[]): number {
  let count = 0;
  for (const operation of operations) {
    if (operation.kind === "end" || operation.kind === "endOfPart") break;
    if (!isSpecial(operation)) count++;
  }
  return count;
}

/** Frames of the system's own making: no instruction stands behind these codes. */
function isSpecial({ kind }: OperationArm64): boolean {
  return kind === "trapFrame" || kind === "machineFrame" || kind === "context" || kind === "addressInLink";
}

/** Reads a record at an image-relative address. Throws FormatError for unknown versions and records outside the file. */
export function readRecordArm64(image: PeImage, address: number): UnwindInfoArm64 {
  const header = word(image, address);
  if (((header >>> 18) & 3) !== 0) throw new FormatError(what, null, `version ${(header >>> 18) & 3} at address 0x${address.toString(16)}`);
  const words = header & 0x3ffff;
  const oneAtEnd = (header & (1 << 21)) !== 0;
  let epilogueCount = (header >>> 22) & 31;
  let codeWords = header >>> 27;
  let at = address + 4;
  if (epilogueCount === 0 && codeWords === 0) {
    const extended = word(image, at);
    epilogueCount = extended & 0xffff;
    codeWords = (extended >>> 16) & 0xff;
    at += 4;
  }
  const scopes = new Cursor(oneAtEnd ? new Uint8Array(0) : image.read(at, 4 * epilogueCount, what), what);
  const codes = image.read(at + scopes.left, 4 * codeWords, what);
  const prologue = readCodes(codes, 0);
  const epilogues: EpilogueArm64[] = [];
  if (oneAtEnd) {
    const operations = readCodes(codes, epilogueCount);
    epilogues.push(epilogueAtEnd(words, operations));
  }
  // Epilogues share their codes: each list is read once.
  const lists = new Map<number, { words: number; operations: OperationArm64[] }>();
  while (scopes.left >= 4) {
    const scope = scopes.u32();
    const index = scope >>> 22;
    let list = lists.get(index);
    if (list === undefined) {
      const operations = readCodes(codes, index);
      list = { words: instructionCount(operations) + 1, operations };
      lists.set(index, list);
    }
    epilogues.push({ start: scope & 0x3ffff, ...list });
  }
  return { words, prologue, epilogues };
}

function epilogueAtEnd(functionWords: number, operations: readonly OperationArm64[]): EpilogueArm64 {
  const words = instructionCount(operations) + 1;
  return { start: functionWords - words, words, operations };
}

function word(image: PeImage, address: number): number {
  return new Cursor(image.read(address, 4, what), what).u32();
}

/** The operations from an index of the codes on, up to the end. */
function readCodes(codes: Uint8Array, from: number): OperationArm64[] {
  const operations: OperationArm64[] = [];
  const c = new Cursor(codes, what);
  c.seek(Math.min(from, codes.length));
  while (c.left > 0) {
    const operation = readCode(c);
    operations.push(operation);
    if (operation.kind === "end") break;
  }
  return operations;
}

function readCode(c: Cursor): OperationArm64 {
  const code = c.u8();
  if (code < 0x20) return { kind: "allocate", bytes: 16 * code };
  if (code < 0x40) return save(19, 2, 0, 8 * (code & 31));
  if (code < 0x80) return save(fp, 2, 8 * (code & 63), 0);
  if (code < 0xc0) return save(fp, 2, 0, 8 * ((code & 63) + 1));
  if (code >= 0xe0) return readLongCode(c, code);
  const operand = ((code & 7) << 8) | c.u8();
  const register = (operand >> 6) & 15;
  const slot = operand & 63;
  if (code < 0xc8) return { kind: "allocate", bytes: 16 * operand };
  if (code < 0xcc) return save(19 + register, 2, 8 * slot, 0);
  if (code < 0xd0) return save(19 + register, 2, 0, 8 * (slot + 1));
  if (code < 0xd4) return save(19 + register, 1, 8 * slot, 0);
  if (code < 0xd6) return save(19 + ((operand >> 5) & 15), 1, 0, 8 * ((operand & 31) + 1));
  if (code < 0xd8) return { kind: "saveWithLink", first: 19 + 2 * (register & 7), offset: 8 * slot };
  // Vector registers matter only for what is allocated with them.
  if (code < 0xda) return { kind: "nothing" };
  if (code < 0xdc) return { kind: "allocate", bytes: 8 * (slot + 1) };
  if (code < 0xde) return { kind: "nothing" };
  if (code === 0xde) return { kind: "allocate", bytes: 8 * ((operand & 31) + 1) };
  return { kind: "unknown" };
}

function readLongCode(c: Cursor, code: number): OperationArm64 {
  switch (code) {
    case 0xe0:
      return { kind: "allocate", bytes: 16 * ((c.u8() << 16) | (c.u8() << 8) | c.u8()) };
    case 0xe1:
      return { kind: "setFrame", offset: 0 };
    case 0xe2:
      return { kind: "setFrame", offset: 8 * c.u8() };
    case 0xe3:
      return { kind: "nothing" };
    case 0xe4:
      return { kind: "end" };
    case 0xe5:
      return { kind: "endOfPart" };
    case 0xe6:
      return { kind: "saveNext" };
    case 0xe7:
      return readSaveAny(c.u8(), c.u8());
    case 0xe8:
      return { kind: "trapFrame" };
    case 0xe9:
      return { kind: "machineFrame" };
    case 0xea:
      return { kind: "context" };
    case 0xec:
      return { kind: "addressInLink" };
  }
  // Kept free for instructions that need no unwinding, with 1 to 4 more bytes.
  if (code >= 0xf8 && code <= 0xfb) c.skip(code - 0xf7);
  return code >= 0xf8 ? { kind: "nothing" } : { kind: "unknown" };
}

/** 0pxrrrrr ffoooooo: pair, allocating, register; kind of register (0 general, 1 and 2 vector, 3 scalable), offset. */
function readSaveAny(high: number, low: number): OperationArm64 {
  const isPair = (high & 0x40) !== 0;
  const allocates = (high & 0x20) !== 0;
  const kind = low >> 6;
  if ((high & 0x80) !== 0 || kind === 3) return { kind: "unknown" };
  const offset = ((low & 63) + (allocates ? 1 : 0)) * (isPair || allocates || kind === 2 ? 16 : 8);
  if (kind !== 0) return allocates ? { kind: "allocate", bytes: offset } : { kind: "nothing" };
  return save(high & 31, isPair ? 2 : 1, allocates ? 0 : offset, allocates ? offset : 0);
}

function save(first: number, count: number, offset: number, bytes: number): OperationArm64 {
  return { kind: "save", first, count, pair: count === 2, offset, bytes };
}

/** The canonical prologue and epilogue that packed data stand for. */
export function unpackArm64(packed: number): UnwindInfoArm64 {
  const words = (packed >>> 2) & 0x7ff;
  const vectorField = (packed >>> 13) & 7;
  const registers = (packed >>> 16) & 15;
  const homes = (packed >>> 20) & 1;
  const chain = (packed >>> 21) & 3;
  const savesLink = chain === 1;
  const isChained = chain >= 2;
  const vectors = vectorField === 0 ? 0 : vectorField + 1;

  // Slots of 8 bytes.
  const saved = registers + (savesLink ? 1 : 0) + vectors;
  const saveArea = (saved === 0 ? 0 : saved + homes * 8 + 1) & ~1;
  const locals = (packed >>> 23) * 2 - saveArea;
  if (registers > 10 || locals < 0) throw new FormatError(what, null, `packed data 0x${packed.toString(16)}`);

  // Oldest first.
  const done: OperationArm64[] = [];
  if (chain === 2) done.push({ kind: "nothing" });
  let slot = 0;
  /** The first store allocates the whole area. */
  const store = (first: number, count: number) => {
    done.push(
      slot === 0 && !done.some((o) => o.kind === "allocate") ? save(first, count, 0, 8 * saveArea) : save(first, count, 8 * slot, 0),
    );
    slot += count;
  };
  // No instruction stores x19 with lr and allocates.
  if (registers === 1 && savesLink) done.push({ kind: "allocate", bytes: 8 * saveArea });
  for (let i = 0; i + 1 < registers; i += 2) store(19 + i, 2);
  if (registers % 2 === 1 && savesLink) done.push({ kind: "saveWithLink", first: 18 + registers, offset: 8 * slot });
  else if (registers % 2 === 1) store(18 + registers, 1);
  else if (savesLink) store(lr, 1);
  for (let i = 0; i < vectors; i += 2)
    done.push(i === 0 && registers === 0 && !savesLink ? { kind: "allocate", bytes: 8 * saveArea } : { kind: "nothing" });
  const beforeHomes = done.length;
  if (homes === 1 && saved > 0) for (let i = 0; i < 4; i++) done.push({ kind: "nothing" });
  const afterHomes = done.length;
  let setsFrame = false;
  if (locals > 0 && isChained) {
    if (locals <= 64) done.push(save(fp, 2, 0, 8 * locals));
    else done.push({ kind: "allocate", bytes: 8 * locals }, save(fp, 2, 0, 0));
    done.push({ kind: "setFrame", offset: 0 });
    setsFrame = true;
  } else if (locals > 0) {
    done.push({ kind: "allocate", bytes: 8 * locals });
  }

  const isPart = (packed & 3) === 2;
  const prologue: OperationArm64[] = [...done.toReversed(), { kind: "end" }];
  if (isPart) return { words, prologue: [{ kind: "endOfPart" }, ...prologue], epilogues: [] };
  const undone = [...done.slice(0, beforeHomes), ...done.slice(afterHomes, setsFrame ? -1 : undefined)];
  const operations: OperationArm64[] = [...undone.toReversed(), { kind: "end" }];
  return { words, prologue, epilogues: [epilogueAtEnd(words, operations)] };
}
