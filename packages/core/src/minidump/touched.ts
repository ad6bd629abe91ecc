/**
 * Which modules a stack may touch: those that a register or a captured stack word points into. A walk can hardly find any other,
 * so only their debug files need to be at hand.
 *
 * Works on numbers instead of bigint: this looks at every word of every stack, and addresses that matter are below 2^53.
 */
import type { Dump } from "./read-dump.ts";

/** More stack than this is not searched, bytes per thread. */
const MAX_STACK_BYTES = 16 * 1024 * 1024;
/** Nor more in all: a hostile dump may show one stack to thousands of threads. */
const MAX_TOTAL_STACK_BYTES = 128 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

export function touchedModules(dump: Dump): boolean[] {
  const touched = dump.modules.map(() => false);
  const { cpu } = dump;
  if (cpu === null) return touched;
  const marks = new Marks(dump, touched);
  let budgetBytes = MAX_TOTAL_STACK_BYTES;
  // The crashing thread first: its modules matter most when the budget ends.
  const order = dump.threads
    .map((_, i) => i)
    .sort((a, b) => Number(b === dump.crashingThread) - Number(a === dump.crashingThread) || a - b);
  for (const i of order) {
    const registers = dump.registersOf(i);
    if (registers === null) continue;
    for (const value of registers.values()) marks.mark(Number(cpu.stripAddress(value)));
    const sp = registers.get(cpu.sp);
    if (sp !== undefined) {
      // Pointers on the stack may be signed: what the processor strips of an address, in its upper half.
      const upperMask = Number(cpu.stripAddress(0xffffffff00000000n) >> 32n);
      budgetBytes -= markStack(dump, sp, cpu.pointerBytes, upperMask, Math.min(budgetBytes, MAX_STACK_BYTES), marks);
    }
  }
  if (budgetBytes <= 0) dump.warnings.add("ThreadList", null, "too much stack in all: some was not searched for modules");
  return touched;
}

/** Marks what the words above a stack pointer point into; returns how many bytes were searched. */
function markStack(dump: Dump, sp: bigint, wordBytes: 4 | 8, upperMask: number, maxBytes: number, marks: Marks): number {
  const lowestUpper = Math.floor(marks.lowest / 0x100000000);
  const highestUpper = Math.floor(marks.highest / 0x100000000);
  let done = 0;
  while (done < maxBytes) {
    const bytes = dump.memory.bytes(sp + BigInt(done), CHUNK_BYTES);
    if (bytes === null || bytes.length < wordBytes) break;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const little = dump.littleEndian;
    for (let at = 0; at + wordBytes <= bytes.length; at += wordBytes) {
      if (wordBytes === 4) {
        marks.mark(view.getUint32(at, little));
      } else {
        const upper = (view.getUint32(little ? at + 4 : at, little) & upperMask) >>> 0;
        // Most words are no addresses at all.
        if (upper < lowestUpper || upper > highestUpper) continue;
        marks.mark(upper * 0x100000000 + view.getUint32(little ? at : at + 4, little));
      }
    }
    done += bytes.length;
  }
  return done;
}

/** Marks the modules that hold an address. Overlapping modules are all marked. */
class Marks {
  /** Every address in a module lies between these. */
  readonly lowest: number;
  readonly highest: number;
  readonly #touched: boolean[];
  readonly #index: Uint32Array;
  readonly #bases: Float64Array;
  readonly #ends: Float64Array;
  /** Highest end so far: how far down an overlap can reach. */
  readonly #reach: Float64Array;

  constructor(dump: Dump, touched: boolean[]) {
    const sorted = dump.modules.filter((m) => m.size > 0).sort((a, b) => (a.base < b.base ? -1 : a.base > b.base ? 1 : 0));
    this.#touched = touched;
    this.#index = Uint32Array.from(sorted, (m) => m.index);
    this.#bases = Float64Array.from(sorted, (m) => Number(m.base));
    this.#ends = Float64Array.from(sorted, (m) => Number(m.base) + m.size);
    this.#reach = new Float64Array(sorted.length);
    let highest = 0;
    this.#ends.forEach((end, i) => {
      highest = Math.max(highest, end);
      this.#reach[i] = highest;
    });
    this.lowest = this.#bases[0] ?? 0;
    this.highest = highest;
  }

  mark(address: number): void {
    if (address < this.lowest || address > this.highest) return;
    const bases = this.#bases;
    let low = 0;
    let high = bases.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (bases[middle]! <= address) low = middle + 1;
      else high = middle;
    }
    for (let i = low - 1; i >= 0 && this.#reach[i]! >= address; i--) {
      if (address <= this.#ends[i]!) this.#touched[this.#index[i]!] = true;
    }
  }
}
