/**
 * The code of an ELF file as a source of unwind rules, for where its tables are silent: code without an FDE, and on 32-bit ARM all code without
 * an FDE, since the exception tables there know nothing of prologues and epilogues.
 */
import type { DwarfFrames } from "../dwarf/frame.ts";
import type { UnwindRange, UnwindRow, UnwindSource } from "../unwind/rules.ts";
import { CodeRules, executableStretches, type Stretch } from "./code-rules.ts";
import type { EhabiUnwind } from "./ehabi.ts";
import type { ElfFile } from "./elf-file.ts";

/** Null when the file holds no code, as a file of debug information. */
export function openCodeUnwind(file: ElfFile, frames: DwarfFrames | null, tables: EhabiUnwind | null): UnwindSource | null {
  const stretches = executableStretches(file);
  return stretches.length === 0 ? null : new CodeUnwind(file, stretches, frames, tables);
}

class CodeUnwind implements UnwindSource {
  readonly onlyAtCalls = true;
  readonly #rules: CodeRules;
  readonly #stretches: readonly Stretch[];
  readonly #frames: DwarfFrames | null;
  readonly #tables: EhabiUnwind | null;

  constructor(file: ElfFile, stretches: readonly Stretch[], frames: DwarfFrames | null, tables: EhabiUnwind | null) {
    this.#rules = new CodeRules(file);
    this.#stretches = stretches;
    this.#frames = frames;
    this.#tables = tables;
  }

  find(relativeAddress: number): UnwindRow | null {
    const section = this.#stretches.find(({ start, end }) => relativeAddress >= start && relativeAddress < end);
    if (section === undefined) return null;
    return this.#rules.find(relativeAddress, this.#within(relativeAddress, section));
  }

  /** What lies between described functions, or belongs to one entry of the exception tables. */
  #within(relativeAddress: number, section: Stretch): Stretch {
    const gap = this.#frames?.gapAt(relativeAddress) ?? section;
    const entry = this.#tables?.stretchAt(relativeAddress) ?? null;
    const start = Math.max(section.start, gap.start, entry?.start ?? 0);
    const end = Math.min(section.end, gap.end, entry?.end ?? section.end);
    if (relativeAddress < start || relativeAddress >= end)
      return { start: relativeAddress, end: relativeAddress + 1, isOneFunction: false };
    return { start, end, isOneFunction: entry?.hasRules ?? false };
  }

  *ranges(): Iterable<UnwindRange> {
    for (const section of this.#stretches) {
      let at = section.start;
      while (at < section.end) {
        const described = this.#frames?.describedTo(at) ?? at;
        if (described > at) {
          at = described;
          continue;
        }
        const stretch = this.#within(at, section);
        yield* this.#rules.ranges(stretch);
        at = stretch.end;
      }
    }
  }
}
