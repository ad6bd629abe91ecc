/**
 * Names of any debug file, chosen by its content: functions of its debug information first, symbol tables where that is silent. What a file
 * refers to and does not hold (split units, a supplementary file) is asked of the caller; what stays missing is said in words.
 *
 *   ELF      DWARF; .symtab, .dynsym, .gnu_debugdata                  companions: supplementary file, .dwp, .dwo
 *   Mach-O   DWARF of a dSYM; the symbol table                        one image of a fat file, by debug id
 *   PE       DWARF (MinGW); COFF symbols, exports
 *   PDB      all of it
 *
 * A .sym has a reader of its own (openSym).
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { Ports } from "../bytes/ports.ts";
import { toHex } from "../bytes/text.ts";
import { supplementaryFile } from "../dwarf/companions.ts";
import { openDwarfNames } from "../dwarf/names.ts";
import type { DwarfOptions, DwarfSections, SplitUnit } from "../dwarf/sections.ts";
import { type DwarfPackage, openDwp } from "../dwarf/split.ts";
import { elfDwarfSections, hasDebugSection, hasPackedSections } from "../elf/debug-sections.ts";
import { type ElfFile, namedSection, openElf } from "../elf/elf-file.ts";
import { readBuildId } from "../elf/notes.ts";
import { readElfSymbols } from "../elf/symbols.ts";
import { machODwarfSections } from "../macho/debug-sections.ts";
import { chooseMachO } from "../macho/headers.ts";
import { readMachOSymbols, unlinkedObjectFile } from "../macho/symbols.ts";
import { combineNames } from "../names/combined.ts";
import type { NameSource } from "../names/name-source.ts";
import type { SymbolTable } from "../names/symbol-table.ts";
import { openPdbNames } from "../pdb/names.ts";
import { peDwarfSections } from "../pe/debug-sections.ts";
import { PeImage } from "../pe/image.ts";
import { readPeSymbols } from "../pe/symbols.ts";
import { objectKind } from "./identify.ts";

/** Needs that are listed; a program may have a hundred thousand split units. */
const maxNeeds = 20;

/** A file that belongs to the one being read. */
export type CompanionNeed =
  /** What dwz moved out of several files; `buildId` in lower hex when it is stated. */
  | { kind: "supplementary"; name: string; buildId: string | null }
  /** The .dwp beside the file: all its split units in one. */
  | { kind: "split-package" }
  /** A .dwo file. */
  | ({ kind: "split" } & SplitUnit);

export type OpenNamesOptions = {
  /** Chooses among the images of a fat file; null takes the first. */
  debugId?: string | null;
  /** Without them packed sections are not read. */
  ports?: Ports | null;
  /** Gives a companion's bytes, null when it is not there. Asked when it is first needed. */
  companion?: ((need: CompanionNeed) => ByteSource | null) | null;
};

export type OpenedNames = {
  /** Null when the file names nothing that can be read. */
  names: NameSource | null;
  /** What is missing, each in words for people; grows while units are read. */
  readonly needs: readonly string[];
};

/**
 * Opens the names of a debug file; null when its format is none of these. Damage in one part (debug information, a symbol table) is told in
 * `needs` and leaves the other. Throws FormatError for damaged headers.
 */
export function openNames(source: ByteSource, options: OpenNamesOptions = {}): OpenedNames | null {
  const opening = new Opening(options);
  switch (objectKind(source)) {
    case "elf":
      return opening.elf(openElf(source));
    case "macho":
      return opening.machO(source);
    case "pe":
      return opening.pe(new PeImage(source));
    case "pdb":
      return opening.result(openPdbNames(source), null);
    default:
      return null;
  }
}

class Opening {
  readonly #debugId: string | null;
  readonly #ports: Ports | null;
  readonly #companion: (need: CompanionNeed) => ByteSource | null;
  readonly #needs = new Set<string>();
  #dwarfNeeds: () => readonly string[] = () => [];

  constructor({ debugId, ports, companion }: OpenNamesOptions) {
    this.#debugId = debugId ?? null;
    this.#ports = ports ?? null;
    this.#companion = companion ?? (() => null);
  }

  elf(file: ElfFile): OpenedNames {
    if (this.#ports === null && hasPackedSections(file)) this.#need("packed debug sections, which are not unpacked here");
    const debug = hasDebugSection(file, "info") ? this.#dwarf(elfDwarfSections(file, this.#ports), this.#elfCompanions(file)) : null;
    return this.result(
      debug,
      this.#guard("symbol table", () => readElfSymbols(file, this.#ports)),
    );
  }

  machO(source: ByteSource): OpenedNames | null {
    const file = chooseMachO(source, this.#debugId);
    if (file === null) return null;
    const debug = this.#dwarf(machODwarfSections(file, this.#ports), {});
    const symbols = this.#guard("symbol table", () => readMachOSymbols(file));
    if (debug === null && unlinkedObjectFile(file) !== null)
      this.#need("debug information, which is in object files that were not linked: use dsymutil");
    return this.result(debug, symbols);
  }

  pe(image: PeImage): OpenedNames {
    const debug = this.#dwarf(peDwarfSections(image, this.#ports), {});
    return this.result(
      debug,
      this.#guard("symbol table", () => readPeSymbols(image)),
    );
  }

  result(debug: NameSource | null, symbols: SymbolTable | null): OpenedNames {
    const needs = () => [...this.#needs, ...this.#dwarfNeeds()];
    return {
      names: combineNames(debug, symbols),
      get needs() {
        return needs();
      },
    };
  }

  #need(what: string): void {
    if (this.#needs.size < maxNeeds) this.#needs.add(what);
  }

  /** Null, and a need, where a part of the file is damaged. */
  #guard<T>(part: string, read: () => T): T | null {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.#need(`an undamaged ${part}: ${error.message}`);
      return null;
    }
  }

  #dwarf(sections: DwarfSections, options: DwarfOptions): NameSource | null {
    return this.#guard("description of the code", () => {
      if (sections.section("info") === null) return null;
      const names = openDwarfNames(sections, options);
      this.#dwarfNeeds = () => names.needs();
      return names;
    });
  }

  #elfCompanions(file: ElfFile): DwarfOptions {
    const supplementary = this.#guard("supplementary file", () => this.#supplementary(file));
    let splitPackage: DwarfPackage | null | undefined;
    const split = (unit: SplitUnit): DwarfSections | null => {
      if (splitPackage === undefined) splitPackage = this.#guard("package of split units", () => this.#splitPackage());
      return splitPackage?.find(unit.dwoId) ?? this.#guard("split unit", () => this.#splitUnit(file, unit));
    };
    return supplementary === null ? { split } : { supplementary, split };
  }

  #supplementary(file: ElfFile): DwarfSections | null {
    const wanted = supplementaryFile(namedSection(file, ".gnu_debugaltlink"), namedSection(file, ".debug_sup"));
    if (wanted === null) return null;
    const given = this.#companion({ kind: "supplementary", ...wanted });
    if (given === null) return null;
    const opened = openElf(given);
    const buildId = readBuildId(opened);
    if (wanted.buildId !== null && buildId !== null && toHex(buildId) !== wanted.buildId) {
      this.#need(`the supplementary file ${wanted.name} of build id ${wanted.buildId}; the one at hand has ${toHex(buildId)}`);
      return null;
    }
    return elfDwarfSections(opened, this.#ports);
  }

  #splitPackage(): DwarfPackage | null {
    const given = this.#companion({ kind: "split-package" });
    return given === null ? null : openDwp(elfDwarfSections(openElf(given), this.#ports, "split"));
  }

  /** An object file may hold its own split part. */
  #splitUnit(file: ElfFile, unit: SplitUnit): DwarfSections | null {
    const own = elfDwarfSections(file, this.#ports, "split");
    if (own.section("info") !== null) return own;
    const given = this.#companion({ kind: "split", ...unit });
    return given === null ? null : elfDwarfSections(openElf(given), this.#ports, "split");
  }
}
