/**
 * A small assembler of DWARF for tests: entries written as nested arrays, abbreviations numbered as they come up, references by label.
 *
 *   const b = new DwarfBuilder({ version: 4 });
 *   b.unit([Tag.compileUnit, [[Attribute.name, Form.string, "a.c"]], [
 *     [Tag.subprogram, [[Attribute.lowPc, Form.addr, 0x1000], [Attribute.highPc, Form.data4, 16]], [], "f"],
 *   ]]);
 *   openDwarfNames(b.sections());
 */
import { BufferSource } from "../src/bytes/byte-source.ts";
import { Form, UnitType } from "../src/dwarf/constants.ts";
import type { DwarfSectionName, DwarfSections } from "../src/dwarf/sections.ts";

/** Growing bytes with patches. */
export class Bytes {
  readonly values: number[] = [];
  readonly littleEndian: boolean;

  constructor(littleEndian = true) {
    this.littleEndian = littleEndian;
  }

  get length(): number {
    return this.values.length;
  }

  uint(value: number | bigint, size: number): this {
    const at = this.length;
    for (let i = 0; i < size; i++) this.values.push(0);
    this.patch(at, value, size);
    return this;
  }

  patch(at: number, value: number | bigint, size: number): void {
    for (let i = 0; i < size; i++) {
      const byte = Number((BigInt.asUintN(8 * size, BigInt(value)) >> BigInt(8 * i)) & 0xffn);
      this.values[this.littleEndian ? at + i : at + size - 1 - i] = byte;
    }
  }

  uleb(value: number): this {
    let rest = value;
    do {
      const more = rest >= 0x80;
      this.values.push((rest % 0x80) | (more ? 0x80 : 0));
      rest = Math.floor(rest / 0x80);
    } while (rest > 0);
    return this;
  }

  sleb(value: number): this {
    let rest = value;
    for (;;) {
      const low = rest & 0x7f;
      rest >>= 7;
      const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
      this.values.push(done ? low : low | 0x80);
      if (done) return this;
    }
  }

  text(value: string): this {
    for (const byte of new TextEncoder().encode(value)) this.values.push(byte);
    this.values.push(0);
    return this;
  }

  raw(bytes: Iterable<number>): this {
    for (const byte of bytes) this.values.push(byte);
    return this;
  }
}

/** A value: a number, a text (inline or into .debug_str, by form), or `{ label }` of an entry. */
export type Value = number | bigint | string | { label: string };
export type AttributeSpec = readonly [attribute: number, form: number, value: Value];
export type Entry = readonly [tag: number, attributes: readonly AttributeSpec[], children?: readonly Entry[], label?: string];

export type BuilderOptions = {
  version?: number;
  littleEndian?: boolean;
  addressBytes?: 4 | 8;
  offsetBytes?: 4 | 8;
  imageBase?: bigint;
  codeRanges?: { start: number; end: number }[] | null;
};

export class DwarfBuilder {
  readonly version: number;
  readonly addressBytes: 4 | 8;
  readonly offsetBytes: 4 | 8;
  readonly littleEndian: boolean;
  readonly contents = new Map<DwarfSectionName, Bytes>();
  readonly labels = new Map<string, { unit: number; offset: number }>();
  readonly #options: BuilderOptions;
  readonly #codes = new Map<string, number>();
  readonly #references: { at: number; label: string; size: number; relativeTo: number | null; section: DwarfSectionName }[] = [];

  constructor(options: BuilderOptions = {}) {
    this.#options = options;
    this.version = options.version ?? 4;
    this.addressBytes = options.addressBytes ?? 8;
    this.offsetBytes = options.offsetBytes ?? 4;
    this.littleEndian = options.littleEndian ?? true;
  }

  section(name: DwarfSectionName): Bytes {
    let bytes = this.contents.get(name);
    if (bytes === undefined) {
      bytes = new Bytes(this.littleEndian);
      this.contents.set(name, bytes);
    }
    return bytes;
  }

  /** Offset of a text in .debug_str (or another section of strings). */
  string(text: string, name: DwarfSectionName = "str"): number {
    const bytes = this.section(name);
    const at = bytes.length;
    bytes.text(text);
    return at;
  }

  /** A length field now, filled by what is called afterwards. */
  length(bytes: Bytes): () => void {
    if (this.offsetBytes === 8) bytes.uint(0xffffffff, 4);
    const at = bytes.length;
    bytes.uint(0, this.offsetBytes);
    return () => bytes.patch(at, bytes.length - at - this.offsetBytes, this.offsetBytes);
  }

  /** Appends a unit; its entries must end with their parents. */
  unit(root: Entry, type: number = UnitType.compile, id: bigint = 0n, section: "info" | "types" = "info"): void {
    const bytes = this.section(section);
    const start = bytes.length;
    const finish = this.length(bytes);
    bytes.uint(this.version, 2);
    if (this.version >= 5) bytes.uint(type, 1).uint(this.addressBytes, 1).uint(0, this.offsetBytes);
    else bytes.uint(0, this.offsetBytes).uint(this.addressBytes, 1);
    const isType = type === UnitType.type || type === UnitType.splitType;
    if (isType || (this.version >= 5 && (type === UnitType.skeleton || type === UnitType.splitCompile))) bytes.uint(id, 8);
    const typeAt = bytes.length;
    if (isType) bytes.uint(0, this.offsetBytes);
    this.#entry(bytes, section, start, root);
    if (isType) bytes.patch(typeAt, (this.labels.get("type")?.offset ?? start) - start, this.offsetBytes);
    finish();
  }

  #entry(bytes: Bytes, section: "info" | "types", unit: number, [tag, attributes, children = [], label]: Entry): void {
    if (label !== undefined) this.labels.set(label, { unit, offset: bytes.length });
    bytes.uleb(this.#code(tag, attributes, children.length > 0));
    for (const [, form, value] of attributes) this.#value(bytes, section, unit, form, value);
    for (const child of children) this.#entry(bytes, section, unit, child);
    if (children.length > 0) bytes.uleb(0);
  }

  #code(tag: number, attributes: readonly AttributeSpec[], hasChildren: boolean): number {
    const constants = attributes.map(([, form, value]) => (form === Form.implicitConst ? String(value) : ""));
    const key = JSON.stringify([tag, attributes.map(([name, form]) => [name, form]), constants, hasChildren]);
    let code = this.#codes.get(key);
    if (code === undefined) {
      code = this.#codes.size + 1;
      this.#codes.set(key, code);
      const table = this.section("abbrev");
      table
        .uleb(code)
        .uleb(tag)
        .uint(hasChildren ? 1 : 0, 1);
      for (const [name, form, value] of attributes) {
        table.uleb(name).uleb(form);
        if (form === Form.implicitConst) table.sleb(Number(value));
      }
      table.uleb(0).uleb(0);
    }
    return code;
  }

  #value(bytes: Bytes, section: "info" | "types", unit: number, form: number, value: Value): void {
    if (typeof value === "object") {
      const sizes: Record<number, number> = { [Form.ref1]: 1, [Form.ref2]: 2, [Form.ref4]: 4, [Form.ref8]: 8 };
      const size = sizes[form] ?? (form === Form.refAddr && this.version === 2 ? this.addressBytes : this.offsetBytes);
      const relativeTo = form === Form.refAddr || form === Form.gnuRefAlt ? null : unit;
      this.#references.push({ at: bytes.length, label: value.label, size, relativeTo, section });
      bytes.uint(0, size);
      return;
    }
    if (typeof value === "string") {
      if (form === Form.string) bytes.text(value);
      else bytes.uint(this.string(value, form === Form.lineStrp ? "line_str" : "str"), this.offsetBytes);
      return;
    }
    const number = Number(value);
    switch (form) {
      case Form.addr:
        bytes.uint(value, this.addressBytes);
        return;
      case Form.data1:
      case Form.flag:
      case Form.ref1:
      case Form.strx1:
      case Form.addrx1:
        bytes.uint(value, 1);
        return;
      case Form.data2:
      case Form.ref2:
      case Form.strx2:
      case Form.addrx2:
        bytes.uint(value, 2);
        return;
      case Form.strx3:
      case Form.addrx3:
        bytes.uint(value, 3);
        return;
      case Form.data4:
      case Form.ref4:
      case Form.strx4:
      case Form.addrx4:
        bytes.uint(value, 4);
        return;
      case Form.data8:
      case Form.ref8:
      case Form.refSig8:
        bytes.uint(value, 8);
        return;
      case Form.data16:
        bytes.uint(value, 16);
        return;
      case Form.sdata:
        bytes.sleb(number);
        return;
      case Form.flagPresent:
      case Form.implicitConst:
        return;
      case Form.block1:
        bytes.uint(number, 1).raw(new Uint8Array(number));
        return;
      case Form.exprloc:
      case Form.block:
        bytes.uleb(number).raw(new Uint8Array(number));
        return;
      case Form.secOffset:
      case Form.strp:
      case Form.refAddr:
      case Form.gnuRefAlt:
      case Form.gnuStrpAlt:
        bytes.uint(value, this.offsetBytes);
        return;
      default:
        bytes.uleb(number);
    }
  }

  /** The sections so far. */
  sections(): DwarfSections {
    for (const { at, label, size, relativeTo, section } of this.#references.splice(0)) {
      const target = this.labels.get(label);
      if (target === undefined) throw new Error(`no entry ${label}`);
      this.section(section).patch(at, target.offset - (relativeTo ?? 0), size);
    }
    const sources = new Map<DwarfSectionName, BufferSource>();
    for (const [name, bytes] of this.contents) {
      sources.set(name, new BufferSource(Uint8Array.from(name === "abbrev" ? [...bytes.values, 0] : bytes.values)));
    }
    return {
      section: (name) => sources.get(name) ?? null,
      littleEndian: this.littleEndian,
      addressBytes: this.addressBytes,
      imageBase: this.#options.imageBase ?? 0n,
      codeRanges: this.#options.codeRanges === undefined ? [{ start: 0x1000, end: 0x10000 }] : this.#options.codeRanges,
    };
  }

  /**
   * Appends a line program for files of directory 0 or 1, gives its offset. `program` writes opcodes: see `lineOpcodes`. Lines -5 to +8, 13
   * standard opcodes.
   */
  lines(
    files: readonly (readonly [name: string, directory: number])[],
    directories: readonly string[],
    program: (bytes: Bytes) => void,
  ): number {
    const bytes = this.section("line");
    const start = bytes.length;
    const finish = this.length(bytes);
    bytes.uint(this.version, 2);
    if (this.version >= 5) bytes.uint(this.addressBytes, 1).uint(0, 1);
    const headerLength = bytes.length;
    bytes.uint(0, this.offsetBytes).uint(1, 1);
    if (this.version >= 4) bytes.uint(1, 1);
    bytes.uint(1, 1).uint(-5, 1).uint(14, 1).uint(13, 1).raw([0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]);
    if (this.version >= 5) {
      bytes.uint(1, 1).uleb(1).uleb(Form.lineStrp).uleb(directories.length);
      for (const directory of directories) bytes.uint(this.string(directory, "line_str"), this.offsetBytes);
      bytes.uint(3, 1).uleb(1).uleb(Form.lineStrp).uleb(2).uleb(Form.udata).uleb(5).uleb(Form.data16).uleb(files.length);
      for (const [name, directory] of files) bytes.uint(this.string(name, "line_str"), this.offsetBytes).uleb(directory).uint(7n, 16);
    } else {
      for (const directory of directories) bytes.text(directory);
      bytes.uint(0, 1);
      for (const [name, directory] of files) bytes.text(name).uleb(directory).uleb(0).uleb(0);
      bytes.uint(0, 1);
    }
    bytes.patch(headerLength, bytes.length - headerLength - this.offsetBytes, this.offsetBytes);
    program(bytes);
    finish();
    return start;
  }

  /** Opcodes of a sequence: rows [address, line, file], and where it ends. */
  sequence(rows: readonly (readonly [address: number, line: number, file?: number])[], end: number): (bytes: Bytes) => void {
    return (bytes) => {
      let line = 1;
      let file = 1;
      for (const [address, nextLine, nextFile = file] of rows) {
        this.setAddress(bytes, address);
        if (nextFile !== file) bytes.uint(4, 1).uleb(nextFile);
        bytes
          .uint(3, 1)
          .sleb(nextLine - line)
          .uint(1, 1);
        line = nextLine;
        file = nextFile;
      }
      this.setAddress(bytes, end);
      bytes.raw([0, 1, 1]);
    };
  }

  setAddress(bytes: Bytes, address: number): void {
    bytes
      .uint(0, 1)
      .uleb(1 + this.addressBytes)
      .uint(2, 1)
      .uint(BigInt(address) + (this.#options.imageBase ?? 0n), this.addressBytes);
  }
}
