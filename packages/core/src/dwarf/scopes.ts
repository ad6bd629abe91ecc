/**
 * The scopes of a unit: which namespace, class or function holds an entry. Entries do not point to their parents, so all that can hold others
 * are listed once, in the order of the file, when a name first needs them.
 */
import { F64Column, U32Column } from "../bytes/columns.ts";
import { FormatError } from "../bytes/format-error.ts";
import { shortText } from "../bytes/short-text.ts";
import { NONE } from "../names/function-block.ts";
import type { WindowMemory } from "./blocks.ts";
import { Form, Tag } from "./constants.ts";
import { EntryReader } from "./entries.ts";
import { referredUnit } from "./references.ts";
import { scanEntries } from "./scan.ts";
import { Slot } from "./slots.ts";
import { templateArguments } from "./template-names.ts";
import type { Unit } from "./units.ts";

/** Deeper scopes are not spelled out. */
const maxPrefixScopes = 64;
/** A class stands apart from its declaration once; rings of them end here. */
const maxFollowed = 4;
const maxPrefixCharacters = 16 << 10;

export class Scopes {
  readonly #unit: Unit;
  readonly #reader = new EntryReader();
  /** Entries that hold others, ascending; where their children end; the scope around them. */
  readonly #start = new F64Column();
  readonly #end = new F64Column();
  readonly #parent = new U32Column();
  readonly #prefix = new Map<number, string>();
  /** While listing: the scopes that the walk is inside of, and their depths. */
  readonly #open = new U32Column();
  readonly #openDepth = new U32Column();
  #depth = 0;
  /** Declarations that naming a scope has been led to. */
  #followed = 0;

  constructor(unit: Unit, memory: WindowMemory) {
    this.#unit = unit;
    this.#list(memory);
  }

  /** "a::b::" for an entry within namespace a and class b. */
  prefixOf(entry: number): string {
    let low = 0;
    let high = this.#start.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#start.at(middle) < entry) low = middle + 1;
      else high = middle;
    }
    let scope = low === 0 ? NONE : low - 1;
    while (scope !== NONE && this.#end.at(scope) <= entry) scope = this.#parent.at(scope);
    return this.#prefixOfScope(scope);
  }

  #prefixOfScope(scope: number): string {
    const chain: number[] = [];
    for (let at = scope; at !== NONE && chain.length < maxPrefixScopes && !this.#prefix.has(at); at = this.#parent.at(at)) chain.push(at);
    for (const at of chain.reverse()) {
      const parent = this.#parent.at(at);
      const outer = parent === NONE ? "" : (this.#prefix.get(parent) ?? "");
      // Until it is known; a class that refers to itself meets this.
      this.#prefix.set(at, "");
      this.#prefix.set(at, this.#prefixWithin(outer, this.#start.at(at)));
    }
    return scope === NONE ? "" : (this.#prefix.get(scope) ?? "");
  }

  /** The prefix of what stands in a scope that stands in another. */
  #prefixWithin(outer: string, entry: number): string {
    if (outer.length > maxPrefixCharacters) return outer;
    const reader = this.#reader;
    const unit = this.#unit;
    try {
      reader.read(unit, entry);
      const { tag } = reader;
      const bytes = unit.string(reader, Slot.name);
      if (bytes !== null && bytes.length > 0) return `${outer}${nameWithArguments(unit, entry, bytes)}::`;
      // The name of a class defined apart from its declaration, or in a type unit, stands there.
      if (reader.form[Slot.specification] !== 0) {
        const target = reader.value[Slot.specification]!;
        if (this.#followed < maxFollowed && referredUnit(unit, reader.form[Slot.specification]!, target) === unit) {
          this.#followed++;
          const prefix = this.#prefixWithin(this.prefixOf(target), target);
          this.#followed--;
          return prefix;
        }
      } else if (reader.form[Slot.signature] === Form.refSig8) {
        const type = unit.file.typeUnit(unit.blocks.u64(reader.place[Slot.signature]!));
        const name = type !== null && reader.read(type, type.typeEntry) ? type.string(reader, Slot.name) : null;
        if (type !== null && name !== null) return `${outer}${nameWithArguments(type, type.typeEntry, name)}::`;
      }
      return tag === Tag.subprogram ? outer : `${outer}${tag === Tag.namespace ? "(anonymous namespace)" : "(anonymous)"}::`;
    } catch (error) {
      if (error instanceof FormatError) return outer;
      throw error;
    }
  }

  /** One walk over all entries of the unit. Damage ends the list. */
  #list(memory: WindowMemory): void {
    const unit = this.#unit;
    try {
      scanEntries(this.#reader, unit, unit.firstEntry, memory, { entries: (until) => this.#entries(until) });
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      unit.file.damage.add(error.offset ?? unit.offset, `${error.format}: ${error.reason}`);
    }
  }

  #entries(until: number): boolean {
    const reader = this.#reader;
    const { tag, fixedSize, hasChildren } = this.#unit.abbreviations;
    const open = this.#open;
    while (reader.at < until) {
      reader.entryAt = reader.at;
      const index = reader.abbreviation();
      if (index < 0) {
        this.#depth--;
        while (open.length > 0 && this.#openDepth.at(open.length - 1) >= this.#depth) {
          this.#end.set(open.at(open.length - 1), reader.offset);
          open.truncate(open.length - 1);
          this.#openDepth.truncate(open.length);
        }
        if (this.#depth <= 0) return true;
        continue;
      }
      const size = fixedSize[index]!;
      if (size >= 0) reader.at += size;
      else reader.runSteps(index);
      if (hasChildren[index] === 0) continue;
      if (isScope(tag[index]!)) {
        const scope = this.#start.length;
        this.#start.push(reader.offsetOf(reader.entryAt));
        this.#end.push(this.#unit.end);
        this.#parent.push(open.length === 0 ? NONE : open.at(open.length - 1));
        open.push(scope);
        this.#openDepth.push(this.#depth);
      }
      this.#depth++;
    }
    return false;
  }
}

function nameWithArguments(unit: Unit, entry: number, name: Uint8Array): string {
  return shortText(name, 0, name.length) + templateArguments(unit, entry, name);
}

function isScope(tag: number): boolean {
  switch (tag) {
    case Tag.namespace:
    case Tag.classType:
    case Tag.structureType:
    case Tag.unionType:
    case Tag.interfaceType:
    case Tag.enumerationType:
    case Tag.module:
    case Tag.subprogram:
      return true;
    default:
      return false;
  }
}
