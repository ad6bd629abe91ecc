/**
 * Exception tables of 32-bit ARM (.ARM.exidx, .ARM.extab) as unwind rules. Specification: Exception Handling ABI for the Arm Architecture
 * (EHABI32), sections 6, 7 and 10.
 *
 *   .ARM.exidx   sorted entries of two words: function start (31 bits, relative to the word), then one of
 *                1 = cannot be unwound · bit 31 set: up to three unwind instructions · else the place in .ARM.extab
 *   .ARM.extab   a word with bit 31 set and the number of one of three standard routines, or the address of a personality routine; then
 *                unwind instructions, first of a word in its highest byte
 *
 * The instructions undo the prologue on a virtual stack pointer. Here they are executed on what is known without a stack: where that pointer
 * is in terms of a register, and so where each register was saved. An entry holds for the whole function behind its prologue; inside
 * prologues and epilogues, and for functions that "cannot be unwound", the code itself is asked (code-rules.ts).
 */
import { partitionPoint } from "../bytes/bisect.ts";
import { BlockReader } from "../bytes/block-reader.ts";
import type { ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { RegisterRule, UnwindRange, UnwindRow, UnwindSource } from "../unwind/rules.ts";

const blockBytes = 4096;
const maxBlocks = 64;
const entryBytes = 8;
const cannotUnwind = 1;
/** Entries name their length in a byte: at most 255 words behind the first. */
const maxInstructionBytes = 4 * 256;
const maxProgramLength = 1000;

const spNumber = 13;
const lrNumber = 14;
const pcNumber = 15;

const names = ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "sp", "lr", "pc"];

export type EhabiInput = {
  /** .ARM.exidx, and its image-relative address. */
  index: ByteSource;
  address: number;
  fileOffset: number;
  littleEndian: boolean;
  /** Image-relative end of the code, where the last entry's function ends. */
  codeEnd: number;
  /** The bytes at an image-relative address (for .ARM.extab), as many as are there; null when none are. */
  bytesAt(address: number): ByteSource | null;
};

export interface EhabiUnwind extends UnwindSource {
  /** The code one entry speaks for: a function, or several that follow each other and have the same entry. Null outside of all. */
  stretchAt(relativeAddress: number): { start: number; end: number; hasRules: boolean } | null;
}

/** Opens the tables; reads nothing yet. */
export function openEhabi(input: EhabiInput): EhabiUnwind {
  return new Ehabi(input);
}

class Ehabi implements EhabiUnwind {
  readonly onlyAtCalls = true;
  readonly #input: EhabiInput;
  readonly #reader: BlockReader;
  readonly #count: number;

  constructor(input: EhabiInput) {
    this.#input = input;
    this.#reader = new BlockReader(input.index, blockBytes, maxBlocks);
    this.#count = Math.floor(input.index.size / entryBytes);
  }

  find(relativeAddress: number): UnwindRow | null {
    const entry = this.#entryAt(relativeAddress);
    return entry === null ? null : this.#row(entry);
  }

  stretchAt(relativeAddress: number): { start: number; end: number; hasRules: boolean } | null {
    const entry = this.#entryAt(relativeAddress);
    if (entry === null) return null;
    return { start: this.#start(entry), end: this.#end(entry), hasRules: this.#word(entry, 1).value !== cannotUnwind };
  }

  #entryAt(relativeAddress: number): number | null {
    const below = partitionPoint(this.#count, (entry) => this.#start(entry) <= relativeAddress);
    return below === 0 || relativeAddress >= this.#end(below - 1) ? null : below - 1;
  }

  *ranges(): Iterable<UnwindRange> {
    let last = 0;
    for (let i = 0; i < this.#count; i++) {
      const start = Math.max(last, this.#start(i));
      const end = this.#end(i);
      if (end <= start) continue;
      yield { start, length: end - start, row: this.#row(i) };
      last = end;
    }
  }

  #word(entry: number, which: 0 | 1): { value: number; address: number } {
    const offset = entry * entryBytes + which * 4;
    const { fileOffset, littleEndian, address } = this.#input;
    const cursor = new Cursor(this.#reader.upTo(offset, 4), "elf: .ARM.exidx entry", fileOffset + offset, littleEndian);
    return { value: cursor.u32(), address: address + offset };
  }

  #start(entry: number): number {
    const { value, address } = this.#word(entry, 0);
    // Bit 0 says Thumb.
    return Math.max(0, (address + signed31(value)) & ~1) >>> 0;
  }

  #end(entry: number): number {
    return entry + 1 < this.#count ? this.#start(entry + 1) : this.#input.codeEnd;
  }

  #row(entry: number): UnwindRow | null {
    const { value, address } = this.#word(entry, 1);
    if (value === cannotUnwind) return null;
    if (value >>> 31 === 1) return runInstructions(compact(value, null));
    const at = address + signed31(value);
    const bytes = this.#input.bytesAt(at);
    if (bytes === null)
      throw new FormatError(
        "elf: .ARM.exidx entry",
        this.#input.fileOffset + entry * entryBytes,
        "its .ARM.extab entry is not in the file",
      );
    const table = bytes.read(0, Math.min(bytes.size, maxInstructionBytes + 8));
    return runInstructions(fromTable(new Cursor(table, "elf: .ARM.extab entry", at, this.#input.littleEndian)));
  }
}

function signed31(value: number): number {
  return (value << 1) >> 1;
}

/** Instructions of an .ARM.extab entry. */
function fromTable(cursor: Cursor): number[] {
  const first = cursor.u32();
  if (first >>> 31 === 1) return compact(first, cursor);
  // A personality routine of a language: the instructions have their own length.
  const head = cursor.u32();
  return [...lowBytes(head, 3), ...words(cursor, head >>> 24)];
}

/** Instructions of an entry in the compact form, whose first word names one of the standard routines. */
function compact(first: number, rest: Cursor | null): number[] {
  const routine = (first >>> 24) & 0x0f;
  if (routine === 0) return lowBytes(first, 3);
  if (rest === null || routine > 2) throw new FormatError("elf: ARM unwind entry", null, `standard routine ${routine}`);
  return [...lowBytes(first, 2), ...words(rest, (first >>> 16) & 0xff)];
}

function words(cursor: Cursor, count: number): number[] {
  return Array.from({ length: count }, () => lowBytes(cursor.u32(), 4)).flat();
}

function lowBytes(word: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => (word >>> (8 * (count - 1 - i))) & 0xff);
}

/** Executes unwind instructions; null when they refuse to unwind. Throws FormatError for spare encodings. */
export function runInstructions(bytes: readonly number[]): UnwindRow | null {
  const state = new VirtualStack();
  let at = 0;
  const next = () => bytes[at++] ?? fail("instruction without its operand");
  while (at < bytes.length) {
    const byte = next();
    if (byte === 0xb0) break;
    if (byte < 0x40) state.move(((byte & 0x3f) << 2) + 4);
    else if (byte < 0x80) state.move(-((byte & 0x3f) << 2) - 4);
    else if (byte < 0x90) {
      const mask = ((byte & 0x0f) << 8) | next();
      if (mask === 0) return null;
      state.pop(mask << 4);
    } else if (byte < 0xa0) state.setTo(byte & 0x0f);
    else if (byte < 0xb0) state.pop((((1 << ((byte & 7) + 1)) - 1) << 4) | ((byte & 8) !== 0 ? 1 << lrNumber : 0));
    else executeRare(byte, next, state);
  }
  return state.row();
}

function executeRare(byte: number, next: () => number, state: VirtualStack): void {
  const count = () => (next() & 0x0f) + 1;
  if (byte === 0xb1) {
    const mask = next();
    if (mask === 0 || mask > 0x0f) fail(`instruction b1 ${mask.toString(16)}`);
    state.pop(mask);
  } else if (byte === 0xb2) state.move(0x204 + (largeOffset(next) << 2));
  else if (byte === 0xb3) state.move(8 * count() + 4);
  else if (byte === 0xb4) state.move(4);
  else if (byte === 0xb5) return;
  else if (byte >= 0xb8 && byte < 0xc0) state.move(8 * ((byte & 7) + 1) + 4);
  else if (byte < 0xc6 && byte >= 0xc0) state.move(8 * ((byte & 7) + 1));
  else if (byte === 0xc6 || byte === 0xc8 || byte === 0xc9) state.move(8 * count());
  else if (byte === 0xc7) {
    const mask = next();
    if (mask === 0 || mask > 0x0f) fail(`instruction c7 ${mask.toString(16)}`);
    for (let bit = mask; bit !== 0; bit &= bit - 1) state.move(4);
  } else if (byte >= 0xd0 && byte < 0xd8) state.move(8 * ((byte & 7) + 1));
  else fail(`instruction ${byte.toString(16)}`);
}

function largeOffset(next: () => number): number {
  let value = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = next();
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  return fail("stack offset above 2^28");
}

function fail(reason: string): never {
  throw new FormatError("elf: ARM unwind entry", null, reason);
}

/** A place: a program that gives an address from the registers of the frame, and an offset. */
type Place = { base: string; offset: number };

/** The virtual stack pointer and the places of the registers taken from the stack. */
class VirtualStack {
  #pointer: Place = { base: "sp", offset: 0 };
  readonly #saved = new Map<number, Place>();

  move(bytes: number): void {
    this.#pointer = { base: this.#pointer.base, offset: this.#pointer.offset + bytes };
  }

  /** Takes the registers of a mask, lowest first. */
  pop(mask: number): void {
    for (let number = 0; number <= pcNumber; number++) {
      if ((mask & (1 << number)) === 0) continue;
      this.#saved.set(number, this.#pointer);
      this.move(4);
    }
    const sp = this.#saved.get(spNumber);
    // Taken last: the other registers of the mask still count from the old pointer.
    if ((mask & (1 << spNumber)) !== 0 && sp !== undefined) this.#pointer = { base: load(sp), offset: 0 };
  }

  setTo(number: number): void {
    if (number === spNumber || number === pcNumber) fail(`instruction ${(0x90 | number).toString(16)}`);
    const saved = this.#saved.get(number);
    this.#pointer = { base: saved === undefined ? names[number]! : load(saved), offset: 0 };
  }

  row(): UnwindRow {
    const cfa = this.#pointer;
    const saved = (place: Place): RegisterRule =>
      place.base === cfa.base ? { kind: "cfaOffset", offset: place.offset - cfa.offset } : { kind: "expression", program: load(place) };
    const registers = new Map<string, RegisterRule>();
    for (const [number, place] of this.#saved) if (number < spNumber) registers.set(names[number]!, saved(place));
    const returnPlace = this.#saved.get(pcNumber) ?? this.#saved.get(lrNumber);
    return {
      cfa: cfa.base.includes(" ")
        ? { kind: "expression", program: address(cfa) }
        : { kind: "register", register: cfa.base, offset: cfa.offset },
      returnAddress: returnPlace === undefined ? { kind: "same" } : saved(returnPlace),
      registers,
    };
  }
}

function address({ base, offset }: Place): string {
  return offset === 0 ? base : `${base} ${offset} +`;
}

function load(place: Place): string {
  const program = `${address(place)} ^`;
  return program.length > maxProgramLength ? fail("chain of saved stack pointers") : program;
}
