/**
 * Public symbols: the names that the linker knew, mangled, with addresses and without sizes.
 *
 *   publics stream   hash bytes u32, address map bytes u32, thunk map's 20 bytes, the hash, then the address map: offsets u32 into the symbol record
 *                    stream, ascending by address
 *   record           length u16, kind u16, flags u32, offset u32, section u16, name
 *
 * One address is found by a few records. A PDB without an address map is scanned once. Records that the map does not name are left-overs of
 * incremental links. Of several symbols at one address (folded functions) the one whose record comes first counts.
 * Names of C in 32-bit x86 are given as the program spells them (c-names.ts): as in a PDB of the same build that has its functions.
 * Specification: "The PDB Public Symbol Stream" in LLVM's documentation.
 */
import { partitionPoint } from "../bytes/bisect.ts";
import { BlockReader } from "../bytes/block-reader.ts";
import { U32Column } from "../bytes/columns.ts";
import { undecorated } from "./c-names.ts";
import type { Dbi } from "./dbi.ts";
import type { Msf } from "./msf.ts";
import type { MsfStream } from "./msf-stream.ts";
import { ascendingOrder } from "./order.ts";
import { nowhere, type Sections } from "./sections.ts";
import { symPublic32 } from "./symbol-kinds.ts";
import { StreamWindow } from "./window.ts";

const headerBytes = 28;
const maxMapBytes = 256 << 20;
const recordHeadBytes = 14;
const blockBytes = 16 << 10;
const maxBlocks = 64;
/** Records are at most this long. */
const maxRecordBytes = 2 + 0xffff;
const maxFolded = 4096;
const noAddress = 0xffffffff;
const machineX86 = 0x014c;

export type PublicSymbol = { address: number; section: number; name: Uint8Array };

export class Publics {
  readonly #stream: MsfStream;
  readonly #reader: BlockReader;
  readonly #sections: Sections;
  readonly #isX86: boolean;
  /** Record offsets, ascending by address. */
  readonly #map: Uint32Array;

  /** Throws FormatError for a damaged container. */
  constructor(msf: Msf, dbi: Dbi, sections: Sections) {
    this.#stream = msf.open(dbi.symbolRecordStream ?? 0xffff);
    this.#reader = new BlockReader(this.#stream, blockBytes, maxBlocks);
    this.#sections = sections;
    this.#isX86 = dbi.machine === machineX86;
    this.#map = addressMap(msf, dbi) ?? this.#scan();
  }

  get count(): number {
    return this.#map.length;
  }

  #scan(): Uint32Array {
    const offset = new U32Column();
    const address = new U32Column();
    const window = new StreamWindow(this.#stream);
    for (let at = 0; at + 4 <= this.#stream.size; ) {
      window.hold(at, 4);
      const length = window.view.getUint16(at - window.start, true);
      if (length < 2) break;
      if (window.view.getUint16(at + 2 - window.start, true) === symPublic32) {
        offset.push(at);
        address.push(this.#address(at));
      }
      at += 2 + length;
    }
    const order = ascendingOrder(address.view());
    return order === null ? offset.view() : Uint32Array.from(order, (i) => offset.at(i));
  }

  /** Address of the record at an offset; `noAddress` for one that is no public symbol in a section, which sorts last. */
  #address(offset: number): number {
    const head = this.#reader.upTo(offset, recordHeadBytes);
    if (head.length < recordHeadBytes || (head[2]! | (head[3]! << 8)) !== symPublic32) return noAddress;
    const within = (head[8]! | (head[9]! << 8) | (head[10]! << 16) | (head[11]! << 24)) >>> 0;
    const address = this.#sections.address(head[12]! | (head[13]! << 8), within);
    return address === nowhere ? noAddress : address;
  }

  /** The symbol that starts last at or below an address of code; null when none does. Throws FormatError for a damaged container. */
  find(address: number): PublicSymbol | null {
    const behind = partitionPoint(this.#map.length, (i) => this.#address(this.#map[i]!) <= address);
    if (behind === 0) return null;
    let offset = this.#map[behind - 1]!;
    const start = this.#address(offset);
    for (let i = behind - 2; i >= 0 && i >= behind - maxFolded && this.#address(this.#map[i]!) === start; i--) {
      offset = Math.min(offset, this.#map[i]!);
    }
    const section = start === noAddress ? 0 : this.#section(offset);
    return this.#sections.isCode(section) ? { address: start, section, name: this.#name(offset) } : null;
  }

  /** The first symbol at an address whose name begins so; null when none does. Throws FormatError for a damaged container. */
  nameWith(address: number, beginning: Uint8Array): Uint8Array | null {
    const first = partitionPoint(this.#map.length, (i) => this.#address(this.#map[i]!) < address);
    for (let i = first; i < this.#map.length && i < first + maxFolded && this.#address(this.#map[i]!) === address; i++) {
      const name = this.#name(this.#map[i]!);
      if (startsWith(name, beginning)) return name;
    }
    return null;
  }

  #name(offset: number): Uint8Array {
    const length = this.#reader.upTo(offset, 2);
    const record = this.#reader.upTo(offset, 2 + length[0]! + (length[1]! << 8));
    return this.#nameIn(record, 0, record.length);
  }

  #nameIn(bytes: Uint8Array, record: number, end: number): Uint8Array {
    const nul = bytes.indexOf(0, record + recordHeadBytes);
    const name = bytes.subarray(record + recordHeadBytes, nul < 0 || nul > end ? end : nul);
    return this.#isX86 ? undecorated(name) : name;
  }

  #section(offset: number): number {
    const head = this.#reader.upTo(offset, recordHeadBytes);
    return head[12]! | (head[13]! << 8);
  }

  /** Gives all symbols of code, by their place in the file. The names are views. Throws FormatError for a damaged container. */
  each(give: (address: number, section: number, name: Uint8Array) => void): void {
    const offsets = this.#map.slice().sort();
    const window = new StreamWindow(this.#stream);
    for (let i = 0; i < offsets.length; i++) {
      const at = offsets[i]!;
      if (!window.hold(at, recordHeadBytes)) return;
      const bytes = 2 + window.view.getUint16(at - window.start, true);
      if (window.view.getUint16(at + 2 - window.start, true) !== symPublic32) continue;
      const section = window.view.getUint16(at + 12 - window.start, true);
      const address = this.#sections.address(section, window.view.getUint32(at + 8 - window.start, true));
      if (address === nowhere || !this.#sections.isCode(section)) continue;
      if (!window.hold(at, Math.min(bytes, maxRecordBytes))) return;
      const start = at - window.start;
      give(address, section, this.#nameIn(window.bytes, start, start + bytes));
    }
  }
}

function startsWith(bytes: Uint8Array, beginning: Uint8Array): boolean {
  if (bytes.length < beginning.length) return false;
  for (let i = 0; i < beginning.length; i++) if (bytes[i] !== beginning[i]) return false;
  return true;
}

/** Null when the PDB has no address map. */
function addressMap(msf: Msf, dbi: Dbi): Uint32Array | null {
  if (dbi.publicsStream === null || msf.streamBytes(dbi.publicsStream) < headerBytes) return null;
  const stream = msf.open(dbi.publicsStream);
  const head = stream.read(0, headerBytes);
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const at = headerBytes + view.getUint32(0, true);
  const bytes = view.getUint32(4, true);
  if (bytes === 0 || bytes > maxMapBytes || at + bytes > stream.size) return null;
  const map = stream.read(at, bytes);
  const words = new DataView(map.buffer, map.byteOffset, map.byteLength);
  const out = new Uint32Array(bytes >>> 2);
  for (let i = 0; i < out.length; i++) out[i] = words.getUint32(4 * i, true);
  return out;
}
