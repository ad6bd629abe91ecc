/**
 * The loaded modules as the walk and the symbolication see them: lookups opened on first use, answers that never throw, and a note of
 * what was missing for whom.
 */
import { partitionPoint } from "../bytes/bisect.ts";
import { FormatError } from "../bytes/format-error.ts";
import { ModuleMap } from "../minidump/module-map.ts";
import type { Module } from "../minidump/modules.ts";
import type { FunctionTable } from "../minidump/windows-info.ts";
import { openLoadedUnwind } from "../object/loaded-image.ts";
import type { ImageLookup, ProcessOptions } from "../process-types.ts";
import type { SourceFrame } from "../symbolicate/lookup.ts";
import type { WalkImages } from "../unwind/frame.ts";
import type { UnwindRow, WindowsFrame } from "../unwind/rules.ts";
import { type GeneratedCode, generatedCode } from "./generated-code.ts";

/** Captured memory, as far as code and unwind data may be among it. */
type ImageMemory = {
  bytes(address: bigint, maxBytes: number): Uint8Array | null;
  whole(address: bigint, length: number): Uint8Array | null;
};

const NOTHING: ImageLookup = { names: null, unwind: null, namesStatus: "missing", unwindStatus: "missing" };

/** Functions that the system jumps to, so that nothing lies above them. */
const THREAD_ENTRY = /^(_start|__clone|clone|__clone3|clone3|_*RtlUserThreadStart|thread_start)$/;
/** A file whose rules could not be read so often is not asked any more. */
const MAX_DAMAGED_RECORDS = 32;
/** All of them are short; further behind such a symbol lies something else whose name is not known. */
const MAX_THREAD_ENTRY_BYTES = 256;

export class Images implements WalkImages {
  readonly #map: ModuleMap;
  readonly #open: ProcessOptions["image"];
  readonly #opened = new Map<number, ImageLookup>();

  readonly #memory: ImageMemory | null;
  /** Modules whose rules are those that the dump itself holds. */
  readonly #loaded = new Set<number>();
  /** Failed questions for rules, by module. */
  readonly #damaged = new Map<number, number>();
  readonly #generated: readonly GeneratedCode[];

  /** `functionTables`: of code that was made at run time. */
  constructor(
    modules: readonly Module[],
    open: ProcessOptions["image"],
    memory: ImageMemory | null = null,
    functionTables: readonly FunctionTable[] = [],
  ) {
    this.#memory = memory;
    this.#generated = memory === null ? [] : generatedCode(functionTables, memory);
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
      lookup = this.#withLoadedRules(module, this.#open(module) ?? NOTHING);
      this.#opened.set(module.index, lookup);
    }
    return lookup;
  }

  /** Where no file brings unwind rules: those of the image as it lay in memory, if the dump holds it. */
  #withLoadedRules(module: Module, lookup: ImageLookup): ImageLookup {
    const memory = this.#memory;
    if (memory === null || lookup.unwind !== null || lookup.windowsFrames) return lookup;
    const read = (relative: number, length: number): Uint8Array | null => memory.whole(module.base + BigInt(relative), length);
    const unwind = orNull(() => openLoadedUnwind(read, module.size));
    if (unwind === null) return lookup;
    this.#loaded.add(module.index);
    return { ...lookup, unwind, unwindStatus: "found" };
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
    if (this.moduleAt(address) === null) return this.#generatedAt(address)?.find(address) ?? null;
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
      // What a dump holds of an image may be a part only: that is no damage, and a file would still help.
      const unwindStatus = this.#loaded.has(module.index) ? "missing" : "malformed";
      // One damaged record says nothing about the others; many cost time.
      const damaged = (this.#damaged.get(module.index) ?? 0) + 1;
      this.#damaged.set(module.index, damaged);
      const given = damaged < MAX_DAMAGED_RECORDS ? {} : { unwind: null, windowsFrames: null };
      this.#opened.set(module.index, { ...lookup, ...given, unwindStatus });
      return null;
    }
  }

  #generatedAt(address: bigint): GeneratedCode | null {
    const before = partitionPoint(this.#generated.length, (i) => this.#generated[i]!.start <= address) - 1;
    const found = this.#generated[before];
    return found !== undefined && address < found.end ? found : null;
  }

  code(address: bigint, maxBytes: number): Uint8Array | null {
    const module = this.moduleAt(address);
    if (module === null) return this.#generatedAt(address) === null ? null : (this.#memory?.bytes(address, maxBytes) ?? null);
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
    if (module === null) return this.rules(address) !== null;
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

/** Damage of what the dump holds of an image is no news: the dump was not made to hold images. */
function orNull<T>(open: () => T | null): T | null {
  try {
    return open();
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}
