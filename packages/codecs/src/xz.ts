/**
 * xz: blocks of LZMA2 with checksums, an index behind them. `.gnu_debugdata` is written so, and distributions' archives are.
 *
 *   stream header   FD '7zXZ' 00, flags u8 u8 (second: kind of check), crc32 u32
 *   block           header bytes / 4 - 1 u8 (0: the index), flags u8, [packed size], [unpacked size], filters, padding, crc32 u32
 *                   LZMA2 chunks, padding to 4 bytes, check
 *   index           00, number of records, { packed size, unpacked size }, padding, crc32 u32
 *   stream footer   crc32 u32, index size u32, flags u8 u8, 'YZ'
 *
 *   LZMA2 chunk     control u8: 0 end; 1, 2 stored (1: new dictionary); 0x80…: LZMA, bits 5 and 6 say what starts anew
 *                   stored: size - 1 u16 be, bytes. LZMA: low bits of (size - 1) u16 be, packed size - 1 u16 be, [properties u8], data
 *
 * Specification: "The .xz File Format" 1.2. Read: LZMA2 alone; files that pass a filter for some processor's code first are refused (no tool
 * writes debug data so). Several streams may follow each other. The index is passed over: what it says has been read by then.
 */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { BufferSource, type ByteSource } from "@salvage/core";
import { ByteReader } from "./byte-reader.ts";
import { Crc64 } from "./crc64.ts";
import { checkDictionary, Dictionary, LzmaDecoder } from "./lzma.ts";
import type { Output } from "./sink.ts";

const magic = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const filterLzma2 = 0x21;
/** The largest archives have some ten thousand. */
const maxIndexRecords = 1 << 24;
const footerBytes = 12;
const largestSizeBytes = 9;

/** Unpacks all streams of an xz file. Throws FormatError for damaged data, wrong checksums among them. */
export function unpackXz(packed: ByteSource, output: Output): void {
  const input = new ByteReader(packed, "xz");
  let streams = 0;
  while (input.left > 0) {
    const first = input.byte();
    // Streams may be padded with zeroes.
    if (first === 0 && streams > 0) continue;
    if (first !== magic[0] || magic.slice(1).some((byte) => byte !== input.byte())) input.fail("no xz header");
    readStream(input, output);
    streams++;
  }
  if (streams === 0) input.fail("no xz header");
}

function readStream(input: ByteReader, output: Output): void {
  input.byte();
  const check = input.byte() & 15;
  input.u32();
  for (let words = input.byte(); words !== 0; words = input.byte()) readBlock(input, output, words, check);
  const indexAt = input.offset - 1;
  const records = readSize(input);
  if (records > maxIndexRecords) input.fail(`${records} records in the index`);
  for (let i = 0; i < 2 * records; i++) readSize(input);
  while ((input.offset - indexAt) % 4 !== 0) input.byte();
  input.u32();
  input.bytes(footerBytes);
}

function readBlock(input: ByteReader, output: Output, words: number, check: number): void {
  const header = new Uint8Array(4 * words);
  header[0] = words;
  header.set(input.bytes(4 * words - 1), 1);
  if (input.u32() !== crc32(header)) input.fail("wrong checksum of a block header");
  const fields = new ByteReader(new BufferSource(header.subarray(1)), "xz: block header");
  const flags = fields.byte();
  if ((flags & 0x40) !== 0) readSize(fields);
  if ((flags & 0x80) !== 0) readSize(fields);
  const filter = readSize(fields);
  if ((flags & 3) !== 0 || filter !== filterLzma2) input.fail(`filter ${filter} of ${(flags & 3) + 1}: only LZMA2 alone is read`);
  readSize(fields);
  const bits = fields.byte() & 63;
  const dictionaryBytes = bits >= 40 ? 0xffffffff : (2 | (bits & 1)) * 2 ** ((bits >> 1) + 11);
  const start = input.offset;
  const checked = new CheckedOutput(output, check, input);
  unpackLzma2(input, checked, checkDictionary(input, dictionaryBytes));
  while ((input.offset - start) % 4 !== 0) input.byte();
  checked.verify();
}

function unpackLzma2(input: ByteReader, output: Output, dictionaryBytes: number): void {
  const out = new Dictionary(output);
  const decoder = new LzmaDecoder(input, out);
  let ready = false;
  let hasProperties = false;
  for (let control = input.byte(); control !== 0; control = input.byte()) {
    if (control === 1 || control >= 0xe0) {
      out.reset(dictionaryBytes);
      ready = true;
    } else if (!ready || (control > 2 && control < 0x80)) {
      input.fail(`chunk ${control}`);
    }
    if (control < 0x80) {
      for (let left = readU16(input) + 1; left > 0; left--) out.put(input.byte());
      continue;
    }
    const end = out.total + (control & 31) * 65536 + readU16(input) + 1;
    const packedEnd = readU16(input) + 1;
    if (control >= 0xc0) {
      decoder.setProperties(input.byte());
      hasProperties = true;
    } else if (!hasProperties) {
      input.fail("an LZMA chunk without properties");
    } else if (control >= 0xa0) {
      decoder.resetState();
    }
    const start = input.offset;
    decoder.startRange();
    if (!decoder.run(end) || decoder.hasPendingMatch) input.fail("a chunk ends inside a match");
    if (input.offset - start !== packedEnd) input.fail(`a chunk of ${packedEnd} packed bytes took ${input.offset - start}`);
  }
  out.flush();
}

function readU16(input: ByteReader): number {
  return input.byte() * 256 + input.byte();
}

/** Seven bits a byte, lowest first. */
function readSize(input: ByteReader): number {
  let value = 0;
  for (let i = 0; i < largestSizeBytes; i++) {
    const byte = input.byte();
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return value;
  }
  return input.fail("a size of more than nine bytes");
}

/** Passes bytes on and compares the check behind their block. */
class CheckedOutput implements Output {
  readonly #output: Output;
  readonly #kind: number;
  readonly #input: ByteReader;
  #crc32 = 0;
  readonly #crc64 = new Crc64();
  readonly #sha256 = createHash("sha256");

  constructor(output: Output, kind: number, input: ByteReader) {
    this.#output = output;
    this.#kind = kind;
    this.#input = input;
  }

  write(bytes: Uint8Array): void {
    if (this.#kind === 1) this.#crc32 = crc32(bytes, this.#crc32);
    else if (this.#kind === 4) this.#crc64.add(bytes);
    else if (this.#kind === 10) this.#sha256.update(bytes);
    this.#output.write(bytes);
  }

  verify(): void {
    const expected = this.#input.bytes(checkBytes(this.#kind));
    const actual = this.#actual();
    if (actual !== null && expected.some((byte, i) => byte !== actual[i])) this.#input.fail("wrong checksum of a block");
  }

  /** Null for kinds that nobody has defined. */
  #actual(): Uint8Array | null {
    if (this.#kind === 10) return this.#sha256.digest();
    if (this.#kind === 4) return this.#crc64.bytes();
    if (this.#kind !== 1) return null;
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, this.#crc32, true);
    return bytes;
  }
}

/** None, then five sizes of three kinds each. */
function checkBytes(kind: number): number {
  return kind === 0 ? 0 : 4 * 2 ** Math.floor((kind - 1) / 3);
}
