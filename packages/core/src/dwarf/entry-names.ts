/**
 * The name of a function's entry, as UTF-8. The linkage name where the entry or one that it stands for (DW_AT_abstract_origin,
 * DW_AT_specification) states one, otherwise the plain name behind the scopes that hold its declaration: "geo::(anonymous namespace)::area".
 */
import { FormatError } from "../bytes/format-error.ts";
import { shortText } from "../bytes/short-text.ts";
import { encodeUtf8 } from "../bytes/utf8.ts";
import { WindowMemory } from "./blocks.ts";
import { Form, namesHaveScopes } from "./constants.ts";
import { EntryReader } from "./entries.ts";
import { referredUnit } from "./references.ts";
import { Scopes } from "./scopes.ts";
import { Slot } from "./slots.ts";
import { templateArguments } from "./template-names.ts";
import type { Unit } from "./units.ts";

/** From an out-of-line copy to its abstract function, to the definition, to the declaration: four. */
const maxChain = 16;
const maxRememberedScopes = 8;

export class EntryNames {
  readonly #reader = new EntryReader();
  readonly #memory = new WindowMemory();
  readonly #scopes = new Map<Unit, Scopes>();

  /** Null for an entry without a name. Throws FormatError for references that lead nowhere before any name was found. */
  nameOf(unit: Unit, entry: number): Uint8Array | null {
    const reader = this.#reader;
    let name: Uint8Array | null = null;
    let holder = unit;
    let at = entry;
    try {
      for (let i = 0; i < maxChain; i++) {
        if (!reader.read(holder, at, Slot.linkageName)) break;
        const linkageName = holder.string(reader, Slot.linkageName);
        if (linkageName !== null && linkageName.length > 0) return linkageName;
        if (linkageName !== null) reader.read(holder, at);
        name ??= holder.string(reader, Slot.name);
        const slot = reader.form[Slot.specification] !== 0 ? Slot.specification : Slot.abstractOrigin;
        const form = reader.form[slot]!;
        if (form === 0) break;
        const target = reader.value[slot]!;
        const next = referredUnit(holder, form, target);
        if (next === null) break;
        holder = next;
        at = form === Form.refSig8 ? next.typeEntry : target;
      }
    } catch (error) {
      if (!(error instanceof FormatError) || name === null) throw error;
    }
    if (name === null || name.length === 0) return null;
    return namesHaveScopes(holder.language) ? this.#scoped(holder, at, name) : name;
  }

  #scoped(unit: Unit, entry: number, view: Uint8Array): Uint8Array {
    const name = view.slice();
    let scopes = this.#scopes.get(unit);
    if (scopes === undefined) {
      if (this.#scopes.size >= maxRememberedScopes) this.#scopes.clear();
      scopes = new Scopes(unit, this.#memory);
      this.#scopes.set(unit, scopes);
    }
    const prefix = scopes.prefixOf(entry);
    const suffix = templateArguments(unit, entry, name);
    if (prefix === "" && suffix === "") return name;
    return encodeUtf8(prefix + shortText(name, 0, name.length) + suffix);
  }
}
