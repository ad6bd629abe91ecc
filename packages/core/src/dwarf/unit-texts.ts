/** What the ids in a unit's function blocks stand for: files of its line table, inlined functions. Both are read when first asked for. */
import { FormatError } from "../bytes/format-error.ts";
import type { FunctionTexts } from "../names/name-source.ts";
import { Form } from "./constants.ts";
import type { EntryNames } from "./entry-names.ts";
import { filePath, type LineHeader } from "./line-header.ts";
import { referredUnit } from "./references.ts";
import type { Unit } from "./units.ts";

/** An inlined function of .debug_info has its offset for an id below this. */
const firstListed = 0x80000000;
/** Paths kept; larger tables of files are asked again. */
const maxKnownFiles = 1 << 16;

export class UnitTexts implements FunctionTexts {
  readonly #unit: Unit;
  readonly #names: EntryNames;
  readonly #header: LineHeader | null;
  readonly #files = new Map<number, Uint8Array | null>();
  /** Inlined functions whose offset is no id by itself: entry and form by id - firstListed, and the id by entry. */
  readonly #originEntry: number[] = [];
  readonly #originForm: number[] = [];
  readonly #ownIds = new Map<number, number>();
  readonly #otherIds = new Map<number, number>();

  constructor(unit: Unit, names: EntryNames, header: LineHeader | null) {
    this.#unit = unit;
    this.#names = names;
    this.#header = header;
  }

  /** The id of an inlined function that a reference leads to. */
  originId(form: number, entry: number): number {
    const isOther = form === Form.gnuRefAlt || form === Form.refSup4 || form === Form.refSup8;
    if (!isOther && form !== Form.refSig8 && entry < firstListed && this.#unit.sectionName === "info") return entry;
    const ids = isOther ? this.#otherIds : this.#ownIds;
    let id = ids.get(entry);
    if (id === undefined) {
      id = firstListed + this.#originEntry.length;
      this.#originEntry.push(entry);
      this.#originForm.push(form);
      ids.set(entry, id);
    }
    return id;
  }

  origin(id: number): Uint8Array | null {
    const entry = id < firstListed ? id : this.#originEntry[id - firstListed];
    if (entry === undefined) return null;
    const form = id < firstListed ? Form.refAddr : this.#originForm[id - firstListed]!;
    const unit = this.#unit;
    try {
      const holder = entry >= unit.offset && entry < unit.end && id < firstListed ? unit : referredUnit(unit, form, entry);
      return holder === null ? null : this.#names.nameOf(holder, entry);
    } catch (error) {
      unit.file.damage.addCaught(entry, error);
      return null;
    }
  }

  /** The name of one of the unit's own entries. */
  name(entry: number): Uint8Array {
    return this.#unit.file.damage.guard(entry, null, () => this.#names.nameOf(this.#unit, entry)) ?? noName;
  }

  file(id: number): Uint8Array | null {
    const header = this.#header;
    if (header === null) return null;
    const known = this.#files.get(id);
    if (known !== undefined) return known;
    const unit = this.#unit.skeleton ?? this.#unit;
    const lines = unit.file.blocks("line");
    let path: Uint8Array | null = null;
    try {
      if (lines !== null) path = filePath(header, lines, unit, id)?.slice() ?? null;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
    if (this.#files.size < maxKnownFiles) this.#files.set(id, path);
    return path;
  }
}

const noName = new Uint8Array(0);
