/**
 * Entries of a unit (DIEs), read one at a time: a code that names an abbreviation, then the values of its attributes one after the other.
 *
 * Values are kept as numbers by slot (slots.ts): constants and offsets as they are, references as offsets of the section, addresses
 * relative to the image, indexes and the places of strings, blocks and signatures unresolved. `form` tells which.
 */
import { FormatError } from "../bytes/format-error.ts";
import { fixedFormSize, fixedStep, noSlot } from "./abbreviations.ts";
import type { Part } from "./blocks.ts";
import { Form } from "./constants.ts";
import { slotCount } from "./slots.ts";
import type { Unit } from "./units.ts";

/** The bytes at hand end inside the entry: more are read, unless there are none. */
const overrun = new FormatError("dwarf: entry", null, "reaches past the end of its unit");
/** An entry is refused beyond: what is not a block in it is some hundreds of bytes. */
const maxEntryBytes = 16 << 20;
const firstEntryBytes = 1 << 10;
/** DW_FORM_indirect that names itself again and again. */
const maxIndirections = 4;

export class EntryReader {
  /** Form of each slot's attribute in the entry read last, 0 where the entry has none. */
  readonly form = new Uint16Array(slotCount);
  readonly value = new Float64Array(slotCount);
  /** Where the attribute's value is stored, as an offset of the section. */
  readonly place = new Float64Array(slotCount);
  tag = 0;
  hasChildren = false;
  /** Offsets of the entry, and after it. */
  start = 0;
  next = 0;
  /** The bytes at hand; `at` counts from their start. */
  at = 0;
  end = 0;
  /** Where the entry of a scan starts, within the bytes at hand. */
  entryAt = 0;
  bytes: Uint8Array = new Uint8Array(0);
  unit!: Unit;
  #base = 0;
  #view: DataView = new DataView(new ArrayBuffer(0));

  /** Takes bytes to read from. */
  use(unit: Unit, part: Part, offset: number): void {
    this.unit = unit;
    this.bytes = part.bytes;
    this.#view = part.view;
    this.#base = part.base;
    this.at = offset - part.base;
    this.end = Math.min(part.bytes.length, unit.end - part.base);
  }

  /** Offset in the section. */
  get offset(): number {
    return this.#base + this.at;
  }

  /** The same of a place in the bytes at hand. */
  offsetOf(at: number): number {
    return this.#base + at;
  }

  /**
   * Reads all slots of the entry at an offset, or those up to `last`. False for the null entry that ends a list of children. Throws FormatError.
   */
  read(unit: Unit, offset: number, last = -1): boolean {
    if (!(offset >= unit.firstEntry && offset < unit.end)) this.#fail(offset, "reference outside its unit");
    let part = unit.blocks.part(offset);
    for (let length = firstEntryBytes; ; length *= 8) {
      this.use(unit, part, offset);
      try {
        return this.readHere(last);
      } catch (error) {
        if (error !== overrun) throw error;
        if (part.base + part.bytes.length >= unit.end || length > maxEntryBytes) this.#fail(offset, overrun.reason);
      }
      part = unit.blocks.read(offset, length);
    }
  }

  /** As `read`, from the bytes at hand. */
  readHere(last = -1): boolean {
    const { abbreviations } = this.unit;
    this.start = this.offset;
    const index = this.abbreviation();
    this.form.fill(0);
    if (index < 0) {
      this.next = this.offset;
      this.tag = 0;
      this.hasChildren = false;
      return false;
    }
    this.tag = abbreviations.tag[index]!;
    this.hasChildren = abbreviations.hasChildren[index] === 1;
    for (let i = abbreviations.attributeStart[index]!; i < abbreviations.attributeStart[index + 1]!; i++) {
      const slot = abbreviations.attributeSlot[i]!;
      const form = abbreviations.attributeForm[i]!;
      if (slot === noSlot || this.form[slot] !== 0) this.skipForm(form);
      else if (form === Form.implicitConst) this.#keep(slot, form, abbreviations.attributeConstant[i]!);
      else this.readForm(form, slot);
      if (slot === last) break;
    }
    this.next = this.offset;
    return true;
  }

  /** Index of the abbreviation of the entry at hand; -1 for the null entry that ends a list of children. */
  abbreviation(): number {
    const code = this.uleb();
    if (code === 0) return -1;
    const index = this.unit.abbreviations.index(code);
    return index >= 0 ? index : this.#fail(this.offset, `abbreviation ${code} is not defined`);
  }

  /** Runs the compiled steps of an abbreviation: fills the slots the walk wants, passes over the rest. */
  runSteps(index: number): void {
    const { steps, stepStart, attributeConstant } = this.unit.abbreviations;
    const end = stepStart[index + 1]!;
    for (let i = stepStart[index]!; i < end; i++) {
      const step = steps[i]!;
      if (step === fixedStep) {
        this.at += steps[++i]!;
        continue;
      }
      const form = step & 0xffff;
      const slot = step >>> 16;
      if (form === Form.implicitConst) {
        i++;
        if (slot !== noSlot) this.#keep(slot, form, attributeConstant[steps[i]!]!);
      } else if (slot === noSlot) {
        this.skipForm(form);
      } else {
        this.readForm(form, slot);
      }
    }
  }

  uleb(): number {
    const { bytes } = this;
    let at = this.at;
    if (at >= this.end) throw overrun;
    const first = bytes[at++]!;
    if (first < 0x80) {
      this.at = at;
      return first;
    }
    let value = first & 0x7f;
    for (let factor = 0x80; ; factor *= 0x80) {
      if (at >= this.end) throw overrun;
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    this.at = at;
    return value;
  }

  #sleb(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      if (this.at >= this.end) throw overrun;
      const byte = this.bytes[this.at++]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return byte >= 0x40 ? value - factor * 0x80 : value;
    }
  }

  #need(length: number): number {
    const at = this.at;
    if (length > this.end - at) throw overrun;
    this.at = at + length;
    return at;
  }

  #unsigned(length: number): number {
    const at = this.#need(length);
    const little = this.unit.littleEndian;
    switch (length) {
      case 1:
        return this.bytes[at]!;
      case 2:
        return this.#view.getUint16(at, little);
      case 3: {
        const low = this.bytes[little ? at : at + 2]!;
        return low | (this.bytes[at + 1]! << 8) | (this.bytes[little ? at + 2 : at]! << 16);
      }
      case 4:
        return this.#view.getUint32(at, little);
      default: {
        const first = this.#view.getUint32(at, little);
        const second = this.#view.getUint32(at + 4, little);
        return little ? second * 0x100000000 + first : first * 0x100000000 + second;
      }
    }
  }

  #keep(slot: number, form: number, value: number): void {
    this.form[slot] = form;
    this.value[slot] = value;
  }

  readForm(stored: number, slot: number): void {
    let form = stored;
    for (let i = 0; form === Form.indirect && i < maxIndirections; i++) form = this.uleb();
    this.place[slot] = this.offset;
    const { unit } = this;
    switch (form) {
      case Form.addr: {
        const at = this.#need(unit.addressBytes);
        this.#keep(slot, form, unit.addresses.read(this.#view, at, unit.addressBytes));
        return;
      }
      case Form.data1:
      case Form.flag:
      case Form.strx1:
      case Form.addrx1:
        this.#keep(slot, form, this.#unsigned(1));
        return;
      case Form.data2:
      case Form.strx2:
      case Form.addrx2:
        this.#keep(slot, form, this.#unsigned(2));
        return;
      case Form.strx3:
      case Form.addrx3:
        this.#keep(slot, form, this.#unsigned(3));
        return;
      case Form.data4:
      case Form.strx4:
      case Form.addrx4:
      case Form.refSup4:
        this.#keep(slot, form, this.#unsigned(4));
        return;
      case Form.data8:
      case Form.refSup8:
        this.#keep(slot, form, this.#unsigned(8));
        return;
      case Form.udata:
      case Form.strx:
      case Form.addrx:
      case Form.rnglistx:
      case Form.loclistx:
      case Form.gnuAddrIndex:
      case Form.gnuStrIndex:
        this.#keep(slot, form, this.uleb());
        return;
      case Form.sdata:
        this.#keep(slot, form, this.#sleb());
        return;
      case Form.implicitConst:
        // Only through DW_FORM_indirect, where the value follows.
        this.#keep(slot, form, this.#sleb());
        return;
      case Form.flagPresent:
        this.#keep(slot, form, 1);
        return;
      case Form.strp:
      case Form.lineStrp:
      case Form.strpSup:
      case Form.gnuStrpAlt:
      case Form.gnuRefAlt:
      case Form.secOffset:
        this.#keep(slot, form, this.#unsigned(unit.offsetBytes));
        return;
      case Form.refAddr:
        this.#keep(slot, form, this.#unsigned(unit.refAddrBytes));
        return;
      case Form.ref1:
        this.#keep(slot, form, unit.offset + this.#unsigned(1));
        return;
      case Form.ref2:
        this.#keep(slot, form, unit.offset + this.#unsigned(2));
        return;
      case Form.ref4:
        this.#keep(slot, form, unit.offset + this.#unsigned(4));
        return;
      case Form.ref8:
        this.#keep(slot, form, unit.offset + this.#unsigned(8));
        return;
      case Form.refUdata:
        this.#keep(slot, form, unit.offset + this.uleb());
        return;
      case Form.llvmAddrxOffset: {
        const index = this.uleb();
        this.#keep(slot, Form.addr, unit.indexedAddress(index) + this.#unsigned(4));
        return;
      }
      default:
        // Strings, signatures and blocks stay where they are.
        this.skipForm(form);
        this.#keep(slot, form, this.place[slot]!);
    }
  }

  skipForm(stored: number): void {
    let form = stored;
    for (let i = 0; form === Form.indirect && i < maxIndirections; i++) form = this.uleb();
    switch (form) {
      case Form.implicitConst:
        if (stored === Form.indirect) this.uleb();
        return;
      case Form.string: {
        const nul = this.bytes.indexOf(0, this.at);
        if (nul < 0 || nul >= this.end) throw overrun;
        this.at = nul + 1;
        return;
      }
      case Form.block1:
        this.#pass(this.#unsigned(1));
        return;
      case Form.block2:
        this.#pass(this.#unsigned(2));
        return;
      case Form.block4:
        this.#pass(this.#unsigned(4));
        return;
      case Form.block:
      case Form.exprloc:
        this.#pass(this.uleb());
        return;
      case Form.udata:
      case Form.sdata:
      case Form.refUdata:
      case Form.strx:
      case Form.addrx:
      case Form.rnglistx:
      case Form.loclistx:
      case Form.gnuAddrIndex:
      case Form.gnuStrIndex:
        this.uleb();
        return;
      case Form.llvmAddrxOffset:
        this.uleb();
        this.#need(4);
        return;
      default: {
        const size = fixedFormSize(form, this.unit);
        if (size < 0) this.#fail(this.offset, `form 0x${form.toString(16)} is unknown`);
        this.#need(size);
      }
    }
  }

  /** A block may reach past the bytes at hand, not past the unit. */
  #pass(length: number): void {
    if (length > this.unit.end - this.offset) throw overrun;
    this.at += length;
  }

  #fail(offset: number, reason: string): never {
    throw new FormatError("dwarf: entry", offset, reason);
  }
}

/** Whether an error only says that the bytes at hand ended. */
export function isOverrun(error: unknown): boolean {
  return error === overrun;
}
