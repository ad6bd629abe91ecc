/**
 * Ids of functions that link-time code generation inlined from one module into another.
 *
 *   id        bit 31 set, then 11 bits: which import, 20 bits: which of its numbers
 *   imports   per module that is named: its name u32 (offset in "/names"), count u32, numbers u32
 *   exports   pairs of a number u32 and the id u32 in the id stream
 *
 * Imports spell module names in lower case, whatever the module list does.
 */
import { decodeUtf8 } from "../bytes/text.ts";
import type { ModuleLoader } from "./module-loader.ts";
import type { Paths } from "./named-streams.ts";

const foreign = 0x80000000;
const maxExports = 1 << 20;
const maxCached = 64;
/** Modules are read again when the cache has forgotten them; ids made to lead to all of them in turn stop being followed. */
const maxReads = 1 << 16;

export class CrossModule {
  readonly #modules: ModuleLoader;
  readonly #paths: Paths;
  #byName: Map<string, number> | null = null;
  #reads = 0;
  readonly #exports = new Map<number, Map<number, number>>();

  constructor(modules: ModuleLoader, paths: Paths) {
    this.#modules = modules;
    this.#paths = paths;
  }

  /** The id in the id stream; null for an id that leads nowhere. Throws FormatError for a damaged container. */
  resolve(id: number, imports: DataView): number | null {
    if (id < foreign) return id;
    let wanted = (id >>> 20) & 0x7ff;
    const within = id & 0xfffff;
    let at = 0;
    for (; wanted > 0 && at + 8 <= imports.byteLength; wanted--) at += 8 + 4 * imports.getUint32(at + 4, true);
    if (at + 8 > imports.byteLength || within >= imports.getUint32(at + 4, true)) return null;
    const numberAt = at + 8 + 4 * within;
    const module = this.#module(imports.getUint32(at, true));
    if (module === null || numberAt + 4 > imports.byteLength) return null;
    return this.#exportsOf(module).get(imports.getUint32(numberAt, true)) ?? null;
  }

  #module(name: number): number | null {
    this.#byName ??= this.#modules.byName();
    const bytes = this.#paths.at(name);
    return bytes === null ? null : (this.#byName.get(decodeUtf8(bytes).toLowerCase()) ?? null);
  }

  #exportsOf(module: number): Map<number, number> {
    let exports = this.#exports.get(module);
    if (exports !== undefined) return exports;
    exports = new Map();
    if (++this.#reads > maxReads) return exports;
    const view = this.#modules.exportsOf(module);
    for (let at = 0; at + 8 <= view.byteLength && exports.size < maxExports; at += 8) {
      exports.set(view.getUint32(at, true), view.getUint32(at + 4, true));
    }
    if (this.#exports.size >= maxCached) this.#exports.clear();
    this.#exports.set(module, exports);
    return exports;
  }
}
