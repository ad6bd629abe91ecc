/**
 * The units of a file that describe code, in the order of .debug_info: each as the unit to walk (its own, or the split one that a skeleton
 * stands for), its lines and texts.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import { shortText } from "../bytes/short-text.ts";
import type { DamageLog } from "../names/damage.ts";
import { AddressSpace } from "./addresses.ts";
import { readAranges } from "./aranges.ts";
import type { SectionBlocks } from "./blocks.ts";
import { UnitType } from "./constants.ts";
import { DwarfFile } from "./dwarf-file.ts";
import { EntryReader } from "./entries.ts";
import { EntryNames } from "./entry-names.ts";
import { type LineHeader, readLineHeader } from "./line-header.ts";
import { LineMachine, type LineRanges, noLines } from "./line-program.ts";
import { appendRanges, CodeRanges } from "./range-lists.ts";
import type { DwarfOptions, DwarfSections } from "./sections.ts";
import { Slot } from "./slots.ts";
import { UnitTexts } from "./unit-texts.ts";
import type { Unit } from "./units.ts";

/** Missing companions are told by name up to here. */
const maxNeeds = 100;

/** A unit ready to be asked. `stated`: where its code lies, as its root says. */
export type CodeUnit = { unit: Unit; stated: CodeRanges; lines: LineRanges; texts: UnitTexts };

export class CodeUnits {
  readonly file: DwarfFile;
  readonly #options: DwarfOptions;
  readonly #damage: DamageLog;
  readonly #addresses: AddressSpace;
  readonly #names = new EntryNames();
  readonly #lineMachine = new LineMachine();
  readonly #root = new EntryReader();
  readonly #needs = new Set<string>();
  readonly #splitStrings = new Map<ByteSource, SectionBlocks>();
  #supplementary: DwarfFile | null = null;
  #aranges: Map<number, CodeRanges> | null = null;

  constructor(sections: DwarfSections, options: DwarfOptions, damage: DamageLog) {
    this.#options = options;
    this.#damage = damage;
    this.#addresses = new AddressSpace(sections);
    this.file = new DwarfFile(sections, this.#addresses, damage, () => this.#openSupplementary());
  }

  /** Companions that were asked for and not given. */
  needs(): string[] {
    return [...this.#needs];
  }

  #need(what: string): void {
    if (this.#needs.size < maxNeeds) this.#needs.add(what);
  }

  #openSupplementary(): DwarfFile | null {
    const sections = this.#options.supplementary;
    if (sections === undefined) {
      this.#need("the supplementary file (.gnu_debugaltlink) that holds some of the names");
      return null;
    }
    this.#supplementary ??= new DwarfFile(sections, this.#addresses, this.#damage, () => null);
    return this.#supplementary;
  }

  /** Whether an address may lie in code of the image. */
  mayBeCode(relativeAddress: number): boolean {
    return this.#addresses.isCode(relativeAddress, relativeAddress + 1);
  }

  /** Offsets of all units of .debug_info. */
  get offsets(): Float64Array {
    return this.file.unitOffsets("info").offset;
  }

  /** The unit at an offset when it may describe code, null when it cannot. Throws FormatError. */
  open(offset: number): Unit | null {
    const unit = this.file.unit(offset);
    if (unit.isEmpty || unit.type === UnitType.type || unit.type === UnitType.splitType) return null;
    return unit.abbreviations.hasFunctions || unit.lineTable !== null || unit.dwoName !== null ? unit : null;
  }

  /** Appends where the code of a unit lies, as its root states it; nothing when only its functions can tell. */
  appendUnitRanges(unit: Unit, out: CodeRanges): void {
    this.#damage.guard(unit.offset, undefined, () => {
      unit.file.readRoot(unit, this.#root);
      if (unit.version > 2 || this.#root.form[Slot.ranges] !== 0) {
        appendRanges(unit, this.#root, out);
        return;
      }
      // The root of a DWARF 2 unit may leave out what lies in other sections.
      this.#aranges ??= readAranges(this.file);
      const listed = this.#aranges.get(unit.offset);
      if (listed === undefined) return;
      appendRanges(unit, this.#root, out);
      out.append(listed);
    });
  }

  /** The unit that describes the functions: the split one of a skeleton, where it is at hand. */
  withFunctions(unit: Unit): Unit {
    if (unit.dwoName === null || unit.dwoId === null) return unit;
    const name = shortText(unit.dwoName, 0, unit.dwoName.length);
    const directory = unit.directory === null ? null : shortText(unit.directory, 0, unit.directory.length);
    const dwoId = unit.dwoId;
    const sections = this.#options.split?.({ dwoId, name, directory }) ?? null;
    const split = sections === null ? null : this.#damage.guard(unit.offset, null, () => this.#splitUnit(sections, dwoId, unit));
    if (split === null) this.#need(`the split file ${name}`);
    return split ?? unit;
  }

  #splitUnit(sections: DwarfSections, dwoId: bigint, skeleton: Unit): Unit | null {
    const file = new DwarfFile(sections, this.#addresses, this.#damage, () => this.#openSupplementary(), this.#splitStrings);
    for (const offset of file.unitOffsets("info").offset) {
      const unit = file.unit(offset, "info", skeleton);
      if (unit.dwoId === dwoId) return unit;
    }
    throw new FormatError("dwarf: split file", null, `has no unit with id 0x${dwoId.toString(16)}`);
  }

  /** Reads the lines of a unit as well; they are good until the next call. */
  prepare(unit: Unit): CodeUnit {
    const walked = this.withFunctions(unit);
    const header = this.#lineHeader(unit);
    const blocks = unit.file.blocks("line");
    const lines = header === null || blocks === null ? noLines : this.#lineMachine.run(blocks, header, unit, this.#damage);
    const stated = new CodeRanges();
    this.appendUnitRanges(unit, stated);
    return { unit: walked, stated, lines, texts: new UnitTexts(walked, this.#names, header) };
  }

  #lineHeader(unit: Unit): LineHeader | null {
    const blocks = unit.file.blocks("line");
    const offset = unit.lineTable;
    if (blocks === null || offset === null) return null;
    return this.#damage.guard(offset, null, () => readLineHeader(blocks, offset));
  }
}
