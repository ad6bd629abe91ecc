/**
 * Names: plain ones, operators, scopes, templates with their arguments, and back-references.
 *
 *   qualified name   innermost name, scopes outwards, "@": "push_back@?$vector@H@std@@"
 *   name             text "@" · digit (one of the first ten names seen) · "?$" name arguments "@" · "?" operator
 *   scope            name · "?A" key "@" (anonymous namespace) · "?" number "?" symbol (inside a function) · "?Q" name (an interface)
 *   argument         type · "$0" number · "$1" symbol (address) · "$E" symbol · "$F", "$G" offsets · "$H" to "$J" symbol and offsets
 *                    · "$A", "$B" bits of a float · "$2" type members "@" · "$3" type elements "@" · "$7" type member value "@" (union)
 *                    · "$6" place member "@" · "$C" place index "@" · "$8" class member "@" · "$M" type and one of these · packs: nothing
 *
 * Each template has lists of names and parameters of its own, which its arguments refer to.
 */
import { type Identifier, identifier, type QualifiedName, type SymbolNode, type TemplateArgument, type Type } from "./nodes.ts";
import { Reader } from "./reader.ts";
import { MORE_OPERATORS, OPERATORS, RARE_OPERATORS } from "./tables.ts";

/** A digit names at most so many. */
const maxReferences = 10;

/** What type() takes before the type: its own qualifiers always, after a "?", or never. */
export type Leading = "qualifiers" | "maybe qualifiers" | "nothing";

/** How a name in front of "::" or in a type differs from the last one of a symbol, where templates are not remembered. */
type Place = "scope or type" | "symbol";

type SymbolArgument = Extract<TemplateArgument, { kind: "symbol" }>;

export abstract class NameParser extends Reader {
  #names: Identifier[] = [];
  #nameKeys: string[] = [];
  /** Types of parameters that take more than one letter. */
  protected params: Type[] = [];

  abstract type(leading: Leading): Type;
  abstract symbol(): SymbolNode;

  /** A class, enum or the like with its scopes. */
  typeName(): QualifiedName {
    return this.scopes(this.lastTypeName());
  }

  /** The last name of a type; also what "<auto>" is. */
  lastTypeName(): Identifier {
    if (this.atDigit()) return this.#nameReference();
    if (this.looksAt("?$")) return this.#template("scope or type");
    return this.#plainName();
  }

  /** The name of a function or variable with its scopes. */
  symbolName(): QualifiedName {
    const last = this.#lastSymbolName("symbol");
    const name = this.scopes(last);
    if (last.kind === "structor") last.owner = name[1] ?? this.fail("constructor without a class");
    return name;
  }

  /** The scopes of a name up to the closing "@". */
  scopes(last: Identifier): QualifiedName {
    const name = [last];
    while (!this.eat("@")) name.push(this.#scope());
    return name;
  }

  #lastSymbolName(place: Place): Identifier {
    if (this.atDigit()) return this.#nameReference();
    if (this.looksAt("?$")) return this.#template(place);
    if (this.looksAt("?")) return this.#operator();
    return this.#plainName();
  }

  #plainName(): Identifier {
    const text = this.upToAt();
    if (text === "") this.fail("an empty name");
    const name = identifier("plain", text);
    this.#remember(text, name);
    return name;
  }

  #remember(key: string, name: Identifier): void {
    if (this.#names.length >= maxReferences || this.#nameKeys.includes(key)) return;
    this.#names.push(name);
    this.#nameKeys.push(key);
  }

  #nameReference(): Identifier {
    const name = this.#names[this.peek() - 0x30] ?? this.fail("refers to a name that was not there");
    this.pos++;
    return name;
  }

  #scope(): Identifier {
    if (this.atDigit()) return this.#nameReference();
    if (!this.looksAt("?")) return this.#plainName();
    if (this.looksAt("?$")) return this.#template("scope or type");
    if (this.looksAt("?A")) return this.#anonymousNamespace();
    if (this.eat("?Q")) return identifier("plain", `[${this.#interfaceName()}]`);
    return this.#localScope();
  }

  #anonymousNamespace(): Identifier {
    this.pos += "?A".length;
    const name = identifier("plain", "`anonymous namespace'");
    this.#remember(`?A${this.upToAt()}`, name);
    return name;
  }

  #interfaceName(): string {
    const name = this.#plainName().text;
    this.expect("@");
    return name;
  }

  /** "?1??f@@YAXXZ": the second block inside f. "?@" is block 0. */
  #localScope(): Identifier {
    this.expect("?");
    const scope = identifier("scope", this.unsigned());
    this.expect("?");
    scope.symbol = this.symbol();
    return scope;
  }

  #operator(): Identifier {
    this.expect("?");
    const table = this.eat("__") ? RARE_OPERATORS : this.eat("_") ? MORE_OPERATORS : OPERATORS;
    const code = this.take();
    if (table === OPERATORS && (code === "0" || code === "1")) return identifier("structor", code === "0" ? "" : "~");
    if (table === OPERATORS && code === "B") return identifier("conversion", "operator");
    if (table === RARE_OPERATORS && code === "K") return identifier("plain", `operator ""${this.upToAt()}`);
    return identifier("plain", table[code] ?? this.fail("an unknown operator"));
  }

  #template(place: Place): Identifier {
    const start = this.pos;
    this.pos += "?$".length;
    this.enter();
    const names = this.#names;
    const keys = this.#nameKeys;
    const params = this.params;
    this.#names = [];
    this.#nameKeys = [];
    this.params = [];
    const name = this.#lastSymbolName("symbol");
    name.args = this.#arguments();
    this.#names = names;
    this.#nameKeys = keys;
    this.params = params;
    this.leave();
    if (place === "scope or type") {
      if (name.kind !== "plain") this.fail("a template of constructors as a scope");
      this.#remember(this.text.slice(start, this.pos), name);
    }
    return name;
  }

  #arguments(): TemplateArgument[] {
    const found: TemplateArgument[] = [];
    while (!this.eat("@")) {
      // Where a pack begins, or an empty one stands.
      if (this.eat("$S") || this.eat("$$V") || this.eat("$$$V") || this.eat("$$Z")) continue;
      found.push(this.#argument());
    }
    return found;
  }

  #argument(): TemplateArgument {
    if (this.looksAt("$$") || !this.eat("$")) {
      return this.eat("$$Y") ? { kind: "name", name: this.typeName() } : { kind: "type", type: this.type("nothing") };
    }
    if (!this.eat("M")) return this.#value(null);
    // What "auto" stands for is not written, but says how to write the value.
    return this.#value(this.type("nothing"));
  }

  /** A value; `type` is what it is of, where that is known. */
  #value(type: Type | null): TemplateArgument {
    this.enter();
    const value = this.#valueAt(this.take(), type);
    this.leave();
    return value;
  }

  #valueAt(code: string, type: Type | null): TemplateArgument {
    switch (code) {
      case "0":
        return { kind: "text", text: this.number() };
      case "F":
        return this.#offsets(null, 2);
      case "G":
        return this.#offsets(null, 3);
      case "H":
        return this.#offsets(this.#symbolValue(), 1);
      case "I":
        return this.#offsets(this.#symbolValue(), 2);
      case "J":
        return this.#offsets(this.#symbolValue(), 3);
      case "A":
      case "B":
        return { kind: "text", text: this.#float(code) };
      case "2":
        return this.#object();
      case "3":
        return this.#array();
      case "5": {
        const place = this.#place(type);
        this.expect("@");
        return place;
      }
      case "7":
        return this.#union();
      case "8":
        return this.#member();
      default:
        this.pos--;
        return this.#place(type);
    }
  }

  /** A symbol where one follows: a null pointer to a member has none. */
  #symbolValue(prefix = ""): SymbolArgument | null {
    if (!this.looksAt("?")) return null;
    const start = this.pos + 1;
    const symbol = this.symbol();
    if (symbol.kind !== "text") {
      const last = symbol.name[0]!;
      // The last name of such a symbol can be referred to, whatever it is.
      this.#remember(last.kind === "plain" && last.args === null ? last.text : this.text.slice(start, this.pos), last);
    }
    return { kind: "symbol", prefix, symbol, suffix: "" };
  }

  #offsets(first: TemplateArgument | null, count: number): TemplateArgument {
    const items: TemplateArgument[] = first === null ? [] : [first];
    for (let i = 0; i < count; i++) items.push({ kind: "text", text: this.number() });
    return { kind: "braces", head: null, items };
  }

  /** The bits of a float (A) or a double (B). */
  #float(size: "A" | "B"): string {
    const start = this.pos;
    const digits = this.upToAt().length;
    if (digits > (size === "A" ? 8 : 16) || !/^[A-P]*$/.test(this.text.slice(start, start + digits))) this.fail("a number expected");
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, this.hexBits(start, digits));
    return String(size === "A" ? view.getFloat32(4) : view.getFloat64(0));
  }

  /** Members up to "@": type and value; objects, arrays and unions say their types themselves. */
  #object(): TemplateArgument {
    const head = this.type("nothing");
    const items: TemplateArgument[] = [];
    while (!this.eat("@")) items.push(this.#value(this.atDigit() ? null : this.type("nothing")));
    return { kind: "braces", head, items };
  }

  /** Elements of one type, each closed by "@". */
  #array(): TemplateArgument {
    const type = this.type("nothing");
    const items: TemplateArgument[] = [];
    while (!this.eat("@")) {
      items.push(this.#value(type));
      this.expect("@");
    }
    return { kind: "braces", head: null, items };
  }

  #union(): TemplateArgument {
    const head = this.type("nothing");
    const items: TemplateArgument[] = [];
    if (!this.eat("@")) {
      this.#plainOrKnownName();
      items.push(this.#value(null));
      this.expect("@");
    }
    return { kind: "braces", head, items };
  }

  /** A pointer to a data member: its class, its name. */
  #member(): TemplateArgument {
    const name = this.typeName();
    name.unshift(this.#plainOrKnownName());
    this.expect("@");
    return { kind: "name", name };
  }

  /** "6" place name "@" (a member), "C" place index "@" (an element), or the variable they are in. */
  #place(type: Type | null): SymbolArgument {
    const code = this.take();
    if (code === "1" || code === "E") {
      const isAddress = type === null ? code === "1" : type.kind === "pointer" && type.sign === "*";
      return this.#symbolValue(isAddress ? "&" : "") ?? this.fail("a symbol expected");
    }
    if (code !== "6" && code !== "C") return this.fail("an unknown template argument");
    this.enter();
    const base = this.#place(type);
    let step: string;
    if (code === "6") {
      step = `.${this.#plainOrKnownName().text}`;
    } else {
      this.expect("0");
      step = `[${this.number()}]`;
    }
    this.expect("@");
    this.leave();
    return { ...base, suffix: base.suffix + step };
  }

  #plainOrKnownName(): Identifier {
    return this.atDigit() ? this.#nameReference() : this.#plainName();
  }
}
