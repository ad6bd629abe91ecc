/**
 * The scopes of a unit: which namespace, class or function holds an entry. Entries do not point to their parents, so all that can hold others
 * are listed once, in the order of the file, when a name first needs them.
 */
import { F64Column, U32Column } from "../bytes/columns.ts";
import { FormatError } from "../bytes/format-error.ts";
import { shortText } from "../bytes/short-text.ts";
import { NONE } from "../names/function-block.ts";
import { Tag } from "./constants.ts";
import { EntryReader } from "./entries.ts";
import { scanEntries } from "./scan.ts";
import { Slot } from "./slots.ts";
import { templateArguments } from "./template-names.ts";
import type { Unit } from "./units.ts";

/** Deeper scopes are not spelled out. */
const maxPrefixScopes = 64;
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

  constructor(unit: Unit) {
    this.#unit = unit;
    this.#list();
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
      const own = this.#nameOfScope(this.#start.at(at));
      const prefix = own === "" || outer.length > maxPrefixCharacters ? outer : `${outer}${own}::`;
      this.#prefix.set(at, prefix);
    }
    return scope === NONE ? "" : (this.#prefix.get(scope) ?? "");
  }

  #nameOfScope(entry: number): string {
    const reader = this.#reader;
    try {
      reader.read(this.#unit, entry);
      const { tag } = reader;
      const bytes = this.#unit.string(reader, Slot.name);
      if (bytes !== null && bytes.length > 0) return shortText(bytes, 0, bytes.length) + templateArguments(this.#unit, entry, bytes);
      return tag === Tag.namespace ? "(anonymous namespace)" : tag === Tag.subprogram ? "" : "(anonymous)";
    } catch (error) {
      if (error instanceof FormatError) return "";
      throw error;
    }
  }

  /** One walk over all entries of the unit. Damage ends the list. */
  #list(): void {
    const unit = this.#unit;
    try {
      scanEntries(this.#reader, unit, unit.firstEntry, { entries: (until) => this.#entries(until) });
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
