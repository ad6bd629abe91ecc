/**
 * LZMA: a range coder whose adaptive bits say literal or match, lengths and distances into a dictionary of the latest output.
 *
 *   .lzma file   properties u8 ((pb * 5 + lp) * 9 + lc), dictionary bytes u32, unpacked bytes u64 (all ones: until the end mark), data
 *   LZMA2        chunks: control u8, sizes, properties perhaps, data (see xz.ts)
 *
 * Specification: "LZMA Specification (draft)" of 7-zip's author, public domain; chapter names there are the names here.
 * The output is written in turns of the dictionary, so memory is bounded by it, whatever the file unpacks to.
 */
import { type ByteSource, FormatError } from "@salvage/core";
import { ByteReader } from "./byte-reader.ts";
import type { Output } from "./sink.ts";

/** xz -9 uses 64 MiB. The buffer grows with what is written, so a header that lies costs nothing. */
const maxDictionaryBytes = 256 << 20;
const smallestDictionary = 4096;
const firstBufferBytes = 1 << 16;

const bitModelTotal = 2048;
const moveBits = 5;
const states = 12;
const positionStates = 16;
const lengthStates = 4;
const firstMatchLength = 2;
const endPositionModel = 14;
const distanceModels = 128;
const alignBits = 4;

/** The latest output: a ring that grows up to the dictionary's size and hands what it holds to the sink before it is written over. */
export class Dictionary {
  total = 0;
  readonly #output: Output;
  #size = smallestDictionary;
  #buffer = new Uint8Array(firstBufferBytes);
  #at = 0;
  #flushed = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Starts anew: distances may reach back over `bytes` bytes, and not over what was written before. */
  reset(bytes: number): void {
    this.flush();
    this.#size = Math.max(bytes, smallestDictionary);
    this.#buffer = new Uint8Array(firstBufferBytes);
    this.#at = 0;
    this.#flushed = 0;
    this.total = 0;
  }

  flush(): void {
    this.#output.write(this.#buffer.subarray(this.#flushed, this.#at));
    this.#flushed = this.#at;
  }

  put(byte: number): void {
    if (this.#at === this.#buffer.length) this.#turn();
    this.#buffer[this.#at++] = byte;
    this.total++;
  }

  has(distance: number): boolean {
    return distance <= this.total && distance <= this.#size;
  }

  back(distance: number): number {
    const at = this.#at - distance;
    return this.#buffer[at < 0 ? at + this.#buffer.length : at]!;
  }

  copy(distance: number, length: number): void {
    for (let i = 0; i < length; i++) this.put(this.back(distance));
  }

  #turn(): void {
    if (this.#buffer.length < this.#size) {
      const grown = new Uint8Array(Math.min(this.#size, this.#buffer.length * 2));
      grown.set(this.#buffer);
      this.#buffer = grown;
      return;
    }
    this.flush();
    this.#at = 0;
    this.#flushed = 0;
  }
}

/** Bit models of one kind of length: two choices, eight or sixteen short ones per position, 256 long ones. */
class LengthModels {
  readonly choice = new Uint16Array(2);
  readonly low = new Uint16Array(positionStates * 8);
  readonly middle = new Uint16Array(positionStates * 8);
  readonly high = new Uint16Array(256);

  reset(): void {
    for (const models of [this.choice, this.low, this.middle, this.high]) models.fill(bitModelTotal / 2);
  }
}

export class LzmaDecoder {
  readonly #input: ByteReader;
  readonly #out: Dictionary;
  #range = 0;
  #code = 0;
  #literalContextBits = 0;
  #literalPositionMask = 0;
  #positionMask = 0;
  #state = 0;
  #rep0 = 0;
  #rep1 = 0;
  #rep2 = 0;
  #rep3 = 0;
  /** A match that a chunk's end cut in two. */
  #pending = 0;
  #literal = new Uint16Array(0);
  readonly #isMatch = new Uint16Array(states * positionStates);
  readonly #isRep = new Uint16Array(states);
  readonly #isRepG0 = new Uint16Array(states);
  readonly #isRepG1 = new Uint16Array(states);
  readonly #isRepG2 = new Uint16Array(states);
  readonly #isRep0Long = new Uint16Array(states * positionStates);
  readonly #positionSlot = new Uint16Array(lengthStates * 64);
  readonly #position = new Uint16Array(distanceModels);
  readonly #align = new Uint16Array(1 << alignBits);
  readonly #matchLength = new LengthModels();
  readonly #repLength = new LengthModels();

  constructor(input: ByteReader, out: Dictionary) {
    this.#input = input;
    this.#out = out;
  }

  setProperties(byte: number): void {
    if (byte >= 9 * 5 * 5) this.#input.fail(`LZMA properties ${byte}`);
    const lc = byte % 9;
    const lp = Math.floor(byte / 9) % 5;
    this.#literalContextBits = lc;
    this.#literalPositionMask = (1 << lp) - 1;
    this.#positionMask = (1 << Math.floor(byte / 45)) - 1;
    if (this.#literal.length !== 0x300 << (lc + lp)) this.#literal = new Uint16Array(0x300 << (lc + lp));
    this.resetState();
  }

  resetState(): void {
    const models = [this.#literal, this.#isMatch, this.#isRep, this.#isRepG0, this.#isRepG1, this.#isRepG2, this.#isRep0Long];
    for (const model of [...models, this.#positionSlot, this.#position, this.#align]) model.fill(bitModelTotal / 2);
    this.#matchLength.reset();
    this.#repLength.reset();
    this.#state = 0;
    this.#rep0 = this.#rep1 = this.#rep2 = this.#rep3 = 0;
    this.#pending = 0;
  }

  startRange(): void {
    if (this.#input.byte() !== 0) this.#input.fail("the range coder does not start with 0");
    this.#range = 0xffffffff;
    this.#code = 0;
    for (let i = 0; i < 4; i++) this.#code = ((this.#code << 8) | this.#input.byte()) >>> 0;
  }

  get hasPendingMatch(): boolean {
    return this.#pending > 0;
  }

  /** Writes until `end` bytes are in the dictionary; false when the end mark came before. */
  run(end: number): boolean {
    const out = this.#out;
    if (this.#pending > 0) this.#copy(this.#pending, end);
    while (out.total < end) {
      const positionState = out.total & this.#positionMask;
      const model = this.#state * positionStates + positionState;
      if (this.#bit(this.#isMatch, model) === 0) {
        this.#literalByte();
        continue;
      }
      if (this.#bit(this.#isRep, this.#state) === 0) {
        const length = this.#length(this.#matchLength, positionState);
        this.#rep3 = this.#rep2;
        this.#rep2 = this.#rep1;
        this.#rep1 = this.#rep0;
        this.#rep0 = this.#distance(length);
        if (this.#rep0 === 0xffffffff) return false;
        this.#state = this.#state < 7 ? 7 : 10;
        this.#copy(length + firstMatchLength, end);
        continue;
      }
      if (this.#bit(this.#isRepG0, this.#state) === 0) {
        if (this.#bit(this.#isRep0Long, model) === 0) {
          this.#state = this.#state < 7 ? 9 : 11;
          this.#copy(1, end);
          continue;
        }
      } else {
        this.#chooseRep();
      }
      const length = this.#length(this.#repLength, positionState);
      this.#state = this.#state < 7 ? 8 : 11;
      this.#copy(length + firstMatchLength, end);
    }
    return true;
  }

  #chooseRep(): void {
    let distance = this.#rep1;
    if (this.#bit(this.#isRepG1, this.#state) === 1) {
      distance = this.#rep2;
      if (this.#bit(this.#isRepG2, this.#state) === 1) {
        distance = this.#rep3;
        this.#rep3 = this.#rep2;
      }
      this.#rep2 = this.#rep1;
    }
    this.#rep1 = this.#rep0;
    this.#rep0 = distance;
  }

  #copy(length: number, end: number): void {
    const distance = this.#rep0 + 1;
    if (!this.#out.has(distance)) this.#input.fail(`distance ${distance} reaches before the start`);
    const now = Math.min(length, end - this.#out.total);
    this.#out.copy(distance, now);
    this.#pending = length - now;
  }

  #literalByte(): void {
    const out = this.#out;
    const before = out.total === 0 ? 0 : out.back(1);
    const context = ((out.total & this.#literalPositionMask) << this.#literalContextBits) + (before >> (8 - this.#literalContextBits));
    const base = 0x300 * context;
    let symbol = 1;
    if (this.#state >= 7) {
      if (!out.has(this.#rep0 + 1)) this.#input.fail("a literal after a match without one");
      let match = out.back(this.#rep0 + 1);
      while (symbol < 0x100) {
        const expected = (match >> 7) & 1;
        match <<= 1;
        const bit = this.#bit(this.#literal, base + ((1 + expected) << 8) + symbol);
        symbol = (symbol << 1) | bit;
        if (bit !== expected) break;
      }
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.#bit(this.#literal, base + symbol);
    out.put(symbol & 0xff);
    this.#state = this.#state < 4 ? 0 : this.#state < 10 ? this.#state - 3 : this.#state - 6;
  }

  #length(models: LengthModels, positionState: number): number {
    if (this.#bit(models.choice, 0) === 0) return this.#tree(models.low, positionState * 8, 3);
    if (this.#bit(models.choice, 1) === 0) return 8 + this.#tree(models.middle, positionState * 8, 3);
    return 16 + this.#tree(models.high, 0, 8);
  }

  #distance(length: number): number {
    const slot = this.#tree(this.#positionSlot, Math.min(length, lengthStates - 1) * 64, 6);
    if (slot < 4) return slot;
    const bits = (slot >> 1) - 1;
    const high = 2 | (slot & 1);
    if (slot < endPositionModel) {
      const base = high << bits;
      return base + this.#reverseTree(this.#position, base - slot, bits);
    }
    let middle = 0;
    for (let i = 0; i < bits - alignBits; i++) middle = middle * 2 + this.#directBit();
    return high * 2 ** bits + middle * 16 + this.#reverseTree(this.#align, 0, alignBits);
  }

  #tree(models: Uint16Array, base: number, bits: number): number {
    let symbol = 1;
    for (let i = 0; i < bits; i++) symbol = (symbol << 1) | this.#bit(models, base + symbol);
    return symbol - (1 << bits);
  }

  #reverseTree(models: Uint16Array, base: number, bits: number): number {
    let node = 1;
    let symbol = 0;
    for (let i = 0; i < bits; i++) {
      const bit = this.#bit(models, base + node);
      node = (node << 1) | bit;
      symbol |= bit << i;
    }
    return symbol;
  }

  #bit(models: Uint16Array, index: number): number {
    const probability = models[index]!;
    const bound = (this.#range >>> 11) * probability;
    let bit = 0;
    if (this.#code < bound) {
      this.#range = bound;
      models[index] = probability + ((bitModelTotal - probability) >> moveBits);
    } else {
      this.#range -= bound;
      this.#code -= bound;
      models[index] = probability - (probability >> moveBits);
      bit = 1;
    }
    if (this.#range < 0x1000000) this.#normalize();
    return bit;
  }

  #directBit(): number {
    this.#range >>>= 1;
    let bit = 0;
    if (this.#code >= this.#range) {
      this.#code -= this.#range;
      bit = 1;
    }
    if (this.#range < 0x1000000) this.#normalize();
    return bit;
  }

  #normalize(): void {
    this.#range = (this.#range << 8) >>> 0;
    this.#code = ((this.#code << 8) | this.#input.byte()) >>> 0;
  }
}

/** Refuses dictionaries that no encoder writes by itself. */
export function checkDictionary(input: ByteReader, bytes: number): number {
  if (bytes > maxDictionaryBytes) input.fail(`a dictionary of ${bytes} bytes`);
  return bytes;
}

/** Unpacks a .lzma file. Throws FormatError for damaged data. */
export function unpackLzma(packed: ByteSource, output: Output): void {
  const input = new ByteReader(packed, "lzma");
  const out = new Dictionary(output);
  const decoder = new LzmaDecoder(input, out);
  decoder.setProperties(input.byte());
  out.reset(checkDictionary(input, input.u32()));
  const low = input.u32();
  const high = input.u32();
  const isOpen = low === 0xffffffff && high === 0xffffffff;
  const size = isOpen ? Number.POSITIVE_INFINITY : high * 0x100000000 + low;
  decoder.startRange();
  const complete = decoder.run(size);
  out.flush();
  if (complete === isOpen || decoder.hasPendingMatch)
    throw new FormatError("lzma", input.offset, `${out.total} bytes unpacked, ${size} announced`);
}
