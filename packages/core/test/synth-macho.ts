/** Builds small Mach-O files for tests: a header, segments with sections, __unwind_info made from entries, function starts. */

/** One section; `headerOnly`: the header states a place and size, but the file holds no such bytes (as a dSYM does). */
export type SynthSection = { segment: string; name: string; address: number; bytes: Uint8Array; flags?: number; headerOnly?: boolean };

export type SynthMachO = {
  cpu: "amd64" | "arm64" | "x86";
  fileType?: number;
  uuid?: string;
  /** What address 0 of the image is. */
  base?: bigint;
  sections: SynthSection[];
  functionStarts?: number[];
  /** Symbols, of the first section where it is not said: relative address, description, type byte, section counted from 1. */
  symbols?: { address: number; description?: number; name?: string; type?: number; section?: number }[];
};

const CODE_FLAGS = 0x80000400;
export const codeFlags = CODE_FLAGS;

class Writer {
  readonly bytes: number[] = [];
  u8(value: number): void {
    this.bytes.push(value & 0xff);
  }
  u16(value: number): void {
    this.u8(value);
    this.u8(value >>> 8);
  }
  u32(value: number): void {
    this.u16(value);
    this.u16(value >>> 16);
  }
  word(value: bigint, is64: boolean): void {
    this.u32(Number(value & 0xffffffffn));
    if (is64) this.u32(Number((value >> 32n) & 0xffffffffn));
  }
  name(text: string): void {
    for (let i = 0; i < 16; i++) this.u8(text.charCodeAt(i) || 0);
  }
  put(bytes: ArrayLike<number>): void {
    for (let i = 0; i < bytes.length; i++) this.bytes.push(bytes[i]!);
  }
  setU32(at: number, value: number): void {
    for (let i = 0; i < 4; i++) this.bytes[at + i] = (value >>> (8 * i)) & 0xff;
  }
}

/** A thin little-endian file. __TEXT covers the file from its start, so a section's place in the file is its relative address. */
export function synthMachO({ cpu, fileType = 2, uuid, base = 0x1_0000_0000n, sections, functionStarts, symbols }: SynthMachO): Uint8Array {
  const is64 = cpu !== "x86";
  const w = new Writer();
  w.u32(is64 ? 0xfeedfacf : 0xfeedface);
  w.u32(cpu === "amd64" ? 0x01000007 : cpu === "arm64" ? 0x0100000c : 7);
  w.u32(0);
  w.u32(fileType);
  w.u32(0);
  w.u32(0);
  w.u32(0);
  if (is64) w.u32(0);
  const headerBytes = w.bytes.length;
  let commands = 0;
  const end = Math.max(0x1000, ...sections.map((s) => s.address + s.bytes.length));
  for (const segment of new Set(sections.map((s) => s.segment))) {
    const own = sections.filter((s) => s.segment === segment);
    const isText = segment === "__TEXT";
    commands++;
    w.u32(is64 ? 0x19 : 1);
    w.u32((is64 ? 72 : 56) + own.length * (is64 ? 80 : 68));
    w.name(segment);
    const start = isText ? 0 : Math.min(...own.map((s) => s.address));
    const size = isText ? end : Math.max(...own.map((s) => s.address + s.bytes.length)) - start;
    const isEmpty = own.every((s) => s.headerOnly === true);
    w.word(base + BigInt(start), is64);
    w.word(BigInt(size), is64);
    w.word(BigInt(isEmpty ? 0 : start), is64);
    w.word(BigInt(isEmpty ? 0 : size), is64);
    w.u32(5);
    w.u32(5);
    w.u32(own.length);
    w.u32(0);
    for (const section of own) {
      w.name(section.name);
      w.name(section.segment);
      w.word(base + BigInt(section.address), is64);
      w.word(BigInt(section.bytes.length), is64);
      w.u32(section.address);
      w.u32(0);
      w.u32(0);
      w.u32(0);
      w.u32(section.flags ?? 0);
      w.u32(0);
      w.u32(0);
      if (is64) w.u32(0);
    }
  }
  if (uuid !== undefined) {
    commands++;
    w.u32(0x1b);
    w.u32(24);
    for (let i = 0; i < 16; i++) w.u8(Number.parseInt(uuid.slice(2 * i, 2 * i + 2), 16));
  }
  const starts = distances(functionStarts ?? []);
  const startsAt = align(end);
  if (functionStarts !== undefined) {
    commands++;
    w.u32(0x26);
    w.u32(16);
    w.u32(startsAt);
    w.u32(starts.length);
  }
  const symbolsAt = align(startsAt + starts.length);
  const symbolsEnd = symbolsAt + (is64 ? 16 : 12) * (symbols?.length ?? 0);
  // Offset 0 is the empty name.
  const names = new Writer();
  names.u8(0);
  const nameOffsets = (symbols ?? []).map(({ name }) => {
    const offset = name === undefined ? 0 : names.bytes.length;
    if (name !== undefined) names.put([...new TextEncoder().encode(name), 0]);
    return offset;
  });
  if (symbols !== undefined) {
    commands++;
    w.u32(2);
    w.u32(24);
    w.u32(symbolsAt);
    w.u32(symbols.length);
    w.u32(symbolsEnd);
    w.u32(names.bytes.length);
  }
  w.setU32(16, commands);
  w.setU32(20, w.bytes.length - headerBytes);
  if (w.bytes.length > Math.min(...sections.map((s) => s.address))) throw new Error("sections start inside the load commands");
  const file = new Uint8Array(symbolsEnd + names.bytes.length);
  file.set(w.bytes);
  for (const section of sections) if (section.headerOnly !== true) file.set(section.bytes, section.address);
  file.set(starts, startsAt);
  const table = new Writer();
  for (const [i, { address, description = 0, type = 0x0f, section = 1 }] of (symbols ?? []).entries()) {
    table.u32(nameOffsets[i]!);
    table.u8(type);
    table.u8(section);
    table.u16(description);
    table.word(base + BigInt(address), is64);
  }
  file.set(table.bytes, symbolsAt);
  file.set(names.bytes, symbolsEnd);
  return file;
}

/** A fat file of thin ones. */
export function synthFat(parts: { cpuType: number; bytes: Uint8Array }[]): Uint8Array {
  const places: number[] = [];
  let at = 0x1000;
  for (const { bytes } of parts) {
    places.push(at);
    at = Math.ceil((at + bytes.length) / 0x1000) * 0x1000;
  }
  const file = new Uint8Array(at);
  const view = new DataView(file.buffer);
  view.setUint32(0, 0xcafebabe);
  view.setUint32(4, parts.length);
  parts.forEach(({ cpuType, bytes }, i) => {
    view.setUint32(8 + 20 * i, cpuType);
    view.setUint32(16 + 20 * i, places[i]!);
    view.setUint32(20 + 20 * i, bytes.length);
    file.set(bytes, places[i]!);
  });
  return file;
}

export type SynthPage =
  | { kind: "regular"; entries: [start: number, encoding: number][] }
  /** Numbers below the count of common encodings are common ones, those above count in `own`. */
  | { kind: "compressed"; entries: [start: number, encodingNumber: number][]; own?: number[] };

/** A __unwind_info section: pages in address order, and where the code of the last one ends. */
export function synthUnwindInfo(pages: SynthPage[], end: number, common: number[] = []): Uint8Array {
  const w = new Writer();
  const indexAt = 28 + 4 * common.length;
  for (const value of [1, 28, common.length, indexAt, 0, indexAt, pages.length + 1]) w.u32(value);
  for (const encoding of common) w.u32(encoding);
  for (const page of pages) {
    w.u32(page.entries[0]![0]);
    w.u32(0);
    w.u32(0);
  }
  w.u32(end);
  w.u32(0);
  w.u32(0);
  pages.forEach((page, i) => {
    w.setU32(indexAt + 12 * i + 4, w.bytes.length);
    if (page.kind === "regular") {
      w.u32(2);
      w.u16(8);
      w.u16(page.entries.length);
      for (const [start, encoding] of page.entries) {
        w.u32(start);
        w.u32(encoding);
      }
    } else {
      const own = page.own ?? [];
      w.u32(3);
      w.u16(12);
      w.u16(page.entries.length);
      w.u16(12 + 4 * page.entries.length);
      w.u16(own.length);
      for (const [start, number] of page.entries) w.u32(((number << 24) | (start - page.entries[0]![0])) >>> 0);
      for (const encoding of own) w.u32(encoding);
    }
  });
  return Uint8Array.from(w.bytes);
}

function distances(starts: number[]): number[] {
  const out: number[] = [];
  let last = 0;
  for (const start of starts) {
    let rest = start - last;
    last = start;
    for (; rest >= 0x80; rest >>>= 7) out.push((rest & 0x7f) | 0x80);
    out.push(rest);
  }
  if (starts.length > 0) out.push(0);
  return out;
}

function align(at: number): number {
  return Math.ceil(at / 8) * 8;
}
