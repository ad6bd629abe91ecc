/**
 * Abbreviations (.debug_abbrev): each names the tag of an entry and the attributes that follow with their forms. Here they are compiled into
 * what the walk over a unit does with an entry: pass over it, in one step where all its forms have a fixed size, or pick up the few
 * attributes that functions and inlined calls need.
 *
 *   uleb code (0 ends the table), uleb tag, u8 has children, then pairs uleb attribute, uleb form; form implicit_const is followed
 *   by its value; the pair 0, 0 ends the abbreviation
 */
import { U32Column } from "../bytes/columns.ts";
import { Attribute, Form, Tag } from "./constants.ts";
import { slotOf } from "./slots.ts";

/** What the walk does at an entry. */
export const Role = {
  /** Passed over; its children are walked. */
  plain: 0,
  /** Passed over with its children where the entry says where they end. */
  type: 1,
  function: 2,
  inlined: 3,
} as const;

/** Real tables have some hundreds of abbreviations with some tens of attributes. */
const maxAbbreviations = 1 << 17;
const maxAttributesInTable = 1 << 20;

/** Steps of a compiled entry: form | slot << 16; `fixed` is followed by a number of bytes, implicit_const by an index of `constants`. */
export const fixedStep = 0xffff;
export const noSlot = 0xff;

/** A table, compiled for units of one address size and offset size. */
export class Abbreviations {
  readonly tag: Uint32Array;
  readonly hasChildren: Uint8Array;
  readonly role: Uint8Array;
  /** Size of an entry after its code when all forms have a fixed size; -1 otherwise, and for entries that are read. */
  readonly fixedSize: Int32Array;
  readonly stepStart: Uint32Array;
  readonly steps: Uint32Array;
  /** All attributes of an abbreviation: [attributeStart[i], attributeStart[i + 1]). */
  readonly attributeStart: Uint32Array;
  readonly attributeName: Uint32Array;
  readonly attributeSlot: Uint8Array;
  readonly attributeForm: Uint32Array;
  readonly attributeConstant: Float64Array;
  /** Whether an entry of this table can be a function with code. */
  readonly hasFunctions: boolean;
  readonly hasTemplates: boolean;
  readonly #codes: Map<number, number> | null;

  constructor(raw: RawAbbreviations, sizes: FormSizes) {
    const count = raw.tag.length;
    this.tag = raw.tag.view().slice();
    this.hasChildren = Uint8Array.from(raw.hasChildren.view());
    this.attributeStart = raw.attributeStart.view().slice();
    this.attributeName = raw.attributeName.view().slice();
    this.attributeSlot = Uint8Array.from(this.attributeName, slotOf);
    this.attributeForm = raw.attributeForm.view().slice();
    this.attributeConstant = Float64Array.from(raw.attributeConstant);
    this.role = new Uint8Array(count);
    this.fixedSize = new Int32Array(count);
    this.stepStart = new Uint32Array(count + 1);
    const steps = new U32Column();
    let hasFunctions = false;
    for (let i = 0; i < count; i++) {
      this.stepStart[i] = steps.length;
      this.role[i] = roleOf(this.tag[i]!);
      this.fixedSize[i] = this.#compile(i, sizes, steps);
      if (this.role[i] === Role.function && this.#hasCode(i)) hasFunctions = true;
    }
    this.stepStart[count] = steps.length;
    this.steps = steps.view().slice();
    this.hasFunctions = hasFunctions;
    this.hasTemplates = this.tag.includes(Tag.templateTypeParameter) || this.tag.includes(Tag.templateValueParameter);
    this.#codes = raw.codes;
  }

  /** Index of an abbreviation by its code; -1 when the table has none. */
  index(code: number): number {
    if (this.#codes === null) return code <= this.tag.length ? code - 1 : -1;
    return this.#codes.get(code) ?? -1;
  }

  #hasCode(index: number): boolean {
    for (let i = this.attributeStart[index]!; i < this.attributeStart[index + 1]!; i++) {
      const name = this.attributeName[i]!;
      if (name === Attribute.lowPc || name === Attribute.ranges) return true;
    }
    return false;
  }

  #compile(index: number, sizes: FormSizes, steps: U32Column): number {
    const role = this.role[index]!;
    let fixed = 0;
    let skipped = true;
    for (let i = this.attributeStart[index]!; i < this.attributeStart[index + 1]!; i++) {
      const form = this.attributeForm[i]!;
      const slot = role === Role.plain ? noSlot : walkSlot(role, this.attributeName[i]!);
      if (slot === noSlot) {
        const size = fixedFormSize(form, sizes);
        if (size >= 0) {
          fixed += size;
          continue;
        }
      }
      pushFixed(steps, fixed);
      fixed = 0;
      skipped = false;
      steps.push((form & 0xffff) | (slot << 16));
      if (form === Form.implicitConst) steps.push(i);
    }
    if (skipped) return fixed;
    pushFixed(steps, fixed);
    return -1;
  }
}

function pushFixed(steps: U32Column, bytes: number): void {
  if (bytes === 0) return;
  steps.push(fixedStep);
  steps.push(bytes);
}

export type FormSizes = { addressBytes: number; offsetBytes: number; refAddrBytes: number };

/** A table as it is stored; the same for all units that use it. */
export class RawAbbreviations {
  readonly tag = new U32Column();
  readonly hasChildren = new U32Column();
  readonly attributeStart = new U32Column();
  readonly attributeName = new U32Column();
  readonly attributeForm = new U32Column();
  readonly attributeConstant: number[] = [];
  /** Null: the codes are 1, 2, 3, … as all producers number them. */
  codes: Map<number, number> | null = null;
}

/**
 * Parses the table at `offset` of the bytes. Null when the bytes end before the table does; a text says why it is refused.
 */
export function parseAbbreviations(bytes: Uint8Array, offset: number): RawAbbreviations | string | null {
  const raw = new RawAbbreviations();
  const codes: number[] = [];
  let dense = true;
  let at = offset;
  const uleb = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = bytes[at++];
      if (byte === undefined) return 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  for (;;) {
    const code = uleb();
    if (at > bytes.length) return null;
    if (code === 0) break;
    if (codes.length >= maxAbbreviations) return `more than ${maxAbbreviations} abbreviations`;
    codes.push(code);
    if (code !== codes.length) dense = false;
    raw.tag.push(uleb());
    raw.hasChildren.push(bytes[at++] === 1 ? 1 : 0);
    raw.attributeStart.push(raw.attributeName.length);
    for (;;) {
      const name = uleb();
      const form = uleb();
      if (at > bytes.length) return null;
      if (name === 0 && form === 0) break;
      if (raw.attributeName.length >= maxAttributesInTable) return `more than ${maxAttributesInTable} attributes`;
      raw.attributeName.push(name);
      raw.attributeForm.push(form);
      raw.attributeConstant.push(form === Form.implicitConst ? sleb() : 0);
    }
  }
  raw.attributeStart.push(raw.attributeName.length);
  if (!dense) {
    raw.codes = new Map();
    // Of two abbreviations with one code the first holds.
    for (let i = codes.length - 1; i >= 0; i--) raw.codes.set(codes[i]!, i);
  }
  return raw;

  function sleb(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = bytes[at++];
      if (byte === undefined) return 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return byte >= 0x40 ? value - factor * 0x80 : value;
    }
  }
}

function roleOf(tag: number): number {
  switch (tag) {
    case Tag.subprogram:
      return Role.function;
    case Tag.inlinedSubroutine:
      return Role.inlined;
    case Tag.arrayType:
    case Tag.classType:
    case Tag.enumerationType:
    case Tag.interfaceType:
    case Tag.structureType:
    case Tag.subroutineType:
    case Tag.unionType:
      return Role.type;
    default:
      return Role.plain;
  }
}

/** The slot that the walk fills at entries of a role; noSlot for attributes it passes over. */
function walkSlot(role: number, attribute: number): number {
  switch (attribute) {
    case Attribute.sibling:
      return role === Role.type ? slotOf(attribute) : noSlot;
    case Attribute.lowPc:
    case Attribute.highPc:
    case Attribute.ranges:
      return role === Role.type ? noSlot : slotOf(attribute);
    case Attribute.abstractOrigin:
    case Attribute.callFile:
    case Attribute.callLine:
      return role === Role.inlined ? slotOf(attribute) : noSlot;
    default:
      return noSlot;
  }
}

/** Bytes of a form that always takes as many; -1 for others. */
export function fixedFormSize(form: number, sizes: FormSizes): number {
  switch (form) {
    case Form.flagPresent:
    case Form.implicitConst:
      return 0;
    case Form.data1:
    case Form.flag:
    case Form.ref1:
    case Form.strx1:
    case Form.addrx1:
      return 1;
    case Form.data2:
    case Form.ref2:
    case Form.strx2:
    case Form.addrx2:
      return 2;
    case Form.strx3:
    case Form.addrx3:
      return 3;
    case Form.data4:
    case Form.ref4:
    case Form.refSup4:
    case Form.strx4:
    case Form.addrx4:
      return 4;
    case Form.data8:
    case Form.ref8:
    case Form.refSig8:
    case Form.refSup8:
      return 8;
    case Form.data16:
      return 16;
    case Form.addr:
      return sizes.addressBytes;
    case Form.strp:
    case Form.lineStrp:
    case Form.strpSup:
    case Form.secOffset:
    case Form.gnuRefAlt:
    case Form.gnuStrpAlt:
      return sizes.offsetBytes;
    case Form.refAddr:
      return sizes.refAddrBytes;
    default:
      return -1;
  }
}
