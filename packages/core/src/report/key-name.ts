/**
 * A function's name as the grouping key states it: scopes and name alone. Names of one function come in many spellings, by debug format and by
 * the tool that wrote it, and all of them must make one issue:
 *
 *   public: void __cdecl geo::Shape::walk<int>(int)      llvm-undname
 *   void geo::Shape::walk<int>(int) const [clone .cold]  from an ELF file
 *   geo::Shape::walk                                     from a PDB
 *
 * It is the short name of demangle/short-name.ts without template and other generic arguments, numbers of lambdas, closures and blocks, the types
 * that conversions give, suffixes of split and cloned functions, and Rust's hashes. Overloads and instantiations are one function here.
 */
import { shortName } from "../demangle/short-name.ts";

/** No name tells more behind this. */
const maxCharacters = 4096;

const suffixes = /(?: \[clone [^\]]*\]| \(\.[^)]*\)|\.(?:cold|isra|part|constprop|llvm|lto_priv|clone)(?:\.\d+)*|::h[0-9a-f]{16})$/;

/** Most names, to which no rule applies. */
const scopesAndName = /^[\w:~]+$/;

/** What is left out or has one spelling, in this order. */
const rules: readonly (readonly [RegExp, string])[] = [
  [/^(?:(?:covariant return|non-virtual|virtual|import) thunk (?:to|for) )+/, ""],
  [/`adjustor\{\d+\}'|`vtordisp(?:ex)?\{[^}]*\}'/g, ""],
  [/\(anonymous namespace\)|`anonymous namespace'|\{anonymous\}/g, "(anonymous)"],
  [/<lambda[^<>]*>|\{lambda[^{}]*\}|'lambda[^']*'|\$_\d+/g, "{lambda}"],
  [/<unnamed[^<>]*>|\{unnamed[^{}]*\}|'unnamed[^']*'/g, "{unnamed}"],
  [/\{+closure[^{}]*\}+/g, "{closure}"],
  // GCC's "f(int)::<lambda(int)>::operator()", which looks like arguments.
  [/::<…>(?=::operator\(\))/g, "::{lambda}"],
  [/(?:::)?<…>/g, ""],
  [/`-?\d+'::/g, ""],
  [/\boperator (?!new\b|delete\b|co_await\b|"").*$/, "operator"],
  [/\boperator ?("")? ?(?=[\w"])/g, "operator$1"],
  [/\bclosure #\d+ /g, "closure "],
  // Rust: an implementation by its type, where it stands in the sources does not count.
  [/^.*<impl ([^<>]+) for ([^<>]+)>/, "<$2 as $1>"],
  [/^.*<impl ([^<>]+)>/, "$1"],
  [/^<((?:(?! as )[^<>])+)>/, "$1"],
];

/** `name` is readable already; what has no form like a function's stays as it is. */
export function keyName(name: string): string {
  const whole = name.slice(0, maxCharacters);
  let plain = whole;
  for (let cut = plain.replace(suffixes, ""); cut !== plain; cut = plain.replace(suffixes, "")) plain = cut;
  plain = shortName(plain);
  if (scopesAndName.test(plain)) return plain;
  for (const [pattern, replacement] of rules) plain = plain.replace(pattern, replacement);
  return plain || whole;
}
