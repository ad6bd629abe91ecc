/**
 * The modules (object files) of a PDB, and which of them each piece of code comes from.
 *
 *   module        unused u32, first contribution 28 bytes, flags u16, stream u16 at 34, symbols' bytes u32 at 36, old lines' bytes u32 (C11),
 *                 lines' bytes u32 at 44 (C13), …, then at 64 two names, NUL-terminated; the next begins at a multiple of 4
 *   contributions version u32, then per piece: section u16, pad 2, offset i32, bytes u32, flags u32, module u16, pad 2, two checksums; the second
 *                 version has one more word
 *
 * Specification: "The PDB DBI Stream" in LLVM's documentation.
 */
import { lastAtOrBelow } from "../bytes/bisect.ts";
import { U32Column } from "../bytes/columns.ts";
import { makeDisjoint } from "../bytes/intervals.ts";
import type { DamageLog } from "../names/damage.ts";
import type { Dbi } from "./dbi.ts";
import { dbiStream, type Msf, noStream } from "./msf.ts";
import { nowhere, type Sections } from "./sections.ts";
import { StreamWindow } from "./window.ts";

const moduleHeadBytes = 64;
/** Modules are numbered with 16 bits. */
const maxModules = 0xffff;
const maxNameBytes = 1 << 16;
const contributionsVersion1 = 0xeffe0000 + 19970605;
const contributionsVersion2 = 0xeffe0000 + 20140516;
const contributionBytes = 28;
/** Contributions of a file at this limit take 200 MB in memory. */
const maxContributions = 16 << 20;

/** Columns by number of module. */
export class Modules {
  readonly stream = new U32Column();
  readonly symbolBytes = new U32Column();
  readonly oldLineBytes = new U32Column();
  readonly lineBytes = new U32Column();
  readonly nameOffset = new U32Column();

  get count(): number {
    return this.stream.length;
  }
}

/** Stream number of a module that has no symbols. */
export const noModuleStream = noStream;

/** Throws FormatError for a damaged container; a list that ends in damage gives the modules before. */
export function readModules(msf: Msf, dbi: Dbi, damage: DamageLog): Modules {
  const modules = new Modules();
  const window = new StreamWindow(msf.open(dbiStream));
  const end = Math.min(dbi.modules.offset + dbi.modules.bytes, window.stream.size);
  let at = dbi.modules.offset;
  while (at + moduleHeadBytes <= end) {
    if (modules.count >= maxModules) {
      damage.add(window.stream.place(at), `more than ${maxModules} modules`);
      break;
    }
    window.hold(at, moduleHeadBytes);
    const head = at - window.start;
    modules.stream.push(window.view.getUint16(head + 34, true));
    modules.symbolBytes.push(window.view.getUint32(head + 36, true));
    modules.oldLineBytes.push(window.view.getUint32(head + 40, true));
    modules.lineBytes.push(window.view.getUint32(head + 44, true));
    modules.nameOffset.push(at + moduleHeadBytes);
    let next = at + moduleHeadBytes;
    for (let name = 0; name < 2 && next >= 0; name++) {
      window.hold(next, Math.min(maxNameBytes, end - next));
      const nul = window.bytes.indexOf(0, next - window.start);
      next = nul < 0 || nul + window.start >= end ? -1 : nul + window.start + 1;
    }
    if (next < 0) {
      damage.add(window.stream.place(at), "module whose name does not end");
      break;
    }
    at = dbi.modules.offset + ((next - dbi.modules.offset + 3) & ~3);
  }
  return modules;
}

/** Pieces of code, ascending and disjoint, and the module of each. */
export class Contributions {
  readonly start: Uint32Array;
  readonly end: ArrayLike<number>;
  readonly #module: Uint32Array;
  readonly #item: Uint32Array | null;

  /** Columns in any order; of pieces that overlap the one that starts last counts, of equal starts the first. */
  constructor(start: Uint32Array, end: Uint32Array, module: Uint32Array) {
    const disjoint = makeDisjoint(start, end, start.length);
    this.start = disjoint?.start ?? start;
    this.end = disjoint?.end ?? end;
    this.#item = disjoint?.item ?? null;
    this.#module = module;
  }

  /** Index of the piece that holds an address; -1 when none does. */
  find(address: number): number {
    const piece = this.lastFrom(address);
    return piece < 0 || address >= this.end[piece]! ? -1 : piece;
  }

  /** Index of the last piece that starts at or below an address; -1 when none does. */
  lastFrom(address: number): number {
    return lastAtOrBelow(this.start, address);
  }

  module(piece: number): number {
    return this.#module[this.#item === null ? piece : this.#item[piece]!]!;
  }
}

/** The contributions to code sections; null when the PDB states none. Throws FormatError for a damaged container. */
export function readContributions(msf: Msf, dbi: Dbi, sections: Sections, damage: DamageLog): Contributions | null {
  const window = new StreamWindow(msf.open(dbiStream));
  const { offset, bytes } = dbi.contributions;
  if (bytes < 4 || !window.hold(offset, 4)) return null;
  const version = window.view.getUint32(offset - window.start, true);
  if (version !== contributionsVersion1 && version !== contributionsVersion2) {
    damage.add(window.stream.place(offset), `section contributions of version 0x${version.toString(16)}`);
    return null;
  }
  const entryBytes = version === contributionsVersion2 ? contributionBytes + 4 : contributionBytes;
  const start = new U32Column();
  const end = new U32Column();
  const module = new U32Column();
  const stop = Math.min(offset + bytes, window.stream.size);
  for (let at = offset + 4; at + entryBytes <= stop && start.length < maxContributions; at += entryBytes) {
    window.hold(at, entryBytes);
    const entry = at - window.start;
    const section = window.view.getUint16(entry, true);
    const size = window.view.getUint32(entry + 8, true);
    if (size === 0 || !sections.isCode(section)) continue;
    const address = sections.address(section, window.view.getUint32(entry + 4, true));
    if (address === nowhere) continue;
    start.push(address);
    end.push(Math.min(address + size, sections.end(section)));
    module.push(window.view.getUint16(entry + 16, true));
  }
  return start.length === 0 ? null : new Contributions(start.view(), end.view(), module.view());
}
