/**
 * Unwind rules of 32-bit ARM Windows code, for any instruction: prologue, body, epilogues and functions without unwind data, whose return
 * address is in the link register.
 */
import type { UnwindRange, UnwindRow, UnwindSource } from "../unwind/rules.ts";
import { type FunctionTable, functionTableOf } from "./function-table.ts";
import type { PeImage } from "./image.ts";
import { type CodeGap, withGaps } from "./ranges.ts";
import { RowBuilder } from "./row-builder.ts";
import { lengthOf, type OperationArm, readRecordArm, type UnwindInfoArm, unpackArm } from "./unwind-codes-arm.ts";

const maxCachedInfos = 1024;
/** Instructions are of 2 or 4 bytes. */
const halfBytes = 2;

const leaf: UnwindRow = new RowBuilder("sp", "").linkedReturnAddress("lr");

type Found = { begin: number; info: UnwindInfoArm };

export class UnwindArm implements UnwindSource {
  readonly #image: PeImage;
  readonly #table: FunctionTable;
  readonly #infos = new Map<number, Found>();

  constructor(image: PeImage) {
    this.#image = image;
    this.#table = functionTableOf(image, 2, true);
  }

  find(relativeAddress: number): UnwindRow | null {
    const index = this.#table.lastBefore(relativeAddress);
    if (index >= 0) {
      const { begin, info } = this.#found(index);
      if (relativeAddress - begin < info.length) return rowAt(info, relativeAddress - begin);
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
      const { begin, info } = this.#found(i);
      const next = i + 1 < this.#table.count ? this.#table.begin(i + 1) : Number.POSITIVE_INFINITY;
      const length = Math.min(info.length, Math.max(0, next - begin));
      for (const [from, to] of stretches(info, length)) yield { start: begin + from, length: to - from, row: rowAt(info, from) };
    }
  }

  #found(index: number): Found {
    let found = this.#infos.get(index);
    if (found === undefined) {
      const data = this.#table.second(index);
      found = { begin: this.#table.begin(index), info: (data & 3) === 0 ? readRecordArm(this.#image, data) : unpackArm(data) };
      if (this.#infos.size >= maxCachedInfos) this.#infos.clear();
      this.#infos.set(index, found);
    }
    return found;
  }
}

/** Byte offsets between which the row does not change: each halfword of prologue and epilogues by itself, bodies in one piece. */
function* stretches(info: UnwindInfoArm, length: number): Iterable<[number, number]> {
  const prologue = { start: 0, bytes: info.isFragment ? 0 : lengthOf(info.prologue) };
  const parts = [prologue, ...info.epilogues.map(({ start, operations }) => ({ start, bytes: lengthOf(operations) }))];
  let done = 0;
  for (const { start, bytes } of parts.toSorted((a, b) => a.start - b.start)) {
    const from = Math.min(start, length);
    if (from > done) {
      yield [done, from];
      done = from;
    }
    for (; done < Math.min(start + bytes, length); done = Math.min(done + halfBytes, length))
      yield [done, Math.min(done + halfBytes, length)];
  }
  if (done < length) yield [done, length];
}

/** The rules before the instruction at a byte of a function; inside an instruction, those before it. */
function rowAt(info: UnwindInfoArm, offset: number): UnwindRow | null {
  const prologueBytes = info.isFragment ? 0 : lengthOf(info.prologue);
  if (offset < prologueBytes) return undo(info.prologue, notDone(info.prologue, prologueBytes - offset));
  const epilogue = info.epilogues.findLast(({ start, operations }) => offset >= start && offset - start < lengthOf(operations));
  if (epilogue !== undefined) return undo(epilogue.operations, doneBefore(epilogue.operations, offset - epilogue.start));
  return undo(info.prologue, 0);
}

/** How many operations, from the prologue's end, are of instructions that have not been executed when so many bytes of it are left. */
function notDone(operations: readonly OperationArm[], bytesLeft: number): number {
  let count = 0;
  for (let left = bytesLeft; count < operations.length && left > 0; count++) left -= operations[count]!.instructionBytes;
  return count;
}

/** How many operations, from the epilogue's start, have been executed after so many bytes of it. */
function doneBefore(operations: readonly OperationArm[], bytes: number): number {
  let count = 0;
  for (let left = bytes; count < operations.length; count++) {
    left -= operations[count]!.instructionBytes;
    if (left < 0) break;
  }
  return count;
}

/** Undoes operations but for the first `skip`. */
function undo(operations: readonly OperationArm[], skip: number): UnwindRow | null {
  const built = new RowBuilder("sp", "");
  for (const operation of operations.slice(skip)) {
    switch (operation.kind) {
      case "release":
        built.release(operation.bytes);
        break;
      case "pop":
        pop(built, operation.mask);
        break;
      case "moveSp":
        // The register itself has been given back already: no compiler does this.
        if (built.isSaved(nameOf(operation.register))) return null;
        built.moveTo(nameOf(operation.register), 0);
        break;
      case "unknown":
        return null;
      case "nothing":
        break;
    }
  }
  return built.linkedReturnAddress("lr");
}

function pop(built: RowBuilder, mask: number): void {
  let at = 0;
  for (let register = 0; register <= 14; register++) {
    if ((mask & (1 << register)) === 0) continue;
    built.saved(nameOf(register), at);
    at += 4;
  }
  built.release(at);
}

/** As core's table of the processor has it. */
function nameOf(register: number): string {
  return register === 11 ? "fp" : register === 13 ? "sp" : register === 14 ? "lr" : `r${register}`;
}
