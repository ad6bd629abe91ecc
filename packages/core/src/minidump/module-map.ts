/** Address → module. Modules may overlap and repeat; of those that hold an address, the one with the highest base wins. */
import { partitionPoint } from "../bytes/bisect.ts";
import type { Module } from "./modules.ts";

/** How many modules below an address are looked at: overlaps in the wild are between neighbours. */
const MAX_OVERLAP = 8;

export class ModuleMap {
  readonly #sorted: readonly { module: Module; base: bigint; end: bigint }[];

  constructor(modules: readonly Module[]) {
    this.#sorted = modules
      .filter((m) => m.size > 0)
      .map((module) => ({ module, base: module.base, end: module.base + BigInt(module.size) }))
      // Of two with one base, the one listed first must be found first when looking downwards.
      .sort((a, b) => (a.base < b.base ? -1 : a.base > b.base ? 1 : b.module.index - a.module.index));
  }

  find(address: bigint): Module | null {
    const after = partitionPoint(this.#sorted.length, (i) => this.#sorted[i]!.base <= address);
    for (let i = after - 1; i >= 0 && i >= after - MAX_OVERLAP; i--) {
      const candidate = this.#sorted[i]!;
      if (address < candidate.end) return candidate.module;
    }
    return null;
  }
}
