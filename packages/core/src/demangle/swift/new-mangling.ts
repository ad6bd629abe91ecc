/**
 * The mangling Swift has used since 4.0: a list of operators in postfix order, each taking its operands from a stack.
 *
 *     $s 4main 3FooC 3baryyF      the words "main", "Foo"; C makes a class of them; "bar", no labels, no parameters, no result; F a function
 *
 * Operators are one letter, or a letter that opens a family (`M…` metadata, `T…` thunks, `W…` witnesses, `X…` types); each family has a file.
 * Source: Swift docs/ABI/Mangling.rst.
 *
 * Names inside binaries' metadata can hold symbolic references, a control character with the offset of what is meant. What they point to is not
 * in the name, so they are read as a type of unknown name.
 */
import { extension, functionEntity, localIdentifier, operatorIdentifier, plainFunction, subscript, variable } from "./entities.ts";
import {
  boundGenericType,
  conformanceOperator,
  genericParameter,
  genericParameterIndex,
  genericRequirement,
  genericSignature,
  genericType,
  retroactiveConformance,
} from "./generics.ts";
import { metadata, runtimeRecord, valueWitness, witness } from "./metadata.ts";
import { isAttribute, isEntity, malformed, type SwiftNode } from "./node.ts";
import { OperandStack } from "./operand-stack.ts";
import { clangModule, standardModule, synthesizedModule } from "./tables.ts";
import { thunkOrSpecialization } from "./thunks.ts";
import {
  archetype,
  builtinType,
  declaredType,
  functionType,
  implFunctionType,
  integerType,
  modifiedType,
  optionalType,
  popParameterLabels,
  protocolListType,
  specialType,
  tupleType,
  typeAnnotation,
} from "./types.ts";

type Operator = (p: OperandStack) => SwiftNode;

/** What each first letter of an operator does. Everything else begins an identifier. */
const operators: Record<string, Operator> = {
  A: (p) => p.substitution(),
  B: builtinType,
  C: (p) => declaredType(p, "class"),
  D: typeMangling,
  E: extension,
  F: plainFunction,
  G: boundGenericType,
  H: (p) => {
    const letter = p.next();
    const node = conformanceOperator(p, letter) ?? runtimeRecord(p, letter);
    if (node === undefined) throw malformed;
    return node;
  },
  I: implFunctionType,
  K: (p) => p.make("throws", [], " throws"),
  L: localIdentifier,
  M: metadata,
  N: (p) => p.make("phrase", [p.need("type")], "type metadata for "),
  O: (p) => declaredType(p, "enum"),
  P: (p) => declaredType(p, "protocol"),
  Q: archetype,
  R: genericRequirement,
  S: standardSubstitution,
  T: thunkOrSpecialization,
  V: (p) => declaredType(p, "structure"),
  W: witness,
  X: specialType,
  Y: typeAnnotation,
  Z: (p) => p.make("static", [p.needOf(isEntity)]),
  a: (p) => declaredType(p, "typeAlias"),
  c: (p) => functionType(p, "functionType"),
  d: (p) => p.make("variadic"),
  f: functionEntity,
  g: retroactiveConformance,
  h: (p) => modifiedType(p, "__shared "),
  i: subscript,
  l: (p) => genericSignature(p, false),
  m: (p) => p.type(p.make("metatype", [p.need("type")])),
  n: (p) => modifiedType(p, "__owned "),
  o: operatorIdentifier,
  p: protocolListType,
  q: (p) => p.type(genericParameterIndex(p)),
  r: (p) => genericSignature(p, true),
  s: (p) => p.make("module", [], standardModule),
  t: tupleType,
  u: genericType,
  v: variable,
  w: valueWitness,
  x: (p) => p.type(genericParameter(p, 0, 0)),
  y: (p) => p.make("emptyList"),
  z: (p) => p.type(p.make("inOut", [p.needTypeChild()])),
  _: (p) => p.make("firstElement"),
  ".": (p) => {
    // The back end tells copies of a function apart by a suffix it appends.
    p.pos--;
    return p.make("suffix", [], p.rest());
  },
  $: integerType,
};

/** The same by the letter's code. */
const operatorsByCode: (Operator | undefined)[] = Array.from({ length: 128 }, (_, code) => operators[String.fromCharCode(code)]);

/** What a mangled name can begin with. */
const prefixes = ["$s", "_$s", "$S", "_$S", "_T0", "$e", "_$e", "@__swiftmacro_"];

/** How long the prefix of a name in this mangling is; 0 for a name that is not. */
export function newManglingPrefix(mangled: string): number {
  for (const prefix of prefixes) if (mangled.startsWith(prefix)) return prefix.length;
  return 0;
}

/** The tree of a whole symbol; throws `malformed`. */
export function parseNewMangling(mangled: string, prefixLength: number): SwiftNode {
  const p = new OperandStack(mangled, prefixLength, mangled.startsWith("_T"));
  return parseSymbol(p);
}

/** What the compiler calls the asynchronous body of a program. The functions split off it have mangled suffixes. */
export const asyncMain = "async_Main";

/** The tree of `async_Main` or of a function split off it. */
export function parseAsyncMain(name: string): SwiftNode {
  const p = new OperandStack(name, asyncMain.length, false);
  p.push(p.make("identifier", [], "async main entry point"));
  return parseSymbol(p);
}

function parseSymbol(p: OperandStack): SwiftNode {
  while (p.pos < p.text.length) {
    if (p.peekCode() === 0) break;
    p.push(operator(p));
  }
  const top: SwiftNode[] = [];
  const suffix = p.pop("suffix");
  // Attributes stand behind what they are of; partial applications hold all that is left.
  let parts = top;
  for (let node = p.popOf(isAttribute); node !== undefined; node = p.popOf(isAttribute)) {
    parts.push(node);
    if (node.kind === "partialApply") parts = node.children;
  }
  for (const node of p.operands) parts.push(node.kind === "type" ? node.child(0) : node);
  if (suffix !== undefined) top.push(suffix);
  if (top.length === 0) throw malformed;
  return p.make("global", top);
}

function operator(p: OperandStack): SwiftNode {
  while (p.peekCode() === referencePadding) p.pos++;
  const code = p.peekCode();
  const known = operatorsByCode[code];
  if (known !== undefined) {
    p.pos++;
    return known(p);
  }
  if (code >= 1 && code <= 0x1f) return symbolicReference(p, code);
  return p.identifier();
}

/** `D`: a type as debug information names it, with labels where it is a function's. */
function typeMangling(p: OperandStack): SwiftNode {
  const type = p.need("type");
  const labels = popParameterLabels(p, type);
  return p.make("typeMangling", labels === undefined ? [type] : [labels, type]);
}

function standardSubstitution(p: OperandStack): SwiftNode {
  if (p.nextIf("o")) return p.make("module", [], clangModule);
  if (p.nextIf("C")) return p.make("module", [], synthesizedModule);
  if (p.nextIf("g")) return optionalType(p);
  return p.standardSubstitution();
}

/** Bytes of a relative and of an absolute reference. */
const relativeReference = 4;
const absoluteReference = 8;
const firstAbsolute = 0x18;
/** What aligns a reference. */
const referencePadding = 0xff;

function symbolicReference(p: OperandStack, code: number): SwiftNode {
  const end = p.pos + 1 + (code < firstAbsolute ? relativeReference : absoluteReference);
  if (end > p.text.length) throw malformed;
  p.pos = end;
  return p.addSubstitution(p.type(p.make("symbolicReference")));
}
