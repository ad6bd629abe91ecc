/** Generic parameters, signatures, requirements, bound arguments and conformances: Mangling.rst, "Generics". */

import { maxNesting } from "./cursor.ts";
import { isConformance, isContext, isName, isNominal, isRequirement, malformed, type NodeKind, type SwiftNode } from "./node.ts";
import type { OperandStack } from "./operand-stack.ts";
import { differentiabilities, layouts, parameterName } from "./tables.ts";

/** A generic parameter. The children hold its depth and index. */
export function genericParameter(p: OperandStack, depth: number, index: number): SwiftNode {
  const numbers = [p.make("number", [], "", depth), p.make("number", [], "", index)];
  return p.make("genericParameter", numbers, parameterName(depth, index));
}

export function genericParameterIndex(p: OperandStack): SwiftNode {
  if (p.nextIf("d")) {
    const depth = p.index() + 1;
    return genericParameter(p, depth, p.index());
  }
  if (p.nextIf("z")) return genericParameter(p, 0, 0);
  if (p.nextIf("s")) return p.make("constrainedSelf");
  return genericParameter(p, 0, p.index() + 1);
}

/** `l` and `r`: the counts of parameters at each depth, then markers and requirements. */
export function genericSignature(p: OperandStack, withCounts: boolean): SwiftNode {
  const counts: SwiftNode[] = [];
  if (withCounts) {
    while (!p.nextIf("l")) counts.push(p.make("genericCount", [], "", p.nextIf("z") ? 0 : p.index() + 1));
  } else {
    counts.push(p.make("genericCount", [], "", 1));
  }
  const requirements: SwiftNode[] = [];
  for (let node = p.popOf(isRequirement); node !== undefined; node = p.popOf(isRequirement)) requirements.push(node);
  return p.make("genericSignature", counts.concat(requirements.reverse()));
}

type Subject = "parameter" | "associated" | "compound" | "substitution";

/** The constraint and the subject of a requirement, by the letter after `R`. A letter not here begins the index of a protocol's subject. */
const requirementForms: Record<string, [NodeKind | "protocol" | "class", Subject]> = {
  V: ["valueMarker", "parameter"],
  v: ["packMarker", "parameter"],
  b: ["class", "parameter"],
  c: ["class", "associated"],
  C: ["class", "compound"],
  B: ["class", "substitution"],
  s: ["sameTypeRequirement", "parameter"],
  t: ["sameTypeRequirement", "associated"],
  T: ["sameTypeRequirement", "compound"],
  S: ["sameTypeRequirement", "substitution"],
  l: ["layoutRequirement", "parameter"],
  m: ["layoutRequirement", "associated"],
  M: ["layoutRequirement", "compound"],
  L: ["layoutRequirement", "substitution"],
  p: ["protocol", "associated"],
  P: ["protocol", "compound"],
  Q: ["protocol", "substitution"],
  h: ["sameShapeRequirement", "parameter"],
  i: ["inverseRequirement", "parameter"],
  I: ["inverseRequirement", "substitution"],
  j: ["inverseRequirement", "associated"],
  J: ["inverseRequirement", "compound"],
};

export function genericRequirement(p: OperandStack): SwiftNode {
  const form = requirementForms[p.peek()];
  if (form !== undefined) p.pos++;
  const [constraint, subjectForm] = form ?? ["protocol", "parameter"];
  const inverted = constraint === "inverseRequirement" ? p.indexNode() : undefined;
  const subject = requirementSubject(p, subjectForm);
  switch (constraint) {
    case "packMarker":
      return p.make("packMarker", [subject]);
    case "protocol":
      return p.make("conformanceRequirement", [subject, needProtocol(p)]);
    case "class":
      return p.make("conformanceRequirement", [subject, p.need("type")]);
    case "inverseRequirement":
      return p.make("inverseRequirement", [subject, inverted!]);
    case "layoutRequirement": {
      const layout = layouts[p.next()];
      if (layout === undefined) throw malformed;
      const children = [subject];
      for (let i = 0; i < layout.sizes; i++) children.push(p.indexNode());
      return p.make("layoutRequirement", children, layout.name);
    }
    default:
      return p.make(constraint, [subject, p.need("type")]);
  }
}

function requirementSubject(p: OperandStack, form: Subject): SwiftNode {
  switch (form) {
    case "parameter":
      return p.type(genericParameterIndex(p));
    case "associated":
      return p.addSubstitution(associatedType(p, genericParameterIndex(p)));
    case "compound":
      return p.addSubstitution(compoundAssociatedType(p, genericParameterIndex(p)));
    case "substitution":
      return p.need("type");
  }
}

/** `u`: a type with a signature of its own. */
export function genericType(p: OperandStack): SwiftNode {
  const signature = p.need("genericSignature");
  return p.type(p.make("dependentGenericType", [signature, p.need("type")]));
}

/** A protocol named by a type or by context and name. */
export function needProtocol(p: OperandStack): SwiftNode {
  const type = p.pop("type");
  if (type !== undefined) {
    const kind = type.child(0).kind;
    if (kind !== "protocol" && kind !== "symbolicReference") throw malformed;
    return type;
  }
  const name = p.needOf(isName);
  return p.type(p.make("protocol", [needContext(p), name]));
}

/** The declaration something is in: a module, a type or another entity. */
export function needContext(p: OperandStack): SwiftNode {
  const module = popModule(p);
  if (module !== undefined) return module;
  const type = p.pop("type");
  const context = type === undefined ? p.needAny() : type.child(0);
  if (!isContext(context.kind)) throw malformed;
  return context;
}

export function popModule(p: OperandStack): SwiftNode | undefined {
  const name = p.pop("identifier");
  return name === undefined ? p.pop("module") : p.make("module", [], name.text);
}

export function needModule(p: OperandStack): SwiftNode {
  const module = popModule(p);
  if (module === undefined) throw malformed;
  return module;
}

/** The name of an associated type, with its protocol where the name alone would not do. */
export function needAssociatedTypeName(p: OperandStack): SwiftNode {
  const type = p.pop("type");
  if (type !== undefined && type.child(0).kind !== "protocol" && type.child(0).kind !== "symbolicReference") throw malformed;
  const name = p.need("identifier");
  return p.make("associatedTypeName", type === undefined ? [name] : [name, type]);
}

function associatedTypePath(p: OperandStack): SwiftNode[] {
  const path: SwiftNode[] = [];
  for (let first = false; !first; ) {
    first = p.pop("firstElement") !== undefined;
    path.push(needAssociatedTypeName(p));
  }
  return path.reverse();
}

export function needAssociatedTypePath(p: OperandStack): SwiftNode {
  return p.make("associatedTypePath", associatedTypePath(p));
}

/** A member of a dependent type; of the type on the stack when no base is given. */
export function associatedType(p: OperandStack, base: SwiftNode | undefined): SwiftNode {
  const name = needAssociatedTypeName(p);
  return p.type(p.make("dependentMember", [base === undefined ? p.need("type") : p.type(base), name]));
}

export function compoundAssociatedType(p: OperandStack, base: SwiftNode | undefined): SwiftNode {
  const path = associatedTypePath(p);
  let type = base === undefined ? p.need("type") : p.type(base);
  for (const name of path) type = p.type(p.make("dependentMember", [type, name]));
  return type;
}

/** Lists of arguments, innermost declaration first, with the conformances that no module of theirs declares. */
export type BoundArguments = { lists: SwiftNode[]; retroactive: SwiftNode | undefined };

export function needBoundArguments(p: OperandStack): BoundArguments {
  const retroactive = popRetroactiveConformances(p);
  const lists: SwiftNode[] = [];
  for (;;) {
    const types: SwiftNode[] = [];
    for (let type = p.pop("type"); type !== undefined; type = p.pop("type")) types.push(type);
    lists.push(p.make("typeList", types.reverse()));
    if (p.pop("emptyList") !== undefined) return { lists, retroactive };
    p.need("firstElement");
  }
}

export function popRetroactiveConformances(p: OperandStack): SwiftNode | undefined {
  const list: SwiftNode[] = [];
  for (let node = p.pop("retroactiveConformance"); node !== undefined; node = p.pop("retroactiveConformance")) list.push(node);
  return list.length === 0 ? undefined : p.make("typeList", list.reverse());
}

/** `G`: a type with its generic arguments. */
export function boundGenericType(p: OperandStack): SwiftNode {
  const { lists, retroactive } = needBoundArguments(p);
  const nominal = p.needTypeChild();
  if (!isNominal(nominal.kind) || lists.length > maxNesting) throw malformed;
  const bound = bindArguments(p, nominal, lists, 0);
  if (retroactive !== undefined && bound.children.length === 2 && bound.kind === "boundGeneric") bound.children.push(retroactive);
  return p.addSubstitution(p.type(bound));
}

/** Declarations without generic parameters of their own: the argument lists belong to what is around them. */
const withoutArguments = new Set<NodeKind>(["variable", "subscript", "implicitClosure", "explicitClosure", "defaultArgument", "static"]);
const unnamedWithArguments = new Set(["__ivar_initializer", "__ivar_destroyer"]);

function takesArguments(node: SwiftNode): boolean {
  return node.kind === "unnamedEntity" ? unnamedWithArguments.has(node.text) : !withoutArguments.has(node.kind);
}

function bindArguments(p: OperandStack, declaration: SwiftNode, lists: SwiftNode[], at: number): SwiftNode {
  const list = lists[at];
  if (list === undefined) throw malformed;
  if (declaration.kind === "symbolicReference") {
    const rest = lists.slice(at).reverse();
    const types = p.make(
      "typeList",
      rest.flatMap((types) => types.children),
    );
    return p.make("boundGeneric", [p.type(declaration), types]);
  }
  const takes = takesArguments(declaration);
  const next = takes ? at + 1 : at;
  let bound = declaration;
  if (next < lists.length) {
    const context = declaration.child(0);
    let parent: SwiftNode;
    if (context.kind === "extension") {
      const extended = bindArguments(p, context.child(1), lists, next);
      parent = p.make("extension", [context.child(0), extended, ...context.children.slice(2)]);
    } else {
      parent = bindArguments(p, context, lists, next);
    }
    bound = p.make(declaration.kind, [parent, ...declaration.children.slice(1)], declaration.text, declaration.number);
  } else if (declaration.children.length === 0) {
    throw malformed;
  }
  if (!takes || list.children.length === 0) return bound;
  if (bound.kind === "function" || bound.kind === "constructor") return p.make("boundFunction", [bound, list]);
  if (!isNominal(bound.kind)) throw malformed;
  return p.make("boundGeneric", [p.type(bound), list]);
}

/** How a type conforms to a protocol: type, protocol, module and, for what property behaviors made, a name. */
export function needProtocolConformance(p: OperandStack): SwiftNode {
  const signature = p.pop("genericSignature");
  const module = needModule(p);
  const protocol = needProtocol(p);
  let type = p.pop("type");
  let name: SwiftNode | undefined;
  if (type === undefined) {
    name = p.need("identifier");
    type = p.need("type");
  }
  if (signature !== undefined) type = p.type(p.make("dependentGenericType", [signature, type]));
  const parts = [type, protocol, module];
  if (name !== undefined) parts.push(name);
  return p.make("protocolConformance", parts);
}

/** `H`, the conformances inside types. Undefined when the letter is none of them. */
export function conformanceOperator(p: OperandStack, letter: string): SwiftNode | undefined {
  switch (letter) {
    case "A": {
      const index = conformanceIndex(p);
      const protocol = needProtocol(p);
      const associated = p.make("phraseWithParts", [p.need("type"), protocol], "dependent associated conformance ");
      return p.make("dependentConformance", [needDependent(p), associated, index], "dependent associated protocol conformance ");
    }
    case "C": {
      const list = needConformanceList(p);
      const reference = p.pop("conformanceReference") ?? retroactiveReference(p);
      return p.make("concreteConformance", [p.need("type"), reference, list]);
    }
    case "D": {
      const index = conformanceIndex(p);
      const protocol = needProtocol(p);
      return p.make("dependentConformance", [p.need("type"), protocol, index], "dependent root protocol conformance ");
    }
    case "I": {
      const index = conformanceIndex(p);
      const protocol = needProtocol(p);
      return p.make("dependentConformance", [needDependent(p), protocol, index], "dependent inherited protocol conformance ");
    }
    case "O": {
      const type = p.need("type");
      return p.make("opaqueConformance", [needDependent(p), type]);
    }
    case "P":
      return p.make("conformanceReference", [needProtocol(p)], "protocol conformance ref (type's module) ");
    case "p":
      return p.make("conformanceReference", [needProtocol(p)], "protocol conformance ref (protocol's module) ");
    case "X":
      return p.make("packConformance", [needConformanceList(p)]);
    default:
      return undefined;
  }
}

function retroactiveReference(p: OperandStack): SwiftNode {
  const module = needModule(p);
  return p.make("conformanceReference", [needProtocol(p), module], "protocol conformance ref (retroactive) ");
}

function needConformanceList(p: OperandStack): SwiftNode {
  return p.make(
    "conformanceList",
    p.popList(() => p.needOf(isConformance)),
  );
}

function needDependent(p: OperandStack): SwiftNode {
  return p.need("dependentConformance");
}

/** The place of a conformance in its environment; text says "unknown" where the compiler did not know it. Zero is not used. */
function conformanceIndex(p: OperandStack): SwiftNode {
  const index = p.index();
  if (index === 0) throw malformed;
  return index === 1 ? p.make("number", [], "unknown") : p.make("number", [], "", index - 2);
}

/** `g`: a conformance declared by neither the module of the type nor that of the protocol. */
export function retroactiveConformance(p: OperandStack): SwiftNode {
  const index = p.indexNode();
  return p.make("retroactiveConformance", [index, p.needOf(isConformance)]);
}

/** The differentiability of a function type, as a word of its attributes. */
export function differentiability(p: OperandStack): string {
  const text = differentiabilities[p.next()];
  if (text === undefined) throw malformed;
  return text;
}
