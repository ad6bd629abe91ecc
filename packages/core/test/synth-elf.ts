/** ELF files built for tests: sections as given, one loaded segment over all that have an address, names added. */

export type SynthSection = {
  name: string;
  type?: number;
  flags?: number;
  address?: number;
  content?: Uint8Array;
  /** Size of a section without contents in the file. */
  size?: number;
  link?: number;
  info?: number;
};

export type SynthElf = {
  machine?: number;
  fileType?: number;
  is64?: boolean;
  littleEndian?: boolean;
  sections: readonly SynthSection[];
  /** Where the loaded segment starts; none without. */
  loadedAt?: number;
};

/** Words of 2, 4 and 8 bytes one after another, in one byte order. */
export class Words {
  readonly #bytes: number[] = [];
  readonly #littleEndian: boolean;

  constructor(littleEndian = true) {
    this.#littleEndian = littleEndian;
  }

  get length(): number {
    return this.#bytes.length;
  }

  put(width: 1 | 2 | 4 | 8, ...values: (number | bigint)[]): this {
    for (const value of values) {
      const word = Array.from({ length: width }, (_, i) => Number((BigInt(value) >> BigInt(8 * i)) & 0xffn));
      this.#bytes.push(...(this.#littleEndian ? word : word.reverse()));
    }
    return this;
  }

  raw(bytes: ArrayLike<number>): this {
    this.#bytes.push(...Array.from(bytes));
    return this;
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

export function synthElf({ machine = 62, fileType = 3, is64 = true, littleEndian = true, sections, loadedAt }: SynthElf): Uint8Array {
  const all: SynthSection[] = [{ name: "", type: 0 }, ...sections, { name: ".shstrtab", type: 3 }];
  const { bytes: names, offsets: nameAt } = stringTable(all.map(({ name }) => name));
  all.at(-1)!.content = names;
  const headerBytes = is64 ? 64 : 52;
  const segmentBytes = loadedAt === undefined ? 0 : is64 ? 56 : 32;
  let at = headerBytes + segmentBytes;
  const offsets = all.map(({ content }) => {
    const offset = at;
    at += content?.length ?? 0;
    return offset;
  });
  const word = is64 ? 8 : 4;
  const out = new Words(littleEndian).raw([0x7f, 0x45, 0x4c, 0x46, is64 ? 2 : 1, littleEndian ? 1 : 2, 1, ...new Array(9).fill(0)]);
  out
    .put(2, fileType, machine)
    .put(4, 1)
    .put(word, 0, loadedAt === undefined ? 0 : headerBytes, at)
    .put(4, 0);
  out.put(2, headerBytes, is64 ? 56 : 32, loadedAt === undefined ? 0 : 1, is64 ? 64 : 40, all.length, all.length - 1);
  if (loadedAt !== undefined && is64) out.put(4, 1, 5).put(8, 0, loadedAt, loadedAt, at, at, 4096);
  if (loadedAt !== undefined && !is64) out.put(4, 1, 0, loadedAt, loadedAt, at, at, 5, 4096);
  for (const { content } of all) out.raw(content ?? []);
  for (const [i, { type = 1, flags = 0, address = 0, content, size = 0, link = 0, info = 0 }] of all.entries()) {
    out
      .put(4, nameAt[i]!, type)
      .put(word, flags, address, offsets[i]!, content?.length ?? size)
      .put(4, link, info)
      .put(word, 1, 0);
  }
  return out.bytes();
}

/** Names one after another, each ended by 0, and where each starts. */
export function stringTable(names: readonly string[]): { bytes: Uint8Array; offsets: number[] } {
  const bytes = new Words();
  const offsets = names.map((name) => {
    const at = bytes.length;
    bytes.raw(Buffer.from(`${name}\0`));
    return at;
  });
  return { bytes: bytes.bytes(), offsets };
}

export type SynthSymbol = { name: string; value: number | bigint; size?: number; type?: number; section: number };

/** A symbol table and its strings. The null symbol is added. */
export function symbolTable(
  symbols: readonly SynthSymbol[],
  is64 = true,
  littleEndian = true,
): { symbols: Uint8Array; strings: Uint8Array } {
  const { bytes: strings, offsets } = stringTable(["", ...symbols.map(({ name }) => name)]);
  const out = new Words(littleEndian).raw(new Array(is64 ? 24 : 16).fill(0));
  for (const [i, { value, size = 0, type = 2, section }] of symbols.entries()) {
    out.put(4, offsets[i + 1]!);
    if (is64) out.put(1, type, 0).put(2, section).put(8, value, size);
    else out.put(4, value, size).put(1, type, 0).put(2, section);
  }
  return { symbols: out.bytes(), strings };
}
