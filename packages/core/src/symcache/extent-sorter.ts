/**
 * Extents of functions and symbols, given in any order, taken in ascending order of address. Runs of a million are sorted in memory; beyond
 * one run they go through a spool and are merged.
 *
 * Of equal starts the one given last comes first, so that a reader that lets later ones win prefers the one given first.
 */
import { U32Column } from "../bytes/columns.ts";
import type { Ports } from "../bytes/ports.ts";
import { Spool } from "./spool.ts";

/** Extents in one run: start and place in the run fit one float64 (32 + 20 bits), which the native sort orders fastest. */
const runLength = 1 << 20;
const words = 4;
const windowExtents = 2048;

export class ExtentSorter {
  // The extent that `next` has taken.
  start = 0;
  end = 0;
  low = 0;
  high = 0;
  /** Extents added. */
  length = 0;
  readonly #spool: Spool;
  readonly #start = new U32Column();
  readonly #end = new U32Column();
  readonly #low = new U32Column();
  readonly #high = new U32Column();
  /** Runs in the spool. */
  readonly #runs: Run[] = [];
  /** Of the run in memory: places in order. */
  #order: Float64Array = new Float64Array(0);
  #taken = 0;
  /** Runs that have more, as a heap: the next extent's run first. */
  #heap: Run[] | null = null;

  constructor(ports: Ports | null) {
    this.#spool = new Spool(ports);
  }

  /** Adds [start, end), with two numbers of the caller's. */
  add(start: number, end: number, low: number, high: number): void {
    if (this.#start.length === runLength) this.#spill();
    this.length++;
    this.#start.push(start);
    this.#end.push(end);
    this.#low.push(low);
    this.#high.push(high);
  }

  /** Takes the next extent; false when there are no more. Nothing may be added afterwards. */
  next(): boolean {
    if (this.#runs.length === 0) return this.#nextInMemory();
    if (this.#heap === null) {
      this.#spill();
      this.#heap = [];
      for (const run of this.#runs) if (run.load(this.#spool)) pushRun(this.#heap, run);
    }
    const run = this.#heap[0];
    if (run === undefined) return false;
    const { window, at } = run;
    this.start = window[at]!;
    this.end = window[at + 1]!;
    this.low = window[at + 2]!;
    this.high = window[at + 3]!;
    run.at += words;
    if (run.at === run.filled && !run.load(this.#spool)) popRun(this.#heap);
    else siftDown(this.#heap);
    return true;
  }

  #nextInMemory(): boolean {
    if (this.#order.length !== this.#start.length) this.#order = this.#sorted();
    if (this.#taken === this.#order.length) return false;
    const place = runLength - 1 - (this.#order[this.#taken++]! % runLength);
    this.start = this.#start.at(place);
    this.end = this.#end.at(place);
    this.low = this.#low.at(place);
    this.high = this.#high.at(place);
    return true;
  }

  #sorted(): Float64Array {
    const order = new Float64Array(this.#start.length);
    for (let i = 0; i < order.length; i++) order[i] = this.#start.at(i) * runLength + (runLength - 1 - i);
    return order.sort();
  }

  #spill(): void {
    const order = this.#sorted();
    const run = new Run(this.#runs.length, this.#spool.length, order.length);
    const buffer = new Uint32Array(windowExtents * words);
    let used = 0;
    for (let i = 0; i < order.length; i++) {
      const place = runLength - 1 - (order[i]! % runLength);
      buffer[used] = this.#start.at(place);
      buffer[used + 1] = this.#end.at(place);
      buffer[used + 2] = this.#low.at(place);
      buffer[used + 3] = this.#high.at(place);
      used += words;
      if (used === buffer.length || i === order.length - 1) {
        this.#spool.append(buffer, used);
        used = 0;
      }
    }
    this.#runs.push(run);
    for (const column of [this.#start, this.#end, this.#low, this.#high]) column.clear();
  }
}

/** A sorted run in the spool, read through a window. */
class Run {
  readonly number: number;
  readonly window: Uint32Array = new Uint32Array(windowExtents * words);
  at = 0;
  filled = 0;
  #position: number;
  #left: number;

  constructor(number: number, position: number, left: number) {
    this.number = number;
    this.#position = position;
    this.#left = left;
  }

  /** Reads on; false at the end. */
  load(spool: Spool): boolean {
    const count = Math.min(this.#left, windowExtents);
    this.window.set(spool.read(this.#position, count * words));
    this.#position += count * words;
    this.#left -= count;
    this.at = 0;
    this.filled = count * words;
    return count > 0;
  }
}

/** Lower starts first; of equal starts the later run, as its extents were given later. */
function comesFirst(a: Run, b: Run): boolean {
  const difference = a.window[a.at]! - b.window[b.at]!;
  return difference === 0 ? a.number > b.number : difference < 0;
}

function pushRun(heap: Run[], run: Run): void {
  let at = heap.length;
  heap.push(run);
  while (at > 0) {
    const above = (at - 1) >> 1;
    if (!comesFirst(run, heap[above]!)) break;
    heap[at] = heap[above]!;
    at = above;
  }
  heap[at] = run;
}

function popRun(heap: Run[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  heap[0] = last;
  siftDown(heap);
}

/** Puts the first run of the heap, whose next extent has changed, where it belongs. */
function siftDown(heap: Run[]): void {
  const run = heap[0]!;
  let at = 0;
  for (let below = 1; below < heap.length; below = 2 * at + 1) {
    if (below + 1 < heap.length && comesFirst(heap[below + 1]!, heap[below]!)) below++;
    if (!comesFirst(heap[below]!, run)) break;
    heap[at] = heap[below]!;
    at = below;
  }
  heap[at] = run;
}
