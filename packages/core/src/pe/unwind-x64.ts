/**
 * Unwind rules of x86-64 Windows code, for any instruction: prologue, body, epilogue and functions without unwind data, which touch neither
 * stack nor preserved registers ("leaf functions").
 *
 * In a prologue the operations count whose instruction is behind the address. Epilogues are told by version 2 of the unwind info; before, the
 * system itself recognises them by their code, and so do we:
 *
 *   add rsp, n | lea rsp, [frame + n]     before this instruction the rules are those of the body
 *   pop register …                        before each of these: what is left to pop, then the return address
 *   ret | jmp to another function
 *
 * A caller's address lies inside its call, whose last byte may look like a `pop`; so an epilogue counts only where an instruction starts, which
 * a sweep from the function's start tells.
 */
import type { UnwindRange, UnwindRow, UnwindSource } from "../unwind/rules.ts";
import type { FunctionTable } from "./function-table.ts";
import type { PeImage } from "./image.ts";
import { instructionLengthX64 } from "./instruction-length-x64.ts";
import { type CodeGap, withGaps } from "./ranges.ts";
import { RowBuilder } from "./row-builder.ts";
import { type FunctionX64, readUnwindInfoX64, registersX64, type UnwindInfoX64 } from "./unwind-codes-x64.ts";

/** The system's own limit. */
const maxChain = 32;
const maxCachedInfos = 1024;
/** Code longer than this is not swept; the compilers' largest functions stay below. */
const maxSweptBytes = 1 << 20;
/** All sixteen registers popped, with prefixes, and a jump. */
const maxEpilogueBytes = 48;

/** Registers that Windows code gives back and Unix code does not: the walker, which knows both, must be told. */
const alsoPreserved = ["rsi", "rdi"] as const;

const leaf: UnwindRow = new RowBuilder("rsp", "$").pushedReturnAddress(8, alsoPreserved);

/** What is asked of an image: its code and what else its unwind data points at. */
export type CodeX64 = Pick<PeImage, "sections" | "isCode" | "upTo" | "read">;

export class UnwindX64 implements UnwindSource {
  readonly #image: CodeX64;
  readonly #table: FunctionTable;
  readonly #foreign: readonly CodeGap[];
  readonly #infos = new Map<number, UnwindInfoX64>();

  /** `foreign`: stretches of code of another processor, ascending, for which there are no rules here. */
  constructor(image: CodeX64, table: FunctionTable, foreign: readonly CodeGap[] = []) {
    this.#image = image;
    this.#table = table;
    this.#foreign = foreign;
  }

  find(relativeAddress: number): UnwindRow | null {
    const found = this.#functionAt(relativeAddress);
    if (found === null) return this.#image.isCode(relativeAddress) && !this.#isForeign(relativeAddress) ? leaf : null;
    const chain = this.#chain(found);
    const epilogue = this.#epilogueAt(found, chain, relativeAddress, this.#image.upTo(relativeAddress, maxEpilogueBytes), 0);
    if (epilogue !== null && this.#isInstruction(found, relativeAddress)) return epilogue;
    return rowInPrologue(chain, relativeAddress - found.begin);
  }

  *ranges(): Iterable<UnwindRange> {
    yield* withGaps(this.#functionRanges(), this.#codeGaps(), leaf);
  }

  *#codeGaps(): Iterable<CodeGap> {
    for (const section of this.#image.sections) {
      if (!section.executable) continue;
      let at = section.address;
      const end = section.address + section.size;
      for (const { start, end: behind } of this.#foreign) {
        if (behind <= at || start >= end) continue;
        if (start > at) yield { start: at, end: start };
        at = behind;
      }
      if (at < end) yield { start: at, end };
    }
  }

  #isForeign(address: number): boolean {
    return this.#foreign.some(({ start, end }) => address >= start && address < end);
  }

  *#functionRanges(): Iterable<UnwindRange> {
    let done = 0;
    for (let i = 0; i < this.#table.count; i++) {
      const given = this.#entry(i);
      const begin = Math.max(given.begin, done);
      if (given.end <= begin) continue;
      const found = this.#direct(given);
      const chain = this.#chain(found);
      // Only damaged tables overlap; there the rest of an entry counts as body.
      const code = this.#image.upTo(given.begin, begin > given.begin ? 0 : Math.min(given.end - given.begin, maxSweptBytes));
      // Rows change only between instructions; where the sweep loses its way, the rest is body.
      const body = rowInPrologue(chain, Number.POSITIVE_INFINITY);
      const prologueEnd = bodyStart(chain);
      for (let at = begin - given.begin; at < given.end - given.begin; ) {
        const length = instructionLengthX64(code, at) || given.end - given.begin - at;
        const address = given.begin + at;
        const inBody = address - found.begin >= prologueEnd ? body : rowInPrologue(chain, address - found.begin);
        const row = this.#epilogueAt(found, chain, address, code, at) ?? inBody;
        yield { start: address, length: Math.min(length, given.end - address), row };
        at += length;
      }
      done = given.end;
    }
  }

  #entry(index: number): FunctionX64 {
    return { begin: this.#table.begin(index), end: this.#table.second(index), info: this.#table.third(index) };
  }

  #functionAt(address: number): FunctionX64 | null {
    const index = this.#table.lastBefore(address);
    if (index < 0) return null;
    const entry = this.#entry(index);
    return address < entry.end ? this.#direct(entry) : null;
  }

  /** An odd info address points to another table entry, which holds for this code as well. */
  #direct(entry: FunctionX64): FunctionX64 {
    if ((entry.info & 1) === 0) return entry;
    const bytes = this.#image.read(entry.info - 1, 12, "pe: function table entry");
    const view = new DataView(bytes.buffer, bytes.byteOffset, 12);
    return { begin: view.getUint32(0, true), end: view.getUint32(4, true), info: view.getUint32(8, true) & ~1 };
  }

  #info(address: number): UnwindInfoX64 {
    let info = this.#infos.get(address);
    if (info === undefined) {
      info = readUnwindInfoX64(this.#image, address);
      if (this.#infos.size >= maxCachedInfos) this.#infos.clear();
      this.#infos.set(address, info);
    }
    return info;
  }

  /** The info of a function and those it is chained to, innermost first. */
  #chain(found: FunctionX64): Chain {
    const chain: Chain = [];
    for (let entry: FunctionX64 | null = found; entry !== null && chain.length < maxChain; ) {
      const info: UnwindInfoX64 = this.#info(entry.info);
      chain.push({ entry, info });
      entry = info.chained === null ? null : this.#direct(info.chained);
    }
    return chain;
  }

  /** The rules within an epilogue, null outside; `code` holds the address's instruction at `index`. */
  #epilogueAt(found: FunctionX64, chain: Chain, address: number, code: Uint8Array, index: number): UnwindRow | null {
    if (chain[0]!.info.version >= 2) return rowInToldEpilogue(found, chain, address);
    if (!mayEndFunction(code[index] ?? 0)) return null;
    const pops = this.#recognise(found, chain, address, code.subarray(index, index + maxEpilogueBytes));
    if (pops === null) return null;
    const row = new RowBuilder("rsp", "$");
    for (const register of pops) {
      row.saved(register, 0);
      row.release(8);
    }
    return row.pushedReturnAddress(8, alsoPreserved);
  }

  /** The registers that the code at an address still pops, when it is the rest of an epilogue: told by the jump or return it ends with. */
  #recognise(found: FunctionX64, chain: Chain, address: number, code: Uint8Array): string[] | null {
    const pops: string[] = [];
    let at = 0;
    for (;;) {
      const prefix = (code[at] ?? 0) >> 4 === 4 ? 1 : 0;
      const opcode = code[at + prefix] ?? 0;
      if ((opcode & 0xf8) !== 0x58) break;
      pops.push(registersX64[(opcode & 7) + (prefix === 1 && (code[at]! & 1) !== 0 ? 8 : 0)]!);
      at += prefix + 1;
    }
    // Control-flow protection puts a prefix without meaning before returns and jumps.
    if (code[at] === 0xf2) at++;
    const [first, second, third] = [code[at] ?? 0, code[at + 1] ?? 0, code[at + 2] ?? 0];
    if (first === 0xc3 || first === 0xc2 || (first === 0xf3 && second === 0xc3)) return pops;
    if (first === 0xff && second === 0x25) return pops;
    // A jump through a register or memory with a needless REX.W: compilers mark jumps that leave the function so.
    if ((first & 0xf8) === 0x48 && second === 0xff && (third & 0x38) === 0x20) return pops;
    if (first !== 0xeb && first !== 0xe9) return null;
    const length = first === 0xeb ? 2 : 5;
    if (at + length > code.length) return null;
    const view = new DataView(code.buffer, code.byteOffset, code.length);
    const target = address + at + length + (first === 0xeb ? view.getInt8(at + 1) : view.getInt32(at + 1, true));
    return this.#leaves(found, chain, target) ? pops : null;
  }

  /** Whether a jump leads out of the function: to another, or to its own start, which is a call to itself. */
  #leaves(found: FunctionX64, chain: Chain, target: number): boolean {
    const primary = chain.at(-1)!.entry;
    if (target === primary.begin) return true;
    if (target >= found.begin && target < found.end) return false;
    const other = this.#functionAt(target);
    return other === null || this.#chain(other).at(-1)!.entry.begin !== primary.begin;
  }

  /** Whether an instruction starts at an address; true as well where the code cannot be followed so far. */
  #isInstruction(found: FunctionX64, address: number): boolean {
    if (address < found.begin || address - found.begin > maxSweptBytes) return true;
    const code = this.#image.upTo(found.begin, address - found.begin + maxEpilogueBytes);
    let at = 0;
    while (found.begin + at < address) {
      const length = instructionLengthX64(code, at);
      if (length === 0) return true;
      at += length;
    }
    return found.begin + at === address;
  }
}

/** Whether the rest of an epilogue may start with a byte: pop, return, jump, or a prefix of these. */
function mayEndFunction(first: number): boolean {
  return (
    (first >= 0x58 && first <= 0x5f) ||
    (first & 0xf0) === 0x40 ||
    first === 0xc2 ||
    first === 0xc3 ||
    first === 0xe9 ||
    first === 0xeb ||
    first === 0xf2 ||
    first === 0xf3 ||
    first === 0xff
  );
}

/** From this offset on the prologue is done. */
function bodyStart(chain: Chain): number {
  const { operations, prologueBytes } = chain[0]!.info;
  return operations.reduce((end, operation) => Math.max(end, operation.end), prologueBytes);
}

type Chain = { entry: FunctionX64; info: UnwindInfoX64 }[];

/** The rules by what the prologue has done so far; `offset` is the address's distance from the innermost entry's begin. */
function rowInPrologue(chain: Chain, offset: number): UnwindRow {
  const row = new RowBuilder("rsp", "$");
  const first = chain[0]!.info;
  // Saves lie relative to the frame as it stands: by its register as soon as that is set.
  const isFrameSet = first.operations.some((operation) => operation.kind === "setFrame" && offset >= operation.end);
  const byFrame = first.frameRegister !== null && (offset >= first.prologueBytes || first.chained !== null || isFrameSet);
  const base = byFrame ? first.frameRegister! : "rsp";
  const baseOffset = byFrame ? -first.frameOffset : 0;
  for (const [depth, { info }] of chain.entries()) {
    for (const operation of info.operations) {
      // Of the enclosing code everything has been done.
      if (depth === 0 && offset < operation.end) continue;
      switch (operation.kind) {
        case "push":
          row.saved(operation.register, 0);
          row.release(8);
          break;
        case "allocate":
          row.release(operation.bytes);
          break;
        case "setFrame":
          if (info.frameRegister !== null) row.moveTo(info.frameRegister, -info.frameOffset);
          break;
        case "save":
          row.savedAt(operation.register, base, baseOffset + operation.offset);
          break;
        case "machineFrame":
          return row.interrupted(operation.errorCode ? 8 : 0, operation.errorCode ? 32 : 24);
      }
    }
  }
  return row.pushedReturnAddress(8, alsoPreserved);
}

/** The rules within an epilogue that version 2 tells of: the pushes of the prologue that are not popped yet. Null outside epilogues. */
function rowInToldEpilogue(found: FunctionX64, chain: Chain, address: number): UnwindRow | null {
  const { bytes, fromEnd } = chain[0]!.info.epilogues;
  const start = fromEnd.map((distance) => found.end - distance).find((begin) => address >= begin && address < begin + bytes);
  if (start === undefined) return null;
  const operations =
    chain.find(({ info }) => info.operations.some((o) => o.kind === "push" || o.kind === "machineFrame"))?.info.operations ?? [];
  const row = new RowBuilder("rsp", "$");
  let at = start;
  let index = operations.findIndex((operation) => operation.kind === "push" || operation.kind === "machineFrame");
  for (; index >= 0 && index < operations.length; index++) {
    const operation = operations[index]!;
    if (operation.kind === "machineFrame") return row.interrupted(operation.errorCode ? 8 : 0, operation.errorCode ? 32 : 24);
    // An allocation of one word between or after the pushes is a pushed flags register, popped like the others.
    if (operation.kind !== "push" && !(operation.kind === "allocate" && operation.bytes === 8)) break;
    if (at >= address) {
      if (operation.kind === "push") row.saved(operation.register, 0);
      row.release(8);
    }
    at += operation.kind === "push" && registersX64.indexOf(operation.register as (typeof registersX64)[number]) >= 8 ? 2 : 1;
  }
  return row.pushedReturnAddress(8, alsoPreserved);
}
