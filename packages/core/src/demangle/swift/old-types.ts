/** Names, contexts and types of the old mangling, whose symbols old-mangling.ts reads. */
import { maxNesting, NameCursor } from "./cursor.ts";
import { isNominal, malformed, type NodeKind, type SwiftNode } from "./node.ts";
import { decodeSwiftPunycode } from "./punycode.ts";
import {
  builtinTypes,
  clangModule,
  differentiabilities,
  fixities,
  layouts,
  metatypeRepresentations,
  oldStandardTypes,
  operatorText,
  parameterName,
  standardModule,
  synthesizedModule,
} from "./tables.ts";

/** Builtin types the old mangling has. */
const oldBuiltins = new Set(["b", "B", "O", "o", "p", "t", "w"]);

/** Function types by their letter; those after `X` are told apart below. */
const functionTypes: Record<string, NodeKind> = {
  b: "objCBlock",
  c: "cFunctionPointer",
  F: "functionType",
  f: "uncurriedFunctionType",
  K: "autoClosureType",
};

/** Types that say more of another, after `X`. */
const references: Record<string, string> = { o: "unowned ", u: "unowned(unsafe) ", w: "weak " };

const nominalKinds: Record<string, NodeKind> = { V: "structure", O: "enum", C: "class" };

const calleeConventions: Record<string, string> = {
  t: "@convention(thin)",
  d: "@callee_unowned",
  g: "@callee_guaranteed",
  o: "@callee_owned",
};

const parameterConventions: Record<string, string> = {
  d: "@unowned",
  g: "@guaranteed",
  e: "@deallocating",
  i: "@in",
  l: "@inout",
  o: "@owned",
};

const resultConventions: Record<string, string> = {
  a: "@autoreleased",
  d: "@unowned",
  D: "@unowned_inner_pointer",
  i: "@out",
  o: "@owned",
};

const representations: Record<string, string> = { b: "block", c: "c", m: "method", O: "objc_method", w: "witness_method" };

export abstract class OldTypes extends NameCursor {
  private substitutions: SwiftNode[] = [];
  private nesting = 0;

  /** A declaration of any kind. */
  protected abstract entity(): SwiftNode;

  /** Reads one level deeper. */
  protected nest(read: () => SwiftNode): SwiftNode {
    if (++this.nesting > maxNesting) throw malformed;
    const node = read();
    this.nesting--;
    return node;
  }

  /** What a specialization refers to is not shared with what it is of. */
  protected forgetSubstitutions(): void {
    this.substitutions = [];
  }

  private remember(node: SwiftNode): SwiftNode {
    this.substitutions.push(node);
    return node;
  }

  protected declarationName(): SwiftNode {
    if (this.nextIf("L")) {
      const index = this.index();
      return this.make("localName", [this.identifier()], "", index);
    }
    if (this.nextIf("P")) {
      const discriminator = this.identifier().text;
      return this.make("privateName", [this.identifier()], discriminator);
    }
    return this.identifier();
  }

  protected identifier(): SwiftNode {
    const encoded = this.nextIf("X");
    let fixity: string | undefined;
    if (this.nextIf("o")) {
      fixity = fixities[this.next()];
      if (fixity === undefined) throw malformed;
    }
    let text: string | null = this.take(this.natural());
    if (encoded) text = decodeSwiftPunycode(text);
    if (text !== null && fixity !== undefined) text = operatorText(text);
    if (text === null || text === "") throw malformed;
    return fixity === undefined ? this.make("identifier", [], text) : this.make("operatorName", [], text + fixity);
  }

  /** `S` has been taken: a standard type, a module, or something named before. */
  private substitution(): SwiftNode {
    if (this.nextIf("o")) return this.make("module", [], clangModule);
    if (this.nextIf("C")) return this.make("module", [], synthesizedModule);
    const known = oldStandardTypes.get(this.peek());
    if (known !== undefined) {
      this.pos++;
      return this.make(known.kind, [this.make("module", [], standardModule), this.make("identifier", [], known.name)]);
    }
    const node = this.substitutions[this.index()];
    if (node === undefined) throw malformed;
    return node;
  }

  private module(): SwiftNode {
    if (this.nextIf("s")) return this.make("module", [], standardModule);
    if (this.nextIf("S")) {
      const module = this.substitution();
      if (module.kind !== "module") throw malformed;
      return module;
    }
    const name = this.identifier();
    if (name.kind !== "identifier") throw malformed;
    return this.remember(this.make("module", [], name.text));
  }

  private declared(kind: NodeKind): SwiftNode {
    const context = this.context();
    return this.remember(this.make(kind, [context, this.declarationName()]));
  }

  protected protocolName(): SwiftNode {
    return this.type(this.nest(() => this.protocolDeclaration()));
  }

  private protocolDeclaration(): SwiftNode {
    if (this.nextIf("S")) {
      const node = this.substitution();
      if (node.kind === "protocol") return node;
      if (node.kind !== "module") throw malformed;
      return this.protocolIn(node);
    }
    if (this.nextIf("s")) return this.protocolIn(this.make("module", [], standardModule));
    return this.declared("protocol");
  }

  private protocolIn(context: SwiftNode): SwiftNode {
    return this.remember(this.make("protocol", [context, this.declarationName()]));
  }

  protected nominalType(): SwiftNode {
    if (this.nextIf("S")) return this.substitution();
    if (this.nextIf("P")) return this.declared("protocol");
    const kind = nominalKinds[this.next()];
    if (kind === undefined) throw malformed;
    return this.declared(kind);
  }

  private boundGenericType(): SwiftNode {
    return this.boundArguments(this.nominalType());
  }

  /** The arguments of the outermost declaration come first. */
  private boundArguments(nominal: SwiftNode): SwiftNode {
    return this.nest(() => {
      const context = nominal.child(0);
      let bound = nominal;
      if (context.kind !== "module" && context.kind !== "function" && context.kind !== "extension") {
        bound = this.make(nominal.kind, [this.boundArguments(context), ...nominal.children.slice(1)], nominal.text, nominal.number);
      }
      const types: SwiftNode[] = [];
      while (!this.nextIf("_")) types.push(this.typeNode());
      if (types.length === 0) return bound;
      if (bound.kind !== "class" && bound.kind !== "structure" && bound.kind !== "enum") throw malformed;
      return this.make("boundGeneric", [this.type(bound), this.make("typeList", types)]);
    });
  }

  protected context(): SwiftNode {
    return this.nest(() => this.contextBody());
  }

  private contextBody(): SwiftNode {
    if (this.nextIf("E")) {
      const module = this.module();
      return this.make("extension", [module, this.context()]);
    }
    if (this.nextIf("e")) {
      const module = this.module();
      const signature = this.genericSignature();
      return this.make("extension", [module, this.context(), signature]);
    }
    if (this.nextIf("S")) return this.substitution();
    if (this.nextIf("s")) return this.make("module", [], standardModule);
    if (this.nextIf("G")) return this.boundGenericType();
    const letter = this.peek();
    return letter !== "" && "FIvisPCVOZ".includes(letter) && letter !== "s" ? this.entity() : this.module();
  }

  protected protocolConformance(): SwiftNode {
    const type = this.typeNode();
    const protocol = this.protocolName();
    return this.make("protocolConformance", [type, protocol, this.context()]);
  }

  /** A type, below a `type` node. */
  protected typeNode(): SwiftNode {
    return this.type(this.nest(() => this.typeBody()));
  }

  private typeBody(): SwiftNode {
    const letter = this.next();
    const functionKind = functionTypes[letter];
    if (functionKind !== undefined) return this.functionType(functionKind);
    const nominal = nominalKinds[letter];
    if (nominal !== undefined) return this.declared(nominal);
    switch (letter) {
      case "B":
        return this.builtinType();
      case "a":
        return this.declared("typeAlias");
      case "D":
        return this.make("dynamicSelf", [this.typeNode()]);
      case "E":
        if (!this.nextIf("RR")) throw malformed;
        return this.make("errorType");
      case "G":
        return this.boundGenericType();
      case "X":
        return this.specialType();
      case "M":
        return this.make("metatype", [this.typeNode()]);
      case "P":
        return this.nextIf("M") ? this.make("existentialMetatype", [this.typeNode()]) : this.protocolList();
      case "Q":
        if (this.nextIf("u")) return this.make("opaqueReturnType");
        if (this.nextIf("U")) return this.make("opaqueReturnType", [this.indexNode()]);
        return this.archetype();
      case "q":
        return this.dependentType();
      case "x":
        return this.genericParameter(0, 0);
      case "w":
        return this.associatedType();
      case "W":
        return this.compoundAssociatedType();
      case "R":
        return this.make("inOut", [this.nest(() => this.typeBody())]);
      case "k":
        return this.make("modifier", [this.nest(() => this.typeBody())], "@noDerivative ");
      case "S":
        return this.substitution();
      case "T":
        return this.tuple(false);
      case "t":
        return this.tuple(true);
      case "u": {
        const signature = this.genericSignature();
        return this.make("dependentGenericType", [signature, this.typeNode()]);
      }
      default:
        throw malformed;
    }
  }

  private builtinType(): SwiftNode {
    const letter = this.next();
    if (oldBuiltins.has(letter)) return this.make("builtin", [], builtinTypes[letter]!);
    if (letter !== "v") return this.make("builtin", [], `Builtin.${this.builtinNumber(letter)}`);
    const size = this.natural();
    if (size < 0 || !this.nextIf("B")) throw malformed;
    const element = this.nextIf("p") ? "RawPointer" : this.builtinNumber(this.next());
    return this.make("builtin", [], `Builtin.Vec${size}x${element}`);
  }

  private builtinNumber(letter: string): string {
    const size = letter === "f" || letter === "i" ? this.natural() : -1;
    if (size < 0 || !this.nextIf("_")) throw malformed;
    return letter === "f" ? `FPIEEE${size}` : `Int${size}`;
  }

  private functionType(kind: NodeKind): SwiftNode {
    const parts: SwiftNode[] = [];
    if (this.nextIf("z")) parts.push(this.make("throws", [], " throws"));
    if (this.nextIf("y")) parts.push(this.make("sendable", [], "@Sendable "));
    if (this.nextIf("Z")) parts.push(this.make("async", [], " async"));
    if (this.nextIf("D")) {
      const text = differentiabilities[this.next()];
      if (text === undefined) throw malformed;
      parts.push(this.make("differentiable", [], `${text} `));
    }
    if (this.nextIf("Y")) parts.push(this.make("globalActor", [this.typeNode()]));
    parts.push(this.make("argumentTuple", [this.typeNode()]), this.make("returnType", [this.typeNode()]));
    return this.make(kind, parts);
  }

  private tuple(variadic: boolean): SwiftNode {
    const elements: SwiftNode[] = [];
    while (!this.nextIf("_")) {
      const parts: SwiftNode[] = [];
      const code = this.peekCode();
      if ((code >= 0x30 && code <= 0x39) || code === 0x6f) {
        const label = this.identifier();
        if (label.kind !== "identifier") throw malformed;
        parts.push(this.make("tupleLabel", [], label.text));
      }
      parts.push(this.typeNode());
      elements.push(this.make("tupleElement", parts));
    }
    if (variadic) elements[elements.length - 1]?.children.push(this.make("variadic"));
    return this.make("tuple", elements);
  }

  private protocolList(): SwiftNode {
    const protocols: SwiftNode[] = [];
    while (!this.nextIf("_")) protocols.push(this.protocolName());
    return this.make("protocolList", [this.make("typeList", protocols)]);
  }

  private metatypeRepresentation(): SwiftNode {
    const text = metatypeRepresentations[this.next()];
    if (text === undefined) throw malformed;
    return this.make("metatypeRepresentation", [], text);
  }

  private specialType(): SwiftNode {
    const letter = this.next();
    const reference = references[letter];
    if (reference !== undefined) return this.make("modifier", [this.typeNode()], reference);
    switch (letter) {
      case "b":
        return this.make("box", [this.typeNode()]);
      case "B":
        return this.boxWithLayout();
      case "M": {
        const representation = this.metatypeRepresentation();
        return this.make("metatype", [representation, this.typeNode()]);
      }
      case "P": {
        if (!this.nextIf("M")) return this.protocolList();
        const representation = this.metatypeRepresentation();
        return this.make("existentialMetatype", [representation, this.typeNode()]);
      }
      case "f":
        return this.functionType("thinFunctionType");
      case "F":
        return this.implFunctionType();
      default:
        throw malformed;
    }
  }

  private boxWithLayout(): SwiftNode {
    const signature = this.nextIf("G") ? this.genericSignature() : undefined;
    const fields: SwiftNode[] = [];
    while (!this.nextIf("_")) {
      const letter = this.next();
      if (letter !== "m" && letter !== "i") throw malformed;
      fields.push(this.make("modifier", [this.typeNode()], letter === "m" ? "var " : "let "));
    }
    const layout = this.make("boxLayout", fields);
    if (signature === undefined) return this.make("boxWithLayout", [layout]);
    const args: SwiftNode[] = [];
    while (!this.nextIf("_")) args.push(this.typeNode());
    return this.make("boxWithLayout", [layout, signature, this.make("typeList", args)]);
  }

  private implFunctionType(): SwiftNode {
    const parts = [this.implAttribute(calleeConventions[this.next()])];
    if (this.nextIf("C")) {
      const name = representations[this.next()];
      parts.push(this.implAttribute(name === undefined ? undefined : `@convention(${name})`));
    }
    if (this.nextIf("h")) parts.push(this.implAttribute("@Sendable"));
    if (this.nextIf("H")) parts.push(this.implAttribute("@async"));
    if (this.nextIf("G") || this.nextIf("g")) parts.push(this.genericSignature());
    if (!this.nextIf("_")) throw malformed;
    while (!this.nextIf("_")) parts.push(this.implValue("implParameter", parameterConventions, ""));
    while (!this.nextIf("_")) {
      if (this.nextIf("z")) parts.push(this.implValue("implErrorResult", resultConventions, "@error "));
      else parts.push(this.implValue("implResult", resultConventions, ""));
    }
    return this.make("implFunctionType", parts);
  }

  private implAttribute(text: string | undefined): SwiftNode {
    if (text === undefined) throw malformed;
    return this.make("implAttribute", [], text);
  }

  private implValue(kind: NodeKind, conventions: Record<string, string>, words: string): SwiftNode {
    const convention = conventions[this.next()];
    if (convention === undefined) throw malformed;
    return this.make(kind, [this.typeNode()], `${words}${convention} `);
  }

  private genericParameter(depth: number, index: number): SwiftNode {
    const numbers = [this.make("number", [], "", depth), this.make("number", [], "", index)];
    return this.make("genericParameter", numbers, parameterName(depth, index));
  }

  private genericParameterIndex(): SwiftNode {
    if (this.nextIf("d")) {
      const depth = this.index() + 1;
      return this.genericParameter(depth, this.index());
    }
    if (this.nextIf("x")) return this.genericParameter(0, 0);
    return this.genericParameter(0, this.index() + 1);
  }

  private dependentType(): SwiftNode {
    const letter = this.peek();
    if (letter === "") throw malformed;
    if (letter === "d" || letter === "_" || (letter >= "0" && letter <= "9")) return this.genericParameterIndex();
    return this.memberOf(this.typeNode());
  }

  private memberOf(base: SwiftNode): SwiftNode {
    let name: SwiftNode;
    if (this.nextIf("S")) {
      name = this.substitution();
      if (name.kind !== "associatedTypeName") throw malformed;
    } else {
      const protocol = this.nextIf("P") ? this.protocolName() : undefined;
      const identifier = this.identifier();
      name = this.remember(this.make("associatedTypeName", protocol === undefined ? [identifier] : [identifier, protocol]));
    }
    return this.make("dependentMember", [base, name]);
  }

  private associatedType(): SwiftNode {
    return this.memberOf(this.type(this.genericParameterIndex()));
  }

  private compoundAssociatedType(): SwiftNode {
    let base = this.genericParameterIndex();
    while (!this.nextIf("_")) base = this.memberOf(this.type(base));
    return base;
  }

  /** An associated type by the path to it. */
  private archetype(): SwiftNode {
    let root: SwiftNode;
    if (this.nextIf("Q")) root = this.nest(() => this.archetype());
    else if (this.nextIf("S")) root = this.substitution();
    else if (this.nextIf("s")) root = this.make("module", [], standardModule);
    else throw malformed;
    return this.remember(this.make("associatedTypeRef", [root], this.identifier().text));
  }

  protected genericSignature(): SwiftNode {
    const parts: SwiftNode[] = [];
    while (this.peek() !== "R" && this.peek() !== "r") {
      parts.push(this.make("genericCount", [], "", this.nextIf("z") ? 0 : this.index() + 1));
    }
    if (parts.length === 0) parts.push(this.make("genericCount", [], "", 1));
    if (this.next() === "R") while (!this.nextIf("r")) parts.push(this.genericRequirement());
    return this.make("genericSignature", parts);
  }

  private constrainedType(): SwiftNode {
    if (this.nextIf("w")) return this.type(this.associatedType());
    if (this.nextIf("W")) return this.type(this.compoundAssociatedType());
    return this.type(this.genericParameterIndex());
  }

  private genericRequirement(): SwiftNode {
    const subject = this.constrainedType();
    if (this.nextIf("z")) return this.make("sameTypeRequirement", [subject, this.typeNode()]);
    if (this.nextIf("l")) return this.layoutRequirement(subject);
    if (this.peek() === "C") return this.make("conformanceRequirement", [subject, this.typeNode()]);
    if (!this.nextIf("S")) return this.make("conformanceRequirement", [subject, this.protocolName()]);
    // A substitution is a class, a protocol, or the module of a protocol.
    const node = this.substitution();
    const constraint = node.kind === "module" ? this.protocolIn(node) : node;
    if (!isNominal(constraint.kind)) throw malformed;
    return this.make("conformanceRequirement", [subject, this.type(constraint)]);
  }

  private layoutRequirement(subject: SwiftNode): SwiftNode {
    const layout = layouts[this.next()];
    if (layout === undefined) throw malformed;
    const parts = [subject];
    for (let i = 0; i < layout.sizes; i++) {
      if (i > 0 && !this.nextIf("_")) throw malformed;
      const size = this.natural();
      if (size < 0) throw malformed;
      parts.push(this.make("number", [], "", size));
    }
    return this.make("layoutRequirement", parts, layout.name);
  }
}
