/**
 * Swift names as `swift demangle` spells them.
 *
 * Two manglings: that of Swift 4.0 and later (`$s`, before it `$S` and `_T0`; operators in postfix order, new-mangling.ts) and the one before
 * (`_T`, prefix order, old-mangling.ts), which Objective-C still sees as `_Tt…` in the names of classes. Both are read into the same tree (node.ts)
 * and spelled by one printer. Whatever is not well formed is null; work, nesting and output are bounded by the constants of cursor.ts and printer.ts.
 */
import { maxNameLength } from "./cursor.ts";
import { asyncMain, newManglingPrefix, parseAsyncMain, parseNewMangling } from "./new-mangling.ts";
import { malformed, type SwiftNode } from "./node.ts";
import { parseOldMangling } from "./old-mangling.ts";
import { Printer } from "./printer.ts";
import { completeSpelling, type FullSpelling, type SwiftSpelling } from "./spelling.ts";

export type { SwiftSpelling } from "./spelling.ts";

/** Names inside a name, at any depth: a specialization for a closure is in the name of what the closure is passed to. */
const maxNestedNames = 32;

/** The readable name of a mangled Swift symbol, with or without the underscore Mach-O puts before it; null when it is none. */
export function demangleSwift(mangled: string, options: SwiftSpelling = {}): string | null {
  return demangle(mangled, completeSpelling(options), { left: maxNestedNames });
}

function demangle(mangled: string, spelling: FullSpelling, nested: { left: number }): string | null {
  if (mangled.length > maxNameLength) return null;
  try {
    const tree = parse(mangled);
    if (tree === null) return null;
    const printer = new Printer(spelling, (inner) => (nested.left-- > 0 ? demangle(inner, spelling, nested) : null));
    printer.print(tree);
    return printer.finish() || null;
  } catch (error) {
    if (error === malformed) return null;
    throw error;
  }
}

function parse(mangled: string): SwiftNode | null {
  const name = mangled.startsWith("__") ? mangled.slice(1) : mangled;
  const prefix = newManglingPrefix(name);
  if (prefix > 0) return parseNewMangling(name, prefix);
  if (name.startsWith("_T")) return parseOldMangling(name);
  const plain = name.startsWith("_") ? name.slice(1) : name;
  return plain.startsWith(asyncMain) ? parseAsyncMain(plain) : null;
}
