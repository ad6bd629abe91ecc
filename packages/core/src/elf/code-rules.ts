/**
 * Unwind rules of code that no table describes, read from the code itself: functions in assembler, start-up code, leaf functions of 32-bit ARM
 * (whose tables say no more than "cannot be unwound"). The function's start comes from the symbol tables; without symbols the code between two
 * described functions is followed from its first byte, one function after the other.
 *
 * The function where a program starts has no caller.
 */
import { ascendingOrder } from "../bytes/ascending.ts";
import { lastAtOrBelow, partitionPoint } from "../bytes/bisect.ts";
import { BlockReader } from "../bytes/block-reader.ts";
import type { ByteSource } from "../bytes/byte-source.ts";
import { U32Column } from "../bytes/columns.ts";
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import { armMachine, thumbMachine } from "../code/arm.ts";
import { arm64Machine } from "../code/arm64.ts";
import { type FrameState, type FunctionFlow, followFunction, type Machine } from "../code/frame-state.ts";
import { x86Machine } from "../code/x86.ts";
import type { RegisterRule, UnwindRange, UnwindRow } from "../unwind/rules.ts";
import { bytesAt, type ElfFile, sectionBytes } from "./elf-file.ts";
import { flagExecutable, recordBytes, sectionDynsym, sectionSymtab, segmentExecutable, segmentLoad } from "./records.ts";

/** Longer stretches without rules or symbols are whole programs; following them from the first byte would cost more than it tells. */
const maxFollowedBytes = 128 << 10;
const maxKeptFlows = 64;
/** What fills the room between functions is short, and the same again and again. */
const maxFillingBytes = 16;
const maxKeptFillings = 1024;
const blockBytes = 64 << 10;
const maxBlocks = 8;
const maxSymbols = 1 << 22;
const symbolsAtOnce = 4096;
/** Start-up code of every C library is shorter. */
const maxStartBytes = 64;
const typeFunction = 2;

/** Image-relative, the end not included. `isOneFunction`: it begins with a function, and what that does not lead to is not known. */
export type Stretch = { start: number; end: number; isOneFunction: boolean };

type Place = { start: number; end: number; isOutermost: boolean; manyFunctions: boolean; isThumb: boolean };

/** Code with one state, as offsets in what was followed. */
type Piece = { start: number; end: number; state: FrameState };

/**
 * Where the encoding of ARM code is guessed from: bytes before and behind a place. Code of unknown functions is guessed anew for each block of
 * it, as both encodings may follow each other.
 */
const guessBefore = 32;
const guessBehind = 64;
const guessBlock = 32;

type FunctionSymbols = { start: Uint32Array; size: Uint32Array; isThumb: Uint8Array };

export class CodeRules {
  readonly #file: ElfFile;
  readonly #entry: number;
  readonly #code: BlockReader;
  readonly #flows = new Map<number, FunctionFlow | null>();
  readonly #fillings = new Map<string, FunctionFlow>();
  readonly #pieces = new WeakMap<FunctionFlow, readonly Piece[]>();
  /** Rows of states met before: of ARM code, and of Thumb code. */
  readonly #rows = [new WeakMap<FrameState, UnwindRow>(), new WeakMap<FrameState, UnwindRow>()] as const;
  #symbols: FunctionSymbols | null = null;

  constructor(file: ElfFile) {
    this.#file = file;
    this.#entry = file.entry;
    this.#code = new BlockReader(file.source, blockBytes, maxBlocks);
  }

  /** The rules at an address within a stretch of code that has none; null when the code does not tell. */
  find(relativeAddress: number, stretch: Stretch): UnwindRow | null {
    const place = this.#placeOf(relativeAddress, stretch);
    if (place.isOutermost) return this.#outermost();
    const state = this.#flow(place)?.at(relativeAddress - place.start)?.state ?? null;
    return state === null ? null : this.#row(state, place.isThumb);
  }

  /** The same for every address of the stretch; stretches of it without rules are left out. */
  *ranges(stretch: Stretch): Iterable<UnwindRange> {
    let at = stretch.start;
    while (at < stretch.end) {
      const place = this.#placeOf(at, stretch);
      const end = this.#sameEncodingTo(at, place, Math.min(Math.max(place.end, at + 1), stretch.end));
      if (place.isOutermost) yield { start: at, length: end - at, row: this.#outermost() };
      else yield* this.#rangesOf(place, at, end);
      at = end;
    }
  }

  *#rangesOf(place: Place, start: number, end: number): Iterable<UnwindRange> {
    const flow = this.#flow(place);
    if (flow === null) return;
    let pieces = this.#pieces.get(flow);
    if (pieces === undefined) {
      pieces = piecesOf(flow, place.end - place.start);
      this.#pieces.set(flow, pieces);
    }
    const first = partitionPoint(pieces.length, (i) => place.start + pieces[i]!.end <= start);
    for (let i = first; i < pieces.length && place.start + pieces[i]!.start < end; i++) {
      const piece = pieces[i]!;
      const from = Math.max(start, place.start + piece.start);
      const until = Math.min(end, place.start + piece.end);
      const row = this.#row(piece.state, place.isThumb);
      if (row !== null) yield { start: from, length: until - from, row };
    }
  }

  /** The function or run of functions that holds an address, as far as symbols tell. */
  #placeOf(relativeAddress: number, stretch: Stretch): Place {
    const symbols = this.#functionSymbols();
    const index = lastAtOrBelow(symbols.start, relativeAddress);
    const symbolStart = index < 0 ? -1 : symbols.start[index]!;
    const symbolEnd = index < 0 ? -1 : symbolStart + symbols.size[index]!;
    const next = Math.min(stretch.end, index + 1 < symbols.start.length ? symbols.start[index + 1]! : stretch.end);
    const entry = this.#entry & ~1;
    const entryEnd = symbolStart === entry && symbolEnd > entry ? symbolEnd : Math.min(next, entry + maxStartBytes);
    if (relativeAddress >= entry && relativeAddress < entryEnd && symbolStart <= entry) {
      return { start: entry, end: entryEnd, isOutermost: true, manyFunctions: false, isThumb: false };
    }
    if (symbolStart >= stretch.start && relativeAddress < symbolEnd) {
      const end = Math.min(symbolEnd, stretch.end);
      return { start: symbolStart, end, isOutermost: false, manyFunctions: false, isThumb: symbols.isThumb[index] === 1 };
    }
    let start = Math.max(stretch.start, symbolEnd);
    let end = next;
    // The outermost function is another place.
    if (relativeAddress < entry) end = Math.min(end, Math.max(entry, start));
    else if (entry >= start) start = Math.max(start, entryEnd);
    const manyFunctions = !stretch.isOneFunction;
    const isThumb = this.#looksLikeThumb(manyFunctions ? relativeAddress : start, start, end);
    return { start, end, isOutermost: false, manyFunctions, isThumb };
  }

  /** Up to where, from an address on, the code of a place is taken for the same encoding. */
  #sameEncodingTo(relativeAddress: number, place: Place, end: number): number {
    const { manyFunctions, isThumb } = place;
    if (this.#file.cpu !== "arm" || !manyFunctions || place.end - place.start > maxFollowedBytes) return end;
    let at = blockOf(relativeAddress) + guessBlock;
    while (at < end && this.#looksLikeThumb(at, place.start, place.end) === isThumb) at += guessBlock;
    return Math.min(at, end);
  }

  /** Nearly all A32 instructions are executed always, which the highest four bits of their word say. */
  #looksLikeThumb(relativeAddress: number, start: number, end: number): boolean {
    if (this.#file.cpu !== "arm") return false;
    const block = blockOf(relativeAddress);
    const from = Math.max(start, block - guessBefore) & ~3;
    const code = bytesAt(this.#file, from)?.bytes ?? null;
    if (code === null) return false;
    const bytes = code.read(0, Math.min(code.size, block + guessBehind - from, end - from));
    let always = 0;
    for (let i = 3; i < bytes.length; i += 4) if (bytes[i]! >>> 4 === 0x0e) always++;
    return always * 2 < Math.floor(bytes.length / 4);
  }

  #machine(isThumb: boolean): Machine | null {
    switch (this.#file.cpu) {
      case "amd64":
      case "x86":
        return x86Machine(this.#file.cpu);
      case "arm64":
        return arm64Machine;
      case "arm":
        return isThumb ? thumbMachine : armMachine;
      default:
        return null;
    }
  }

  #flow({ start, end, manyFunctions, isThumb }: Place): FunctionFlow | null {
    const key = 2 * start + (isThumb ? 1 : 0);
    const kept = this.#flows.get(key);
    if (kept !== undefined) return kept;
    const machine = this.#machine(isThumb);
    const code = bytesAt(this.#file, start);
    const size = code === null ? 0 : Math.min(end - start, code.bytes.size);
    const isFollowed = machine !== null && code !== null && size > 0 && size <= maxFollowedBytes;
    const flow = isFollowed ? this.#follow(this.#code.upTo(code.fileOffset, size), machine, manyFunctions) : null;
    if (this.#flows.size >= maxKeptFlows) this.#flows.clear();
    this.#flows.set(key, flow);
    return flow;
  }

  #follow(code: Uint8Array, machine: Machine, manyFunctions: boolean): FunctionFlow {
    if (code.length > maxFillingBytes) return followFunction(code, machine, manyFunctions);
    const key = `${machine === thumbMachine ? "t" : ""}${manyFunctions ? "+" : "-"}${String.fromCharCode(...code)}`;
    let flow = this.#fillings.get(key);
    if (flow === undefined) {
      flow = followFunction(code, machine, manyFunctions);
      if (this.#fillings.size >= maxKeptFillings) this.#fillings.clear();
      this.#fillings.set(key, flow);
    }
    return flow;
  }

  #stackPointer(): string {
    return this.#file.cpu === "amd64" ? "rsp" : this.#file.cpu === "x86" ? "esp" : "sp";
  }

  #framePointer(isThumb: boolean): string {
    switch (this.#file.cpu) {
      case "amd64":
        return "rbp";
      case "x86":
        return "ebp";
      case "arm64":
        return "x29";
      default:
        return isThumb ? "r7" : "r11";
    }
  }

  #outermost(): UnwindRow {
    return {
      cfa: { kind: "register", register: this.#stackPointer(), offset: 0 },
      returnAddress: { kind: "undefined" },
      registers: new Map(),
    };
  }

  #row(state: FrameState, isThumb: boolean): UnwindRow | null {
    const rows = this.#rows[isThumb ? 1 : 0];
    const known = rows.get(state);
    if (known !== undefined) return known;
    const row = this.#rowOf(state, isThumb);
    if (row !== null) rows.set(state, row);
    return row;
  }

  #rowOf(state: FrameState, isThumb: boolean): UnwindRow | null {
    const { cfaFromSp, cfaFromFp, saved } = state;
    const cfa: RegisterRule | null =
      cfaFromSp !== null
        ? { kind: "register", register: this.#stackPointer(), offset: cfaFromSp }
        : cfaFromFp !== null
          ? { kind: "register", register: this.#framePointer(isThumb), offset: cfaFromFp }
          : null;
    if (cfa === null) return null;
    const registers = new Map<string, RegisterRule>();
    for (const [name, offset] of saved) if (name !== "lr") registers.set(name, { kind: "cfaOffset", offset });
    return { cfa, returnAddress: this.#returnAddress(saved.get("lr")), registers };
  }

  /** Calls of x86 push it; elsewhere it is in the link register until that is saved. */
  #returnAddress(savedAt: number | undefined): RegisterRule {
    if (this.#file.cpu === "amd64") return { kind: "cfaOffset", offset: -8 };
    if (this.#file.cpu === "x86") return { kind: "cfaOffset", offset: -4 };
    return savedAt === undefined ? { kind: "same" } : { kind: "cfaOffset", offset: savedAt };
  }

  #functionSymbols(): FunctionSymbols {
    this.#symbols ??= readFunctionSymbols(this.#file);
    return this.#symbols;
  }
}

function blockOf(relativeAddress: number): number {
  return relativeAddress - (relativeAddress % guessBlock);
}

/** The loaded, executable parts of a file that it holds: sections, or segments where there are none; ascending. */
export function executableStretches(file: ElfFile): Stretch[] {
  const sections = file.sections.filter((section) => (section.flags & flagExecutable) !== 0 && sectionBytes(file, section) !== null);
  const segments = file.segments.filter(({ type, flags, size }) => type === segmentLoad && (flags & segmentExecutable) !== 0 && size > 0);
  const parts = file.sections.length > 1 ? sections : segments;
  const stretches = parts
    .map(({ address, size }) => ({ start: address, end: address + Math.min(size, file.source.size), isOneFunction: false }))
    .sort((a, b) => a.start - b.start);
  return stretches.filter(({ start }, i) => start >= (stretches[i - 1]?.end ?? 0));
}

/** Paths through bytes that are no code may lead into the middle of an instruction: it counts up to where the next one starts. */
function piecesOf(flow: FunctionFlow, length: number): Piece[] {
  const pieces: Piece[] = [];
  let last: Piece | null = null;
  for (let at = 0; at < length; ) {
    const instruction = flow.at(at);
    const next = at + flow.gapAt(at);
    const end = instruction === null ? next : Math.min(instruction.start + instruction.length, next);
    if (instruction === null) last = null;
    else if (last !== null && last.state === instruction.state) last.end = end;
    else {
      last = { start: at, end, state: instruction.state };
      pieces.push(last);
    }
    at = end;
  }
  return pieces;
}

function readFunctionSymbols(file: ElfFile): FunctionSymbols {
  const start = new U32Column();
  const size = new U32Column();
  const isThumb = new U32Column();
  for (const type of [sectionSymtab, sectionDynsym]) {
    const section = file.sections.find((one) => one.type === type);
    const bytes = section === undefined ? null : sectionBytes(file, section);
    if (section === undefined || bytes === null) continue;
    collectFunctions(file, bytes, section.offset, { start, size, isThumb });
    if (start.length > 0) break;
  }
  const order = ascendingOrder(start.view());
  // Of equal starts the largest first.
  for (let first = 0, behind = 0; first < order.length; first = behind) {
    while (behind < order.length && start.at(order[behind]!) === start.at(order[first]!)) behind++;
    if (behind > first + 1) order.subarray(first, behind).sort((a, b) => size.at(b) - size.at(a) || a - b);
  }
  return {
    start: order.map((symbol) => start.at(symbol)),
    size: order.map((symbol) => size.at(symbol)),
    isThumb: Uint8Array.from(order, (symbol) => isThumb.at(symbol)),
  };
}

function collectFunctions(file: ElfFile, table: ByteSource, fileOffset: number, out: Record<keyof FunctionSymbols, U32Column>): void {
  const entryBytes = recordBytes[file.is64 ? 64 : 32].symbol;
  const count = Math.floor(table.size / entryBytes);
  if (count > maxSymbols) throw new FormatError("elf: symbol table", fileOffset, `${count} symbols`);
  const base = Number(BigInt.asUintN(32, file.imageBase));
  // Of 64-bit values the low half suffices: images are smaller than 4 GiB.
  const low = file.is64 && !file.littleEndian ? 4 : 0;
  for (let first = 0; first < count; first += symbolsAtOnce) {
    const at = first * entryBytes;
    const some = Math.min(symbolsAtOnce, count - first);
    const cursor = new Cursor(table.read(at, some * entryBytes), "elf: symbol", fileOffset + at, file.littleEndian);
    for (let entry = 0; entry < some * entryBytes; entry += entryBytes) {
      cursor.seek(entry + (file.is64 ? 4 : 12));
      const info = cursor.u8();
      cursor.skip(1);
      const section = cursor.u16();
      if ((info & 0x0f) !== typeFunction || section === 0) continue;
      cursor.seek(entry + (file.is64 ? 8 : 4) + low);
      const value = cursor.u32();
      cursor.seek(entry + (file.is64 ? 16 : 8) + low);
      const isThumb = file.cpu === "arm" && (value & 1) === 1;
      out.start.push(((isThumb ? value - 1 : value) - base) >>> 0);
      out.size.push(cursor.u32());
      out.isThumb.push(isThumb ? 1 : 0);
    }
  }
}
