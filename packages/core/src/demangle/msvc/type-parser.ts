/**
 * Types:
 *
 *   primitive     a letter, or "_" and a letter
 *   tag           T union, U struct, V class, W4 enum, then the name
 *   pointer       P *, Q *const, R *volatile, S *const volatile, A &, $$Q &&; then E (64 bits), I (__restrict), F (__unaligned);
 *                 then 6 and a function, or qualifiers and the type
 *   to a member   the same with 8, class and function, or with member qualifiers (Q to T), class and type
 *   array         Y, count of dimensions, dimensions, element type
 *   function      "$$A6" or "$$A8@@" (with qualifiers of `this`), convention, return type, parameters, Z or _E (noexcept)
 *   others        "?" name "@" ("<auto>"), "$$T" (nullptr_t), "$$C" and qualifiers before a type
 */
import { type Leading, NameParser } from "./name-parser.ts";
import { CONST, type FunctionType, type PointerType, RESTRICT, type Type, UNALIGNED, VOLATILE } from "./nodes.ts";
import { CONVENTIONS, MORE_PRIMITIVES, PRIMITIVES } from "./tables.ts";

const maxRememberedParams = 10;

/** What stands between the parentheses of a function without parameters. */
const noParameters: Type = { kind: "primitive", quals: 0, name: "void" };

export abstract class TypeParser extends NameParser {
  override type(leading: Leading): Type {
    this.enter();
    let quals = 0;
    if (leading === "qualifiers" || (leading === "maybe qualifiers" && this.eat("?"))) quals = this.qualifiers();
    const type = this.#plainType();
    type.quals |= quals;
    this.leave();
    return type;
  }

  #plainType(): Type {
    switch (this.text.charAt(this.pos)) {
      case "T":
        return this.#tag("union ", 1);
      case "U":
        return this.#tag("struct ", 1);
      case "V":
        return this.#tag("class ", 1);
      case "W": {
        const kind = this.text.charCodeAt(this.pos + 1);
        return kind >= 0x30 && kind <= 0x37 ? this.#tag("enum ", 2) : this.fail("an unknown kind of enum");
      }
      case "A":
        return this.#pointer("&", 0, 1);
      case "P":
        return this.#pointer("*", 0, 1);
      case "Q":
        return this.#pointer("*", CONST, 1);
      case "R":
        return this.#pointer("*", VOLATILE, 1);
      case "S":
        return this.#pointer("*", CONST | VOLATILE, 1);
      case "Y":
        return this.#array();
      case "?": {
        this.pos++;
        const name = this.lastTypeName();
        this.expect("@");
        return { kind: "custom", quals: 0, name };
      }
      case "$":
        return this.#dollar();
      default:
        return this.#primitive();
    }
  }

  #dollar(): Type {
    if (this.eat("$$A6")) return this.functionType(false);
    if (this.eat("$$A8@@")) return this.functionType(true);
    if (this.eat("$$T")) return { kind: "primitive", quals: 0, name: "std::nullptr_t" };
    if (this.eat("$$B")) return this.type("nothing");
    if (this.eat("$$C")) return this.type("qualifiers");
    if (this.looksAt("$$Q")) return this.#pointer("&&", 0, 3);
    if (this.looksAt("$$R")) return this.#pointer("&&", VOLATILE, 3);
    return this.fail("an unknown type");
  }

  #primitive(): Type {
    const name = this.eat("_") ? MORE_PRIMITIVES[this.take()] : PRIMITIVES[this.take()];
    return { kind: "primitive", quals: 0, name: name ?? this.fail("an unknown type") };
  }

  #tag(tag: string, letters: number): Type {
    this.pos += letters;
    return { kind: "tag", quals: 0, tag, name: this.typeName() };
  }

  #pointer(sign: PointerType["sign"], quals: number, letters: number): Type {
    this.pos += letters;
    if (this.eat("6")) return { kind: "pointer", quals, sign, pointee: this.functionType(false), owner: null };
    const all = quals | this.pointerQualifiers();
    if (sign === "*") {
      if (this.eat("8")) {
        const owner = this.typeName();
        return { kind: "pointer", quals: all, sign, pointee: this.functionType(true), owner };
      }
      const code = this.peek();
      if (code >= 0x51 && code <= 0x54) {
        const pointeeQuals = this.qualifiers();
        const owner = this.typeName();
        const pointee = this.type("nothing");
        pointee.quals |= pointeeQuals;
        return { kind: "pointer", quals: all, sign, pointee, owner };
      }
    }
    return { kind: "pointer", quals: all, sign, pointee: this.type("qualifiers"), owner: null };
  }

  #array(): Type {
    this.pos++;
    const rank = this.unsigned();
    if (rank === "0") this.fail("an array without dimensions");
    const dimensions: string[] = [];
    for (let i = 0; i < Number(rank); i++) dimensions.push(this.unsigned());
    const quals = this.eat("$$C") ? this.qualifiers() : 0;
    return { kind: "array", quals, dimensions, element: this.type("nothing") };
  }

  /** One letter: A to D, or Q to T for members. */
  protected qualifiers(): number {
    const code = this.take().charCodeAt(0);
    if (code >= 0x41 && code <= 0x44) return code - 0x41;
    if (code >= 0x51 && code <= 0x54) return code - 0x51;
    return this.fail("qualifiers expected");
  }

  protected pointerQualifiers(): number {
    this.eat("E");
    const restrict = this.eat("I") ? RESTRICT : 0;
    return restrict | (this.eat("F") ? UNALIGNED : 0);
  }

  /** `prefix` and `adjustment` are what a symbol says beside its type. */
  protected functionType(hasThis: boolean, prefix = "", adjustment = ""): FunctionType {
    this.enter();
    let quals = 0;
    let reference: FunctionType["reference"] = "";
    if (hasThis) {
      quals = this.pointerQualifiers();
      if (this.eat("G")) reference = " &";
      else if (this.eat("H")) reference = " &&";
      quals |= this.qualifiers();
    }
    const convention = this.convention();
    const returns = this.eat("@") ? null : this.type("maybe qualifiers");
    const params: Type[] = [];
    const variadic = this.#parameters(params);
    const noexcept = this.eat("_E");
    if (!noexcept) this.expect("Z");
    this.leave();
    return { kind: "function", quals, prefix, convention, returns, params, variadic, noexcept, reference, adjustment };
  }

  protected convention(): string {
    return CONVENTIONS[this.take()] ?? this.fail("an unknown calling convention");
  }

  /** Fills the list; whether more parameters may follow it. */
  #parameters(params: Type[]): boolean {
    if (this.eat("X")) {
      params.push(noParameters);
      return false;
    }
    while (!this.eat("@")) {
      if (this.eat("Z")) return true;
      if (this.atDigit()) {
        params.push(this.params[this.peek() - 0x30] ?? this.fail("refers to a parameter that was not there"));
        this.pos++;
        continue;
      }
      const start = this.pos;
      const type = this.type("nothing");
      params.push(type);
      if (this.pos - start > 1 && this.params.length < maxRememberedParams) this.params.push(type);
    }
    return false;
  }
}
