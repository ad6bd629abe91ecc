/** Spells a tree as `swift demangle` does: the walk and the kinds that are a few words each. */
import { malformed, type SwiftNode } from "./node.ts";
import { needsSpaceBefore, printAccessor, printEntity } from "./print-entities.ts";
import { printCompletionHandler, printReordering, printSpecialization, printSubset, printWithRespectTo } from "./print-symbols.ts";
import {
  printBoundGeneric,
  printBox,
  printFunctionType,
  printImplFunction,
  printInverse,
  printLayout,
  printMetatype,
  printParameterTuple,
  printSignature,
  printTupleElement,
  withParentheses,
} from "./print-types.ts";
import type { FullSpelling } from "./spelling.ts";
import { parameterName } from "./tables.ts";

/** Longest spelling of a name. Substitutions let a short name stand for a very long one. */
export const maxSpellingLength = 1 << 16;

/** Nodes visited for one name: parts that spell nothing cost time, too. */
const maxVisits = 1 << 18;

/** How deep trees are followed; below that the Swift tools and we say so in the name. */
const maxDepth = 512;

export class Printer {
  readonly spelling: FullSpelling;
  /** Spells names inside names, as specializations have them; null where one is none. */
  readonly nested: (mangled: string) => string | null;
  /** Whether "specialized " has been said: it is only once, however many specializations there are. */
  specialized = false;
  /** Whether the requirements of generic signatures are spelled. */
  requirements: boolean;
  length = 0;
  private text = "";
  private depth = 0;
  private visits = 0;
  constructor(spelling: FullSpelling, nested: (mangled: string) => string | null) {
    this.spelling = spelling;
    this.requirements = !spelling.simplified;
    this.nested = nested;
  }

  finish(): string {
    return this.text;
  }

  write(text: string): void {
    this.length += text.length;
    if (this.length > maxSpellingLength) throw malformed;
    this.text += text;
  }

  writeParameter(depth: number, index: number): void {
    this.write(parameterName(depth, index));
  }

  printAll(nodes: readonly SwiftNode[], separator: string): void {
    for (let i = 0; i < nodes.length; i++) {
      if (i > 0) this.write(separator);
      this.print(nodes[i]!);
    }
  }

  /** Spells a node. What is returned could not stand before the declaration it is the context of, and must be spelled behind it. */
  print(node: SwiftNode, asPrefix = false): SwiftNode | undefined {
    if (++this.visits > maxVisits) throw malformed;
    if (this.depth >= maxDepth) {
      this.write("<<too complex>>");
      return undefined;
    }
    this.depth++;
    const postfix = this.spell(node, asPrefix);
    this.depth--;
    return postfix;
  }

  private spell(node: SwiftNode, asPrefix: boolean): SwiftNode | undefined {
    const simplified = this.spelling.simplified;
    switch (node.kind) {
      case "function":
      case "boundFunction":
      case "variable":
      case "subscript":
      case "class":
      case "structure":
      case "enum":
      case "protocol":
      case "typeAlias":
      case "otherNominal":
      case "allocator":
      case "constructor":
      case "destructor":
      case "deallocator":
      case "isolatedDeallocator":
      case "unnamedEntity":
      case "explicitClosure":
      case "implicitClosure":
      case "defaultArgument":
      case "macro":
      case "attachedExpansion":
      case "freestandingExpansion":
      case "genericParameterDeclaration":
        return printEntity(this, node, asPrefix);
      case "accessor":
        return printAccessor(this, node, asPrefix);

      case "type":
      case "returnType":
      case "packConformance":
        if (node.kind === "packConformance") this.write("pack protocol conformance ");
        this.printAll(node.children, "");
        break;
      case "global":
      case "typeList":
        this.printAll(node.children, "");
        break;

      case "module":
        if (!simplified) this.write(node.text);
        break;
      case "extension":
        if (!simplified) {
          this.write("(extension in ");
          this.print(node.child(0), true);
          this.write("):");
        }
        this.printAll(node.children.slice(1), "");
        break;
      case "anonymousContext":
        if (simplified) break;
        this.print(node.child(1));
        this.write(".(unknown context at ");
        this.print(node.child(0));
        this.write(")");
        if (node.child(2).children.length > 0) {
          this.write("<");
          this.print(node.child(2));
          this.write(">");
        }
        break;
      case "symbolicReference":
        this.write("<unknown>");
        break;

      case "identifier":
      case "operatorName":
      case "builtin":
      case "clangType":
      case "metatypeRepresentation":
      case "implAttribute":
      case "indexSubset":
      case "genericParameter":
      case "integerType":
      case "specializationFlags":
      case "attribute":
        this.write(node.text);
        break;
      case "number":
        this.write(`${node.number}`);
        break;
      case "localName":
        this.print(node.child(0));
        this.write(` #${node.number + 1}`);
        break;
      case "privateName":
        this.printPrivateName(node);
        break;
      case "relatedName":
        this.write(`related decl '${node.text}' for `);
        this.print(node.child(0));
        break;

      case "static":
        this.write("static ");
        this.print(node.child(0));
        break;
      case "phrase":
      case "phraseWithParts":
      case "entityThunk":
      case "modifier":
      case "implParameter":
      case "implResult":
      case "implYield":
      case "implErrorResult":
      case "conformanceReference":
        this.write(node.text);
        this.printAll(node.children, "");
        break;
      case "inOut":
        this.write("inout ");
        this.print(node.child(0));
        break;
      case "dispensableAttribute":
        if (!simplified) this.write(node.text);
        break;
      case "suffix":
        if (!simplified) this.write(` with unmangled suffix ${quoted(node.text)}`);
        break;
      case "partialApply":
        this.write(simplified ? "partial apply" : node.text);
        if (node.children.length > 0) {
          this.write(" for ");
          this.printAll(node.children, "");
        }
        break;
      case "specialization":
        printSpecialization(this, node);
        break;
      case "serialized":
        this.write("serialized");
        break;
      case "typeMangling":
        if (node.children.length > 1) printFunctionType(this, node.child(1).child(0), node.child(0));
        else this.print(node.child(0));
        break;
      case "valueWitness":
        this.write(node.text + (simplified ? " for " : " value witness for "));
        this.print(node.child(0));
        break;
      case "reabstractionThunk":
      case "selfReabstractionThunk":
        this.printReabstraction(node);
        break;
      case "keyPathAccess":
        this.write(node.text);
        this.print(node.child(0));
        this.write(" : ");
        for (const part of node.children.slice(1)) {
          if (part.kind === "serialized") this.write(", ");
          this.print(part);
        }
        break;
      case "keyPathOperator":
        this.write(node.text);
        if (node.children.length > 1) this.print(node.child(1));
        this.write("(");
        this.printAll(node.child(0).children, ", ");
        this.write(")");
        break;
      case "derivative":
      case "differentiabilityWitness":
        printWithRespectTo(this, node);
        break;
      case "reorderingThunk":
        printReordering(this, node);
        break;
      case "subsetThunk":
        printSubset(this, node);
        break;
      case "onceSymbol":
        this.write(node.text);
        this.print(node.child(1));
        break;
      case "onceNames":
        if (node.children.length === 1) {
          this.print(node.child(0));
        } else {
          this.write("(");
          this.printAll(node.children, ", ");
          this.write(")");
        }
        break;
      case "completionHandler":
        printCompletionHandler(this, node);
        break;

      case "boundGeneric":
        printBoundGeneric(this, node);
        break;
      case "functionType":
      case "uncurriedFunctionType":
      case "thinFunctionType":
      case "cFunctionPointer":
      case "autoClosureType":
      case "objCBlock":
      case "escapingObjCBlock":
        printFunctionType(this, node, undefined);
        break;
      case "argumentTuple":
        printParameterTuple(this, node, undefined);
        break;
      case "implFunctionType":
        printImplFunction(this, node);
        break;
      case "tuple":
        this.write("(");
        this.printAll(node.children, ", ");
        this.write(")");
        break;
      case "tupleElement":
        printTupleElement(this, node);
        break;
      case "pack":
        this.write(`${node.text}Pack{`);
        this.printAll(node.children, ", ");
        this.write("}");
        break;
      case "packExpansion":
        this.write("repeat ");
        this.print(node.child(0));
        break;
      case "packElement":
        this.write(`/* level: ${node.child(1).number} */ each `);
        this.print(node.child(0));
        break;
      case "metatype":
      case "existentialMetatype":
        printMetatype(this, node);
        break;
      case "fixedArray":
        this.write("Builtin.FixedArray<");
        this.printAll(node.children, ", ");
        this.write(">");
        break;
      case "builtinTuple":
        this.write("Builtin.TheTupleType");
        break;
      case "protocolList":
        if (node.child(0).children.length === 0) this.write("Any");
        else this.printAll(node.child(0).children, " & ");
        break;
      case "protocolListWithClass":
        this.print(node.child(1));
        this.write(" & ");
        this.printAll(node.child(0).child(0).children, " & ");
        break;
      case "protocolListWithAnyObject":
        for (const protocol of node.child(0).child(0).children) {
          this.print(protocol);
          this.write(" & ");
        }
        this.write("Swift.AnyObject");
        break;
      case "constrainedExistential":
        this.write("any ");
        this.print(node.child(0));
        this.write("<");
        this.print(node.child(1));
        this.write(">");
        break;
      case "requirementList":
        this.printAll(node.children, ", ");
        break;
      case "constrainedSelf":
      case "dynamicSelf":
        this.write("Self");
        break;
      case "extendedExistential":
        this.write("symbolic existential type <");
        this.printAll(node.children.slice(1), ", ");
        this.write(">");
        break;
      case "existentialShape":
        this.printShape(node);
        break;
      case "box":
        this.write("@box ");
        this.print(node.child(0));
        break;
      case "boxWithLayout":
        printBox(this, node);
        break;
      case "sugaredOptional":
        withParentheses(this, node.child(0));
        this.write("?");
        break;
      case "sugaredArray":
        this.bracketed("[", node, "", "]");
        break;
      case "sugaredInlineArray":
        this.bracketed("[", node, " of ", "]");
        break;
      case "sugaredDictionary":
        this.bracketed("[", node, " : ", "]");
        break;
      case "sugaredParen":
        this.bracketed("(", node, "", ")");
        break;
      case "opaqueReturnType":
        this.write("some");
        break;
      case "opaqueReturnTypeOf":
        this.bracketed("<<opaque return type of ", node, "", ">>");
        break;
      case "opaqueType":
        this.print(node.child(0));
        this.write(".");
        this.print(node.child(1));
        break;
      case "errorType":
        this.write("<ERROR TYPE>");
        break;

      case "genericSignature":
        printSignature(this, node);
        break;
      case "dependentGenericType":
        this.print(node.child(0));
        if (needsSpaceBefore(node.child(1))) this.write(" ");
        this.print(node.child(1));
        break;
      case "dependentMember":
        this.bracketed("", node, ".", "");
        break;
      case "associatedTypeRef":
        this.print(node.child(0));
        this.write(`.${node.text}`);
        break;
      case "associatedTypeName":
        if (node.children.length > 1) {
          this.print(node.child(1));
          this.write(".");
        }
        this.print(node.child(0));
        break;
      case "associatedTypePath":
        this.bracketed("", node, ".", "");
        break;
      case "conformanceRequirement":
        this.bracketed("", node, ": ", "");
        break;
      case "inverseRequirement":
        printInverse(this, node);
        break;
      case "layoutRequirement":
        printLayout(this, node);
        break;
      case "sameTypeRequirement":
        this.bracketed("", node, " == ", "");
        break;
      case "sameShapeRequirement":
        this.bracketed("", node, ".shape == ", ".shape");
        break;

      case "protocolConformance":
        this.printConformance(node);
        break;
      case "concreteConformance":
        this.write("concrete protocol conformance ");
        this.print(node.child(0));
        this.write(" to ");
        this.print(node.child(1));
        if (node.child(2).children.length > 0) {
          this.write(" with conditional requirements: ");
          this.print(node.child(2));
        }
        break;
      case "conformanceList":
        if (node.children.length > 0) this.bracketed("(", node, ", ", ")");
        break;
      case "dependentConformance":
        this.write(node.text);
        if (node.child(2).text === "") this.write(`#${node.child(2).number} `);
        this.print(node.child(0));
        this.write(" to ");
        this.print(node.child(1));
        break;
      case "opaqueConformance":
        this.write("opaque result conformance ");
        this.print(node.child(0));
        this.write(" of ");
        this.print(node.child(1));
        break;
      case "retroactiveConformance":
        this.write("retroactive @ ");
        this.printAll(node.children, "");
        break;
      case "expansionPlace":
        this.write("module ");
        this.print(node.child(0));
        this.write(" file ");
        this.print(node.child(1));
        this.write(` line ${node.child(2).number} column ${node.child(3).number}`);
        break;

      case "labelList":
        break;
      case "emptyList":
        this.write(" empty-list ");
        break;
      case "firstElement":
        this.write(" first-element-marker ");
        break;
      case "variadic":
        this.write(" variadic-marker ");
        break;
      case "throws":
      case "async":
      case "sendable":
      case "isolatedAny":
      case "nonisolatedCaller":
      case "differentiable":
      case "sendingResult":
        this.write(node.text);
        break;
      case "globalActor":
        this.bracketed("@", node, "", " ");
        break;
      case "typedThrows":
        this.bracketed(" throws(", node, "", ")");
        break;
      default:
        throw malformed;
    }
    return undefined;
  }

  /** The children between two texts, apart by a third. */
  private bracketed(before: string, node: SwiftNode, separator: string, after: string): void {
    this.write(before);
    this.printAll(node.children, separator);
    this.write(after);
  }

  private printPrivateName(node: SwiftNode): void {
    const name = node.children[0];
    if (this.spelling.simplified) {
      if (name !== undefined) this.print(name);
    } else if (name === undefined) {
      this.write(`(in ${node.text})`);
    } else {
      this.write("(");
      this.print(name);
      this.write(` in ${node.text})`);
    }
  }

  private printReabstraction(node: SwiftNode): void {
    const withSelf = node.kind === "selfReabstractionThunk";
    const types = node.children.filter((part) => part.kind !== "genericSignature");
    const signature = node.find("genericSignature");
    const from = types[types.length - 1]!;
    const to = types[types.length - 2]!;
    if (this.spelling.simplified && !withSelf) {
      this.write("thunk for ");
      this.print(from);
      return;
    }
    this.write(withSelf ? "reabstraction thunk " : node.text);
    if (signature !== undefined) {
      this.print(signature);
      this.write(" ");
    }
    this.write("from ");
    this.print(from);
    this.write(" to ");
    this.print(to);
    if (withSelf) {
      this.write(" self ");
      this.print(types[0]!);
    }
  }

  /** The shape of an existential is nothing without its requirements: they are spelled in simplified names, too. */
  private printShape(node: SwiftNode): void {
    const requirements = this.requirements;
    this.requirements = true;
    this.write("existential shape for ");
    if (node.children.length > 1) {
      this.print(node.child(0));
      this.write(" ");
    }
    this.write("any ");
    this.print(node.last());
    this.requirements = requirements;
  }

  private printConformance(node: SwiftNode): void {
    if (node.children.length === 4) {
      this.write("property behavior storage of ");
      this.print(node.child(2));
      this.write(" in ");
      this.print(node.child(0));
      this.write(" : ");
      this.print(node.child(1));
      return;
    }
    this.print(node.child(0));
    if (this.spelling.simplified) return;
    this.write(" : ");
    this.print(node.child(1));
    this.write(" in ");
    this.print(node.child(2));
  }
}

const escapes: Record<string, string> = { "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", '"': '\\"', "\0": "\\0" };

/** A text in quotes, with what cannot be read escaped. */
function quoted(text: string): string {
  let result = '"';
  for (const character of text) {
    const code = character.charCodeAt(0);
    const control = code < 0x20 || code === 0x7f;
    result += escapes[character] ?? (control ? `\\x${code.toString(16).toUpperCase().padStart(2, "0")}` : character);
  }
  return `${result}"`;
}
