/**
 * One module's functions, found by a walk over the heads of its symbol records; a function's inside is read when it is asked for
 * (function-reader.ts).
 *
 *   module's stream   signature u32 (4), symbol records, old lines (C11), subsections (C13), …
 *   function          parent u32, end u32, next u32, bytes u32, two offsets u32, type u32, offset u32, section u16, flags u8, name
 *   thunk             parent u32, end u32, next u32, offset u32, section u16, bytes u16, kind u8, name
 *   trampoline        kind u16, bytes u16, offset u32, target's offset u32, section u16, target's section u16: the jump that an incremental
 *                     linker puts before a function; it has no name
 *   separated code    parent u32, end u32, bytes u32, flags u32, offset u32, parent's offset u32, section u16, parent's section u16: a part of a
 *                     function that lies elsewhere
 *
 * Where records nest, the order and the end records tell; pointers to parents and ends are not needed and may lie. Labels are skipped: those of
 * assembler files that others can call are public symbols too.
 */
import { lastAtOrBelow, partitionPoint } from "../bytes/bisect.ts";
import { U32Column } from "../bytes/columns.ts";
import type { DamageLog } from "../names/damage.ts";
import { NONE } from "../names/function-block.ts";
import { ascendingOrder, reorder } from "./order.ts";
import { nowhere, type Sections } from "./sections.ts";
import { meaningOf, meansNothing, meansProc, meansSeparatedCode, meansThunk, meansTrampoline } from "./symbol-kinds.ts";
import type { StreamWindow } from "./window.ts";

const signatureBytes = 4;
const procBytes = 39;
const thunkBytes = 25;
const trampolineBytes = 20;
const separatedBytes = 32;
/** Functions of a module at this limit take 200 MB in memory; the largest programs have a tenth of it in all. */
const maxFunctions = 16 << 20;
const maxParts = 1 << 20;

export class ModuleSymbols {
  /** Stream offset of the function's record, its first address and the one behind its end, in the order of the stream. */
  readonly offset = new U32Column();
  readonly start = new U32Column();
  readonly end = new U32Column();
  /** Where a trampoline jumps to; the function's own start for all others. */
  readonly target = new U32Column();
  /** Whether the module contributed the function's code (1), or another stands for it (0). Set by the loader. */
  readonly own = new U32Column();
  /** Separated code: its addresses and which function it belongs to, ascending by the latter. */
  readonly partStart = new U32Column();
  readonly partEnd = new U32Column();
  readonly partFunction = new U32Column();
  /** Stream offsets of all records that open or close functions and scopes, or are inlined; a function's begin at its `scopeFrom`. */
  readonly scope = new U32Column();
  readonly scopeFrom = new U32Column();

  clear(): void {
    this.offset.clear();
    this.start.clear();
    this.end.clear();
    this.target.clear();
    this.own.clear();
    this.scope.clear();
    this.scopeFrom.clear();
    this.partStart.clear();
    this.partEnd.clear();
    this.partFunction.clear();
  }

  /** Fills the columns (cleared first) from the `bytes` leading bytes of a module's stream. Throws FormatError for a damaged container. */
  read(window: StreamWindow, bytes: number, sections: Sections, damage: DamageLog): void {
    this.clear();
    const stop = Math.min(bytes, window.stream.size);
    let at = signatureBytes;
    let { view, start, end } = window;
    while (at + 4 <= stop) {
      if (at < start || at + 4 > end) {
        window.hold(at, 4);
        ({ view, start, end } = window);
      }
      const length = view.getUint16(at - start, true);
      const next = at + 2 + length;
      if (length < 2 || next > stop) {
        damage.add(window.stream.place(at), `symbol record of ${length} bytes, ${stop - at - 2} left`);
        break;
      }
      const meaning = meaningOf(view.getUint16(at + 2 - start, true));
      if (meaning !== meansNothing) {
        this.#take(meaning, window, at, next, sections, damage);
        ({ view, start, end } = window);
      }
      at = next;
    }
    if (this.partStart.length > 0) this.#findPartFunctions();
  }

  #take(meaning: number, window: StreamWindow, at: number, next: number, sections: Sections, damage: DamageLog): void {
    if (meaning !== meansTrampoline) this.scope.push(at);
    if (meaning === meansProc) this.#proc(window, at, next, sections, damage);
    else if (meaning === meansThunk) this.#thunk(window, at, next, sections, damage);
    else if (meaning === meansTrampoline) this.#trampoline(window, at, next, sections, damage);
    else if (meaning === meansSeparatedCode) this.#separated(window, at, next, sections, damage);
  }

  /** The first of a function's separated parts; they end where `partFunction` changes. */
  firstPart(index: number): number {
    if (this.partFunction.length === 0) return 0;
    return partitionPoint(this.partFunction.length, (part) => this.partFunction.at(part) < index);
  }

  /** Replaces the address within the function, which the records state, by the function that starts last at or below it. */
  #findPartFunctions(): void {
    const order = ascendingOrder(this.start.view()) ?? this.start.view().map((_, i) => i);
    const starts = Uint32Array.from(order, (i) => this.start.at(i));
    for (let part = 0; part < this.partStart.length; part++) {
      const last = lastAtOrBelow(starts, this.partFunction.at(part));
      const first = last < 0 ? -1 : starts[last] === 0 ? 0 : lastAtOrBelow(starts, starts[last]! - 1) + 1;
      this.partFunction.set(part, first < 0 ? NONE : order[first]!);
    }
    reorder([this.partStart, this.partEnd, this.partFunction], ascendingOrder(this.partFunction.view()), 0);
  }

  #proc(window: StreamWindow, at: number, next: number, sections: Sections, damage: DamageLog): void {
    if (!holds(window, at, next, procBytes, damage)) return;
    const { view } = window;
    const head = at - window.start;
    const address = sections.address(view.getUint16(head + 36, true), view.getUint32(head + 32, true));
    this.#add(at, address, view.getUint32(head + 16, true), address, window, damage);
  }

  #thunk(window: StreamWindow, at: number, next: number, sections: Sections, damage: DamageLog): void {
    if (!holds(window, at, next, thunkBytes, damage)) return;
    const { view } = window;
    const head = at - window.start;
    const address = sections.address(view.getUint16(head + 20, true), view.getUint32(head + 16, true));
    this.#add(at, address, view.getUint16(head + 22, true), address, window, damage);
  }

  #trampoline(window: StreamWindow, at: number, next: number, sections: Sections, damage: DamageLog): void {
    if (!holds(window, at, next, trampolineBytes, damage)) return;
    const { view } = window;
    const head = at - window.start;
    const address = sections.address(view.getUint16(head + 16, true), view.getUint32(head + 8, true));
    const target = sections.address(view.getUint16(head + 18, true), view.getUint32(head + 12, true));
    this.#add(at, address, view.getUint16(head + 6, true), target, window, damage);
  }

  #add(at: number, address: number, bytes: number, target: number, window: StreamWindow, damage: DamageLog): void {
    // Functions that the linker dropped have section 0.
    if (address === nowhere || target === nowhere || bytes === 0) return;
    if (this.offset.length >= maxFunctions) {
      if (this.offset.length === maxFunctions) damage.add(window.stream.place(at), `more than ${maxFunctions} functions in a module`);
      return;
    }
    this.offset.push(at);
    this.start.push(address);
    this.end.push(Math.min(address + bytes, 0xffffffff));
    this.target.push(target);
    this.own.push(1);
    this.scopeFrom.push(this.scope.length);
  }

  #separated(window: StreamWindow, at: number, next: number, sections: Sections, damage: DamageLog): void {
    if (!holds(window, at, next, separatedBytes, damage)) return;
    const { view } = window;
    const head = at - window.start;
    const bytes = view.getUint32(head + 12, true);
    const address = sections.address(view.getUint16(head + 28, true), view.getUint32(head + 20, true));
    const parent = sections.address(view.getUint16(head + 30, true), view.getUint32(head + 24, true));
    if (address === nowhere || parent === nowhere || bytes === 0 || this.partStart.length >= maxParts) return;
    this.partStart.push(address);
    this.partEnd.push(Math.min(address + bytes, 0xffffffff));
    this.partFunction.push(parent);
  }
}

/** Whether a record has the bytes that its kind needs; they are held then. */
function holds(window: StreamWindow, at: number, next: number, bytes: number, damage: DamageLog): boolean {
  if (next - at >= bytes && window.hold(at, bytes)) return true;
  damage.add(window.stream.place(at), `symbol record of ${next - at} bytes, its kind needs ${bytes}`);
  return false;
}
