/** Declarations: functions, variables, subscripts, closures, initializers, macros and their names. Mangling.rst, "Entities". */
import { needContext, needModule } from "./generics.ts";
import { isExpansion, isName, isNominal, malformed, type NodeKind, type SwiftNode } from "./node.ts";
import type { OperandStack } from "./operand-stack.ts";
import { accessors, addressors, fixities, mutableAddressors, operatorText } from "./tables.ts";
import { functionType, popParameterLabels } from "./types.ts";

/** `F`: a function. */
export function plainFunction(p: OperandStack): SwiftNode {
  const signature = p.pop("genericSignature");
  let type = functionType(p, "functionType");
  const labels = popParameterLabels(p, type);
  if (signature !== undefined) type = p.type(p.make("dependentGenericType", [signature, type]));
  const name = p.needOf(isName);
  return p.make("function", entityParts(needContext(p), name, labels, type));
}

function entityParts(context: SwiftNode, name: SwiftNode, labels: SwiftNode | undefined, type: SwiftNode): SwiftNode[] {
  return labels === undefined ? [context, name, type] : [context, name, labels, type];
}

function namedEntity(p: OperandStack, kind: NodeKind): SwiftNode {
  const type = p.need("type");
  const labels = popParameterLabels(p, type);
  const name = p.needOf(isName);
  return p.make(kind, entityParts(needContext(p), name, labels, type));
}

/** `v`: a variable, or an accessor of it. */
export function variable(p: OperandStack): SwiftNode {
  return accessor(p, namedEntity(p, "variable"));
}

/** `i`: a subscript, or an accessor of it. */
export function subscript(p: OperandStack): SwiftNode {
  const privateName = p.pop("privateName");
  const type = p.need("type");
  const labels = popParameterLabels(p, type);
  const parts = [needContext(p)];
  if (labels !== undefined) parts.push(labels);
  parts.push(type);
  if (privateName !== undefined) parts.push(privateName);
  return accessor(p, p.make("subscript", parts));
}

function accessor(p: OperandStack, storage: SwiftNode): SwiftNode {
  const letter = p.next();
  if (letter === "p") return storage;
  const text = letter === "a" ? mutableAddressors[p.next()] : letter === "l" ? addressors[p.next()] : accessors[letter];
  if (text === undefined) throw malformed;
  return p.make("accessor", [storage], text);
}

/** Entities of a context that have neither name nor type, by the letter after `f`. */
const unnamedEntities: Record<string, string> = {
  E: "__ivar_destroyer",
  e: "__ivar_initializer",
  i: "variable initialization expression",
  P: "property wrapper backing initializer",
  W: "property wrapper init from projected value",
  F: "property wrapped field init accessor",
};

/** `f`: what belongs to a declaration without being named in it. */
export function functionEntity(p: OperandStack): SwiftNode {
  const letter = p.next();
  switch (letter) {
    case "D":
      return p.make("deallocator", [needContext(p)]);
    case "d":
      return p.make("destructor", [needContext(p)]);
    case "Z":
      return p.make("isolatedDeallocator", [needContext(p)]);
    case "C":
      return initializer(p, "allocator");
    case "c":
      return initializer(p, "constructor");
    case "U":
      return closure(p, "explicitClosure");
    case "u":
      return closure(p, "implicitClosure");
    case "A": {
      const index = p.index();
      return p.make("defaultArgument", [needContext(p)], "", index);
    }
    case "a": {
      const subject = p.needAny();
      return p.make("unnamedEntity", [needContext(p), subject], "runtime attribute generator");
    }
    case "m":
      return namedEntity(p, "macro");
    case "M":
      return macroExpansion(p);
    case "p":
      return namedEntity(p, "genericParameterDeclaration");
    default: {
      const text = unnamedEntities[letter];
      if (text === undefined) throw malformed;
      return p.make("unnamedEntity", [needContext(p)], text);
    }
  }
}

function initializer(p: OperandStack, kind: NodeKind): SwiftNode {
  const privateName = p.pop("privateName");
  const type = p.need("type");
  const labels = popParameterLabels(p, type);
  const parts = [needContext(p)];
  if (labels !== undefined) parts.push(labels);
  parts.push(type);
  if (privateName !== undefined) parts.push(privateName);
  return p.make(kind, parts);
}

function closure(p: OperandStack, kind: NodeKind): SwiftNode {
  const index = p.index();
  const type = p.need("type");
  return p.make(kind, [needContext(p), type], "", index);
}

/** What an attached macro makes, by the letter after `fM`. */
const macroRoles: Record<string, string> = {
  a: "accessor",
  r: "memberAttribute",
  m: "member",
  p: "peer",
  c: "conformance",
  e: "extension",
  q: "preamble",
  b: "body",
};

/** `fM`: code a macro made. */
function macroExpansion(p: OperandStack): SwiftNode {
  const letter = p.next();
  if (letter === "X") {
    const line = p.indexNode();
    const column = p.indexNode();
    const file = p.need("identifier");
    return p.make("expansionPlace", [p.need("identifier"), file, line, column]);
  }
  const role = macroRoles[letter];
  if (role === undefined && letter !== "f" && letter !== "u") throw malformed;
  const macro = p.need("identifier");
  const discriminator = letter === "f" ? p.pop("privateName") : undefined;
  const attachedTo = role === undefined ? undefined : p.popOf(isName);
  const context = p.popOf(isExpansion) ?? needContext(p);
  const index = p.index();
  if (role !== undefined) {
    // Without a declaration to be attached to, the expansion goes by the name of the macro.
    return p.make("attachedExpansion", [context, attachedTo ?? macro], `${role} macro @${macro.text} expansion #`, index);
  }
  const words = letter === "f" ? "freestanding macro expansion #" : "unique name #";
  const parts = discriminator === undefined ? [context, macro] : [context, macro, discriminator];
  return p.make("freestandingExpansion", parts, words, index);
}

/** `E`: an extension of a type of another module. */
export function extension(p: OperandStack): SwiftNode {
  const signature = p.pop("genericSignature");
  const module = needModule(p);
  const type = p.needTypeChild();
  if (!isNominal(type.kind)) throw malformed;
  return p.make("extension", signature === undefined ? [module, type] : [module, type, signature]);
}

/** `L`: a name that is told from others of its text by a number, a file or its relation. */
export function localIdentifier(p: OperandStack): SwiftNode {
  if (p.nextIf("L")) {
    const discriminator = p.need("identifier");
    return p.make("privateName", [p.needOf(isName)], discriminator.text);
  }
  if (p.nextIf("l")) return p.make("privateName", [], p.need("identifier").text);
  const letter = p.peek();
  if ((letter >= "a" && letter <= "j") || (letter >= "A" && letter <= "J")) {
    p.pos++;
    return p.make("relatedName", [p.needAny()], letter);
  }
  const index = p.index();
  return p.make("localName", [p.needOf(isName)], "", index);
}

/** `o`: an identifier that names an operator. */
export function operatorIdentifier(p: OperandStack): SwiftNode {
  const text = operatorText(p.need("identifier").text);
  const fixity = fixities[p.next()];
  if (text === null || fixity === undefined) throw malformed;
  return p.make("operatorName", [], text + fixity);
}
