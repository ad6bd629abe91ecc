/** Unwind rules of a binary, and the frame data of a PDB, into a symcache. */
import { F64Column, U32Column } from "../bytes/columns.ts";
import { makeDisjoint } from "../bytes/intervals.ts";
import type { UnwindSource, WindowsFrameSource } from "../unwind/rules.ts";
import { noRef, type SymcacheWriter } from "./writer.ts";

const rangesPerProgress = 1 << 12;
const addressSpace = 0x100000000;

/** Writes all rows of a binary. `progress` receives a growing share of 1, by address: `lastAddress` is where the code is thought to end. */
export function convertUnwind(source: UnwindSource, writer: SymcacheWriter, lastAddress: number, progress: (share: number) => void): void {
  let end = 0;
  let count = 0;
  for (const { start, length, row } of source.ranges()) {
    // Ranges of a damaged file may overlap: the first counts.
    const from = Math.max(start, end);
    if (start + length <= from) continue;
    if (from > end) writer.row(end, noRef);
    writer.row(from, row === null ? noRef : writer.rules(row));
    end = start + length;
    if (++count % rangesPerProgress === 0) progress(Math.min(1, end / lastAddress));
  }
  if (end < addressSpace) writer.row(end, noRef);
  progress(1);
}

/** Writes all STACK WIN records: where both kinds cover, FrameData; of one kind the record that starts last, of equal starts the first. */
export function convertWindowsFrames(source: WindowsFrameSource, writer: SymcacheWriter): void {
  const frameData = new Records();
  const fpo = new Records();
  for (const frame of source.records()) {
    const end = frame.address + frame.codeSize;
    if (end > frame.address) (frame.kind === "frameData" ? frameData : fpo).add(frame.address, end, writer.winFrame(frame));
  }
  const above = frameData.disjoint();
  const below = fpo.disjoint();
  let at = 0;
  for (let i = 0; i <= above.count; i++) {
    const start = i < above.count ? above.start[i]! : addressSpace;
    writeBetween(below, at, start, writer);
    if (i === above.count) break;
    writer.winRow(start, above.ref(i));
    at = above.end[i]!;
  }
}

/** Writes what `records` hold in [from, to), and nothing where they hold nothing. */
function writeBetween(records: DisjointRecords, from: number, to: number, writer: SymcacheWriter): void {
  let at = from;
  for (; records.next < records.count && records.start[records.next]! < to; records.next++) {
    const end = records.end[records.next]!;
    if (end <= at) continue;
    const start = Math.max(at, records.start[records.next]!);
    if (start > at) writer.winRow(at, noRef);
    writer.winRow(start, records.ref(records.next));
    at = Math.min(end, to);
    if (end > to) break;
  }
  if (at < to) writer.winRow(at, noRef);
}

type DisjointRecords = { count: number; start: ArrayLike<number>; end: ArrayLike<number>; ref(i: number): number; next: number };

class Records {
  readonly #start = new U32Column();
  readonly #end = new F64Column();
  readonly #ref = new U32Column();

  add(start: number, end: number, ref: number): void {
    this.#start.push(start);
    this.#end.push(end);
    this.#ref.push(ref);
  }

  disjoint(): DisjointRecords {
    const start = this.#start.view();
    const ranges = makeDisjoint(start, this.#end.view(), start.length);
    if (ranges === null) return { count: start.length, start, end: this.#end.view(), ref: (i) => this.#ref.at(i), next: 0 };
    return { count: ranges.start.length, start: ranges.start, end: ranges.end, ref: (i) => this.#ref.at(ranges.item[i]!), next: 0 };
  }
}
