/**
 * Names of C++ and of what follows its ABI (Itanium C++ ABI, "External Names"), as GCC, Clang and most others mangle them outside Windows:
 *
 *   _ZN3foo3barIiEEvT_         void foo::bar<int>(int)
 *
 * The spelling is llvm's (`llvm-cxxfilt`): `'lambda'(int)`, `(anonymous namespace)`, `foo() (.cold)` for a part that was split off. Where
 * llvm prints nothing readable, newer parts of the ABI are read, too (fixed point types, pack indexing, transaction clones).
 * Not read: names whose constraints the ABI numbers anew (they print as `T`, `TL0_`, as llvm does).
 */
import { decodeUtf8 } from "../../bytes/text.ts";
import { isDigit, maxNameLength } from "./cursor.ts";
import { ItaniumParser } from "./expressions.ts";
import { Prefixed, Suffixed } from "./name-nodes.ts";
import { type Node, SourceText } from "./node.ts";
import { maxOutput, Output } from "./output.ts";

/** One for all names: nothing of a name outlives its call but what the next call drops. */
const parser = new ItaniumParser();
const output = new Output();

export interface ItaniumOptions {
  /** Without the outermost function's parameters: `void foo::bar<int>`. */
  nameOnly?: boolean;
}

/**
 * The readable name of a mangled name with its prefix `_Z`, `__Z` (an underscore of Mach-O), `___Z` or `____Z` (blocks). Null when it is
 * none, is damaged, or is too long or too deep.
 */
export function demangleItanium(mangled: string, options: ItaniumOptions = {}): string | null {
  const start = prefixLength(mangled);
  if (start === 0 || mangled.length > maxNameLength) return null;
  parser.reset(mangled, start);
  const encoding = parser.encoding();
  if (encoding === null) return null;
  const whole = start > 3 ? ofBlock(encoding) : withSuffix(encoding);
  return whole === null || parser.position !== parser.end ? null : printed(whole, options.nameOnly ?? false);
}

/** The readable form of a mangled type alone, as `typeid(…).name()` gives it: `PKc` is `char const*`. */
export function demangleItaniumType(mangled: string): string | null {
  if (mangled.length > maxNameLength) return null;
  parser.reset(mangled, 0);
  const type = parser.type();
  return type === null || parser.position !== parser.end ? null : printed(type, false);
}

/** Underscores and `Z`: 2 to 5; 0 when the name does not begin so. */
function prefixLength(mangled: string): number {
  for (let i = 0; i < 5; i++) {
    const code = mangled.charCodeAt(i);
    if (code === 0x5a /* Z */) return i === 0 ? 0 : i + 1;
    if (code !== 0x5f /* _ */) return 0;
  }
  return 0;
}

function withSuffix(encoding: Node): Node {
  if (parser.look() !== 0x2e /* . */) return encoding;
  const suffix = new SourceText(parser.position, parser.end);
  parser.position = parser.end;
  return new Suffixed(encoding, suffix);
}

/** `_block_invoke`, `_block_invoke_2`, `_block_invoke.25` behind the function that the block stands in. */
function ofBlock(encoding: Node): Node | null {
  if (!parser.takeText("_block_invoke")) return null;
  const isNumbered = parser.take(0x5f /* _ */);
  if (isNumbered && !isDigit(parser.look())) return null;
  parser.skipDigits(false);
  if (parser.look() === 0x2e /* . */) parser.position = parser.end;
  return new Prefixed("invocation function for block in ", encoding);
}

function printed(node: Node, nameOnly: boolean): string | null {
  output.reset(parser.source, nameOnly);
  node.print(output);
  if (output.failed || output.text.length > maxOutput) return null;
  return parser.hasOnlyAscii ? output.text : decodeUtf8(Uint8Array.from(output.text, (character) => character.charCodeAt(0)));
}
