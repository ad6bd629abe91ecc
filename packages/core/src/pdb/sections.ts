/**
 * Where a PDB's addresses lie in the image: symbols state section and offset, the section headers tell where each section begins.
 *
 *   section header (40 bytes)   name 8 bytes, virtual bytes u32, image-relative address u32, bytes in the file u32, …, flags u32 at 36
 *   OMAP entry (8 bytes)        address u32 in the code as it was linked, address u32 in the image (0: left out); it holds to the next entry
 *
 * A tool that moved code after linking leaves the headers of both and an OMAP. Everything in the PDB then speaks of the code as linked; all
 * readers stay in those addresses and translate what they give.
 */
import { lastAtOrBelow } from "../bytes/bisect.ts";
import { type DisjointRanges, makeDisjoint } from "../bytes/intervals.ts";
import { type Dbi, debugStreamOmapFromSource, debugStreamOriginalSections, debugStreamSections } from "./dbi.ts";
import type { Msf } from "./msf.ts";

const headerBytes = 40;
/** The linker's own limit is 96; section numbers are 16 bits wide. */
const maxSections = 0xffff;
const omapEntryBytes = 8;
const maxOmapBytes = 256 << 20;
/** Tools move whole basic blocks; a function has fewer. */
const maxParts = 1 << 14;
const containsCode = 0x20;
const executable = 0x20000000;
const maxAddress = 0xffffffff;

/** "Not in the image", of an address. */
export const nowhere = -1;

export class Sections {
  readonly #address: Uint32Array;
  readonly #size: Uint32Array;
  readonly #executable: Uint8Array;

  constructor(headers: Uint8Array) {
    const count = Math.min(Math.floor(headers.length / headerBytes), maxSections);
    const view = new DataView(headers.buffer, headers.byteOffset, headers.byteLength);
    this.#address = new Uint32Array(count);
    this.#size = new Uint32Array(count);
    this.#executable = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      const at = i * headerBytes;
      this.#size[i] = Math.max(view.getUint32(at + 8, true), view.getUint32(at + 16, true));
      this.#address[i] = view.getUint32(at + 12, true);
      this.#executable[i] = (view.getUint32(at + 36, true) & (containsCode | executable)) !== 0 ? 1 : 0;
    }
  }

  /** The image-relative address of section (from 1) and offset; `nowhere` outside all sections. */
  address(section: number, offset: number): number {
    const index = section - 1;
    if (index < 0 || index >= this.#address.length || offset >= this.#size[index]!) return nowhere;
    const address = this.#address[index]! + offset;
    return address <= maxAddress ? address : nowhere;
  }

  /** First address behind a section. */
  end(section: number): number {
    const index = section - 1;
    return index < 0 || index >= this.#address.length ? 0 : Math.min(this.#address[index]! + this.#size[index]!, maxAddress);
  }

  isCode(section: number): boolean {
    return this.#executable[section - 1] === 1;
  }
}

/** The sections that a PDB's symbols speak of; null when it names none. Throws FormatError for a damaged container. */
export function readSections(msf: Msf, dbi: Dbi): Sections | null {
  const original = readOmap(msf, dbi) === null ? null : dbi.debugStream(debugStreamOriginalSections);
  const stream = original ?? dbi.debugStream(debugStreamSections);
  if (stream === null || msf.streamBytes(stream) < headerBytes) return null;
  return new Sections(msf.whole(stream, maxSections * headerBytes));
}

/** The OMAP from linked code to image; null where code was not moved. Throws FormatError for a damaged container. */
export function readOmap(msf: Msf, dbi: Dbi): Omap | null {
  const stream = dbi.debugStream(debugStreamOmapFromSource);
  if (stream === null || msf.streamBytes(stream) < omapEntryBytes) return null;
  return new Omap(msf.whole(stream, maxOmapBytes));
}

/** Receives the parts of a translated range; false: no more. */
export interface RangeSink {
  push(start: number, end: number): boolean;
}

export class Omap {
  readonly #from: Uint32Array;
  readonly #to: Uint32Array;
  #inverse: DisjointRanges | null = null;

  constructor(bytes: Uint8Array) {
    const count = Math.floor(bytes.length / omapEntryBytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let ascending = true;
    this.#from = new Uint32Array(count);
    this.#to = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      this.#from[i] = view.getUint32(i * omapEntryBytes, true);
      this.#to[i] = view.getUint32(i * omapEntryBytes + 4, true);
      if (i > 0 && this.#from[i]! < this.#from[i - 1]!) ascending = false;
    }
    if (!ascending) this.#sort();
  }

  #sort(): void {
    const order = new Uint32Array(this.#from.length).map((_, i) => i).sort((a, b) => this.#from[a]! - this.#from[b]! || a - b);
    const from = this.#from.slice();
    const to = this.#to.slice();
    for (let i = 0; i < order.length; i++) {
      this.#from[i] = from[order[i]!]!;
      this.#to[i] = to[order[i]!]!;
    }
  }

  /** Where linked code lies in the image; `nowhere` when it was left out. */
  toImage(address: number): number {
    const entry = lastAtOrBelow(this.#from, address);
    if (entry < 0 || this.#to[entry] === 0) return nowhere;
    const moved = this.#to[entry]! + (address - this.#from[entry]!);
    return moved <= maxAddress ? moved : nowhere;
  }

  /** Linked code from an address to here stays together in the image. */
  togetherUntil(address: number): number {
    const entry = lastAtOrBelow(this.#from, address);
    return this.#endOf(entry);
  }

  /** The parts of the image that linked code in [start, end) became, in the order of the code; the first `maxParts`. */
  partsInImage(start: number, end: number, sink: RangeSink): void {
    let entry = Math.max(lastAtOrBelow(this.#from, start), 0);
    const stop = Math.min(entry + maxParts, this.#from.length);
    for (; entry < stop && this.#from[entry]! < end; entry++) {
      const from = Math.max(start, this.#from[entry]!);
      const until = Math.min(end, this.#endOf(entry));
      const to = this.#to[entry]! + (from - this.#from[entry]!);
      if (from >= until || this.#to[entry] === 0 || to + (until - from) > maxAddress) continue;
      if (!sink.push(to, to + (until - from))) return;
    }
  }

  /** Which linked code became the code at an address of the image; `nowhere` for code that was added. */
  toLinked(address: number): number {
    this.#inverse ??= this.#invert();
    const { start, end, item } = this.#inverse;
    const range = lastAtOrBelow(start, address);
    if (range < 0 || address >= end[range]!) return nowhere;
    const entry = item[range]!;
    return this.#from[entry]! + (address - this.#to[entry]!);
  }

  #endOf(entry: number): number {
    return entry + 1 < this.#from.length ? this.#from[entry + 1]! : maxAddress;
  }

  #invert(): DisjointRanges {
    const count = this.#from.length;
    const end = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const bytes = this.#endOf(i) - this.#from[i]!;
      end[i] = this.#to[i] === 0 ? 0 : Math.min(this.#to[i]! + bytes, maxAddress);
    }
    const identity = () => ({ start: this.#to, end, item: new Uint32Array(count).map((_, i) => i) });
    return makeDisjoint(this.#to, end, count) ?? identity();
  }
}
