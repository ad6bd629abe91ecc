/**
 * A line number program run: a machine with a few registers (address, file, line) whose opcodes append rows. A row holds from its address to
 * the next row's; a sequence of rows ends with one that only says where.
 *
 *   special opcodes (>= opcode base)   advance address and line at once, append a row
 *   standard opcodes                   1 copy, 2 advance_pc, 3 advance_line, 4 set_file, 8 const_add_pc, 9 fixed_advance_pc; the rest changes nothing
 *                                      that matters here; unknown ones are passed over by their count of operands
 *   extended opcodes (0, length)       1 end_sequence, 2 set_address, 3 define_file
 *
 * Of rows with one address the last counts. Sequences come in any order; those in no code of the image (dropped by the linker) are left out.
 */
import { U32Column } from "../bytes/columns.ts";
import { Disjoiner } from "../bytes/intervals.ts";
import type { DamageLog } from "../names/damage.ts";
import { addressLimit } from "./addresses.ts";
import { type SectionBlocks, WindowMemory } from "./blocks.ts";
import { Form } from "./constants.ts";
import type { LineHeader } from "./line-header.ts";
import type { Unit } from "./units.ts";

/** The largest real units have a few hundred thousand; this many take 48 MB. */
const maxRows = 3 << 20;
/** Programs are run from memory; real ones reach some megabytes. */
const maxProgramBytes = 64 << 20;
const maxLine = 0xffffffff;

/** Lines of a unit: ranges [start, end) ascending and disjoint, with file number and line (0: none). */
export type LineRanges = {
  start: ArrayLike<number>;
  end: ArrayLike<number>;
  file: Uint32Array;
  line: Uint32Array;
  item: Uint32Array | null;
};

/** The same lines in memory of their own. */
export function keepLines({ start, end, file, line, item }: LineRanges): LineRanges {
  return {
    start: Uint32Array.from(start),
    end: Uint32Array.from(end),
    file: file.slice(),
    line: line.slice(),
    item: item === null ? null : item.slice(),
  };
}

export const noLines: LineRanges = { start: [], end: [], file: new Uint32Array(0), line: new Uint32Array(0), item: null };

/** Runs programs, one after the other in the same memory. */
export class LineMachine {
  #at = 0;
  #header!: LineHeader;
  #unit!: Unit;
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  readonly #memory = new WindowMemory();
  readonly #start = new U32Column();
  readonly #end = new U32Column();
  readonly #file = new U32Column();
  readonly #line = new U32Column();
  readonly #disjoint = new Disjoiner();
  /** Index of the first row of the sequence being run. */
  #sequence = 0;
  /** The row that still waits for its end. */
  #open = false;
  #openAddress = 0;
  #openFile = 0;
  #openLine = 0;

  /** The lines of a unit, good until the next call. Damage ends the program early; what came before stays. */
  run(blocks: SectionBlocks, header: LineHeader, unit: Unit, damage: DamageLog): LineRanges {
    const length = header.end - header.programStart;
    if (length > maxProgramBytes) {
      damage.add(header.programStart, `line program of ${length} bytes`);
      return noLines;
    }
    this.#header = header;
    this.#unit = unit;
    const window = blocks.readWindow(header.programStart, length, this.#memory);
    this.#bytes = window.bytes;
    this.#view = window.view;
    this.#at = 0;
    this.#sequence = 0;
    this.#open = false;
    for (const column of [this.#start, this.#end, this.#file, this.#line]) column.clear();
    const problem = this.#run();
    if (problem !== null) damage.add(header.programStart + this.#at, `dwarf: .debug_line: ${problem}`);
    return this.#result();
  }

  /** Null, or why the program ended early. */
  #run(): string | null {
    const { shortestInstruction, operations, lineBase, lineRange, opcodeBase, opcodeLengths } = this.#header;
    const bytes = this.#bytes;
    const size = bytes.length;
    const constAdvance = lineRange === 0 ? 0 : Math.floor((255 - opcodeBase) / lineRange);
    const zero = this.#unit.addresses.fromNumber(0);
    let address = zero;
    let operation = 0;
    let file = 1;
    let line = 1;
    while (this.#at < size) {
      const opcode = bytes[this.#at++]!;
      if (opcode >= opcodeBase) {
        const adjusted = opcode - opcodeBase;
        const advance = lineRange === 0 ? 0 : (adjusted / lineRange) | 0;
        if (operations === 1) {
          address += shortestInstruction * advance;
        } else {
          address += shortestInstruction * Math.floor((operation + advance) / operations);
          operation = (operation + advance) % operations;
        }
        line += lineBase + (lineRange === 0 ? 0 : adjusted % lineRange);
        if (this.#start.length > maxRows) return `more than ${maxRows} rows`;
        this.#row(address, file, line);
        continue;
      }
      switch (opcode) {
        case 0: {
          const length = this.#uleb();
          const next = this.#at + length;
          if (next > size) return "opcode reaches past the end";
          const extended = length === 0 ? 0 : bytes[this.#at]!;
          if (extended === 1) {
            this.#endSequence(address);
            address = zero;
            operation = 0;
            file = 1;
            line = 1;
          } else if (extended === 2) {
            const addressBytes = length - 1;
            if (addressBytes === 8 || addressBytes === 4 || addressBytes === 2) {
              address = this.#unit.addresses.read(this.#view, this.#at + 1, addressBytes);
            }
            operation = 0;
          } else if (extended === 3) {
            this.#defineFile();
          }
          this.#at = next;
          break;
        }
        case 1:
          if (this.#start.length > maxRows) return `more than ${maxRows} rows`;
          this.#row(address, file, line);
          break;
        case 2: {
          const advance = this.#uleb();
          address += shortestInstruction * Math.floor((operation + advance) / operations);
          operation = (operation + advance) % operations;
          break;
        }
        case 3:
          line += this.#sleb();
          break;
        case 4:
          file = this.#uleb();
          break;
        case 6:
        case 7:
        case 10:
        case 11:
          break;
        case 5:
        case 12:
          this.#uleb();
          break;
        case 8:
          address += shortestInstruction * Math.floor((operation + constAdvance) / operations);
          operation = (operation + constAdvance) % operations;
          break;
        case 9:
          if (size - this.#at < 2) return "opcode reaches past the end";
          address += this.#view.getUint16(this.#at, this.#unit.littleEndian);
          this.#at += 2;
          operation = 0;
          break;
        default:
          for (let i = opcodeLengths[opcode - 1]!; i > 0; i--) this.#uleb();
      }
    }
    return null;
  }

  #result(): LineRanges {
    // A sequence that was not ended: its last row is not known to reach anywhere, the others stay.
    this.#endSequence(this.#openAddress);
    const start = this.#start.view();
    const end = this.#end.view();
    const disjoint = this.#disjoint.run(start, end, start.length);
    return {
      start: disjoint?.start ?? start,
      end: disjoint?.end ?? end,
      item: disjoint?.item ?? null,
      file: this.#file.view(),
      line: this.#line.view(),
    };
  }

  #row(address: number, file: number, line: number): void {
    if (this.#open) {
      if (address > this.#openAddress) {
        if (file === this.#openFile && line === this.#openLine) return;
        this.#closeRow(address);
      }
      // An address that goes back leaves the row before without extent.
    }
    this.#open = true;
    this.#openAddress = address;
    this.#openFile = file;
    this.#openLine = line;
  }

  #closeRow(end: number): void {
    const start = this.#openAddress;
    this.#open = false;
    if (!(start >= 0 && end > start && end <= addressLimit)) return;
    this.#start.push(start);
    this.#end.push(end);
    this.#file.push(this.#openFile);
    this.#line.push(this.#openLine >= 0 && this.#openLine <= maxLine ? this.#openLine : 0);
  }

  #endSequence(address: number): void {
    if (this.#open) this.#closeRow(address);
    this.#open = false;
    const first = this.#sequence;
    if (this.#start.length > first && !this.#unit.addresses.isCode(this.#start.at(first), this.#end.at(first))) {
      for (const column of [this.#start, this.#end, this.#file, this.#line]) column.truncate(first);
    }
    this.#sequence = this.#start.length;
  }

  /** DW_LNE_define_file: one more file for the table. */
  #defineFile(): void {
    const { files, fileDirectory, programStart } = this.#header;
    const back = this.#at;
    const start = this.#at + 1;
    const nul = this.#bytes.indexOf(0, start);
    if (nul < 0) return;
    this.#at = nul + 1;
    files.form.push(Form.string);
    files.value.push(programStart + start);
    fileDirectory.push(this.#uleb());
    this.#at = back;
  }

  #uleb(): number {
    const bytes = this.#bytes;
    let value = 0;
    for (let factor = 1; this.#at < bytes.length; factor *= 0x80) {
      const byte = bytes[this.#at++]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    return value;
  }

  #sleb(): number {
    const bytes = this.#bytes;
    let value = 0;
    for (let factor = 1; this.#at < bytes.length; factor *= 0x80) {
      const byte = bytes[this.#at++]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return byte >= 0x40 ? value - factor * 0x80 : value;
    }
    return value;
  }
}
