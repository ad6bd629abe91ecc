/** Spelling of types and generic signatures. */
import { malformed, type NodeKind, type SwiftNode } from "./node.ts";
import type { Printer } from "./printer.ts";
import { isStandard } from "./types.ts";

/** Generic parameters spelled of one depth, and marks of them looked at. Only malformed names have more. */
const maxSpelledParameters = 128;

/** Kinds that need parentheses where they are made optional or asked for their metatype. */
const compound = new Set([
  "constrainedExistential",
  "packElement",
  "packExpansion",
  "protocolListWithClass",
  "functionType",
  "uncurriedFunctionType",
  "thinFunctionType",
  "cFunctionPointer",
  "autoClosureType",
  "objCBlock",
  "escapingObjCBlock",
  "implFunctionType",
  "modifier",
  "inOut",
  "opaqueType",
  "opaqueReturnType",
  "extendedExistential",
  "symbolicReference",
]);

function isSimple(type: SwiftNode): boolean {
  let node = type;
  while (node.kind === "type") node = node.child(0);
  if (node.kind === "protocolList") return node.child(0).children.length <= 1;
  if (node.kind === "protocolListWithAnyObject") return node.child(0).child(0).children.length === 0;
  return !compound.has(node.kind);
}

export function withParentheses(out: Printer, type: SwiftNode): void {
  if (isSimple(type)) {
    out.print(type);
    return;
  }
  out.write("(");
  out.print(type);
  out.write(")");
}

/** A type with its arguments, as `[T]`, `[K : V]` and `T?` where the source can write it so. */
export function printBoundGeneric(out: Printer, node: SwiftNode): void {
  const nominal = node.child(0).child(0);
  const args = node.child(1).children;
  const plain = node.children.length === 2;
  if (plain && nominal.kind === "enum" && args.length === 1 && isStandard(nominal, "Optional")) {
    withParentheses(out, args[0]!);
    out.write("?");
  } else if (plain && nominal.kind === "enum" && args.length === 1 && isStandard(nominal, "ImplicitlyUnwrappedOptional")) {
    withParentheses(out, args[0]!);
    out.write("!");
  } else if (plain && nominal.kind === "structure" && args.length === 1 && isStandard(nominal, "Array")) {
    out.write("[");
    out.print(args[0]!);
    out.write("]");
  } else if (plain && nominal.kind === "structure" && args.length === 2 && isStandard(nominal, "Dictionary")) {
    out.write("[");
    out.printAll(args, " : ");
    out.write("]");
  } else if (plain && nominal.kind === "protocol") {
    out.printAll(args, "");
    out.write(" as ");
    out.print(node.child(0));
  } else {
    out.print(node.child(0));
    out.write("<");
    out.printAll(args, ", ");
    out.write(">");
  }
}

export function printSignature(out: Printer, node: SwiftNode): void {
  const parts = node.children;
  let counts = 0;
  while (counts < parts.length && parts[counts]!.kind === "genericCount") counts++;
  let requirements = counts;
  while (requirements < parts.length && (parts[requirements]!.kind === "packMarker" || parts[requirements]!.kind === "valueMarker"))
    requirements++;
  const markers = parts.slice(counts, Math.min(requirements, counts + maxSpelledParameters));
  out.write("<");
  for (let depth = 0; depth < counts; depth++) {
    if (depth > 0) out.write("><");
    printParameters(out, depth, parts[depth]!.number, markers);
  }
  if (requirements < parts.length && out.requirements) {
    out.write(" where ");
    out.printAll(parts.slice(requirements), ", ");
  }
  out.write(">");
}

function printParameters(out: Printer, depth: number, count: number, markers: SwiftNode[]): void {
  for (let index = 0; index < count; index++) {
    if (index > 0) out.write(", ");
    if (index >= maxSpelledParameters) {
      out.write("...");
      return;
    }
    // The Swift tools, whose spelling this is, compare the depth of a marked parameter with the index of this one, and the other way round.
    for (const marker of markers) if (marksParameter(marker, index, depth)) out.write(marker.kind === "packMarker" ? "each " : "let ");
    out.writeParameter(depth, index);
  }
}

function marksParameter(marker: SwiftNode, depth: number, index: number): boolean {
  const node = marker.child(0).child(0);
  return node.kind === "genericParameter" && node.child(0).number === depth && node.child(1).number === index;
}

/** Invertible protocols by their bit. */
const invertible = ["Swift.Copyable", "Swift.Escapable"];

export function printInverse(out: Printer, node: SwiftNode): void {
  const bit = node.child(1).number;
  out.print(node.child(0));
  out.write(": ~");
  out.write(invertible[bit] ?? `Swift.<bit ${bit}>`);
}

export function printLayout(out: Printer, node: SwiftNode): void {
  out.print(node.child(0));
  out.write(": ");
  out.write(node.text);
  if (node.children.length > 1) {
    out.write("(");
    out.printAll(node.children.slice(1), ", ");
    out.write(")");
  }
}

/** Words before a function type that say how it is called. */
function printConvention(out: Printer, node: SwiftNode): void {
  const clang = node.find("clangType");
  const cType = clang === undefined ? "" : `, mangledCType: "${clang.text}"`;
  if (node.kind === "autoClosureType") out.write("@autoclosure ");
  else if (node.kind === "thinFunctionType") out.write("@convention(thin) ");
  else if (node.kind === "cFunctionPointer") out.write(`@convention(c${cType}) `);
  else if (node.kind === "objCBlock") out.write(`@convention(block${cType}) `);
  else if (node.kind === "escapingObjCBlock") out.write(`@escaping @convention(block${cType}) `);
}

const beforeParameters: NodeKind[] = ["isolatedAny", "globalActor", "differentiable", "nonisolatedCaller", "sendable"];
const afterParameters: NodeKind[] = ["async", "throws", "typedThrows"];

function printPart(out: Printer, node: SwiftNode, kind: NodeKind): void {
  const part = node.find(kind);
  if (part !== undefined) out.print(part);
}

export function printFunctionType(out: Printer, node: SwiftNode, labels: SwiftNode | undefined): void {
  const args = node.find("argumentTuple");
  const result = node.find("returnType");
  if (args === undefined || result === undefined) throw malformed;
  if (node.kind !== "functionType") printConvention(out, node);
  const hasMore = node.children.length > 2;
  if (hasMore) for (const kind of beforeParameters) printPart(out, node, kind);
  if (out.spelling.parameters !== "none") printParameterTuple(out, args, labels);
  if (!out.spelling.result) return;
  if (hasMore) for (const kind of afterParameters) printPart(out, node, kind);
  out.write(" -> ");
  if (hasMore) printPart(out, node, "sendingResult");
  out.print(result);
}

export function printParameterTuple(out: Printer, args: SwiftNode, labels: SwiftNode | undefined): void {
  const showTypes = out.spelling.parameters === "types";
  const tuple = args.child(0).child(0);
  if (tuple.kind !== "tuple") {
    if (showTypes) {
      out.write("(");
      out.print(tuple);
      out.write(")");
    } else {
      out.write("(_:)");
    }
    return;
  }
  const labelled = labels !== undefined && labels.children.length > 0;
  out.write("(");
  tuple.children.forEach((element, i) => {
    if (i > 0 && showTypes) out.write(", ");
    if (labelled) {
      const label = labels.child(i);
      out.write(label.kind === "identifier" ? `${label.text}:` : "_:");
      if (showTypes) out.write(" ");
    } else if (!showTypes) {
      out.write(`${element.find("tupleLabel")?.text ?? "_"}:`);
    }
    if (showTypes) out.print(element);
  });
  out.write(")");
}

export function printTupleElement(out: Printer, node: SwiftNode): void {
  const label = node.find("tupleLabel");
  if (label !== undefined) out.write(`${label.text}: `);
  const type = node.find("type");
  if (type === undefined) throw malformed;
  out.print(type);
  if (node.find("variadic") !== undefined) out.write("...");
}

export function printImplFunction(out: Printer, node: SwiftNode): void {
  const pattern = node.find("implPatternSubstitutions");
  const invocation = node.find("implInvocationSubstitutions");
  const sending = node.find("implSending") !== undefined;
  const parameters: SwiftNode[] = [];
  const results: SwiftNode[] = [];
  for (const part of node.children) {
    if (part.kind === "implParameter") {
      parameters.push(part);
    } else if (part.kind === "implResult" || part.kind === "implYield" || part.kind === "implErrorResult") {
      results.push(part);
    } else if (part.kind === "implAttribute" || part.kind === "genericSignature") {
      out.print(part);
      out.write(" ");
    }
  }
  if (pattern !== undefined) {
    out.write("@substituted ");
    out.print(pattern.child(0));
    out.write(" ");
  }
  out.write("(");
  out.printAll(parameters, ", ");
  out.write(sending ? ") -> sending (" : ") -> (");
  out.printAll(results, ", ");
  out.write(")");
  for (const substitutions of [pattern?.child(1), invocation?.child(0)]) {
    if (substitutions === undefined) continue;
    out.write(" for <");
    out.printAll(substitutions.children, "");
    out.write(">");
  }
}

export function printMetatype(out: Printer, node: SwiftNode): void {
  const type = node.last();
  if (node.children.length > 1) {
    out.print(node.child(0));
    out.write(" ");
  }
  if (node.kind === "existentialMetatype") {
    out.print(type);
    out.write(".Type");
    return;
  }
  const instance = type.child(0);
  withParentheses(out, instance);
  const existential = instance.kind === "existentialMetatype" || instance.kind.startsWith("protocolList");
  out.write(existential ? ".Protocol" : ".Type");
}

export function printBox(out: Printer, node: SwiftNode): void {
  if (node.children.length === 3) {
    out.print(node.child(1));
    out.write(" ");
  }
  out.write("{");
  node.child(0).children.forEach((field, i) => {
    out.write(i > 0 ? ", " : " ");
    out.print(field);
  });
  out.write(" }");
  if (node.children.length === 3) {
    out.write(" <");
    out.printAll(node.child(2).children, ", ");
    out.write(">");
  }
}
