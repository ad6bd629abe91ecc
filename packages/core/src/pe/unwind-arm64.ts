/**
 * Unwind rules of ARM64 Windows code, for any instruction: prologue, body, epilogues and functions without unwind data, whose return address
 * is in the link register.
 */
import { partitionPoint } from "../bytes/bisect.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { UnwindRange, UnwindRow, UnwindSource } from "../unwind/rules.ts";
import { type FunctionTable, functionTableOf } from "./function-table.ts";
import type { PeImage } from "./image.ts";
import { type CodeGap, withGaps } from "./ranges.ts";
import { RowBuilder } from "./row-builder.ts";
import { instructionCount, type OperationArm64, readRecordArm64, type UnwindInfoArm64, unpackArm64 } from "./unwind-codes-arm64.ts";

const maxCachedInfos = 1024;
const wordBytes = 4;
/** The most words of code an entry can describe. */
const maxWords = 0x3ffff;

/** A context record on the stack: x0 to x28, fp, lr from 8 on, then sp and pc. */
const contextRegisters = 8;
const contextStackPointer = 0x100;
const contextAddress = 0x108;
/** The kernel's trap frame: x0 to x18 from 0xa0 on, lr, fp, pc; sp before them. */
const trapRegisters = 0xa0;
const trapStackPointer = 0x98;
const trapLink = 0x138;
const trapFrame = 0x140;
const trapAddress = 0x148;

const leaf: UnwindRow = new RowBuilder("sp", "").linkedReturnAddress("lr");

/** A function as the table has it. `otherEntrys`: part of a function that has another entry, whose prologue is all done here. */
type Found = { begin: number; info: UnwindInfoArm64; otherEntrys: boolean };

export class UnwindArm64 implements UnwindSource {
  readonly #image: PeImage;
  readonly #table: FunctionTable;
  readonly #infos = new Map<number, Found>();

  constructor(image: PeImage) {
    this.#image = image;
    this.#table = functionTableOf(image, 2);
  }

  find(relativeAddress: number): UnwindRow | null {
    const index = this.#table.lastBefore(relativeAddress);
    if (index >= 0) {
      const found = this.#found(index);
      const offset = Math.floor((relativeAddress - found.begin) / wordBytes);
      if (offset < found.info.words) return rowAt(found, offset);
    }
    return this.#image.isCode(relativeAddress) ? leaf : null;
  }

  *ranges(): Iterable<UnwindRange> {
    yield* withGaps(this.#functionRanges(), this.#code(), leaf);
  }

  *#code(): Iterable<CodeGap> {
    for (const section of this.#image.sections)
      if (section.executable) yield { start: section.address, end: section.address + section.size };
  }

  *#functionRanges(): Iterable<UnwindRange> {
    for (let i = 0; i < this.#table.count; i++) {
      const found = this.#found(i);
      const next = i + 1 < this.#table.count ? this.#table.begin(i + 1) : Number.POSITIVE_INFINITY;
      const words = Math.min(found.info.words, Math.max(0, Math.ceil((next - found.begin) / wordBytes)));
      for (const [from, to] of stretches(found, words)) {
        const start = found.begin + from * wordBytes;
        const end = Math.min(found.begin + to * wordBytes, next);
        if (end > start) yield { start, length: end - start, row: rowAt(found, from) };
      }
    }
  }

  #found(index: number): Found {
    let found = this.#infos.get(index);
    if (found === undefined) {
      found = this.#read(this.#table.begin(index), this.#table.second(index));
      if (this.#infos.size >= maxCachedInfos) this.#infos.clear();
      this.#infos.set(index, found);
    }
    return found;
  }

  #read(begin: number, data: number): Found {
    const flag = data & 3;
    if (flag === 0) return { begin, info: readRecordArm64(this.#image, data), otherEntrys: false };
    if (flag !== 3) return { begin, info: unpackArm64(data), otherEntrys: false };
    // Points to another entry of the table, the function that this code is a part of.
    const bytes = this.#image.read((data - 3) >>> 0, 8, "pe: function table entry");
    const other = new DataView(bytes.buffer, bytes.byteOffset, 8).getUint32(4, true);
    if ((other & 3) === 3) throw new FormatError("pe: function table entry", null, "points to one that points on");
    const { prologue } = (other & 3) === 0 ? readRecordArm64(this.#image, other) : unpackArm64(other);
    return { begin, info: { words: maxWords, prologue, epilogues: [] }, otherEntrys: true };
  }
}

/** Word offsets between which the row does not change: each instruction of prologue and epilogues by itself, bodies in one piece. */
function* stretches({ info }: Found, words: number): Iterable<[number, number]> {
  const prologue = { start: 0, words: instructionCount(info.prologue) };
  let done = 0;
  for (const part of [prologue, ...info.epilogues]) {
    if (part.start > done) yield [done, Math.min(part.start, words)];
    done = Math.max(done, Math.min(part.start, words));
    for (; done < Math.min(part.start + part.words, words); done++) yield [done, done + 1];
  }
  if (done < words) yield [done, words];
}

/** The rules before the instruction at a word of a function. */
function rowAt({ info, otherEntrys }: Found, offset: number): UnwindRow | null {
  if (otherEntrys) return undo(info.prologue, 0);
  const prologue = instructionCount(info.prologue);
  if (offset < prologue) return undo(info.prologue, prologue - offset);
  const epilogue = info.epilogues[partitionPoint(info.epilogues.length, (i) => info.epilogues[i]!.start <= offset) - 1];
  if (epilogue !== undefined && offset < epilogue.start + epilogue.words) return undo(epilogue.operations, offset - epilogue.start);
  return undo(info.prologue, 0);
}

/** Undoes operations but for the first `skip` instructions, which have not been done yet or have been undone already. */
function undo(operations: readonly OperationArm64[], skip: number): UnwindRow | null {
  const built = new RowBuilder("sp", "");
  let before = skip;
  /** Pairs that lie above the next one that is told. */
  let pairsAbove = 0;
  let isInterrupted = false;
  for (const operation of operations) {
    if (before > 0 && operation.kind !== "end" && operation.kind !== "endOfPart") {
      before--;
      continue;
    }
    switch (operation.kind) {
      case "allocate":
        built.release(operation.bytes);
        break;
      case "save":
        saveRange(built, operation.first, operation.count + (operation.pair ? 2 * pairsAbove : 0), operation.offset);
        built.release(operation.bytes);
        pairsAbove = 0;
        break;
      case "saveWithLink":
        built.saved(nameOf(operation.first), operation.offset);
        built.saved("lr", operation.offset + 8);
        break;
      case "saveNext":
        pairsAbove++;
        break;
      case "setFrame":
        // The frame pointer itself has been given back already: no compiler does this.
        if (built.isSaved("fp")) return null;
        built.moveTo("fp", -operation.offset);
        break;
      case "trapFrame":
        saveRange(built, 0, 19, trapRegisters);
        built.saved("lr", trapLink);
        built.saved("fp", trapFrame);
        return built.interrupted(trapAddress, trapStackPointer);
      case "machineFrame":
        return built.interrupted(8, 0);
      case "context":
        saveRange(built, 0, 31, contextRegisters);
        return built.interrupted(contextAddress, contextStackPointer);
      case "addressInLink":
        isInterrupted = true;
        break;
      case "unknown":
        return null;
      case "nothing":
        // A vector pair told just before ends a run of pairs as well.
        pairsAbove = 0;
        break;
      case "endOfPart":
      case "end":
        break;
    }
  }
  const row = built.linkedReturnAddress("lr");
  return isInterrupted ? { ...row, interrupted: true } : row;
}

function saveRange(built: RowBuilder, first: number, count: number, offset: number): void {
  for (let i = 0; i < count && first + i <= 30; i++) built.saved(nameOf(first + i), offset + 8 * i);
}

function nameOf(register: number): string {
  return register === 29 ? "fp" : register === 30 ? "lr" : `x${register}`;
}
