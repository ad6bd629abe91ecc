/** Spelling of declarations: `context.name(parameters)`, or `what in context` where the name is no single word. */
import { malformed, type SwiftNode } from "./node.ts";
import { printFunctionType } from "./print-types.ts";
import type { Printer } from "./printer.ts";

type TypeStyle = "none" | "colon" | "function";

/** What of a declaration is spelled beside its context. `extra` comes with the name, `fixed` in its place. */
type EntityStyle = { type: TypeStyle; named: boolean; extra: string; index: number; fixed: string };

const style = (type: TypeStyle, named: boolean, extra = "", index = -1, fixed = ""): EntityStyle => ({ type, named, extra, index, fixed });

const declaredStyle = style("none", true);
const functionStyle = style("function", true);
const variableStyle = style("colon", true);
const subscriptStyle = style("function", false, "", -1, "subscript");
const initStyle = style("function", false, "init");
const namedInitStyle = style("function", true, "init");
const allocatingStyle = style("function", false, "__allocating_init");
const deinitStyle = style("none", false, "deinit");
const deallocatingStyle = style("none", false, "__deallocating_deinit");
const isolatedStyle = style("none", false, "__isolated_deallocating_deinit");

function styleOf(out: Printer, node: SwiftNode): EntityStyle {
  switch (node.kind) {
    case "function":
    case "boundFunction":
      return functionStyle;
    case "variable":
      return variableStyle;
    case "subscript":
      return subscriptStyle;
    case "allocator":
      return node.child(0).kind === "class" ? allocatingStyle : initStyle;
    case "constructor":
      return node.children.length > 2 ? namedInitStyle : initStyle;
    case "destructor":
      return deinitStyle;
    case "deallocator":
      return node.child(0).kind === "class" ? deallocatingStyle : deinitStyle;
    case "isolatedDeallocator":
      return node.child(0).kind === "class" ? isolatedStyle : deinitStyle;
    case "unnamedEntity":
      return style("none", false, node.text);
    case "explicitClosure":
      return style(closureType(out), false, "closure #", node.number + 1);
    case "implicitClosure":
      return style(closureType(out), false, "implicit closure #", node.number + 1);
    case "defaultArgument":
      return style("none", false, "default argument ", node.number);
    case "macro":
      return node.children.length === 3 ? variableStyle : functionStyle;
    case "attachedExpansion":
    case "freestandingExpansion":
      return style("none", true, node.text, node.number + 1);
    default:
      return declaredStyle;
  }
}

const closureType = (out: Printer): TypeStyle => (out.spelling.parameters === "types" ? "function" : "none");

/**
 * Spells a declaration. As the prefix of another it is only spelled when one word will do; else, and where a context could not stand before its
 * declaration, the node still to be spelled behind an " in " is returned.
 */
export function printEntity(out: Printer, node: SwiftNode, asPrefix: boolean): SwiftNode | undefined {
  return printStyled(out, node, asPrefix, styleOf(out, node));
}

/** An accessor: the variable or subscript it is of, with its own name behind. */
export function printAccessor(out: Printer, node: SwiftNode, asPrefix: boolean): SwiftNode | undefined {
  const storage = node.child(0);
  if (storage.kind === "subscript") return printStyled(out, storage, asPrefix, style("colon", false, node.text, -1, "subscript"));
  return printStyled(out, storage, asPrefix, style("colon", true, node.text));
}

function printStyled(out: Printer, node: SwiftNode, asPrefix: boolean, style: EntityStyle): SwiftNode | undefined {
  const functionArguments = node.kind === "boundFunction" ? node.child(1) : undefined;
  const entity = functionArguments === undefined ? node : node.child(0);
  const manyWords = style.extra.includes(" ") || (style.named && entity.child(1).kind === "localName");
  if (asPrefix && (style.type !== "none" || manyWords)) return entity;

  let postfix: SwiftNode | undefined;
  const context = entity.child(0);
  if (manyWords) {
    postfix = context;
  } else {
    const before = out.length;
    postfix = out.print(context, true);
    if (out.length !== before) out.write(".");
  }

  let extra = style.index >= 0 ? style.extra + style.index : style.extra;
  if (style.named || style.fixed !== "") {
    if (extra !== "" && manyWords) {
      out.write(`${extra} of `);
      extra = "";
    }
    const before = out.length;
    if (style.fixed !== "") {
      out.write(style.fixed);
    } else {
      const name = entity.child(1);
      if (name.kind !== "privateName") out.print(name);
      const privateName = entity.find("privateName");
      if (privateName !== undefined) out.print(privateName);
    }
    if (out.length !== before && extra !== "") out.write(".");
  }
  out.write(extra);
  if (style.type !== "none") printTypeOf(out, entity, style.type, functionArguments, manyWords);

  if (asPrefix || postfix === undefined) return postfix;
  const partOf = entity.kind === "defaultArgument" || (entity.kind === "unnamedEntity" && manyWords);
  out.write(partOf ? " of " : " in ");
  out.print(postfix);
  return undefined;
}

/** Types that are spelled behind the parentheses of their declaration. */
const callable = new Set(["functionType", "uncurriedFunctionType", "cFunctionPointer", "thinFunctionType"]);

function printTypeOf(
  out: Printer,
  entity: SwiftNode,
  wanted: TypeStyle,
  functionArguments: SwiftNode | undefined,
  manyWords: boolean,
): void {
  const type = entity.find("type")?.child(0);
  if (type === undefined) throw malformed;
  let inner = type;
  while (inner.kind === "dependentGenericType") inner = inner.child(1).child(0);
  if (wanted === "colon" || !callable.has(inner.kind)) {
    if (out.spelling.simplified) return;
    out.write(" : ");
  } else if (manyWords || needsSpaceBefore(type)) {
    out.write(" ");
  }
  printEntityType(out, entity, type, functionArguments);
}

function printEntityType(out: Printer, entity: SwiftNode, type: SwiftNode, functionArguments: SwiftNode | undefined): void {
  const labels = entity.find("labelList");
  if (labels === undefined && functionArguments === undefined) {
    out.print(type);
    return;
  }
  if (functionArguments !== undefined) {
    out.write("<");
    out.printAll(functionArguments.children, ", ");
    out.write(">");
  }
  let spelled = type;
  if (type.kind === "dependentGenericType") {
    if (functionArguments === undefined) out.print(type.child(0));
    if (needsSpaceBefore(type.child(1))) out.write(" ");
    spelled = type.child(1).child(0);
  }
  printFunctionType(out, spelled, labels);
}

/** Whether a type behind a generic signature stands off it: functions do not. */
export function needsSpaceBefore(type: SwiftNode): boolean {
  let node = type;
  while (node.kind === "type") node = node.child(0);
  return node.kind !== "functionType" && node.kind !== "uncurriedFunctionType" && node.kind !== "dependentGenericType";
}
