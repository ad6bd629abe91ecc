/**
 * Writes the tree out the way llvm-undname does. A type has a part before the name it declares and a part behind it
 * ("int (*" and ")[3]"), so types are written in two steps.
 */
import { FormatError } from "../../bytes/format-error.ts";
import {
  CONST,
  type FunctionType,
  type Identifier,
  type QualifiedName,
  RESTRICT,
  type SymbolNode,
  type TemplateArgument,
  type Type,
  UNALIGNED,
  VOLATILE,
} from "./nodes.ts";

/** Back-references make short names write long ones, doubling at each step; nobody reads more. */
const maxOutput = 65_536;
/** Back-references also nest deeper than the name they stand in. */
const maxDepth = 512;

export class Printer {
  out = "";
  #last = 0;
  #depth = 0;

  symbol(symbol: SymbolNode): void {
    if (symbol.kind === "text") {
      this.#write(symbol.text);
    } else if (symbol.kind === "function") {
      this.#functionBefore(symbol.type, true);
      this.#space();
      this.#name(symbol.name);
      this.#functionAfter(symbol.type);
    } else if (symbol.kind === "variable") {
      this.#write(symbol.prefix);
      if (symbol.type !== null) this.#before(symbol.type);
      this.#space();
      this.#name(symbol.name);
      if (symbol.type !== null) this.#after(symbol.type);
    } else {
      this.#qualifiers(symbol.quals, false);
      this.#space();
      this.#name(symbol.name);
      symbol.targets.forEach((target, i) => {
        this.#write(i === 0 ? "{for `" : "s `");
        this.#name(target);
        this.#write("'");
      });
      if (symbol.targets.length > 0) this.#write("}");
    }
  }

  #write(text: string): void {
    if (text === "") return;
    this.out += text;
    this.#last = text.charCodeAt(text.length - 1);
    if (this.out.length > maxOutput) throw new FormatError("decorated name", null, `longer than ${maxOutput} characters`);
  }

  /** A blank between words; none after "*", "(" and blanks. */
  #space(): void {
    const last = this.#last;
    if ((last >= 0x61 && last <= 0x7a) || (last >= 0x41 && last <= 0x5a) || (last >= 0x30 && last <= 0x39) || last === 0x3e) {
      this.#write(" ");
    }
  }

  #enter(): void {
    if (++this.#depth > maxDepth) throw new FormatError("decorated name", null, `more than ${maxDepth} levels`);
  }

  #name(name: QualifiedName): void {
    for (let i = name.length - 1; i >= 0; i--) {
      this.#identifier(name[i]!);
      if (i > 0) this.#write("::");
    }
  }

  #identifier(name: Identifier): void {
    this.#enter();
    if (name.kind === "scope") {
      this.#write("`");
      if (name.symbol !== null) this.symbol(name.symbol);
      this.#write(`'::\`${name.text}'`);
    } else {
      this.#write(name.text);
    }
    if (name.kind === "structor" && name.owner !== null) this.#identifier(name.owner);
    if (name.kind === "dynamic") this.#dynamic(name);
    if (name.args !== null) {
      this.#write("<");
      this.#list(name.args);
      this.#write(">");
    }
    if (name.kind === "conversion" && name.target !== null) {
      this.#write(" ");
      this.#type(name.target);
    }
    this.#depth--;
  }

  #dynamic(name: Identifier): void {
    if (name.symbol !== null) {
      this.#write("`");
      this.symbol(name.symbol);
    } else {
      this.#write("'");
      this.#name(name.subject ?? []);
    }
    this.#write("''");
  }

  #list(args: readonly TemplateArgument[]): void {
    args.forEach((argument, i) => {
      if (i > 0) this.#write(", ");
      this.#argument(argument);
    });
  }

  #argument(argument: TemplateArgument): void {
    this.#enter();
    switch (argument.kind) {
      case "type":
        this.#type(argument.type);
        break;
      case "name":
        this.#name(argument.name);
        break;
      case "text":
        this.#write(argument.text);
        break;
      case "symbol":
        this.#write(argument.prefix);
        this.symbol(argument.symbol);
        this.#write(argument.suffix);
        break;
      case "braces":
        if (argument.head !== null) this.#type(argument.head);
        this.#write("{");
        this.#list(argument.items);
        this.#write("}");
    }
    this.#depth--;
  }

  #type(type: Type): void {
    this.#before(type);
    this.#after(type);
  }

  #before(type: Type): void {
    this.#enter();
    switch (type.kind) {
      case "primitive":
        this.#write(type.name);
        this.#qualifiers(type.quals, true);
        break;
      case "custom":
        this.#identifier(type.name);
        break;
      case "tag":
        this.#write(type.tag);
        this.#name(type.name);
        this.#qualifiers(type.quals, true);
        break;
      case "array":
        this.#before(type.element);
        this.#qualifiers(type.quals, true);
        break;
      case "function":
        this.#functionBefore(type, true);
        break;
      case "pointer": {
        const { pointee } = type;
        if (pointee.kind === "function") this.#functionBefore(pointee, false);
        else this.#before(pointee);
        this.#space();
        if (type.quals & UNALIGNED) this.#write("__unaligned ");
        if (pointee.kind === "array") this.#write("(");
        if (pointee.kind === "function") this.#write(`(${pointee.convention} `);
        if (type.owner !== null) {
          this.#name(type.owner);
          this.#write("::");
        }
        this.#write(type.sign);
        this.#qualifiers(type.quals, false);
      }
    }
    this.#depth--;
  }

  #after(type: Type): void {
    this.#enter();
    if (type.kind === "function") {
      this.#functionAfter(type);
    } else if (type.kind === "array") {
      this.#write(`[${type.dimensions.map((size) => (size === "0" ? "" : size)).join("][")}]`);
      this.#after(type.element);
    } else if (type.kind === "pointer") {
      if (type.pointee.kind === "array" || type.pointee.kind === "function") this.#write(")");
      this.#after(type.pointee);
    }
    this.#depth--;
  }

  /** A pointer to a function has the convention inside its parentheses. */
  #functionBefore(type: FunctionType, withConvention: boolean): void {
    this.#write(type.prefix);
    if (type.returns !== null) {
      this.#before(type.returns);
      this.#write(" ");
    }
    if (withConvention) {
      this.#space();
      this.#write(type.convention);
    }
  }

  #functionAfter(type: FunctionType): void {
    this.#write(type.adjustment);
    if (type.params !== null) {
      this.#write("(");
      type.params.forEach((param, i) => {
        if (i > 0) this.#write(", ");
        this.#type(param);
      });
      if (type.variadic) this.#write(type.params.length === 0 ? "..." : ", ...");
      this.#write(")");
    }
    this.#qualifiers(type.quals, true);
    if (type.quals & UNALIGNED) this.#write(" __unaligned");
    if (type.noexcept) this.#write(" noexcept");
    this.#write(type.reference);
    if (type.returns !== null) this.#after(type.returns);
  }

  /** "const volatile __restrict", as far as they are set; `spaced`: with a blank before each. */
  #qualifiers(quals: number, spaced: boolean): void {
    if (quals === 0) return;
    let blank = spaced ? " " : "";
    for (const [bit, word] of words) {
      if ((quals & bit) === 0) continue;
      this.#write(blank + word);
      blank = " ";
    }
  }
}

const words: readonly (readonly [number, string])[] = [
  [CONST, "const"],
  [VOLATILE, "volatile"],
  [RESTRICT, "__restrict"],
];
