/**
 * The loaded modules as the walk and the symbolication see them: lookups opened on first use, answers that never throw, and a note of
 * what was missing for whom.
 */
import { FormatError } from "../bytes/format-error.ts";
import { ModuleMap } from "../minidump/module-map.ts";
import type { Module } from "../minidump/modules.ts";
import type { ImageLookup, ProcessOptions } from "../process-types.ts";
import type { SourceFrame } from "../symbolicate/lookup.ts";
import type { WalkImages } from "../unwind/frame.ts";
import type { UnwindRow, WindowsFrame } from "../unwind/rules.ts";

/** Captured memory, as far as code may be among it. */
type ImageMemory = { bytes(address: bigint, maxBytes: number): Uint8Array | null };

const NOTHING: ImageLookup = { names: null, unwind: null, namesStatus: "missing", unwindStatus: "missing" };

/** Functions that the system jumps to, so that nothing lies above them. */
const THREAD_ENTRY = /^(_start|__clone|clone|__clone3|clone3|_*RtlUserThreadStart|thread_start)$/;
/** All of them are short; further behind such a symbol lies something else whose name is not known. */
const MAX_THREAD_ENTRY_BYTES = 256;

export class Images implements WalkImages {
  readonly #map: ModuleMap;
  readonly #open: ProcessOptions["image"];
  readonly #opened = new Map<number, ImageLookup>();

  readonly #memory: ImageMemory | null;

  constructor(modules: readonly Module[], open: ProcessOptions["image"], memory: ImageMemory | null = null) {
    this.#memory = memory;
    this.#map = new ModuleMap(modules);
    this.#open = open;
  }

  moduleAt(address: bigint): Module | null {
    return this.#map.find(address);
  }

  /** What is at hand for a module; opens it. */
  lookupOf(module: Module): ImageLookup {
    let lookup = this.#opened.get(module.index);
    if (!lookup) {
      lookup = this.#open(module) ?? NOTHING;
      this.#opened.set(module.index, lookup);
    }
    return lookup;
  }

  names(module: Module, relativeAddress: number): SourceFrame[] | null {
    const lookup = this.lookupOf(module);
    if (lookup.names === null) return null;
    try {
      return lookup.names.lookup(relativeAddress);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.#opened.set(module.index, { ...lookup, names: null, namesStatus: "malformed" });
      return null;
    }
  }

  rules(address: bigint): UnwindRow | null {
    return this.#unwind(address, (lookup, relative) => lookup.unwind?.find(relative) ?? null);
  }

  windowsFrame(address: bigint): WindowsFrame | null {
    return this.#unwind(address, (lookup, relative) => lookup.windowsFrames?.find(relative) ?? null);
  }

  #unwind<T>(address: bigint, find: (lookup: ImageLookup, relativeAddress: number) => T | null): T | null {
    const module = this.moduleAt(address);
    if (module === null) return null;
    const lookup = this.lookupOf(module);
    try {
      return find(lookup, Number(address - module.base));
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.#opened.set(module.index, { ...lookup, unwind: null, windowsFrames: null, unwindStatus: "malformed" });
      return null;
    }
  }

  code(address: bigint, maxBytes: number): Uint8Array | null {
    const module = this.moduleAt(address);
    if (module === null) return null;
    const captured = this.#memory?.bytes(address, maxBytes) ?? null;
    if (captured !== null && captured.length === maxBytes) return captured;
    const lookup = this.lookupOf(module);
    try {
      return lookup.code?.read(Number(address - module.base), maxBytes) ?? captured;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.#opened.set(module.index, { ...lookup, code: null });
      return captured;
    }
  }

  functionName(address: bigint): string | null {
    const module = this.moduleAt(address);
    if (module === null) return null;
    return this.names(module, Number(address - module.base))?.at(-1)?.function ?? null;
  }

  inModule(address: bigint): boolean {
    return this.moduleAt(address) !== null;
  }

  inFunction(address: bigint): boolean {
    const module = this.moduleAt(address);
    if (module === null) return false;
    if (this.lookupOf(module).names === null) return true;
    const frames = this.names(module, Number(address - module.base));
    // Asked again, since the lookup may just have turned out to be damaged. Names alone may be few: rules describe functions as well.
    return frames !== null || this.lookupOf(module).names === null || this.rules(address) !== null;
  }

  functionStart(address: bigint): bigint | null {
    const module = this.moduleAt(address);
    if (module === null) return null;
    const frames = this.names(module, Number(address - module.base));
    const physical = frames?.at(-1);
    return physical ? module.base + BigInt(physical.functionAddress) : null;
  }

  isThreadEntry(address: bigint): boolean {
    const module = this.moduleAt(address);
    if (module === null) return false;
    const relative = Number(address - module.base);
    const physical = this.names(module, relative)?.at(-1);
    return physical !== undefined && relative - physical.functionAddress < MAX_THREAD_ENTRY_BYTES && THREAD_ENTRY.test(physical.function);
  }
}
