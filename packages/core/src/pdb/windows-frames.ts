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
 */
import { lastAtOrBelow } from "../bytes/bisect.ts";
import type { ByteSource } from "../bytes/byte-source.ts";
import { makeDisjoint } from "../bytes/intervals.ts";
import type { WindowsFrame, WindowsFrameSource } from "../unwind/rules.ts";
import { debugStreamFpo, debugStreamFrameData, readDbi } from "./dbi.ts";
import { Msf } from "./msf.ts";
import { StringTable } from "./named-streams.ts";

const maxStreamBytes = 128 << 20;
const maxProgramBytes = 4096;
const frameDataBytes = 32;
const fpoBytes = 16;

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
  return tables.every((table) => table.count === 0) ? null : new PdbWindowsFrames(...tables, new StringTable(msf));
}

export class PdbWindowsFrames implements WindowsFrameSource {
  readonly #frameData: Table;
  readonly #fpo: Table;
  readonly #strings: StringTable;

  constructor(frameData: Table, fpo: Table, strings: StringTable) {
    this.#frameData = frameData;
    this.#fpo = fpo;
    this.#strings = strings;
  }

  find(relativeAddress: number): WindowsFrame | null {
    const frameData = this.#frameData.find(relativeAddress);
    if (frameData >= 0) return this.#frameDataRecord(frameData);
    const fpo = this.#fpo.find(relativeAddress);
    return fpo < 0 ? null : this.#fpoRecord(fpo);
  }

  /** All records as the file has them: not sorted, overlapping. */
  *records(): Iterable<WindowsFrame> {
    for (let i = 0; i < this.#frameData.count; i++) yield this.#frameDataRecord(i);
    for (let i = 0; i < this.#fpo.count; i++) yield this.#fpoRecord(i);
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
