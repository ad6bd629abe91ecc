/**
 * bzip2, read as a stream: blocks of up to 900 kB, each sorted (Burrows–Wheeler), moved to front and Huffman-coded.
 *
 *   stream   'BZh' level '1'…'9' (block size in 100 kB), blocks, end; another stream may follow
 *   block    314159265359 (48 bits), crc u32, randomised u1 (0), origin u24
 *            symbols used: u16 of ranges, then u16 for each range that has any
 *            tables u3, selectors u15, each selector in unary, moved to front
 *            per table: first length u5, then each symbol's by +1 (10), -1 (11), end (0)
 *            symbols in groups of 50, the table of each group by its selector; RUNA and RUNB are a run's length in bijective base 2
 *   end      177245385090 (48 bits), crc of all blocks u32, padding to a byte
 *
 * The plain bytes have runs of 4 to 259 equal bytes written as four and a count. Bits are read from the high end. Specification: the
 * format has none but the reference program; this follows the "BZIP2: Format Specification" by Joe Tsai. Blocks with the randomised bit,
 * which no version since 1998 writes, are refused. A block is decoded at once, its plain bytes come in pieces.
 */

/** The data are not bzip2, cut or damaged; says which block and why. */
export class Bzip2Error extends Error {
  override name = "Bzip2Error";
}

const blockMagic = 0x314159265359;
const endMagic = 0x177245385090;
const groupSize = 50;
const maxCodeLength = 20;
/** No block of 900,000 symbols is longer. */
const maxBlockBytes = 2_600_000;
const pieceBytes = 64 * 1024;

/** @throws Bzip2Error, at the block that is damaged: what came before it was whole */
export async function* bunzip2(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const bits: BitReader = new BitReader(source[Symbol.asyncIterator]());
  let streams = 0;
  for (await bits.have(maxBlockBytes); !bits.ended; streams++) {
    if (bits.take(24) !== 0x425a68) bits.fail("no bzip2 header");
    const level = bits.take(8) - 0x30;
    if (level < 1 || level > 9) bits.fail("no bzip2 level");
    const block = new Block(bits, level * 100_000);
    let crc = 0;
    for (;;) {
      await bits.have(maxBlockBytes);
      const magic = bits.take(24) * 2 ** 24 + bits.take(24);
      const expected = bits.take(16) * 2 ** 16 + bits.take(16);
      if (magic === endMagic) {
        if (expected !== crc) bits.fail("wrong checksum of the stream");
        break;
      }
      if (magic !== blockMagic) bits.fail("neither a block nor the end");
      yield* block.read(expected);
      crc = (((crc << 1) | (crc >>> 31)) ^ expected) >>> 0;
    }
    bits.align();
    await bits.have(maxBlockBytes);
  }
  if (streams === 0) bits.fail("no bzip2 header");
}

class BitReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #passed = 0;
  #held = 0;
  #bits = 0;
  #sourceEnded = false;

  constructor(source: AsyncIterator<Uint8Array>) {
    this.#source = source;
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length && this.#held < 8;
  }

  /** Makes `count` bytes available, or all that are left. */
  async have(count: number): Promise<void> {
    const pieces: Uint8Array[] = [this.#bytes.subarray(this.#at)];
    let length = this.#bytes.length - this.#at;
    while (length < count && !this.#sourceEnded) {
      const { done, value } = await this.#source.next();
      if (done) this.#sourceEnded = true;
      else {
        pieces.push(value);
        length += value.length;
      }
    }
    if (pieces.length === 1) return;
    this.#passed += this.#at;
    this.#at = 0;
    this.#bytes = Buffer.concat(pieces);
  }

  /** @param count at most 24 */
  take(count: number): number {
    while (this.#held < count) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) this.fail("the data are cut");
      this.#at++;
      this.#bits = ((this.#bits & 0xffffff) << 8) | byte;
      this.#held += 8;
    }
    this.#held -= count;
    return (this.#bits >>> this.#held) & ((1 << count) - 1);
  }

  /** The next `count` bits without taking them, at most 24; -1 when fewer are left. */
  peek(count: number): number {
    while (this.#held < count) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) return -1;
      this.#at++;
      this.#bits = ((this.#bits & 0xffffff) << 8) | byte;
      this.#held += 8;
    }
    return (this.#bits >>> (this.#held - count)) & ((1 << count) - 1);
  }

  /** Takes bits that were peeked at. */
  skip(count: number): void {
    this.#held -= count;
  }

  align(): void {
    this.#held -= this.#held % 8;
  }

  fail(reason: string): never {
    throw new Bzip2Error(`bzip2 at byte ${this.#passed + this.#at}: ${reason}`);
  }
}

/** `short`: by the next `shortCode` bits, symbol and length of the codes that are no longer; 0 where the code is. */
type Table = { limits: Int32Array; bases: Int32Array; symbols: Uint16Array; short: Uint16Array };
const shortCode = 10;

class Block {
  readonly #bits: BitReader;
  readonly #size: number;
  readonly #next: Uint32Array;
  #length = 0;

  constructor(bits: BitReader, size: number) {
    this.#bits = bits;
    this.#size = size;
    this.#next = new Uint32Array(size);
  }

  *read(expectedCrc: number): Generator<Uint8Array> {
    const bits: BitReader = this.#bits;
    if (bits.take(1) !== 0) bits.fail("a randomised block");
    const origin = bits.take(24);
    this.#readSorted();
    if (origin >= this.#length) bits.fail(`origin ${origin} of ${this.#length}`);
    let crc = 0xffffffff;
    for (const piece of this.#unsorted(origin)) {
      for (const byte of piece) crc = (crc << 8) ^ (crcTable[(crc >>> 24) ^ byte] ?? 0);
      yield piece;
    }
    if (~crc >>> 0 !== expectedCrc) bits.fail("wrong checksum of a block");
  }

  /** Fills `#next` with the sorted bytes, in its low 8 bits. */
  #readSorted(): void {
    const bits: BitReader = this.#bits;
    const used = this.#readUsed();
    const end = used.length + 1;
    const tableCount = bits.take(3);
    const selectorCount = bits.take(15);
    if (used.length === 0 || tableCount < 2 || tableCount > 6 || selectorCount === 0) bits.fail("a block without symbols or tables");
    const selectors = this.#readSelectors(tableCount, selectorCount);
    const tables = Array.from({ length: tableCount }, () => this.#readTable(end + 1));
    let length = 0;
    let run = 0;
    let weight = 1;
    for (let group = 0; ; group++) {
      const table = tables[selectors[group] ?? -1];
      if (table === undefined) bits.fail("more groups than selectors");
      for (let i = 0; i < groupSize; i++) {
        const symbol = this.#readSymbol(table);
        if (symbol <= 1) {
          run += weight << symbol;
          weight <<= 1;
          if (run > this.#size) bits.fail(`a run of ${run}`);
          continue;
        }
        if (length + run > this.#size) bits.fail(`more than ${this.#size} bytes in a block`);
        this.#next.fill(used[0] ?? 0, length, length + run);
        length += run;
        run = 0;
        weight = 1;
        if (symbol === end) {
          this.#length = length;
          return;
        }
        const byte = used[symbol - 1];
        if (byte === undefined) bits.fail(`symbol ${symbol}`);
        used.copyWithin(1, 0, symbol - 1);
        used[0] = byte;
        if (length >= this.#size) bits.fail(`more than ${this.#size} bytes in a block`);
        this.#next[length++] = byte;
      }
    }
  }

  #readUsed(): Uint8Array {
    const ranges = this.#bits.take(16);
    const used: number[] = [];
    for (let range = 0; range < 16; range++) {
      if ((ranges & (0x8000 >>> range)) === 0) continue;
      const members = this.#bits.take(16);
      for (let i = 0; i < 16; i++) if ((members & (0x8000 >>> i)) !== 0) used.push(16 * range + i);
    }
    return Uint8Array.from(used);
  }

  #readSelectors(tableCount: number, count: number): Uint8Array {
    const order = Array.from({ length: tableCount }, (_, i) => i);
    return Uint8Array.from({ length: count }, () => {
      let place = 0;
      while (this.#bits.take(1) === 1) if (++place >= tableCount) this.#bits.fail("a selector beyond the tables");
      const [table = 0] = order.splice(place, 1);
      order.unshift(table);
      return table;
    });
  }

  /** Canonical codes: `limits` the largest code of a length, `bases` what to take from a code of that length to find its symbol. */
  #readTable(symbolCount: number): Table {
    const bits: BitReader = this.#bits;
    const lengths = new Uint8Array(symbolCount);
    let length = bits.take(5);
    for (let symbol = 0; symbol < symbolCount; symbol++) {
      while (bits.take(1) === 1) length += bits.take(1) === 1 ? -1 : 1;
      if (length < 1 || length > maxCodeLength) bits.fail(`a code of ${length} bits`);
      lengths[symbol] = length;
    }
    const symbols = new Uint16Array(symbolCount);
    const short = new Uint16Array(1 << shortCode);
    const limits = new Int32Array(maxCodeLength + 2).fill(-1);
    const bases = new Int32Array(maxCodeLength + 2);
    let code = 0;
    let at = 0;
    for (let each = 1; each <= maxCodeLength; each++) {
      bases[each] = code - at;
      for (let symbol = 0; symbol < symbolCount; symbol++) {
        if (lengths[symbol] !== each) continue;
        symbols[at++] = symbol;
        const first = code << (shortCode - each);
        if (each <= shortCode && first < short.length) short.fill((symbol << 4) | each, first, first + (1 << (shortCode - each)));
        code++;
      }
      limits[each] = code - 1;
      code <<= 1;
    }
    return { limits, bases, symbols, short };
  }

  #readSymbol({ limits, bases, symbols, short }: Table): number {
    const next = this.#bits.peek(shortCode);
    const entry = next === -1 ? 0 : (short[next] ?? 0);
    if (entry !== 0) {
      this.#bits.skip(entry & 15);
      return entry >> 4;
    }
    let code = 0;
    for (let length = 1; length <= maxCodeLength; length++) {
      code = (code << 1) | this.#bits.take(1);
      if (code <= (limits[length] ?? -1)) {
        const symbol = symbols[code - (bases[length] ?? 0)];
        if (symbol !== undefined) return symbol;
      }
    }
    return this.#bits.fail("a code that no symbol has");
  }

  /** Undoes the sorting and the runs. */
  *#unsorted(origin: number): Generator<Uint8Array> {
    const next = this.#next;
    const starts = new Uint32Array(256);
    for (let i = 0; i < this.#length; i++) {
      const byte = (next[i] ?? 0) & 255;
      starts[byte] = (starts[byte] ?? 0) + 1;
    }
    let sum = 0;
    for (let byte = 0; byte < 256; byte++) {
      const count = starts[byte] ?? 0;
      starts[byte] = sum;
      sum += count;
    }
    for (let i = 0; i < this.#length; i++) {
      const byte = (next[i] ?? 0) & 255;
      const place = starts[byte] ?? 0;
      starts[byte] = place + 1;
      next[place] = ((next[place] ?? 0) & 255) | (i << 8);
    }
    let piece = new Uint8Array(pieceBytes);
    let at = 0;
    let position = (next[origin] ?? 0) >>> 8;
    let equal = 0;
    let last = -1;
    for (let i = 0; i < this.#length; i++) {
      const entry = next[position] ?? 0;
      const byte = entry & 255;
      position = entry >>> 8;
      const count = equal === 4 ? byte : 1;
      if (at + count > pieceBytes) {
        yield piece.subarray(0, at);
        piece = new Uint8Array(pieceBytes);
        at = 0;
      }
      if (equal === 4) {
        piece.fill(last, at, at + count);
        equal = 0;
        last = -1;
      } else {
        piece[at] = byte;
        equal = byte === last ? equal + 1 : 1;
        last = byte;
      }
      at += count;
    }
    if (at > 0) yield piece.subarray(0, at);
  }
}

/** CRC-32 with its bits in the order of the stream. */
const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc >>> 0;
});
