/**
 * Identity of a PDB 7 file: GUID from the info stream, age from the DBI stream. (The info stream's age grows when tools rewrite the PDB; the
 * DBI's stays what the executable says.)
 *
 * The container (MSF) is a file system of blocks: the first block names the block list of the directory, the directory lists each
 * stream's size and blocks. Only the parts needed are read, so that a directory that lies costs little.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import { guidFromBytes, normalizeDebugId } from "../ids/debug-id.ts";
import type { ObjectVerdict } from "./verdict.ts";

export const pdb7Magic = "Microsoft C/C++ MSF 7.00\r\n\u001aDS\0\0\0";
export const pdb2Magic = "Microsoft C/C++ program database 2.00\r\n\u001aJG";

const maxDirectoryBytes = 256 << 20;
const maxStreams = 1 << 20;
const headBytes = 128;
const infoStream = 1;
const dbiStream = 3;
const noStream = 0xffff;

const machines: Readonly<Record<number, string>> = { 332: "x86", 448: "arm", 452: "arm", 34404: "amd64", 43620: "arm64" };

export function identifyPdb(source: ByteSource): ObjectVerdict {
  const msf = new Msf(source);
  const info = new Cursor(msf.stream(infoStream, 0, 28), "pdb: info stream");
  info.skip(8);
  const infoAge = info.u32();
  const guid = guidFromBytes(info.bytes(16), true);

  const dbiBytes = msf.streamBytes(dbiStream);
  let age = infoAge;
  let cpu: string | null = null;
  const features: ObjectVerdict["features"] = [];
  const lacks = ["reading names from PDB files is not supported yet: convert with dump_syms"];
  if (dbiBytes >= 64) {
    const dbi = new Cursor(msf.stream(dbiStream, 0, 64), "pdb: DBI stream");
    dbi.skip(8);
    age = dbi.u32();
    dbi.skip(4);
    const publics = dbi.u16();
    dbi.seek(24);
    const substreams = [dbi.u32(), dbi.u32(), dbi.u32(), dbi.u32(), dbi.u32()];
    dbi.seek(48);
    const debugHeaderBytes = dbi.u32();
    const editAndContinueBytes = dbi.u32();
    dbi.seek(58);
    cpu = machines[dbi.u16()] ?? null;
    if (publics !== noStream) features.push("symbols");
    if (substreams[0]! > 0) features.push("lines", "inlines");
    else lacks.push("modules: a stripped PDB with public symbols only");
    const debugHeader = 64 + substreams.reduce((sum, bytes) => sum + bytes, 0) + editAndContinueBytes;
    if (debugHeaderBytes >= 2 && hasFrameData(msf, debugHeader, Math.min(debugHeaderBytes, 22), dbiBytes)) features.push("unwind");
  } else {
    lacks.push("a DBI stream: no symbols at all");
  }
  return {
    kind: "pdb",
    name: null,
    debugId: normalizeDebugId(guid + age.toString(16)),
    codeId: null,
    cpu,
    os: "windows",
    features,
    convertible: false,
    lacks,
  };
}

/** Whether the optional debug header names a stream of FPO (index 0) or FrameData (index 9) records. */
function hasFrameData(msf: Msf, offset: number, length: number, dbiBytes: number): boolean {
  if (offset + length > dbiBytes) return false;
  const cursor = new Cursor(msf.stream(dbiStream, offset, length), "pdb: optional debug header");
  for (let i = 0; cursor.left >= 2; i++) {
    const stream = cursor.u16();
    if ((i === 0 || i === 9) && stream !== noStream && msf.streamBytes(stream) > 0) return true;
  }
  return false;
}

/** The container, read as needed. */
class Msf {
  readonly #source: ByteSource;
  readonly #blockBytes: number;
  readonly #blockCount: number;
  readonly #directoryBytes: number;
  readonly #directoryMap: Uint8Array;
  readonly #sizes: Uint32Array;

  constructor(source: ByteSource) {
    this.#source = source;
    const head = new Cursor(source.read(0, Math.min(headBytes, source.size)), "pdb: MSF header");
    head.seek(32);
    this.#blockBytes = head.u32();
    head.skip(4);
    this.#blockCount = head.u32();
    this.#directoryBytes = head.u32();
    head.skip(4);
    const mapBlock = head.u32();
    if (![512, 1024, 2048, 4096, 8192, 16384, 32768].includes(this.#blockBytes)) {
      throw new FormatError("pdb: MSF header", 32, `block size ${this.#blockBytes}`);
    }
    if (this.#directoryBytes > maxDirectoryBytes || this.#directoryBytes > source.size) {
      throw new FormatError("pdb: MSF header", 44, `directory of ${this.#directoryBytes} bytes`);
    }
    this.#directoryMap = source.read(this.#blockOffset(mapBlock), 4 * this.#blocksFor(this.#directoryBytes));
    const count = this.#directoryWord(0);
    if (count > maxStreams || 4 + 4 * count > this.#directoryBytes)
      throw new FormatError("pdb: stream directory", null, `${count} streams`);
    const sizes = this.#directory(4, 4 * count);
    const cursor = new Cursor(sizes, "pdb: stream directory");
    this.#sizes = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      const size = cursor.u32();
      this.#sizes[i] = size === 0xffffffff ? 0 : size; // deleted
    }
  }

  #blocksFor(bytes: number): number {
    return Math.ceil(bytes / this.#blockBytes);
  }

  #blockOffset(block: number): number {
    if (block >= this.#blockCount) throw new FormatError("pdb: MSF", null, `block ${block} of ${this.#blockCount}`);
    return block * this.#blockBytes;
  }

  /** Bytes [offset, offset+length) of the directory, put together from its blocks. */
  #directory(offset: number, length: number): Uint8Array {
    if (offset + length > this.#directoryBytes)
      throw new FormatError("pdb: stream directory", null, `need ${length} bytes from ${offset}, ${this.#directoryBytes} in all`);
    const map = new DataView(this.#directoryMap.buffer, this.#directoryMap.byteOffset, this.#directoryMap.byteLength);
    return this.#gather(offset, length, (index) => map.getUint32(4 * index, true));
  }

  #directoryWord(offset: number): number {
    return new Cursor(this.#directory(offset, 4), "pdb: stream directory").u32();
  }

  #gather(offset: number, length: number, blockAt: (index: number) => number): Uint8Array {
    const out = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const within = (offset + done) % this.#blockBytes;
      const part = Math.min(length - done, this.#blockBytes - within);
      const block = blockAt(Math.floor((offset + done) / this.#blockBytes));
      out.set(this.#source.read(this.#blockOffset(block) + within, part), done);
      done += part;
    }
    return out;
  }

  /** Size of a stream; 0 when there is none of that number. */
  streamBytes(stream: number): number {
    return this.#sizes[stream] ?? 0;
  }

  stream(stream: number, offset: number, length: number): Uint8Array {
    if (offset + length > this.streamBytes(stream)) {
      throw new FormatError(`pdb: stream ${stream}`, null, `need ${length} bytes from ${offset}, ${this.streamBytes(stream)} in all`);
    }
    let blocksBefore = 0;
    for (let i = 0; i < stream; i++) blocksBefore += this.#blocksFor(this.#sizes[i]!);
    const list = 4 + 4 * this.#sizes.length + 4 * blocksBefore;
    return this.#gather(offset, length, (index) => this.#directoryWord(list + 4 * index));
  }
}
