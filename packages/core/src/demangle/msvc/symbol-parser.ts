/**
 * Symbols: "?" name and what it names, and the names that the compiler makes up.
 *
 *   function      class letter (access, static, virtual, thunk; "9" says no more), then its type
 *   variable      storage digit, type, qualifiers
 *   "??_7" …      tables, type descriptors, guards, strings, initialisers
 *   "??@…@"       a name too long to be told: its MD5
 *   "."           a type, as type descriptors of RTTI hold it
 */
import { type FunctionType, identifier, type QualifiedName, type SymbolNode } from "./nodes.ts";
import { readStringLiteral } from "./string-literal.ts";
import { functionClass, STORAGE } from "./tables.ts";
import { TypeParser } from "./type-parser.ts";

const thunkAccess = ["private: ", "protected: ", "public: "];

export class SymbolParser extends TypeParser {
  /** Any decorated name; what follows it is left unread. */
  override symbol(): SymbolNode {
    this.enter();
    const symbol = this.#anySymbol();
    this.leave();
    return symbol;
  }

  #anySymbol(): SymbolNode {
    if (this.eat(".")) return this.#variable("RTTI Type Descriptor Name", true);
    if (this.looksAt("??@")) return this.#digest();
    this.expect("?");
    return (this.looksAt("?_") ? this.#special() : null) ?? this.#declared();
  }

  #digest(): SymbolNode {
    const start = this.pos;
    this.pos += "??@".length;
    this.upToAt();
    this.eat("??_R4@");
    return { kind: "text", text: this.text.slice(start, this.pos) };
  }

  #special(): SymbolNode | null {
    const start = this.pos;
    this.pos += "?_".length;
    switch (this.take()) {
      case "7":
        return this.#table("`vftable'");
      case "8":
        return this.#table("`vbtable'");
      case "9":
        return this.#virtualCall();
      case "B":
        return this.#guard("`local static guard'");
      case "C":
        return { kind: "text", text: readStringLiteral(this) };
      case "R":
        return this.#typeInformation();
      case "S":
        return this.#table("`local vftable'");
      case "_":
        if (this.eat("E")) return this.#initializer("`dynamic initializer for ");
        if (this.eat("F")) return this.#initializer("`dynamic atexit destructor for ");
        if (this.eat("J")) return this.#guard("`local static thread guard'");
        break;
    }
    this.pos = start;
    return null;
  }

  #typeInformation(): SymbolNode {
    switch (this.take()) {
      case "0": {
        const symbol = this.#variable("RTTI Type Descriptor", true);
        this.expect("@8");
        return symbol;
      }
      case "1": {
        const place = `${this.unsigned()}, ${this.number()}, ${this.unsigned()}, ${this.unsigned()}`;
        return this.#variable(`RTTI Base Class Descriptor at (${place})`, false);
      }
      case "2":
        return this.#variable("RTTI Base Class Array", false);
      case "3":
        return this.#variable("RTTI Class Hierarchy Descriptor", false);
      case "4":
        return this.#table("`RTTI Complete Object Locator'");
      default:
        return this.fail("unknown type information");
    }
  }

  /** A variable that the compiler made up: of a type, or inside a class. */
  #variable(title: string, typed: boolean): SymbolNode {
    const last = identifier("plain", `\`${title}'`);
    if (typed) return { kind: "variable", name: [last], prefix: "", type: this.type("maybe qualifiers") };
    const name = this.scopes(last);
    this.expect("8");
    return { kind: "variable", name, prefix: "", type: null };
  }

  /** Name, 6 or 7, qualifiers, and the bases the table is for. */
  #table(title: string): SymbolNode {
    const name = this.scopes(identifier("plain", title));
    if (!this.eat("6")) this.expect("7");
    const quals = this.qualifiers();
    const targets: QualifiedName[] = [];
    while (!this.eat("@")) targets.push(this.typeName());
    return { kind: "table", name, quals, targets };
  }

  /** "??_9Base@@$B7AA": calls the virtual function at an offset of the table. */
  #virtualCall(): SymbolNode {
    const last = identifier("plain", "");
    const name = this.scopes(last);
    this.expect("$B");
    last.text = `\`vcall'{${this.unsigned()}, {flat}}`;
    this.expect("A");
    const convention = this.convention();
    return { kind: "function", name, type: unknownFunction("[thunk]: ", convention) };
  }

  #guard(title: string): SymbolNode {
    const last = identifier("plain", title);
    const name = this.scopes(last);
    if (!this.eat("4IA")) this.expect("5");
    const index = this.pos < this.text.length ? this.unsigned() : "0";
    if (index !== "0") last.text += `{${index}}`;
    return { kind: "variable", name, prefix: "", type: null };
  }

  /** The function that sets up or tears down a variable; after "?" a static member of a class, told whole. */
  #initializer(words: string): SymbolNode {
    const last = identifier("dynamic", words);
    const whole = this.eat("?");
    const symbol = this.#declared();
    if (symbol.kind === "function" && !whole) {
      last.subject = symbol.name;
      return { ...symbol, name: [last] };
    }
    if (symbol.kind !== "variable") return this.fail("the initialiser of no variable");
    last.symbol = symbol;
    this.expect(whole ? "@@" : "@");
    return { kind: "function", name: [last], type: this.#functionEncoding() };
  }

  #declared(): SymbolNode {
    const name = this.symbolName();
    const last = name[0]!;
    const storage = this.peek() - 0x30;
    if (storage >= 0 && storage <= 4 && last.kind !== "conversion") return this.#declaredVariable(name, STORAGE[storage]!);
    const type = this.#functionEncoding();
    if (last.kind === "conversion") last.target = type.returns ?? this.fail("a conversion to nothing");
    return { kind: "function", name, type };
  }

  #declaredVariable(name: QualifiedName, prefix: string): SymbolNode {
    this.pos++;
    const type = this.type("nothing");
    if (type.kind === "pointer") {
      type.quals |= this.pointerQualifiers();
      type.pointee.quals |= this.qualifiers();
      // The class of a pointer to member is said again.
      if (type.owner !== null) this.typeName();
    } else {
      type.quals = this.qualifiers();
    }
    return { kind: "variable", name, prefix, type };
  }

  #functionEncoding(): FunctionType {
    // Code of ARM64EC ($$h) and of the common language runtime ($$F, $$H) says so before its class.
    if (!this.eat("$$h") && !this.eat("$$F")) this.eat("$$H");
    const extern = this.eat("$$J0") ? 'extern "C" ' : "";
    if (this.eat("9")) return unknownFunction('extern "C" ', "");
    if (this.eat("$")) return this.#virtualThunk(extern);
    const found = functionClass(this.take()) ?? this.fail("an unknown class of function");
    const adjustment = found.thunk ? `\`adjustor{${Number(this.number()) >>> 0}}'` : "";
    return this.functionType(found.member, found.prefix + extern, adjustment);
  }

  /** A thunk that finds `this` in a virtual base. */
  #virtualThunk(extern: string): FunctionType {
    const extended = this.eat("R");
    const index = this.take().charCodeAt(0) - 0x30;
    const access = thunkAccess[index >> 1] ?? this.fail("an unknown class of thunk");
    // All but the last, the adjustment itself, are 32 bits with a sign.
    const numbers: number[] = [];
    for (let i = extended ? 3 : 1; i > 0; i--) numbers.push(Number(this.number()) | 0);
    numbers.push(Number(this.number()) >>> 0);
    const adjustment = `\`vtordisp${extended ? "ex" : ""}{${numbers.join(", ")}}'`;
    return this.functionType(true, `[thunk]: ${access}virtual ${extern}`, adjustment);
  }
}

/** A function of which no type is told. */
function unknownFunction(prefix: string, convention: string): FunctionType {
  return {
    kind: "function",
    quals: 0,
    prefix,
    convention,
    returns: null,
    params: null,
    variadic: false,
    noexcept: false,
    reference: "",
    adjustment: "",
  };
}
