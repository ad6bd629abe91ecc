/**
 * From several files of one image to one answer per address.
 *
 * An image may have several debug files that carry its ids: a stripped library and its .debug, an exe and its PDB, a .sym beside them. They are
 * never merged into one file; each keeps its own lookup file, and per part the best is used. Where the best names know nothing at an address (a
 * function without debug information), the next file is asked.
 *
 * Frames repeat within a crash and between crashes, so answers are remembered by address.
 */
import type { CodeLookup, ImageLookup } from "../process-types.ts";
import type { UnwindLookup, UnwindRow, WindowsFrameLookup } from "../unwind/rules.ts";
import type { NameLookup, SourceFrame } from "./lookup.ts";

const defaultMaxAddresses = 8192;

/** What one debug file offers. */
export type ImageFile = {
  names: NameLookup | null;
  unwind: UnwindLookup | null;
  windowsFrames: WindowsFrameLookup | null;
  hasLines: boolean;
  hasInlines: boolean;
  /** Made from a .sym: its unwind rules come after those of binaries, which are complete where a .sym leaves out prologues and epilogues. */
  fromSym?: boolean;
  code?: CodeLookup | null;
};

/** What all files of one image offer together; `malformed`: one of its files could not be read. */
export function imageLookup(files: readonly ImageFile[], malformed: boolean): ImageLookup {
  const names = bestNames(files);
  const unwind = bestUnwind(files);
  const windowsFrames = bestWindowsFrames(files);
  // The file that cannot be read may have been the one with the part that is lacking.
  const lacking = malformed ? "malformed" : "missing";
  return {
    names,
    bareNames: names !== null && !files.some((file) => file.names !== null && file.hasLines),
    unwind,
    windowsFrames,
    code: files.findLast((file) => file.code)?.code ?? null,
    namesStatus: names === null ? lacking : "found",
    unwindStatus: unwind === null && windowsFrames === null ? lacking : "found",
  };
}

/**
 * The names of an image out of its files, best first: with inlined functions, then with lines, then any. Among equals the later in the list
 * wins, so list them oldest first, but a .sym comes after a binary. Null when none has names.
 */
export function bestNames(files: readonly ImageFile[]): NameLookup | null {
  const ranked = files
    .map((file, age) => ({ names: file.names, rank: (file.hasInlines ? 4 : 0) + (file.hasLines ? 2 : 0) + (file.fromSym ? 0 : 1), age }))
    .filter((file) => file.names !== null)
    .sort((a, b) => b.rank - a.rank || b.age - a.age)
    .map((file) => file.names as NameLookup);
  const [first] = ranked;
  if (first === undefined) return null;
  return ranked.length === 1 ? first : new FirstAnswer(ranked);
}

/**
 * The unwind rules of an image out of its files. The last in the list is asked first, but .sym files after binaries, and files whose rules hold only at calls after all
 * others; where a file has no rules the next is asked: a file of debug information may have rules for a few functions alone. Null when none
 * has any.
 */
export function bestUnwind(files: readonly ImageFile[]): UnwindLookup | null {
  const last = ({ unwind, fromSym }: ImageFile) => (unwind?.onlyAtCalls ? 2 : 0) + (fromSym ? 1 : 0);
  const ranked = files
    .filter((file) => file.unwind !== null)
    .toReversed()
    .sort((a, b) => last(a) - last(b))
    .map((file) => file.unwind as UnwindLookup);
  const [first] = ranked;
  if (first === undefined) return null;
  return ranked.length === 1 ? first : new FirstRules(ranked);
}

/** The STACK WIN records of an image out of its files, chosen as bestUnwind does. */
export function bestWindowsFrames(files: readonly ImageFile[]): WindowsFrameLookup | null {
  return files.findLast((file) => file.windowsFrames !== null)?.windowsFrames ?? null;
}

/** The same names, with the answers for up to `maxAddresses` addresses remembered; the oldest are forgotten first. */
export function rememberNames(names: NameLookup, maxAddresses = defaultMaxAddresses): NameLookup {
  return new RememberedNames(names, maxAddresses);
}

class FirstRules implements UnwindLookup {
  readonly #sources: readonly UnwindLookup[];

  constructor(sources: readonly UnwindLookup[]) {
    this.#sources = sources;
  }

  find(relativeAddress: number): UnwindRow | null {
    for (const source of this.#sources) {
      const row = source.find(relativeAddress);
      if (row !== null) return row;
    }
    return null;
  }
}

class FirstAnswer implements NameLookup {
  readonly #sources: readonly NameLookup[];

  constructor(sources: readonly NameLookup[]) {
    this.#sources = sources;
  }

  lookup(relativeAddress: number): SourceFrame[] | null {
    for (const source of this.#sources) {
      const frames = source.lookup(relativeAddress);
      if (frames !== null) return frames;
    }
    return null;
  }
}

class RememberedNames implements NameLookup {
  readonly #names: NameLookup;
  readonly #maxAddresses: number;
  readonly #known = new Map<number, SourceFrame[] | null>();

  constructor(names: NameLookup, maxAddresses: number) {
    this.#names = names;
    this.#maxAddresses = maxAddresses;
  }

  lookup(relativeAddress: number): SourceFrame[] | null {
    let frames = this.#known.get(relativeAddress);
    if (frames === undefined) {
      frames = this.#names.lookup(relativeAddress);
      if (this.#known.size >= this.#maxAddresses) {
        for (const oldest of this.#known.keys()) {
          this.#known.delete(oldest);
          break;
        }
      }
      this.#known.set(relativeAddress, frames);
    }
    return frames;
  }
}
