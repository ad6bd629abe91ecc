/** Answers from public symbols, where no function of a module is known. */
import { shortText } from "../bytes/short-text.ts";
import type { NameSink } from "../names/name-source.ts";
import type { SourceFrame } from "../symbolicate/lookup.ts";
import type { ModuleLoader } from "./module-loader.ts";
import type { Publics } from "./publics.ts";
import { nowhere, type Omap, type Sections } from "./sections.ts";

export class Symbols {
  readonly #publics: Publics;
  readonly #sections: Sections;
  readonly #modules: ModuleLoader;
  readonly #omap: Omap | null;

  constructor(publics: Publics, sections: Sections, modules: ModuleLoader, omap: Omap | null) {
    this.#publics = publics;
    this.#sections = sections;
    this.#modules = modules;
    this.#omap = omap;
  }

  /** The symbol at an address of linked code, if it starts behind `before`, the start of the last function below. */
  lookup(address: number, before: number): SourceFrame[] | null {
    const symbol = this.#publics.find(address);
    if (symbol === null || symbol.address <= before || address >= this.#limit(symbol.address, symbol.section)) return null;
    const start = this.#omap === null ? symbol.address : this.#omap.toImage(symbol.address);
    if (start === nowhere) return null;
    const name = shortText(symbol.name, 0, symbol.name.length);
    return [{ function: name, functionAddress: start, file: null, line: null }];
  }

  /** Name of the symbol that starts at an address of linked code. */
  nameAt(address: number): Uint8Array | null {
    const symbol = this.#publics.find(address);
    return symbol === null || symbol.address !== address ? null : symbol.name;
  }

  visit(sink: NameSink): void {
    const omap = this.#omap;
    this.#publics.each((address, section, name) => {
      const limit = this.#limit(address, section);
      if (omap === null) {
        sink.symbol(address, 0, name, limit);
        return;
      }
      const start = omap.toImage(address);
      if (start !== nowhere) sink.symbol(start, 0, name, start + (limit - address));
    });
  }

  /** A symbol names code of one module only, and in moved code what stays together. */
  #limit(address: number, section: number): number {
    const limit = Math.min(this.#sections.end(section), this.#modules.pieceEnd(address));
    return this.#omap === null ? limit : Math.min(limit, this.#omap.togetherUntil(address));
  }
}
