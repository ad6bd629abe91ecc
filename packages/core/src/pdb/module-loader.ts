/** The modules of a PDB, read one at a time; which functions count in them. */
import { U32Column } from "../bytes/columns.ts";
import { decodeUtf8 } from "../bytes/text.ts";
import type { DamageLog } from "../names/damage.ts";
import type { Dbi } from "./dbi.ts";
import { newModule, type OpenModule } from "./function-reader.ts";
import { Contributions, type Modules, noModuleStream, readContributions, readModules } from "./modules.ts";
import { dbiStream, type Msf } from "./msf.ts";
import type { Sections } from "./sections.ts";
import { StreamWindow } from "./window.ts";

const maxNameBytes = 4096;

export class ModuleLoader {
  readonly #msf: Msf;
  readonly #sections: Sections;
  readonly #damage: DamageLog;
  readonly #modules: Modules;
  #contributions: Contributions | null;

  /** Throws FormatError for a damaged container. */
  constructor(msf: Msf, dbi: Dbi, sections: Sections, damage: DamageLog) {
    this.#msf = msf;
    this.#sections = sections;
    this.#damage = damage;
    this.#modules = readModules(msf, dbi, damage);
    this.#contributions = readContributions(msf, dbi, sections, damage);
  }

  get count(): number {
    return this.#modules.count;
  }

  get hasLines(): boolean {
    for (let module = 0; module < this.count; module++) {
      if (this.#modules.lineBytes.at(module) > 0 && this.#modules.stream.at(module) !== noModuleStream) return true;
    }
    return false;
  }

  /** Bytes of a module's stream. */
  bytes(module: number): number {
    return this.#msf.streamBytes(this.#modules.stream.at(module));
  }

  /** A module's stream. Throws FormatError for a damaged container. */
  window(module: number): StreamWindow {
    return new StreamWindow(this.#msf.open(this.#modules.stream.at(module)));
  }

  /** Number of the module that contributed the code at an address; -1: none. */
  owner(address: number): number {
    const pieces = this.#pieces();
    const piece = pieces.find(address);
    return piece < 0 ? -1 : pieces.module(piece);
  }

  /** Where a name at an address ends at the latest: with the module's code, or before the next module's. */
  pieceEnd(address: number): number {
    const pieces = this.#pieces();
    const piece = pieces.lastFrom(address);
    if (piece >= 0 && address < pieces.end[piece]!) return pieces.end[piece]!;
    return pieces.start[piece + 1] ?? 0xffffffff;
  }

  /**
   * Reads a module's functions and where its lines are into `open`. False when it has no symbols. Functions end with the piece of code that holds
   * them. Throws FormatError for a damaged container.
   */
  load(module: number, open: OpenModule): boolean {
    if (!this.#read(module, open)) return false;
    this.#readLines(module, open);
    const pieces = this.#pieces();
    const { start, end, own, partStart, partEnd } = open.symbols;
    for (let i = 0; i < start.length; i++) {
      const piece = pieces.find(start.at(i));
      if (piece >= 0 && pieces.module(piece) === module) end.set(i, Math.min(end.at(i), pieces.end[piece]!));
      else own.set(i, 0);
    }
    for (let i = 0; i < partStart.length; i++) {
      const piece = pieces.find(partStart.at(i));
      const owned = piece >= 0 && pieces.module(piece) === module;
      partEnd.set(i, owned ? Math.min(partEnd.at(i), pieces.end[piece]!) : partStart.at(i));
    }
    return true;
  }

  /** Numbers of modules by name in lower case. Throws FormatError for a damaged container. */
  byName(): Map<string, number> {
    const window = new StreamWindow(this.#msf.open(dbiStream));
    const out = new Map<string, number>();
    for (let module = 0; module < this.count; module++) {
      const at = this.#modules.nameOffset.at(module);
      window.hold(at, Math.min(maxNameBytes, window.stream.size - at));
      out.set(decodeUtf8(window.bytes.subarray(at - window.start, at - window.start + maxNameBytes)).toLowerCase(), module);
    }
    return out;
  }

  /** A module's subsection of exports. Throws FormatError for a damaged container. */
  exportsOf(module: number): DataView {
    const open = newModule();
    open.window = this.window(module);
    this.#readLines(module, open);
    return open.lines.exports;
  }

  #readLines(module: number, open: OpenModule): void {
    const offset = this.#modules.symbolBytes.at(module) + this.#modules.oldLineBytes.at(module);
    open.lines.read(open.window.second(), offset, this.#modules.lineBytes.at(module), this.#sections, this.#damage);
  }

  #read(module: number, open: OpenModule): boolean {
    if (this.#modules.stream.at(module) === noModuleStream) return false;
    open.window = this.window(module);
    open.symbols.read(open.window, this.#modules.symbolBytes.at(module), this.#sections, this.#damage);
    return true;
  }

  /** The contributions; where the PDB states none, each function stands for its own. */
  #pieces(): Contributions {
    if (this.#contributions !== null) return this.#contributions;
    const start = new U32Column();
    const end = new U32Column();
    const owner = new U32Column();
    const open = newModule();
    for (let module = 0; module < this.count; module++) {
      if (!this.#damage.guard(0, false, () => this.#read(module, open))) continue;
      for (let i = 0; i < open.symbols.start.length; i++) {
        start.push(open.symbols.start.at(i));
        end.push(open.symbols.end.at(i));
        owner.push(module);
      }
    }
    this.#contributions = new Contributions(start.view(), end.view(), owner.view());
    return this.#contributions;
  }
}
