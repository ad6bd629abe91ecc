/**
 * Template arguments of names that leave them out (clang's -gsimple-template-names): "Box" with the parameters T = int and N = 3 becomes
 * "Box<int, 3>". Types are spelled as compilers do in names: "const geo::Point *", "int &&"; a type of another kind is left as its bare name.
 */
import { FormatError } from "../bytes/format-error.ts";
import { shortText } from "../bytes/short-text.ts";
import { Form, Tag } from "./constants.ts";
import { EntryReader } from "./entries.ts";
import { referredUnit } from "./references.ts";
import { Slot } from "./slots.ts";
import type { Unit } from "./units.ts";

/** Types within types: real ones are some tens deep. */
const maxDepth = 32;
/** Entries read for one name: bounds what nested templates may multiply to. */
const maxEntries = 2000;
const maxCharacters = 4096;
const lessThan = 0x3c;

/** "<int, 3>", or nothing for what is no template or states its arguments in its name. */
export function templateArguments(unit: Unit, entry: number, name: Uint8Array): string {
  if (name.includes(lessThan) || !unit.abbreviations.hasTemplates) return "";
  return new Speller().list(unit, entry, 0);
}

class Speller {
  #left = maxEntries;

  list(unit: Unit, entry: number, depth: number): string {
    const parts = this.#guard([], () => this.#parameters(unit, entry, depth));
    return parts.length === 0 ? "" : `<${parts.join(", ")}>`.slice(0, maxCharacters);
  }

  #guard<T>(fallback: T, step: () => T): T {
    try {
      return step();
    } catch (error) {
      if (error instanceof FormatError) return fallback;
      throw error;
    }
  }

  /** The arguments below an entry; those of a pack stand in a list of their own. */
  #parameters(unit: Unit, entry: number, depth: number): string[] {
    const reader = new EntryReader();
    const out: string[] = [];
    if (depth > maxDepth || !reader.read(unit, entry) || !reader.hasChildren) return out;
    // Parameters come first; what has children of its own, packs aside, is no parameter.
    while (this.#left-- > 0 && reader.read(unit, reader.next)) {
      const isPack = reader.tag === Tag.gnuTemplateParameterPack;
      if (isPack) out.push(...this.#parameters(unit, reader.start, depth + 1));
      else if (reader.hasChildren) break;
      else if (reader.tag === Tag.templateTypeParameter) out.push(this.#typeOf(unit, reader, depth));
      else if (reader.tag === Tag.templateValueParameter) out.push(constantOf(unit, reader));
      else if (reader.tag === Tag.gnuTemplateTemplateParameter) out.push(textOf(unit.string(reader, Slot.gnuTemplateName)));
      if (isPack && reader.hasChildren) this.#passChildren(unit, reader);
    }
    return out;
  }

  #passChildren(unit: Unit, reader: EntryReader): void {
    while (this.#left-- > 0 && reader.read(unit, reader.next)) if (reader.hasChildren) this.#passChildren(unit, reader);
  }

  /** The type that the entry read last refers to. */
  #typeOf(unit: Unit, reader: EntryReader, depth: number): string {
    const form = reader.form[Slot.type]!;
    if (form === 0) return "void";
    const target = reader.value[Slot.type]!;
    const holder = referredUnit(unit, form, target);
    if (holder === null) return "?";
    return this.#type(holder, form === Form.refSig8 ? holder.typeEntry : target, depth + 1);
  }

  #type(unit: Unit, entry: number, depth: number): string {
    const reader = new EntryReader();
    if (depth > maxDepth || this.#left-- <= 0 || !reader.read(unit, entry)) return "?";
    switch (reader.tag) {
      case Tag.pointerType:
        return `${this.#typeOf(unit, reader, depth)} *`.replace("* *", "**");
      case Tag.referenceType:
        return `${this.#typeOf(unit, reader, depth)} &`;
      case Tag.rvalueReferenceType:
        return `${this.#typeOf(unit, reader, depth)} &&`;
      case Tag.constType:
        return `const ${this.#typeOf(unit, reader, depth)}`;
      case Tag.volatileType:
        return `volatile ${this.#typeOf(unit, reader, depth)}`;
      default: {
        const name = unit.string(reader, Slot.name);
        if (name === null) return "?";
        return textOf(name) + (name.includes(lessThan) ? "" : this.list(unit, entry, depth));
      }
    }
  }
}

function constantOf(unit: Unit, reader: EntryReader): string {
  if (reader.form[Slot.constValue] === 0) return "?";
  const text = unit.string(reader, Slot.constValue);
  return text === null ? String(reader.value[Slot.constValue]!) : textOf(text);
}

function textOf(bytes: Uint8Array | null): string {
  return bytes === null ? "?" : shortText(bytes, 0, bytes.length);
}
