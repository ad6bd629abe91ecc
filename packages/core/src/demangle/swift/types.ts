/** Type operators: Mangling.rst, "Types". */
import {
  associatedType,
  compoundAssociatedType,
  differentiability,
  genericParameter,
  genericParameterIndex,
  needBoundArguments,
  needContext,
  needProtocol,
  popRetroactiveConformances,
} from "./generics.ts";
import { isIsolation, isName, isRequirement, isThrows, malformed, type NodeKind, type SwiftNode } from "./node.ts";
import type { OperandStack } from "./operand-stack.ts";
import { builtinPrefix, builtinTypes, metatypeRepresentations, standardModule } from "./tables.ts";

/** Largest width of a builtin number and length of a builtin vector. */
const maxBuiltinSize = 4096;

/** `C`, `V`, `O`, `P`, `a`, `XY`: a declared type. */
export function declaredType(p: OperandStack, kind: NodeKind): SwiftNode {
  const name = p.needOf(isName);
  return p.addSubstitution(p.type(p.make(kind, [needContext(p), name])));
}

/** `B`: a type of the Builtin module. */
export function builtinType(p: OperandStack): SwiftNode {
  const letter = p.next();
  const name = builtinTypes[letter];
  if (name !== undefined) return p.type(p.make("builtin", [], name));
  switch (letter) {
    case "f":
      return p.type(p.make("builtin", [], `Builtin.FPIEEE${builtinSize(p)}`));
    case "i":
      return p.type(p.make("builtin", [], `Builtin.Int${builtinSize(p)}`));
    case "v": {
      const size = builtinSize(p);
      const element = p.needTypeChild();
      if (element.kind !== "builtin") throw malformed;
      return p.type(p.make("builtin", [], `Builtin.Vec${size}x${element.text.slice(builtinPrefix.length)}`));
    }
    case "V": {
      const element = p.need("type");
      return p.type(p.make("fixedArray", [p.need("type"), element]));
    }
    case "T":
      return p.type(p.make("builtinTuple"));
    default:
      throw malformed;
  }
}

function builtinSize(p: OperandStack): number {
  const size = p.index() - 1;
  if (size <= 0 || size > maxBuiltinSize) throw malformed;
  return size;
}

/** `Sg`: an optional of the type on the stack. */
export function optionalType(p: OperandStack): SwiftNode {
  const optional = p.standard({ kind: "enum", name: "Optional" });
  return p.addSubstitution(p.type(p.make("boundGeneric", [optional, p.make("typeList", [p.need("type")])])));
}

/** A type that says more of the type on the stack, with the words before it. */
export function modifiedType(p: OperandStack, words: string): SwiftNode {
  return p.type(p.make("modifier", [p.needTypeChild()], words));
}

/** `$`: an integer in the place of a type. */
export function integerType(p: OperandStack): SwiftNode {
  const negative = p.nextIf("n");
  const value = p.index();
  return p.type(p.make("integerType", [], negative && value !== 0 ? `-${value}` : `${value}`));
}

/** `t`: a tuple. */
export function tupleType(p: OperandStack): SwiftNode {
  const elements = p.popList(() => {
    const parts: SwiftNode[] = [];
    const variadic = p.pop("variadic");
    if (variadic !== undefined) parts.push(variadic);
    const label = p.pop("identifier");
    if (label !== undefined) parts.push(p.make("tupleLabel", [], label.text));
    parts.push(p.need("type"));
    return p.make("tupleElement", parts);
  });
  return p.type(p.make("tuple", elements));
}

export function needTypeList(p: OperandStack): SwiftNode {
  return p.make(
    "typeList",
    p.popList(() => p.need("type")),
  );
}

/** A function type. Its parts are popped in the reverse of the order they are written. */
export function functionType(p: OperandStack, kind: NodeKind, withClangType = false): SwiftNode {
  const parts: SwiftNode[] = [];
  if (withClangType) parts.push(clangType(p));
  const add = (part: SwiftNode | undefined) => {
    if (part !== undefined) parts.push(part);
  };
  add(p.pop("sendingResult"));
  add(p.popOf(isIsolation));
  add(p.pop("differentiable"));
  add(p.popOf(isThrows));
  add(p.pop("sendable"));
  add(p.pop("async"));
  parts.push(p.make("argumentTuple", [signatureType(p)]), p.make("returnType", [signatureType(p)]));
  return p.type(p.make(kind, parts));
}

function signatureType(p: OperandStack): SwiftNode {
  return p.pop("emptyList") === undefined ? p.need("type") : p.type(p.make("tuple"));
}

/** A C type in Itanium mangling, with its length before it. */
function clangType(p: OperandStack): SwiftNode {
  const length = p.natural();
  if (length <= 0) throw malformed;
  return p.make("clangType", [], p.take(length));
}

/** The labels of a function's parameters, which stand before its type; undefined when it has none. */
export function popParameterLabels(p: OperandStack, type: SwiftNode): SwiftNode | undefined {
  if (!p.labelsInTypes && p.pop("emptyList") !== undefined) return p.make("labelList");
  let fn = type.child(0);
  if (fn.kind === "dependentGenericType") fn = fn.child(1).child(0);
  if (fn.kind !== "functionType") return undefined;
  const argumentTuple = fn.find("argumentTuple");
  if (argumentTuple === undefined) return undefined;
  const parameters = argumentTuple.child(0).child(0);
  const count = parameters.kind === "tuple" ? parameters.children.length : 1;
  if (count === 0) return undefined;
  if (p.labelsInTypes) return parameters.kind === "tuple" ? takeTupleLabels(p, parameters) : p.make("labelList");
  const labels: SwiftNode[] = [];
  let labelled = false;
  for (let i = 0; i < count; i++) {
    const label = p.operands.pop();
    if (label === undefined || (label.kind !== "identifier" && label.kind !== "firstElement")) return undefined;
    labelled ||= label.kind === "identifier";
    labels.push(label);
  }
  return p.make("labelList", labelled ? labels.reverse() : []);
}

/** Moves the labels of a parameter tuple out of it, as the newer manglings have them. */
function takeTupleLabels(p: OperandStack, tuple: SwiftNode): SwiftNode {
  const labels: SwiftNode[] = [];
  let labelled = false;
  for (const element of tuple.children) {
    const at = element.children.findIndex((part) => part.kind === "tupleLabel");
    if (at < 0) {
      labels.push(p.make("firstElement"));
    } else {
      labels.push(p.make("identifier", [], element.child(at).text));
      element.children.splice(at, 1);
      labelled = true;
    }
  }
  return p.make("labelList", labelled ? labels : []);
}

/** `Y`: what a function type or a parameter has besides its types. */
export function typeAnnotation(p: OperandStack): SwiftNode {
  switch (p.next()) {
    case "a":
      return p.make("async", [], " async");
    case "A":
      return p.make("isolatedAny", [], "@isolated(any) ");
    case "b":
      return p.make("sendable", [], "@Sendable ");
    case "c":
      return p.make("globalActor", [p.needTypeChild()]);
    case "C":
      return p.make("nonisolatedCaller", [], "nonisolated(nonsending) ");
    case "g":
      return modifiedType(p, "@const ");
    case "i":
      return modifiedType(p, "isolated ");
    case "j":
      return p.make("differentiable", [], `${differentiability(p)} `);
    case "k":
      return modifiedType(p, "@noDerivative ");
    case "K":
      return p.make("typedThrows", [p.needTypeChild()]);
    case "t":
      return modifiedType(p, "_const ");
    case "T":
      return p.make("sendingResult", [], "sending ");
    case "u":
      return modifiedType(p, "sending ");
    default:
      throw malformed;
  }
}

/** `p`: a composition of protocols. */
export function protocolListType(p: OperandStack): SwiftNode {
  return p.type(protocolList(p));
}

function protocolList(p: OperandStack): SwiftNode {
  return p.make("protocolList", [
    p.make(
      "typeList",
      p.popList(() => needProtocol(p)),
    ),
  ]);
}

function metatypeRepresentation(p: OperandStack): SwiftNode {
  const text = metatypeRepresentations[p.next()];
  if (text === undefined) throw malformed;
  return p.make("metatypeRepresentation", [], text);
}

/** `X`: the rarer types. */
export function specialType(p: OperandStack): SwiftNode {
  const letter = p.next();
  switch (letter) {
    case "E":
      return functionType(p, "functionType");
    case "A":
    case "K":
      return functionType(p, "autoClosureType");
    case "O":
      return p.type(p.make("modifier", [functionType(p, "functionType")], "@called(atMostOnce) "));
    case "f":
      return functionType(p, "thinFunctionType");
    case "U":
      return functionType(p, "uncurriedFunctionType");
    case "L":
      return functionType(p, "escapingObjCBlock");
    case "B":
      return functionType(p, "objCBlock");
    case "C":
      return functionType(p, "cFunctionPointer");
    case "z":
      return functionType(p, p.nextIf("B") ? "objCBlock" : needLetter(p, "C", "cFunctionPointer"), true);
    case "g":
      return p.make("existentialShape", [p.need("type")]);
    case "G": {
      const type = p.need("type");
      return p.make("existentialShape", [p.need("genericSignature"), type]);
    }
    case "j":
      return extendedExistential(p);
    case "o":
      return p.type(p.make("modifier", [p.need("type")], "unowned "));
    case "u":
      return p.type(p.make("modifier", [p.need("type")], "unowned(unsafe) "));
    case "w":
      return p.type(p.make("modifier", [p.need("type")], "weak "));
    case "b":
      return p.type(p.make("box", [p.need("type")]));
    case "D":
      return p.type(p.make("dynamicSelf", [p.need("type")]));
    case "M":
    case "m": {
      const representation = metatypeRepresentation(p);
      return p.type(p.make(letter === "M" ? "metatype" : "existentialMetatype", [representation, p.need("type")]));
    }
    case "P": {
      const requirements = constrainedRequirements(p);
      return p.type(p.make("constrainedExistential", [p.need("type"), requirements]));
    }
    case "p":
      return p.type(p.make("existentialMetatype", [p.need("type")]));
    case "c": {
      const superclass = p.need("type");
      return p.type(p.make("protocolListWithClass", [protocolList(p), superclass]));
    }
    case "l":
      return p.type(p.make("protocolListWithAnyObject", [protocolList(p)]));
    case "X": {
      const signature = p.need("genericSignature");
      const boundTypes = needTypeList(p);
      return p.type(p.make("boxWithLayout", [boxLayout(p), signature, boundTypes]));
    }
    case "x":
      return p.type(p.make("boxWithLayout", [boxLayout(p)]));
    case "Y":
      return declaredType(p, "otherNominal");
    case "Z": {
      const types = needTypeList(p);
      const name = p.need("identifier");
      return p.make("anonymousContext", [name, needContext(p), types]);
    }
    case "e":
      return p.type(p.make("errorType"));
    case "S":
      return sugaredType(p);
    default:
      throw malformed;
  }
}

function needLetter(p: OperandStack, letter: string, kind: NodeKind): NodeKind {
  if (!p.nextIf(letter)) throw malformed;
  return kind;
}

function constrainedRequirements(p: OperandStack): SwiftNode {
  const requirements: SwiftNode[] = [];
  for (let first = false; !first; ) {
    first = p.pop("firstElement") !== undefined;
    requirements.push(p.needOf(isRequirement));
  }
  return p.make("requirementList", requirements.reverse());
}

/** The fields of a box; an `inout` field is one that can change. */
function boxLayout(p: OperandStack): SwiftNode {
  const fields = needTypeList(p).children.map((type) => {
    const field = type.child(0);
    if (field.kind !== "inOut") return p.make("modifier", [type], "let ");
    return p.make("modifier", [p.type(field.child(0))], "var ");
  });
  return p.make("boxLayout", fields);
}

function extendedExistential(p: OperandStack): SwiftNode {
  const retroactive = popRetroactiveConformances(p);
  const types: SwiftNode[] = [];
  for (let type = p.pop("type"); type !== undefined; type = p.pop("type")) types.push(type);
  const shape = p.need("symbolicReference");
  const parts = [shape, p.make("typeList", types.reverse())];
  if (retroactive !== undefined) parts.push(retroactive);
  return p.type(p.make("extendedExistential", parts));
}

/** `XS`: types as the source spells them, in debug information. */
function sugaredType(p: OperandStack): SwiftNode {
  switch (p.next()) {
    case "q":
      return p.type(p.make("sugaredOptional", [p.need("type")]));
    case "a":
      return p.type(p.make("sugaredArray", [p.need("type")]));
    case "A": {
      const element = p.need("type");
      return p.type(p.make("sugaredInlineArray", [p.need("type"), element]));
    }
    case "D": {
      const value = p.need("type");
      return p.type(p.make("sugaredDictionary", [p.need("type"), value]));
    }
    case "p":
      return p.type(p.make("sugaredParen", [p.need("type")]));
    default:
      throw malformed;
  }
}

/** `Q`: associated types, opaque types and packs. */
export function archetype(p: OperandStack): SwiftNode {
  switch (p.next()) {
    case "a": {
      const name = p.need("identifier");
      return p.addSubstitution(p.type(p.make("associatedTypeRef", [p.needTypeChild()], name.text)));
    }
    case "O":
      return p.make("opaqueReturnTypeOf", [needContext(p)]);
    case "o": {
      const index = p.indexNode();
      const { lists, retroactive } = needBoundArguments(p);
      const parts = [p.needAny(), index, p.make("typeList", lists.reverse())];
      if (retroactive !== undefined) parts.push(retroactive);
      return p.addSubstitution(p.type(p.make("opaqueType", parts)));
    }
    case "r":
    case "u":
      return p.type(p.make("opaqueReturnType"));
    case "R":
    case "U":
      return p.type(p.make("opaqueReturnType", [p.indexNode()]));
    case "x":
      return p.addSubstitution(associatedType(p, undefined));
    case "X":
      return p.addSubstitution(compoundAssociatedType(p, undefined));
    case "y":
      return p.addSubstitution(associatedType(p, genericParameterIndex(p)));
    case "Y":
      return p.addSubstitution(compoundAssociatedType(p, genericParameterIndex(p)));
    case "z":
      return p.addSubstitution(associatedType(p, genericParameter(p, 0, 0)));
    case "Z":
      return p.addSubstitution(compoundAssociatedType(p, genericParameter(p, 0, 0)));
    case "p": {
      const count = p.needTypeChild();
      return p.type(p.make("packExpansion", [p.needTypeChild(), count]));
    }
    case "e": {
      const pack = p.needTypeChild();
      return p.type(p.make("packElement", [pack, p.indexNode()]));
    }
    case "P":
      return p.type(p.make("pack", needTypeList(p).children));
    case "S":
      return silPack(p);
    default:
      throw malformed;
  }
}

function silPack(p: OperandStack): SwiftNode {
  const letter = p.next();
  if (letter !== "d" && letter !== "i") throw malformed;
  return p.type(p.make("pack", needTypeList(p).children, letter === "d" ? "@direct " : "@indirect "));
}

const calleeConventions: Record<string, string> = {
  y: "@callee_unowned",
  g: "@callee_guaranteed",
  x: "@callee_owned",
  t: "@convention(thin)",
};

const representations: Record<string, string> = {
  B: "block",
  C: "c",
  M: "method",
  J: "objc_method",
  O: "objc_method",
  K: "closure",
  V: "com_method",
  W: "witness_method",
};

const coroutines: Record<string, string> = { A: "@yield_once", I: "@yield_once_2", G: "@yield_many" };

const parameterConventions: Record<string, string> = {
  i: "@in",
  c: "@in_constant",
  l: "@inout",
  b: "@inout_aliasable",
  n: "@in_guaranteed",
  X: "@in_cxx",
  x: "@owned",
  g: "@guaranteed",
  e: "@deallocating",
  y: "@unowned",
  v: "@pack_owned",
  p: "@pack_guaranteed",
  m: "@pack_inout",
};

const resultConventions: Record<string, string> = {
  r: "@out",
  o: "@owned",
  d: "@unowned",
  u: "@unowned_inner_pointer",
  a: "@autoreleased",
  k: "@pack_out",
  l: "@guaranteed_address",
  g: "@guaranteed",
  m: "@inout",
};

/** `I`: a function type as the intermediate language has it, with the convention of every value. */
export function implFunctionType(p: OperandStack): SwiftNode {
  const parts: SwiftNode[] = [];
  if (p.nextIf("s")) {
    const substitutions = needSubstitutionList(p);
    parts.push(p.make("implPatternSubstitutions", [p.need("genericSignature"), substitutions]));
  }
  if (p.nextIf("I")) parts.push(p.make("implInvocationSubstitutions", [needSubstitutionList(p)]));
  const signature = p.pop("genericSignature");
  if (signature !== undefined) p.nextIf("P");
  if (p.nextIf("e")) parts.push(implAttribute(p, "@escaping"));
  if (p.nextIf("A")) parts.push(implAttribute(p, "@isolated(any)"));
  else if (p.nextIf("N")) parts.push(implAttribute(p, "nonisolated(nonsending)"));
  if (p.nextIf("O")) parts.push(implAttribute(p, "@called(atMostOnce)"));
  if (/[dlfr]/.test(p.peek())) parts.push(implAttribute(p, differentiability(p)));
  const callee = calleeConventions[p.next()];
  if (callee === undefined) throw malformed;
  parts.push(implAttribute(p, callee));
  const representation = functionRepresentation(p);
  if (representation !== undefined) parts.push(implAttribute(p, representation));
  const coroutine = takeLetter(p, coroutines);
  if (coroutine !== undefined) parts.push(implAttribute(p, coroutine));
  if (p.nextIf("h")) parts.push(implAttribute(p, "@Sendable"));
  if (p.nextIf("H")) parts.push(implAttribute(p, "@async"));
  if (p.nextIf("T")) parts.push(p.make("implSending"));
  if (signature !== undefined) parts.push(signature);
  const values = implValues(p);
  for (let i = values.length - 1; i >= 0; i--) values[i]!.children.push(p.need("type"));
  return p.type(p.make("implFunctionType", parts.concat(values)));
}

function needSubstitutionList(p: OperandStack): SwiftNode {
  const { lists } = needBoundArguments(p);
  if (lists.length !== 1) throw malformed;
  return lists[0]!;
}

function implAttribute(p: OperandStack, text: string): SwiftNode {
  return p.make("implAttribute", [], text);
}

function takeLetter(p: OperandStack, table: Record<string, string>): string | undefined {
  const text = table[p.peek()];
  if (text !== undefined) p.pos++;
  return text;
}

function functionRepresentation(p: OperandStack): string | undefined {
  if (p.nextIf("zB")) return `@convention(block, mangledCType: "${clangType(p).text}")`;
  if (p.nextIf("zC")) return `@convention(c, mangledCType: "${clangType(p).text}")`;
  const name = takeLetter(p, representations);
  return name === undefined ? undefined : `@convention(${name})`;
}

/** Parameters, results, yields and the error, each still without its type. */
function implValues(p: OperandStack): SwiftNode[] {
  const values: SwiftNode[] = [];
  for (let text = takeLetter(p, parameterConventions); text !== undefined; text = takeLetter(p, parameterConventions)) {
    values.push(p.make("implParameter", [], `${text} ${parameterMarks(p)}`));
  }
  for (let text = takeLetter(p, resultConventions); text !== undefined; text = takeLetter(p, resultConventions)) {
    values.push(p.make("implResult", [], p.nextIf("w") ? `${text} @noDerivative ` : `${text} `));
  }
  while (p.nextIf("Y")) {
    const text = takeLetter(p, parameterConventions);
    if (text === undefined) throw malformed;
    values.push(p.make("implYield", [], `@yields ${text} `));
  }
  if (p.nextIf("z")) {
    const text = takeLetter(p, resultConventions);
    if (text === undefined) throw malformed;
    values.push(p.make("implErrorResult", [], p.nextIf("w") ? `@error ${text} @noDerivative ` : `@error ${text} `));
  }
  if (!p.nextIf("_")) throw malformed;
  return values;
}

/**
 * The words between the convention and the type of a parameter. The Swift tools spell at most one of the marks `T`, `I` and `L` and leave out all,
 * with the differentiability, where there are more.
 */
function parameterMarks(p: OperandStack): string {
  const noDerivative = p.nextIf("w") ? "@noDerivative " : "";
  const marks: string[] = [];
  if (p.nextIf("T")) marks.push("sending ");
  if (p.nextIf("I")) marks.push("isolated ");
  if (p.nextIf("L")) marks.push("sil_implicit_leading_param ");
  return marks.length > 1 ? "" : noDerivative + marks.join("");
}

/** The module and name of a standard type, which sugar is made of. */
export function isStandard(nominal: SwiftNode, name: string): boolean {
  const [module, identifier] = nominal.children;
  return module?.kind === "module" && module.text === standardModule && identifier?.kind === "identifier" && identifier.text === name;
}
