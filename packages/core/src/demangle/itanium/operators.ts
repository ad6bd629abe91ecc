/** The two-letter operators of the ABI (5.1.3 and 5.1.6), how each reads its operands, binds, and is spelled. */
import {
  ADDITIVE,
  AND,
  ASSIGN,
  CAST,
  COMMA,
  CONDITIONAL,
  EQUALITY,
  LOGICAL_AND,
  LOGICAL_OR,
  MULTIPLICATIVE,
  OR,
  POINTER_TO_MEMBER,
  POSTFIX,
  PRIMARY,
  RELATIONAL,
  SHIFT,
  SPACESHIP,
  UNARY,
  XOR,
} from "./node.ts";

export type OperatorKind =
  | "prefix"
  | "postfix"
  | "binary"
  | "subscript"
  | "member"
  | "new"
  | "delete"
  | "call"
  | "cast"
  | "conditional"
  | "name" // has a name, is no expression
  | "named cast"
  | "of type" // words before a type in parentheses
  | "of expression";

export interface Operator {
  kind: OperatorKind;
  /** In expressions: `+`, `new[]`, `static_cast`. */
  symbol: string;
  /** As the name of a function: `operator+`; null when nobody can declare it. */
  name: string | null;
  precedence: number;
}

const rows: [codes: string, kind: OperatorKind, precedence: number][] = [
  ["aN &= aS = dV /= eO ^= lS <<= mI -= mL *= oR |= pL += rM %= rS >>=", "binary", ASSIGN],
  ["aa &&", "binary", LOGICAL_AND],
  ["an &", "binary", AND],
  ["cm ,", "binary", COMMA],
  ["dv / ml * rm %", "binary", MULTIPLICATIVE],
  ["eo ^", "binary", XOR],
  ["eq == ne !=", "binary", EQUALITY],
  ["ge >= gt > le <= lt <", "binary", RELATIONAL],
  ["ls << rs >>", "binary", SHIFT],
  ["mi - pl +", "binary", ADDITIVE],
  ["oo ||", "binary", LOGICAL_OR],
  ["or |", "binary", OR],
  ["ss <=>", "binary", SPACESHIP],
  ["ad & co ~ de * ng - nt ! ps +", "prefix", UNARY],
  ["mm -- pp ++", "postfix", POSTFIX],
  ["ix []", "subscript", POSTFIX],
  ["ds .* pm ->*", "member", POINTER_TO_MEMBER],
  ["dt . pt ->", "member", POSTFIX],
  ["cl () cp ()", "call", POSTFIX],
  ["qu ?", "conditional", CONDITIONAL],
  ["cc const_cast dc dynamic_cast rc reinterpret_cast sc static_cast", "named cast", POSTFIX],
];

const undeclarable = new Set(["ds", "dt", "cc", "dc", "rc", "sc"]);

function key(first: number, second: number): number {
  return (first << 7) | second;
}

/** By both letters' codes; letters are below 128. */
const table = new Array<Operator | null>(1 << 14).fill(null);

function add(code: string, kind: OperatorKind, symbol: string, name: string | null, precedence: number): void {
  table[key(code.charCodeAt(0), code.charCodeAt(1))] = { kind, symbol, name, precedence };
}

for (const [codes, kind, precedence] of rows) {
  const words = codes.split(" ");
  for (let i = 0; i < words.length; i += 2) {
    const code = words[i]!;
    add(code, kind, words[i + 1]!, undeclarable.has(code) ? null : `operator${words[i + 1]}`, precedence);
  }
}
add("nw", "new", "new", "operator new", UNARY);
add("na", "new", "new[]", "operator new[]", UNARY);
add("dl", "delete", "delete", "operator delete", UNARY);
add("da", "delete", "delete[]", "operator delete[]", UNARY);
add("cv", "cast", "", null, CAST);
add("aw", "name", "co_await", "operator co_await", PRIMARY);
add("at", "of type", "alignof ", null, UNARY);
add("az", "of expression", "alignof ", null, UNARY);
add("st", "of type", "sizeof ", null, UNARY);
add("sz", "of expression", "sizeof ", null, UNARY);
add("ti", "of type", "typeid ", null, POSTFIX);
add("te", "of expression", "typeid ", null, POSTFIX);

/** The operator with these two letters. */
export function operatorOf(first: number, second: number): Operator | null {
  return first < 128 && second < 128 ? table[key(first, second)]! : null;
}
