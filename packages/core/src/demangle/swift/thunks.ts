/** `T`: thunks, specializations and other functions the compiler makes of a function. Mangling.rst, "Globals" and "Function Specializations". */
import { needAssociatedTypeName, needAssociatedTypePath, needProtocol, needProtocolConformance } from "./generics.ts";
import { isEntity, malformed, type SwiftNode } from "./node.ts";
import type { OperandStack } from "./operand-stack.ts";
import { needTypeList } from "./types.ts";

/** Words before a symbol that say what was made of it. */
const attributes: Record<string, string> = {
  o: "@objc ",
  O: "@nonobjc ",
  D: "dynamic ",
  d: "super ",
  u: "async function pointer to ",
  wB: "back deployment fallback for ",
  wc: "coro function pointer to ",
  wd: "default override of ",
  wS: "#_hasSymbol query for ",
};

/** Words of the same sort that simplified names do without. */
const dispensableAttributes: Record<string, string> = {
  E: "distributed thunk ",
  F: "distributed accessor for ",
  m: "merged ",
  X: "dynamically replaceable variable for ",
  x: "dynamically replaceable key for ",
  I: "dynamically replaceable thunk for ",
  wb: "back deployment thunk for ",
};

/** Thunks of one entity, which can be the context of another. */
const entityThunks: Record<string, string> = {
  c: "curry thunk of ",
  j: "dispatch thunk of ",
  q: "method descriptor for ",
  S: "protocol self-conformance witness for ",
  TI: "identity thunk of ",
};

/** Generic specializations of a list of types. */
const specializations: Record<string, string> = {
  g: "generic specialization",
  G: "generic not re-abstracted specialization",
  B: "generic specialization",
  s: "generic pre-specialization",
  i: "inlined generic function",
};

/** Specializations that leave parameters; the type is that of the specialized function. */
const partialSpecializations: Record<string, string> = {
  p: "generic partial specialization",
  P: "generic not-reabstracted partial specialization",
};

/** The only words of a specialization that changed how the function is represented. */
export const representationChange = "representation changed";

/** Words before a symbol. */
function attribute(p: OperandStack, words: string): SwiftNode {
  return p.make("attribute", [], words);
}

/** Words before a symbol that simplified names do without. */
export function dispensableAttribute(p: OperandStack, words: string): SwiftNode {
  return p.make("dispensableAttribute", [], words);
}

export function thunkOrSpecialization(p: OperandStack): SwiftNode {
  let letter = p.next();
  if (letter === "w" || letter === "T") letter += p.next();
  const words = attributes[letter];
  if (words !== undefined) return attribute(p, words);
  const dispensable = dispensableAttributes[letter];
  if (dispensable !== undefined) return dispensableAttribute(p, dispensable);
  const thunk = entityThunks[letter];
  if (thunk !== undefined) return p.make("entityThunk", [p.needOf(isEntity)], thunk);
  const generic = specializations[letter];
  if (generic !== undefined) return genericSpecialization(p, generic);
  const partial = partialSpecializations[letter];
  if (partial !== undefined) {
    const info = specializationInfo(p);
    return specialization(p, partial, info, [p.make("specializationArgument", [p.need("type")], "Signature = ")]);
  }
  switch (letter) {
    case "a":
      return p.make("partialApply", [], "partial apply ObjC forwarder");
    case "A":
      return p.make("partialApply", [], "partial apply forwarder");
    case "Q":
      return resumeFunction(p, "await");
    case "Y":
      return resumeFunction(p, "suspend");
    case "C":
      return p.make("phrase", [p.need("type")], "coroutine continuation prototype for ");
    case "z":
    case "Z":
      return completionHandler(p, letter === "Z");
    case "V": {
      const base = p.needOf(isEntity);
      const parts = [p.make("phrase", [base], "vtable thunk for "), p.make("phrase", [p.needOf(isEntity)], " dispatching to ")];
      return p.make("phraseWithParts", parts);
    }
    case "W": {
      const entity = p.needOf(isEntity);
      const parts = [
        p.make("phrase", [entity], "protocol witness for "),
        p.make("phrase", [needProtocolConformance(p)], " in conformance "),
      ];
      return p.make("phraseWithParts", parts);
    }
    case "R":
      return reabstraction(p, "reabstraction thunk helper ");
    case "r":
      return reabstraction(p, "reabstraction thunk ");
    case "y": {
      const signature = p.pop("genericSignature");
      const parts = [p.need("type"), p.need("type"), p.need("type")];
      return p.make("selfReabstractionThunk", signature === undefined ? parts : [...parts, signature]);
    }
    case "U": {
      const actor = p.need("type");
      const parts = [p.needAny(), p.make("phrase", [actor], " with global actor constraint ")];
      return p.make("phraseWithParts", parts);
    }
    case "t":
      return specializationWithDropped(p);
    case "f":
      return functionSpecialization(p);
    case "K":
    case "k":
      return keyPathAccess(p, letter === "K" ? "key path getter for " : "key path setter for ");
    case "H":
      return keyPathOperator(p, "key path index equality operator for ");
    case "h":
      return keyPathOperator(p, "key path index hash operator for ");
    case "l":
      return p.make("phrase", [needAssociatedTypeName(p)], "associated type descriptor for ");
    case "L":
      return p.make("phrase", [needProtocol(p)], "protocol requirements base descriptor for ");
    case "M":
      return p.make("phrase", [needAssociatedTypeName(p)], "default associated type metadata accessor for ");
    case "n":
      return associatedConformance(p, "associated conformance descriptor for ");
    case "N":
      return associatedConformance(p, "default associated conformance accessor for ");
    case "b": {
      const requirement = needProtocol(p);
      const parts = [p.make("phrase", [p.need("type")], "base conformance descriptor for "), p.make("phrase", [requirement], ": ")];
      return p.make("phraseWithParts", parts);
    }
    case "v": {
      const index = p.index();
      const what = p.nextIf("r") ? "read-only object" : "variable";
      return attribute(p, `outlined ${what} #${index} of `);
    }
    case "e":
      return attribute(p, `outlined bridged method (${bridgedMethod(p)}) of `);
    case "J":
      return differentiation(p);
    default:
      throw malformed;
  }
}

/** What is left of an async function after one of its waits; simplified names do not say so. */
function resumeFunction(p: OperandStack, what: string): SwiftNode {
  return dispensableAttribute(p, `(${p.index()}) ${what} resume partial function for `);
}

function completionHandler(p: OperandStack, predefined: boolean): SwiftNode {
  const errorFlag = p.index();
  const signature = p.pop("genericSignature");
  const result = p.need("type");
  const parts = [p.need("type"), result];
  if (signature !== undefined) parts.push(signature);
  return p.make("completionHandler", parts, predefined ? "predefined " : "", errorFlag);
}

/** The thunk's "to" type, its "from" type and its signature. */
function reabstraction(p: OperandStack, words: string): SwiftNode {
  const signature = p.pop("genericSignature");
  const parts = [p.need("type"), p.need("type")];
  return p.make("reabstractionThunk", signature === undefined ? parts : [...parts, signature], words);
}

function associatedConformance(p: OperandStack, words: string): SwiftNode {
  const requirement = needProtocol(p);
  const path = needAssociatedTypePath(p);
  const parts = [p.make("phrase", [p.need("type")], words), p.make("phrase", [path], "."), p.make("phrase", [requirement], ": ")];
  return p.make("phraseWithParts", parts);
}

function bridgedMethod(p: OperandStack): string {
  const kind = p.next();
  if (kind === "" || !"opam".includes(kind)) throw malformed;
  let text = kind;
  while (!p.nextIf("_")) {
    const letter = p.next();
    if (letter === "" || !"nbg".includes(letter)) throw malformed;
    text += letter;
  }
  return text;
}

function keyPathAccess(p: OperandStack, words: string): SwiftNode {
  if (p.nextIf("mu")) words = "key path unapplied method ";
  else if (p.nextIf("MA")) words = "key path applied method ";
  const serialized = p.nextIf("q");
  const types = [p.need("type")];
  for (let type = p.pop("type"); type !== undefined; type = p.pop("type")) types.push(type);
  const signature = p.pop("genericSignature");
  const parts = [p.needAny()];
  if (signature !== undefined) parts.push(signature);
  parts.push(...types.reverse());
  if (serialized) parts.push(p.make("serialized"));
  return p.make("keyPathAccess", parts, words);
}

function keyPathOperator(p: OperandStack, words: string): SwiftNode {
  p.nextIf("q");
  const signature = p.pop("genericSignature");
  const types: SwiftNode[] = [];
  while (p.operands.length > 0) types.push(p.need("type"));
  if (types.length === 0 && signature === undefined) throw malformed;
  const parts = [p.make("typeList", types.reverse())];
  if (signature !== undefined) parts.push(signature);
  return p.make("keyPathOperator", parts, words);
}

/** What a specialization says before its arguments. The pass that specialized has no spelling. */
type SpecializationInfo = {
  /** Whether it can go to other modules. */
  serialized: boolean;
  /** Whether the function is no longer async. */
  demoted: boolean;
  /** Whether only the representation of the function changed: then nothing else is spelled. */
  changed: boolean;
};

function specializationInfo(p: OperandStack): SpecializationInfo {
  const serialized = p.nextIf("q");
  const demoted = p.nextIf("a");
  const changed = p.nextIf("r");
  const pass = p.next();
  if (pass < "0" || pass > "9") throw malformed;
  return { serialized, demoted, changed };
}

/** The number is that of the first argument: the Swift tools count the demotion of an async function as one. */
function specialization(p: OperandStack, words: string, info: SpecializationInfo, args: SwiftNode[]): SwiftNode {
  if (info.changed) return p.make("specialization", [], representationChange);
  return p.make("specialization", info.serialized ? [p.make("serialized"), ...args] : args, words, info.demoted ? 1 : 0);
}

function genericSpecialization(p: OperandStack, words: string): SwiftNode {
  const info = specializationInfo(p);
  const types = needTypeList(p).children.map((type) => p.make("specializationArgument", [type]));
  return specialization(p, words, info, types);
}

/** `Tt`: with arguments that the specialized function lacks; the Swift tools do not spell them. */
function specializationWithDropped(p: OperandStack): SwiftNode {
  do p.natural();
  while (p.nextIf("t"));
  const letter = p.next();
  if (letter !== "g" && letter !== "G" && letter !== "B") throw malformed;
  return genericSpecialization(p, specializations[letter]!);
}

/** `Tf`: how each argument and the result were specialized. */
function functionSpecialization(p: OperandStack): SwiftNode {
  const info = specializationInfo(p);
  if (info.changed) return specialization(p, "", info, []);
  const args: SwiftNode[] = [];
  while (!p.nextIf("_")) args.push(p.make("specializedParameter", specializedArgument(p)));
  const all = p.nextIf("n") ? args : [...args, p.make("specializedReturn", specializedArgument(p))];
  for (let i = args.length - 1; i >= 0; i--) {
    const changes = args[i]!.children;
    for (let j = changes.length - 1; j >= 0; j--) takeOperands(p, changes[j]!);
  }
  return specialization(p, "function signature specialization", info, all);
}

const flagLetters: [string, string][] = [
  ["D", "Dead"],
  ["G", "Owned To Guaranteed"],
  ["O", "Guaranteed To Owned"],
  ["X", "Exploded"],
];

/** A change without operands, with those of the flags from `from` on that follow it. */
function flags(p: OperandStack, first: string, from: number): SwiftNode[] {
  let words = first;
  for (const [letter, text] of flagLetters.slice(from)) if (p.nextIf(letter)) words += ` and ${text}`;
  return [p.make("specializationFlags", [], words)];
}

function specializedArgument(p: OperandStack): SwiftNode[] {
  switch (p.next()) {
    case "n":
      return [];
    case "c":
      return [p.make("propagatedClosure", [], "Closure Propagated")];
    case "E":
      return [p.make("propagatedClosure", [], "Escaping Closure Propagated")];
    case "C": {
      const argument = p.natural();
      if (argument < 0) throw malformed;
      return [p.make("sameAsArgument", [], `Same As Argument ${argument}`)];
    }
    case "p":
      return propagatedConstant(p);
    case "e":
      return flags(p, "Existential To Protocol Constrained Generic", 0);
    case "d":
      return flags(p, "Dead", 1);
    case "g":
      return flags(p, "Owned To Guaranteed", 3);
    case "o":
      return flags(p, "Guaranteed To Owned", 3);
    case "x":
      return flags(p, "Exploded", flagLetters.length);
    case "i":
      return flags(p, "Value Promoted from Box", flagLetters.length);
    case "s":
      return flags(p, "Stack Promoted from Box", flagLetters.length);
    case "r":
      return flags(p, "InOut Converted to Out", flagLetters.length);
    default:
      throw malformed;
  }
}

/** What encoding a propagated string has. */
const encodings: Record<string, string> = { b: "u8", w: "u16", c: "objc" };

/** One constant, or several of a struct whose operands follow it. */
function propagatedConstant(p: OperandStack): SwiftNode[] {
  const constants: SwiftNode[] = [];
  for (;;) {
    const letter = p.peek();
    if (letter === "" || !"fgidskS".includes(letter)) break;
    p.pos++;
    if (letter === "f") constants.push(p.make("propagatedName", [], "Constant Propagated Function"));
    else if (letter === "g") constants.push(p.make("propagatedName", [], "Constant Propagated Global"));
    else if (letter === "i") constants.push(p.make("propagatedValue", [], `Constant Propagated Integer : ${digits(p)}`));
    else if (letter === "d") constants.push(p.make("propagatedValue", [], `Constant Propagated Float : ${digits(p)}`));
    else if (letter === "k") constants.push(p.make("propagatedKeyPath", [], "Constant Propagated KeyPath"));
    else if (letter === "S") constants.push(p.make("propagatedStruct", [], "Constant Propagated Struct"));
    else {
      const encoding = encodings[p.next()];
      if (encoding === undefined) throw malformed;
      constants.push(p.make("propagatedString", [], `Constant Propagated String : ${encoding}`));
    }
    if (constants[0]!.kind !== "propagatedStruct") break;
  }
  if (constants.length === 0) throw malformed;
  return constants;
}

function digits(p: OperandStack): string {
  const start = p.pos;
  while (p.peekCode() >= 0x30 && p.peekCode() <= 0x39) p.pos++;
  if (p.pos === start) throw malformed;
  return p.text.slice(start, p.pos);
}

/** Gives a change the operands that stand before the specialization. */
function takeOperands(p: OperandStack, change: SwiftNode): void {
  const operands: SwiftNode[] = [];
  switch (change.kind) {
    case "propagatedName":
      operands.push(p.need("identifier"));
      break;
    case "propagatedString": {
      // An underscore escapes a digit or an underscore at the front.
      const text = p.need("identifier").text;
      operands.push(p.make("identifier", [], text.startsWith("_") ? text.slice(1) : text));
      break;
    }
    case "propagatedStruct":
      operands.push(p.need("type"));
      break;
    case "propagatedKeyPath": {
      const value = p.need("type");
      const root = p.need("type");
      operands.push(p.need("identifier"), root, value);
      break;
    }
    case "propagatedClosure": {
      const types: SwiftNode[] = [];
      for (let type = p.pop("type"); type !== undefined; type = p.pop("type")) types.push(type);
      operands.push(p.need("identifier"), ...types.reverse());
      break;
    }
    default:
      return;
  }
  change.children.push(...operands);
}

/** Functions of automatic differentiation. */
const derivativeKinds: Record<string, string> = {
  f: "forward-mode derivative",
  r: "reverse-mode derivative",
  d: "differential",
  p: "pullback",
};

/** `TJ`: derivatives and their thunks. What they are of is all that was read so far. */
function differentiation(p: OperandStack): SwiftNode {
  if (p.nextIf("S")) {
    const of = takeAll(p);
    if (of.length === 0) throw malformed;
    const words = derivativeKind(p);
    const parameters = indexSubset(p, "p");
    const results = indexSubset(p, "r");
    const parts = [p.make("typeList", of), parameters, results, indexSubset(p, "P")];
    return p.make("subsetThunk", parts, words);
  }
  if (p.nextIf("O")) {
    const signature = p.pop("genericSignature");
    const to = p.need("type");
    const parts = [p.need("type"), to];
    return p.make("reorderingThunk", signature === undefined ? parts : [...parts, signature], derivativeKind(p));
  }
  const prefix = p.nextIf("V") ? "vtable thunk for " : "";
  const of = takeAll(p);
  const words = derivativeKind(p);
  const parameters = indexSubset(p, "p");
  return p.make("derivative", [p.make("typeList", of), parameters, indexSubset(p, "r")], prefix + words);
}

/** All operands, in the order they were written. */
export function takeAll(p: OperandStack): SwiftNode[] {
  return p.operands.splice(0);
}

function derivativeKind(p: OperandStack): string {
  const words = derivativeKinds[p.next()];
  if (words === undefined) throw malformed;
  return words;
}

/** A letter for each parameter or result, `S` where it takes part; spelled as the set of their numbers. */
export function indexSubset(p: OperandStack, end: string): SwiftNode {
  const numbers: number[] = [];
  let count = 0;
  for (let letter = p.peek(); letter === "S" || letter === "U"; letter = p.peek()) {
    if (letter === "S") numbers.push(count);
    count++;
    p.pos++;
  }
  if (count === 0 || !p.nextIf(end)) throw malformed;
  return p.make("indexSubset", [], `{${numbers.join(", ")}}`);
}
