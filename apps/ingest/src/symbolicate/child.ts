/**
 * A process of its own that looks addresses up in lookup files. Reads a LookupTask as JSON from its input, writes LookupAnswer as JSON. A file
 * that is damaged names nothing.
 */
import { text } from "node:stream/consumers";
import { FileSource } from "@salvage/codecs/files";
import { FormatError, type NameLookup, openSymcache, ReadableNames } from "@salvage/core";

/** Files of each module, the best first; each place is a module's number and an offset from its start. */
export type LookupTask = { modules: string[][]; places: [module: number, offset: number][] };

export type FoundFrame = { function: string; file: string | null; line: number | null };
/** Per place; frames from the innermost inlined function outwards, null where nothing is known. */
export type LookupAnswer = ({ functionAddress: number; frames: FoundFrame[] } | null)[];

const readable = new ReadableNames();
const { modules, places }: LookupTask = JSON.parse(await text(process.stdin));
const opened = modules.map((paths) => paths.map(namesOf).filter((names) => names !== null));
const answers: LookupAnswer = places.map(([module, offset]) => find(opened[module] ?? [], offset));
process.stdout.write(JSON.stringify(answers));

function namesOf(path: string): NameLookup | null {
  return orNull(() => openSymcache(new FileSource(path)).names);
}

function find(files: readonly NameLookup[], offset: number): LookupAnswer[number] {
  for (const names of files) {
    const found = orNull(() => names.lookup(offset));
    if (found === null || found[0] === undefined) continue;
    const frames = found.map((frame) => ({
      function: readable.of(frame.function).function ?? frame.function,
      file: frame.file,
      line: frame.line,
    }));
    return { functionAddress: found[0].functionAddress, frames };
  }
  return null;
}

function orNull<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}
