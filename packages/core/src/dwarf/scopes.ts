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

  /** "<int, 3>" where the entry has template parameters that its name does not state (clang's -gsimple-template-names). */
  templateArguments(entry: number, name: Uint8Array): string {
    return templateArguments(this.#unit, entry, name);
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
    const reader = this.#reader;
    // Scopes that the walk is inside of, with their depths.
    const open: number[] = [];
    const openDepth: number[] = [];
    let depth = 0;
    try {
      for (let at = unit.firstEntry; at < unit.end; at = reader.next) {
        if (!reader.read(unit, at)) {
          depth--;
          while (open.length > 0 && openDepth[open.length - 1]! >= depth) {
            this.#end.set(open.pop()!, reader.next);
            openDepth.pop();
          }
          if (depth <= 0) break;
          continue;
        }
        if (!reader.hasChildren) {
          if (depth === 0) break;
          continue;
        }
        if (isScope(reader.tag)) {
          const scope = this.#start.length;
          this.#start.push(at);
          this.#end.push(unit.end);
          this.#parent.push(open.length === 0 ? NONE : open[open.length - 1]!);
          open.push(scope);
          openDepth.push(depth);
        }
        depth++;
      }
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      unit.file.damage.add(error.offset ?? unit.offset, `${error.format}: ${error.reason}`);
    }
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
