/**
 * The unwind data of 32-bit x86 code in a PDB: what STACK WIN records of .sym files are made from.
 *
 *   FrameData   start u32, code bytes u32, locals' bytes u32, parameters' bytes u32, most pushed u32, program (offset in "/names") u32,
 *               prologue bytes u16, saved registers' bytes u16, flags u32; the stream may begin with one more word
 *   FPO         start u32, code bytes u32, locals' words u32, parameters' words u16, then 16 bits: prologue bytes (8), saved registers (3),
 *               structured exceptions (1), uses ebp as general register (1), reserved (1), frame kind (2)
 *
 * Functions state several FrameData records that nest: the whole function, then what is left of it behind each instruction of the prologue. The
 * record that starts last is the one in force.
 *
 * Records state addresses of the code as it was linked; where a tool moved code afterwards (OMAP), each holds for the pieces that it became.
 */
import { lastAtOrBelow } from "../bytes/bisect.ts";
import type { ByteSource } from "../bytes/byte-source.ts";
import { makeDisjoint } from "../bytes/intervals.ts";
import type { WindowsFrame, WindowsFrameSource } from "../unwind/rules.ts";
import { debugStreamFpo, debugStreamFrameData, readDbi } from "./dbi.ts";
import { Msf } from "./msf.ts";
import { StringTable } from "./named-streams.ts";
import { nowhere, type Omap, readOmap } from "./sections.ts";

const maxStreamBytes = 128 << 20;
const maxProgramBytes = 4096;
const frameDataBytes = 32;
const fpoBytes = 16;
/** Tools move basic blocks; a frame that holds for more of them is made to cost. */
const maxPieces = 4096;

/** Opens the frame data of a PDB; null when it has none, as those of 64-bit programs. Throws FormatError for a damaged container. */
export function openPdbWindowsFrames(source: ByteSource): PdbWindowsFrames | null {
  const msf = new Msf(source);
  const dbi = readDbi(msf);
  const bytesOf = (stream: number | null | undefined) => (stream == null ? new Uint8Array(0) : msf.whole(stream, maxStreamBytes));
  const frameData = bytesOf(dbi?.debugStream(debugStreamFrameData));
  const fpo = bytesOf(dbi?.debugStream(debugStreamFpo));
  const tables = [
    new Table(frameData.subarray(frameData.length % frameDataBytes >= 4 ? 4 : 0), frameDataBytes),
    new Table(fpo, fpoBytes),
  ] as const;
  if (tables.every((table) => table.count === 0)) return null;
  return new PdbWindowsFrames(...tables, new StringTable(msf), dbi === null ? null : readOmap(msf, dbi));
}

export class PdbWindowsFrames implements WindowsFrameSource {
  readonly #frameData: Table;
  readonly #fpo: Table;
  readonly #strings: StringTable;
  readonly #omap: Omap | null;

  constructor(frameData: Table, fpo: Table, strings: StringTable, omap: Omap | null) {
    this.#frameData = frameData;
    this.#fpo = fpo;
    this.#strings = strings;
    this.#omap = omap;
  }

  find(relativeAddress: number): WindowsFrame | null {
    if (this.#omap === null) return this.#find(relativeAddress);
    const linked = this.#omap.toLinked(relativeAddress);
    const frame = linked === nowhere ? null : this.#find(linked);
    if (frame === null) return null;
    for (const moved of pieces(frame, this.#omap)) {
      if (moved.address <= relativeAddress && relativeAddress < moved.address + moved.codeSize) return moved;
    }
    return null;
  }

  /** By address of linked code. */
  #find(address: number): WindowsFrame | null {
    const frameData = this.#frameData.find(address);
    if (frameData >= 0) return this.#frameDataRecord(frameData);
    const fpo = this.#fpo.find(address);
    return fpo < 0 ? null : this.#fpoRecord(fpo);
  }

  /** All records as the file has them: not sorted, overlapping. Of moved code one for each piece. */
  *records(): Iterable<WindowsFrame> {
    for (let i = 0; i < this.#frameData.count; i++) yield* this.#moved(this.#frameDataRecord(i));
    for (let i = 0; i < this.#fpo.count; i++) yield* this.#moved(this.#fpoRecord(i));
  }

  #moved(frame: WindowsFrame): Iterable<WindowsFrame> {
    return this.#omap === null ? [frame] : pieces(frame, this.#omap);
  }

  #frameDataRecord(index: number): WindowsFrame {
    const { view } = this.#frameData;
    const at = index * frameDataBytes;
    const program = this.#strings.at(view.getUint32(at + 20, true), maxProgramBytes);
    return {
      kind: "frameData",
      address: view.getUint32(at, true),
      codeSize: view.getUint32(at + 4, true),
      localSize: view.getUint32(at + 8, true),
      parameterSize: view.getUint32(at + 12, true),
      maxStackSize: view.getUint32(at + 16, true),
      prologueSize: view.getUint16(at + 24, true),
      savedRegisterSize: view.getUint16(at + 26, true),
      epilogueSize: 0,
      program: program === "" ? null : program,
      allocatesBasePointer: false,
    };
  }

  #fpoRecord(index: number): WindowsFrame {
    const { view } = this.#fpo;
    const at = index * fpoBytes;
    const bits = view.getUint16(at + 14, true);
    return {
      kind: "fpo",
      address: view.getUint32(at, true),
      codeSize: view.getUint32(at + 4, true),
      localSize: view.getUint32(at + 8, true) * 4,
      parameterSize: view.getUint16(at + 12, true) * 4,
      maxStackSize: 0,
      prologueSize: bits & 0xff,
      savedRegisterSize: ((bits >> 8) & 7) * 4,
      epilogueSize: 0,
      program: null,
      allocatesBasePointer: (bits & 0x1000) !== 0,
    };
  }
}

/** The same frame for each piece of the image that its code became. */
function pieces(frame: WindowsFrame, omap: Omap): WindowsFrame[] {
  const out: WindowsFrame[] = [];
  omap.partsInImage(frame.address, Math.min(frame.address + frame.codeSize, 0xffffffff), {
    push(start, end) {
      out.push({ ...frame, address: start, codeSize: end - start });
      return out.length < maxPieces;
    },
  });
  return out;
}

/** Records of one size that begin with address and length, found by address. */
class Table {
  readonly count: number;
  readonly view: DataView;
  readonly #start: Uint32Array;
  readonly #end: ArrayLike<number>;
  readonly #item: ArrayLike<number> | null;

  constructor(bytes: Uint8Array, recordBytes: number) {
    this.count = Math.floor(bytes.length / recordBytes);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const start = new Uint32Array(this.count);
    const end = new Float64Array(this.count);
    for (let i = 0; i < this.count; i++) {
      start[i] = this.view.getUint32(i * recordBytes, true);
      end[i] = start[i]! + this.view.getUint32(i * recordBytes + 4, true);
    }
    const ranges = makeDisjoint(start, end, this.count);
    this.#start = ranges?.start ?? start;
    this.#end = ranges?.end ?? end;
    this.#item = ranges?.item ?? null;
  }

  /** Index of the record in force at an address; -1 when there is none. */
  find(address: number): number {
    const at = lastAtOrBelow(this.#start, address);
    if (at < 0 || address >= this.#end[at]!) return -1;
    return this.#item === null ? at : this.#item[at]!;
  }
}
