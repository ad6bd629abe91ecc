/** `M`, `W`, `w` and `H`: metadata, witness tables, outlined operations and runtime records. Mangling.rst, "Globals". */
import { needAssociatedTypePath, needContext, needModule, needProtocol, needProtocolConformance } from "./generics.ts";
import { isEntity, isName, isNominal, malformed, type SwiftNode } from "./node.ts";
import type { OperandStack } from "./operand-stack.ts";
import { valueWitnesses } from "./tables.ts";
import { dispensableAttribute, indexSubset, takeAll } from "./thunks.ts";

/** Metadata of a type. */
const ofType: Record<string, string> = {
  a: "type metadata accessor for ",
  b: "canonical specialized generic type metadata accessor for ",
  B: "reflection metadata builtin descriptor ",
  D: "demangling cache variable for type metadata for ",
  f: "full type metadata for ",
  F: "reflection metadata field descriptor ",
  i: "type metadata instantiation function for ",
  I: "type metadata instantiation cache for ",
  l: "type metadata singleton initialization cache for ",
  L: "lazy cache variable for type metadata for ",
  m: "metaclass for ",
  M: "specialized generic metaclass for ",
  n: "nominal type descriptor for ",
  N: "noncanonical specialized generic type metadata for ",
  o: "class metadata base offset for ",
  P: "generic type metadata pattern for ",
  r: "type metadata completion function for ",
  s: "ObjC resilient class stub for ",
  t: "full ObjC resilient class stub for ",
  u: "method lookup function for ",
  U: "ObjC metadata update function for ",
  z: "flag for loading of canonical specialized generic type metadata for ",
};

/** Metadata of whatever was read last. */
const ofAny: Record<string, string> = {
  g: "opaque type descriptor accessor for ",
  h: "opaque type descriptor accessor impl for ",
  j: "opaque type descriptor accessor key for ",
  J: "cache variable for noncanonical specialized generic type metadata for ",
  k: "opaque type descriptor accessor var for ",
  K: "metadata instantiation cache for ",
  q: "uniquable ",
  Q: "opaque type descriptor for ",
};

/** `M`. */
export function metadata(p: OperandStack): SwiftNode {
  const letter = p.next();
  const typeWords = ofType[letter];
  if (typeWords !== undefined) return p.make("phrase", [p.need("type")], typeWords);
  const anyWords = ofAny[letter];
  if (anyWords !== undefined) return p.make("phrase", [p.needAny()], anyWords);
  switch (letter) {
    case "A":
      return p.make("phrase", [needProtocolConformance(p)], "reflection metadata associated type descriptor ");
    case "c":
      return p.make("phrase", [needProtocolConformance(p)], "protocol conformance descriptor for ");
    case "C": {
      const type = p.needTypeChild();
      if (!isNominal(type.kind)) throw malformed;
      return p.make("phrase", [type], "reflection metadata superclass descriptor ");
    }
    case "p":
      return p.make("phrase", [needProtocol(p)], "protocol descriptor for ");
    case "S":
      return p.make("phrase", [needProtocol(p)], "protocol self-conformance descriptor for ");
    case "V":
      return p.make("phrase", [p.needOf(isEntity)], "property descriptor for ");
    case "X":
      return contextDescriptor(p);
    default:
      throw malformed;
  }
}

function contextDescriptor(p: OperandStack): SwiftNode {
  switch (p.next()) {
    case "E":
      return p.make("phrase", [needContext(p)], "extension descriptor ");
    case "M":
      return p.make("phrase", [needModule(p)], "module descriptor ");
    case "X":
      return p.make("phrase", [needContext(p)], "anonymous descriptor ");
    case "Y":
      p.needAny();
      return p.make("phrase", [needContext(p)], "anonymous descriptor ");
    case "A": {
      const path = needAssociatedTypePath(p);
      return p.make("phraseWithParts", [p.need("type"), path], "generic parameter reference for associated type ");
    }
    default:
      throw malformed;
  }
}

/** Witness tables of a conformance. */
const witnessTables: Record<string, string> = {
  P: "protocol witness table for ",
  p: "protocol witness table pattern for ",
  G: "generic protocol witness table for ",
  I: "instantiation function for generic protocol witness table for ",
  r: "resilient protocol witness table for ",
  a: "protocol witness table accessor for ",
};

/** Operations on values, moved out of functions. */
const outlinedOperations: Record<string, string> = {
  y: "outlined copy of ",
  e: "outlined consume of ",
  r: "outlined retain of ",
  s: "outlined release of ",
  b: "outlined init with take of ",
  B: "outlined init with take of ",
  c: "outlined init with copy of ",
  C: "outlined init with copy of ",
  d: "outlined assign with take of ",
  D: "outlined assign with take of ",
  f: "outlined assign with copy of ",
  F: "outlined assign with copy of ",
  h: "outlined destroy of ",
  H: "outlined destroy of ",
  g: "outlined enum get tag of ",
  i: "outlined enum tag store of ",
  j: "outlined enum project data for load of ",
};

/** Where a field is: at a fixed offset, or at one that is read from the metadata. */
const fieldOffsets: Record<string, string> = { d: "direct field offset for ", i: "indirect field offset for " };

/** `W`. */
export function witness(p: OperandStack): SwiftNode {
  const letter = p.next();
  const table = witnessTables[letter];
  if (table !== undefined) return p.make("phrase", [needProtocolConformance(p)], table);
  switch (letter) {
    case "C":
      return p.make("phrase", [p.needOf(isEntity)], "enum case for ");
    case "V":
      return p.make("phrase", [p.need("type")], "value witness table for ");
    case "v": {
      const words = fieldOffsets[p.next()];
      if (words === undefined) throw malformed;
      return p.make("phrase", [p.needOf(isEntity)], words);
    }
    case "S":
      return p.make("phrase", [needProtocol(p)], "protocol self-conformance witness table for ");
    case "l":
      return lazyTable(p, "lazy protocol witness table accessor for type ");
    case "L":
      return lazyTable(p, "lazy protocol witness table cache variable for type ");
    case "t": {
      const name = p.needOf(isName);
      return inConformance(p, [p.make("phrase", [name], "associated type metadata accessor for ")]);
    }
    case "T": {
      const protocol = p.need("type");
      const path = needAssociatedTypePath(p);
      const words = "associated type witness table accessor for ";
      return inConformance(p, [p.make("phrase", [path], words), p.make("phrase", [protocol], " : ")]);
    }
    case "b": {
      const protocol = p.need("type");
      return inConformance(p, [p.make("phrase", [protocol], "base witness table accessor for ")]);
    }
    case "O":
      return outlined(p);
    case "Z":
      return onceSymbol(p, "one-time initialization function for ");
    case "z":
      return onceSymbol(p, "one-time initialization token for ");
    case "J":
      return differentiabilityWitness(p);
    default:
      throw malformed;
  }
}

function lazyTable(p: OperandStack, words: string): SwiftNode {
  const conformance = needProtocolConformance(p);
  const parts = [p.make("phrase", [p.need("type")], words), p.make("phrase", [conformance], " and conformance ")];
  return p.make("phraseWithParts", parts);
}

function inConformance(p: OperandStack, parts: SwiftNode[]): SwiftNode {
  return p.make("phraseWithParts", [...parts, p.make("phrase", [needProtocolConformance(p)], " in ")]);
}

/** Only copies and consumes spell the signature of what they are for. */
function outlined(p: OperandStack): SwiftNode {
  const letter = p.next();
  const words = outlinedOperations[letter];
  if (words === undefined) throw malformed;
  if (letter === "i" || letter === "j") p.index();
  const signature = p.pop("genericSignature");
  const parts = [p.need("type")];
  if (signature !== undefined && (letter === "y" || letter === "e")) parts.push(signature);
  return p.make("phraseWithParts", parts, words);
}

/** The variables that one initialization is for, and their context. */
function onceSymbol(p: OperandStack, words: string): SwiftNode {
  const names: SwiftNode[] = [];
  while (p.pop("firstElement") !== undefined) names.push(p.needOf(isName));
  const list = p.make("onceNames", names.reverse());
  return p.make("onceSymbol", [needContext(p), list], words);
}

const witnessKinds: Record<string, string> = { f: "forward-mode", r: "reverse-mode", d: "normal", l: "linear" };

function differentiabilityWitness(p: OperandStack): SwiftNode {
  const signature = p.pop("genericSignature");
  const of = p.make("typeList", takeAll(p));
  const kind = witnessKinds[p.next()];
  if (kind === undefined) throw malformed;
  const parameters = indexSubset(p, "p");
  const parts = [of, parameters, indexSubset(p, "r")];
  if (signature !== undefined) parts.push(signature);
  return p.make("differentiabilityWitness", parts, `${kind} differentiability witness for `);
}

/** `w`: a function of a value witness table. */
export function valueWitness(p: OperandStack): SwiftNode {
  const name = valueWitnesses[p.next() + p.next()];
  if (name === undefined) throw malformed;
  return p.make("valueWitness", [p.need("type")], name);
}

/** `H` with the letter of a record the runtime looks through. Undefined when the letter is none of them. */
export function runtimeRecord(p: OperandStack, letter: string): SwiftNode | undefined {
  switch (letter) {
    case "c":
      return p.make("phrase", [needProtocolConformance(p)], "protocol conformance descriptor runtime record for ");
    case "n":
      return p.make("phrase", [p.need("type")], "nominal type descriptor runtime record for ");
    case "o":
      return p.make("phrase", [p.needAny()], "opaque type descriptor runtime record for ");
    case "r":
      return p.make("phrase", [needProtocol(p)], "protocol descriptor runtime record for ");
    case "F":
      return dispensableAttribute(p, "accessible function runtime record for ");
    default:
      return undefined;
  }
}
