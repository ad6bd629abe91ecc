/**
 * The mangling of Swift before 4.0, which Objective-C class names still use: `_T` and operators before their operands.
 *
 *     _TFC4main3Foo3barfT_T_     F a function, in C a class, "main" "Foo"; "bar"; f its type: T_ no parameters, T_ no result
 *
 * Source: Swift docs/ABI/OldMangling.rst. This file reads symbols, specializations and declarations, old-types.ts what stands in them as types.
 */
import { malformed, type NodeKind, type SwiftNode } from "./node.ts";
import { OldTypes } from "./old-types.ts";
import { accessors, addressors, mutableAddressors, valueWitnesses } from "./tables.ts";

/** The tree of a whole symbol; throws `malformed`. */
export function parseOldMangling(mangled: string): SwiftNode {
  return new OldMangling(mangled).symbol();
}

/** Metadata of a type, by the letter after `M`. Without a letter it is the metadata itself. */
const metadata: Record<string, string> = {
  P: "generic type metadata pattern for ",
  a: "type metadata accessor for ",
  L: "lazy cache variable for type metadata for ",
  m: "metaclass for ",
  n: "nominal type descriptor for ",
  f: "full type metadata for ",
};

/** Tables of a conformance, by the letter after `W`. */
const witnessTables: Record<string, string> = {
  P: "protocol witness table for ",
  G: "generic protocol witness table for ",
  I: "instantiation function for generic protocol witness table for ",
  a: "protocol witness table accessor for ",
};

/** What stands before a symbol. */
const attributes: Record<string, string> = {
  To: "@objc ",
  TO: "@nonobjc ",
  TD: "dynamic ",
  Td: "super ",
  TV: "override ",
};

/** Entities that are the only one of their kind in their context. */
const soleEntities: Record<string, [NodeKind, string]> = {
  D: ["deallocator", ""],
  Z: ["isolatedDeallocator", ""],
  d: ["destructor", ""],
  e: ["unnamedEntity", "__ivar_initializer"],
  E: ["unnamedEntity", "__ivar_destroyer"],
};

/** Accessors of the old mangling. */
const oldAccessors = new Set(["g", "G", "s", "m", "w", "W", "r", "M"]);

class OldMangling extends OldTypes {
  constructor(mangled: string) {
    super(mangled, "_T".length);
  }

  symbol(): SwiftNode {
    const parts: SwiftNode[] = [];
    if (this.nextIf("TS")) {
      do {
        parts.push(this.specialization());
        this.forgetSubstitutions();
      } while (this.nextIf("_TTS"));
      if (!this.nextIf("_T")) throw malformed;
    } else {
      const words = attributes[this.text.slice(this.pos, this.pos + 2)];
      if (words !== undefined) {
        this.pos += 2;
        parts.push(this.make("attribute", [], words));
      }
    }
    parts.push(this.global());
    if (this.pos < this.text.length) parts.push(this.make("suffix", [], this.rest()));
    return this.make("global", parts);
  }

  private global(): SwiftNode {
    if (this.nextIf("M")) {
      if (this.nextIf("p")) return this.phrase("protocol descriptor for ", this.protocolName());
      const words = metadata[this.peek()];
      if (words === undefined) return this.phrase("type metadata for ", this.typeNode());
      this.pos++;
      return this.phrase(words, this.typeNode());
    }
    if (this.nextIf("PA")) {
      const words = this.nextIf("o") ? "partial apply ObjC forwarder" : "partial apply forwarder";
      return this.nest(() => this.make("partialApply", this.nextIf("__T") ? [this.global()] : [], words));
    }
    if (this.nextIf("t")) return this.make("typeMangling", [this.typeNode()]);
    if (this.nextIf("w")) {
      const name = valueWitnesses[this.next() + this.next()];
      if (name === undefined) throw malformed;
      return this.make("valueWitness", [this.typeNode()], name);
    }
    if (this.nextIf("W")) return this.witness();
    if (this.nextIf("T")) return this.thunk();
    return this.entity();
  }

  private phrase(words: string, node: SwiftNode): SwiftNode {
    return this.make("phrase", [node], words);
  }

  private witness(): SwiftNode {
    const letter = this.next();
    const table = witnessTables[letter];
    if (table !== undefined) return this.phrase(table, this.protocolConformance());
    switch (letter) {
      case "V":
        return this.phrase("value witness table for ", this.typeNode());
      case "v": {
        const directness = this.next();
        if (directness !== "d" && directness !== "i") throw malformed;
        return this.phrase(directness === "d" ? "direct field offset for " : "indirect field offset for ", this.entity());
      }
      case "l":
      case "L": {
        const words = letter === "l" ? "accessor" : "cache variable";
        const type = this.phrase(`lazy protocol witness table ${words} for type `, this.typeNode());
        return this.make("phraseWithParts", [type, this.phrase(" and conformance ", this.protocolConformance())]);
      }
      case "t": {
        const conformance = this.phrase(" in ", this.protocolConformance());
        return this.make("phraseWithParts", [this.phrase("associated type metadata accessor for ", this.declarationName()), conformance]);
      }
      case "T": {
        const conformance = this.phrase(" in ", this.protocolConformance());
        const name = this.phrase("associated type witness table accessor for ", this.declarationName());
        return this.make("phraseWithParts", [name, this.phrase(" : ", this.protocolName()), conformance]);
      }
      default:
        throw malformed;
    }
  }

  private thunk(): SwiftNode {
    const letter = this.next();
    if (letter === "W") {
      const conformance = this.phrase(" in conformance ", this.protocolConformance());
      return this.make("phraseWithParts", [this.phrase("protocol witness for ", this.entity()), conformance]);
    }
    if (letter !== "R" && letter !== "r") throw malformed;
    const signature = this.nextIf("G") ? this.genericSignature() : undefined;
    const parts = [this.typeNode(), this.typeNode()];
    if (signature !== undefined) parts.push(signature);
    return this.make("reabstractionThunk", parts, letter === "R" ? "reabstraction thunk helper " : "reabstraction thunk ");
  }

  private specialization(): SwiftNode {
    const letter = this.next();
    if (letter !== "g" && letter !== "r" && letter !== "f") throw malformed;
    const parts = this.nextIf("q") ? [this.make("serialized")] : [];
    if (this.next() === "") throw malformed;
    while (!this.nextIf("_")) parts.push(letter === "f" ? this.specializedParameter() : this.specializationArgument());
    if (letter === "f") return this.make("specialization", parts, "function signature specialization");
    return this.make("specialization", parts, letter === "g" ? "generic specialization" : "generic not re-abstracted specialization");
  }

  private specializationArgument(): SwiftNode {
    const parts = [this.typeNode()];
    while (!this.nextIf("_")) parts.push(this.protocolConformance());
    return this.make("specializationArgument", parts);
  }

  private specializedParameter(): SwiftNode {
    if (this.nextIf("n_")) return this.make("specializedParameter");
    return this.make("specializedParameter", [this.specializedChange()]);
  }

  private specializedChange(): SwiftNode {
    if (this.nextIf("cp")) return this.propagatedConstant();
    if (this.nextIf("cl")) {
      const parts = [this.identifier()];
      while (!this.nextIf("_")) parts.push(this.typeNode());
      return this.make("propagatedClosure", parts, "Closure Propagated");
    }
    if (this.nextIf("i_")) return this.make("specializationFlags", [], "Value Promoted from Box");
    if (this.nextIf("k_")) return this.make("specializationFlags", [], "Stack Promoted from Box");
    if (this.nextIf("r_")) return this.make("specializationFlags", [], "InOut Converted to Out");
    const words: string[] = [];
    if (this.nextIf("d")) words.push("Dead");
    if (this.nextIf("g")) words.push("Owned To Guaranteed");
    if (this.nextIf("o")) words.push("Guaranteed To Owned");
    if (this.nextIf("s")) words.push("Exploded");
    if (!this.nextIf("_") || words.length === 0) throw malformed;
    return this.make("specializationFlags", [], words.join(" and "));
  }

  private propagatedConstant(): SwiftNode {
    if (this.nextIf("fr")) return this.ended(this.make("propagatedName", [this.identifier()], "Constant Propagated Function"));
    if (this.nextIf("g")) return this.ended(this.make("propagatedName", [this.identifier()], "Constant Propagated Global"));
    if (this.nextIf("i")) return this.make("propagatedValue", [], `Constant Propagated Integer : ${this.untilUnderscore()}`);
    if (this.nextIf("fl")) return this.make("propagatedValue", [], `Constant Propagated Float : ${this.untilUnderscore()}`);
    if (!this.nextIf("se")) throw malformed;
    const encoding = this.next();
    if ((encoding !== "0" && encoding !== "1") || !this.nextIf("v")) throw malformed;
    const words = `Constant Propagated String : ${encoding === "0" ? "u8" : "u16"}`;
    return this.ended(this.make("propagatedString", [this.identifier()], words));
  }

  private ended(node: SwiftNode): SwiftNode {
    if (!this.nextIf("_")) throw malformed;
    return node;
  }

  private untilUnderscore(): string {
    const end = this.text.indexOf("_", this.pos);
    if (end < 0) throw malformed;
    const text = this.text.slice(this.pos, end);
    this.pos = end + 1;
    return text;
  }

  protected override entity(): SwiftNode {
    return this.nest(() => {
      const isStatic = this.nextIf("Z");
      const basic = this.peek();
      if (basic !== "F" && basic !== "v" && basic !== "I" && basic !== "i") return this.nominalType();
      this.pos++;
      const context = this.context();
      const entity = this.entityIn(context, basic);
      return isStatic ? this.make("static", [entity]) : entity;
    });
  }

  private entityIn(context: SwiftNode, basic: string): SwiftNode {
    const letter = this.peek();
    const sole = soleEntities[letter];
    if (sole !== undefined) {
      this.pos++;
      return this.make(sole[0], [context], sole[1]);
    }
    if (letter === "C" || letter === "c") {
      this.pos++;
      return this.make(letter === "C" ? "allocator" : "constructor", [context, this.typeNode()]);
    }
    if (letter === "U" || letter === "u") {
      this.pos++;
      const index = this.index();
      return this.make(letter === "U" ? "explicitClosure" : "implicitClosure", [context, this.typeNode()], "", index);
    }
    if (letter === "a" || letter === "l") {
      this.pos++;
      const words = (letter === "a" ? mutableAddressors : addressors)[this.next()];
      return this.accessor(context, words);
    }
    if (oldAccessors.has(letter)) {
      this.pos++;
      return this.accessor(context, accessors[letter]);
    }
    if (basic === "I") {
      if (this.nextIf("A")) return this.make("defaultArgument", [context], "", this.index());
      if (!this.nextIf("i")) throw malformed;
      return this.make("unnamedEntity", [context], "variable initialization expression");
    }
    const kind = basic === "F" ? "function" : basic === "v" ? "variable" : "subscript";
    const name = this.declarationName();
    if (kind === "subscript") return this.make(kind, [context, this.typeNode()]);
    return this.make(kind, [context, name, this.typeNode()]);
  }

  /** An accessor of a variable, or of a subscript, which is a variable of that name. */
  private accessor(context: SwiftNode, words: string | undefined): SwiftNode {
    if (words === undefined) throw malformed;
    const name = this.declarationName();
    const type = this.typeNode();
    if (name.kind === "identifier" && name.text === "subscript") {
      return this.make("accessor", [this.make("subscript", [context, type])], words);
    }
    if (name.kind === "privateName" && name.child(0).text === "subscript") {
      return this.make("accessor", [this.make("subscript", [context, type, this.make("privateName", [], name.text)])], words);
    }
    return this.make("accessor", [this.make("variable", [context, name, type])], words);
  }
}
