/** Expressions of the Itanium C++ ABI (5.1.6): template arguments, array sizes, decltype, noexcept, constraints, literals. */
import { isDigit, pair, underscore } from "./cursor.ts";
import {
  BinaryExpression,
  Call,
  ConditionalExpression,
  Conversion,
  DesignatedInitializer,
  ExpressionRequirement,
  FoldExpression,
  InitializerList,
  KeywordExpression,
  KeywordRequirement,
  LambdaExpression,
  Literal,
  MemberExpression,
  NamedCast,
  NewExpression,
  PostfixExpression,
  PrefixExpression,
  RequiresExpression,
  SizeofPack,
  StringLiteral,
  Subobject,
  Subscript,
} from "./expression-nodes.ts";
import { floatLiteral } from "./float-literal.ts";
import { Prefixed, ScopedName } from "./name-nodes.ts";
import { CAST, type Node, PRIMARY, Text, UNARY } from "./node.ts";
import type { Operator } from "./operators.ts";
import { NodeList, PackExpansion, PackIndexing } from "./template-nodes.ts";
import { Enclosed } from "./type-nodes.ts";
import { builtinOf, TypeParser } from "./types.ts";

/** The two letters that begin a form. */
const two = {
  Dn: pair("Dn"),
  _Z: pair("_Z"),
  dX: pair("dX"),
  di: pair("di"),
  dn: pair("dn"),
  dx: pair("dx"),
  gs: pair("gs"),
  il: pair("il"),
  mc: pair("mc"),
  nx: pair("nx"),
  on: pair("on"),
  pT: pair("pT"),
  pi: pair("pi"),
  rQ: pair("rQ"),
  rq: pair("rq"),
  sP: pair("sP"),
  sZ: pair("sZ"),
  so: pair("so"),
  sp: pair("sp"),
  sr: pair("sr"),
  sy: pair("sy"),
  tl: pair("tl"),
  tr: pair("tr"),
  tw: pair("tw"),
};

const thisText = new Text("this");
const trueText = new Text("true");
const falseText = new Text("false");
const nullptrText = new Text("nullptr");
const throwText = new Text("throw");

/** Behind the digits of a literal; types that have no suffix are printed as a cast. */
const literalSuffixes: Record<string, string> = { i: "", j: "u", l: "l", m: "ul", x: "ll", y: "ull" };

export class ItaniumParser extends TypeParser {
  override expression(): Node | null {
    if (!this.enter()) return null;
    const isGlobal = this.takePair(two.gs);
    const operator = this.operator();
    const result = operator === null ? this.#plainExpression(isGlobal) : this.#operatorExpression(operator, isGlobal);
    this.depth--;
    return result;
  }

  /** Expressions up to the closing `E`. */
  #expressions(): Node[] | null {
    const nodes: Node[] = [];
    while (!this.take(0x45 /* E */)) {
      const node = this.expression();
      if (node === null) return null;
      nodes.push(node);
    }
    return nodes;
  }

  #operatorExpression(operator: Operator, isGlobal: boolean): Node | null {
    const { symbol, precedence } = operator;
    switch (operator.kind) {
      case "binary":
      case "subscript":
      case "member": {
        const lhs = this.expression();
        const rhs = lhs === null ? null : this.expression();
        if (lhs === null || rhs === null) return null;
        if (operator.kind === "subscript") return new Subscript(lhs, rhs);
        if (operator.kind === "member") return new MemberExpression(lhs, symbol, rhs, precedence);
        return new BinaryExpression(lhs, symbol, rhs, precedence);
      }
      case "prefix":
        return this.#prefix(symbol, precedence);
      case "postfix": {
        if (this.take(underscore)) return this.#prefix(symbol, precedence);
        const child = this.expression();
        return child === null ? null : new PostfixExpression(child, symbol);
      }
      case "new":
        return this.#new(isGlobal ? `::${symbol}` : symbol);
      case "delete":
        return this.#keyword(`${isGlobal ? "::" : ""}${symbol} `, UNARY);
      case "call": {
        // `cp`: a name in parentheses, which switches off the lookup by argument types.
        const isInParentheses = this.look(-1) === 0x70;
        const callee = this.expression();
        const nodes = callee === null ? null : this.#expressions();
        return callee === null || nodes === null ? null : new Call(callee, isInParentheses, nodes);
      }
      case "cast":
        return this.#conversionExpression();
      case "conditional": {
        const condition = this.expression();
        const yes = condition === null ? null : this.expression();
        const no = yes === null ? null : this.expression();
        return condition === null || yes === null || no === null ? null : new ConditionalExpression(condition, yes, no, precedence);
      }
      case "named cast": {
        const type = this.type();
        const child = type === null ? null : this.expression();
        return type === null || child === null ? null : new NamedCast(symbol, type, child);
      }
      case "of type":
        return enclosed(symbol, this.type(), precedence);
      case "of expression":
        return enclosed(symbol, this.expression(), precedence);
      default:
        return null;
    }
  }

  #prefix(symbol: string, precedence: number): Node | null {
    const child = this.expression();
    return child === null ? null : new PrefixExpression(symbol, child, precedence);
  }

  #keyword(keyword: string, precedence: number): Node | null {
    const child = this.expression();
    return child === null ? null : new KeywordExpression(keyword, child, precedence);
  }

  /** `nw <placement>* _ <type> [pi <initializer>*] E` */
  #new(keyword: string): Node | null {
    const placement: Node[] = [];
    while (!this.take(underscore)) {
      const node = this.expression();
      if (node === null) return null;
      placement.push(node);
    }
    const type = this.type();
    if (type === null) return null;
    if (this.take(0x45 /* E */)) return new NewExpression(keyword, placement, type, []);
    if (this.look() === 0x69 /* i */ && this.look(1) === 0x6c /* l */) {
      const list = this.expression();
      return list !== null && this.take(0x45) ? new NewExpression(keyword, placement, type, [list]) : null;
    }
    const initializers = this.takePair(two.pi) ? this.#expressions() : null;
    return initializers === null ? null : new NewExpression(keyword, placement, type, initializers);
  }

  /** `cv <type> <expression>` or `cv <type> _ <expression>* E` */
  #conversionExpression(): Node | null {
    const { mayTakeArguments } = this;
    this.mayTakeArguments = false;
    const type = this.type();
    this.mayTakeArguments = mayTakeArguments;
    if (type === null) return null;
    if (this.take(underscore)) {
      const nodes = this.#expressions();
      return nodes === null ? null : new Conversion(type, nodes, CAST);
    }
    if (this.look() === 0x45 /* E */) return null;
    const child = this.expression();
    return child === null ? null : new Conversion(type, [child], CAST);
  }

  #plainExpression(isGlobal: boolean): Node | null {
    const first = this.look();
    const second = this.look(1);
    if (second === 0) return null;
    if (first === 0x4c /* L */) return this.#primary();
    if (first === 0x54 /* T */) return this.templateParameter();
    if (first === 0x66 /* f */) {
      const isParameter = second === 0x70 /* p */ || (second === 0x4c /* L */ && isDigit(this.look(2)));
      return isParameter ? this.#functionParameter() : this.#fold();
    }
    if (first === 0x75 /* u */) return this.#vendorExpression();
    switch (this.lookPair()) {
      case two.il: {
        this.position += 2;
        const nodes = this.#initializers();
        return nodes === null ? null : new InitializerList(null, nodes);
      }
      case two.tl: {
        this.position += 2;
        const type = this.type();
        const nodes = type === null ? null : this.#initializers();
        return nodes === null ? null : new InitializerList(type, nodes);
      }
      case two.mc:
        this.position += 2;
        return this.#memberPointerConversion();
      case two.nx:
        this.position += 2;
        return enclosed("noexcept ", this.expression(), UNARY);
      case two.so:
        this.position += 2;
        return this.#subobject();
      case two.sp: {
        this.position += 2;
        const child = this.expression();
        return child === null ? null : new PackExpansion(child);
      }
      case two.sy: {
        this.position += 2;
        const pack = this.expression();
        const index = pack === null ? null : this.expression();
        return pack === null || index === null ? null : new PackIndexing(pack, index);
      }
      case two.sZ: {
        this.position += 2;
        if (this.look() !== 0x54 /* T */) return enclosed("sizeof... ", this.#functionParameter(), PRIMARY);
        const pack = this.templateParameter();
        return pack === null ? null : new SizeofPack(pack);
      }
      case two.sP: {
        this.position += 2;
        const nodes = this.#arguments();
        return nodes === null ? null : new Enclosed("sizeof... ", new NodeList(nodes));
      }
      case two.tr:
        this.position += 2;
        return throwText;
      case two.tw:
        this.position += 2;
        return this.#keyword("throw ", PRIMARY);
      case two.rq:
      case two.rQ:
        return this.#requires();
      default:
        return this.#unresolvedName(isGlobal);
    }
  }

  /** Template arguments up to the closing `E`. */
  #arguments(): Node[] | null {
    const nodes: Node[] = [];
    while (!this.take(0x45 /* E */)) {
      const node = this.templateArgument();
      if (node === null) return null;
      nodes.push(node);
    }
    return nodes;
  }

  #initializers(): Node[] | null {
    const nodes: Node[] = [];
    while (!this.take(0x45 /* E */)) {
      const node = this.#initializer();
      if (node === null) return null;
      nodes.push(node);
    }
    return nodes;
  }

  /** An expression, or `di <field>`, `dx <index>`, `dX <first> <last>` in front of another initializer. */
  #initializer(): Node | null {
    const kind = this.lookPair();
    if (kind !== two.di && kind !== two.dx && kind !== two.dX) return this.expression();
    if (!this.enter()) return null;
    this.position += 2;
    const isField = kind === two.di;
    const first = isField ? this.sourceName() : this.expression();
    const last = kind === two.dX ? this.expression() : null;
    const value = first === null || (kind === two.dX && last === null) ? null : this.#initializer();
    this.depth--;
    if (first === null || value === null) return null;
    return new DesignatedInitializer(isField ? "." : "[", first, last, isField ? "" : "]", value);
  }

  /** `mc <type> <expression> [<offset>] E`: a pointer to member of a base class as one of a derived class. */
  #memberPointerConversion(): Node | null {
    const type = this.type();
    const child = type === null ? null : this.expression();
    if (type === null || child === null) return null;
    this.skipDigits(true);
    return this.take(0x45 /* E */) ? new Conversion(type, [child], UNARY) : null;
  }

  /** `so <type> <expression> [<offset>] (_ [<selector>])* [p] E` */
  #subobject(): Node | null {
    const type = this.type();
    const object = type === null ? null : this.expression();
    if (type === null || object === null) return null;
    const offset = this.digits(true);
    // Which members of unions lead there, and whether it is the place one past the end.
    while (this.take(underscore)) this.skipDigits(false);
    this.take(0x70 /* p */);
    return this.take(0x45 /* E */) ? new Subobject(object, type, offset === "" ? "0" : signed(offset)) : null;
  }

  /** `fpT` is `this`; `fp <qualifiers> [<number>] _`, `fL <level> p <qualifiers> [<number>] _` are parameters. */
  #functionParameter(): Node | null {
    if (!this.take(0x66 /* f */)) return null;
    if (this.take(0x4c /* L */)) {
      if (!this.skipDigits(false)) return null;
    } else if (this.takePair(two.pT)) return thisText;
    if (!this.take(0x70 /* p */)) return null;
    this.qualifiers();
    const number = this.digits(false);
    return this.take(underscore) ? new Text(`fp${number}`) : null;
  }

  /** `fl <op> <pack>`, `fr …`, `fL <op> <initial> <pack>`, `fR <op> <pack> <initial>` */
  #fold(): Node | null {
    this.position++;
    const kind = this.look();
    const isLeft = kind === 0x6c /* l */ || kind === 0x4c /* L */;
    if (!isLeft && kind !== 0x72 /* r */ && kind !== 0x52 /* R */) return null;
    this.position++;
    const operator = this.operator();
    if (operator === null || (operator.kind !== "binary" && !(operator.kind === "member" && operator.symbol.endsWith("*")))) return null;
    const first = this.expression();
    if (first === null) return null;
    if (kind === 0x6c || kind === 0x72) return new FoldExpression(isLeft, operator.symbol, first, null);
    const second = this.expression();
    if (second === null) return null;
    return isLeft ? new FoldExpression(true, operator.symbol, second, first) : new FoldExpression(false, operator.symbol, first, second);
  }

  /** `u <name> <template-arg>* E`; in old names `__uuidof` takes `t <type>` or `z <expression>` without `E`. */
  #vendorExpression(): Node | null {
    this.position++;
    const isUuidof = this.has("8__uuidof", this.position);
    const name = this.sourceName();
    if (name === null) return null;
    if (isUuidof) {
      const isType = this.take(0x74 /* t */);
      if (isType || this.take(0x7a /* z */)) {
        const operand = isType ? this.type() : this.expression();
        return operand === null ? null : new Call(name, false, [operand]);
      }
    }
    const nodes = this.#arguments();
    return nodes === null ? null : new Call(name, false, nodes);
  }

  /** `rq <requirement>+ E`, `rQ <parameter types> _ <requirement>+ E` */
  #requires(): Node | null {
    this.position++;
    const hasParameters = this.take(0x51 /* Q */);
    if (!hasParameters) this.position++;
    const parameters: Node[] = [];
    while (hasParameters && !this.take(underscore)) {
      const type = this.type();
      if (type === null) return null;
      parameters.push(type);
    }
    const requirements: Node[] = [];
    do {
      const requirement = this.#requirement();
      if (requirement === null) return null;
      requirements.push(requirement);
    } while (!this.take(0x45 /* E */));
    return new RequiresExpression(parameters, requirements);
  }

  #requirement(): Node | null {
    if (this.take(0x54 /* T */)) {
      const type = this.type();
      return type === null ? null : new KeywordRequirement(" typename ", type);
    }
    if (this.take(0x51 /* Q */)) {
      const nested = this.expression();
      return nested === null ? null : new KeywordRequirement(" requires ", nested);
    }
    if (!this.take(0x58 /* X */)) return null;
    const expression = this.expression();
    if (expression === null) return null;
    const isNoexcept = this.take(0x4e /* N */);
    if (!this.take(0x52 /* R */)) return new ExpressionRequirement(expression, isNoexcept, null);
    const concept = this.anyName(null);
    return concept === null ? null : new ExpressionRequirement(expression, isNoexcept, concept);
  }

  /** `X <expression> E`, `J <args> E` (a pack; `I <args> E` by compilers of the first years of C++11), `L…`, a declared parameter with its argument, or a type. */
  override templateArgument(): Node | null {
    switch (this.look()) {
      case 0x58 /* X */:
        {
          this.position++;
          const expression = this.expression();
          return expression !== null && this.take(0x45 /* E */) ? expression : null;
        }
      case 0x49 /* I */:
      case 0x4a /* J */:
        {
          if (!this.enter()) return null;
          this.position++;
          const nodes = this.#arguments();
          this.depth--;
          return nodes === null ? null : new NodeList(nodes);
        }
      case 0x4c /* L */:
        {
          if (this.look(1) !== 0x5a /* Z */) return this.#primary();
          this.position += 2;
          const encoding = this.encoding();
          return encoding !== null && this.take(0x45 /* E */) ? encoding : null;
        }
      case 0x54 /* T */:
        {
          if (!this.isParameterDeclaration()) return this.type();
          // The declaration is stated where the argument alone would not tell which template is meant; printed is the argument.
          if (this.parameterDeclaration(null) === null || !this.enter()) return null;
          const argument = this.templateArgument();
          this.depth--;
          return argument;
        }
      default:
        return this.type();
    }
  }

  /** `L <type> <value> E`, `L _Z <encoding> E` */
  #primary(): Node | null {
    this.position++;
    const letter = String.fromCharCode(this.look());
    switch (letter) {
      case "b":
        if (this.takeText("b0E")) return falseText;
        return this.takeText("b1E") ? trueText : null;
      case "f":
      case "d":
      case "e": {
        this.position++;
        const literal = floatLiteral(letter, this.bytes, this.position);
        if (literal === null) return null;
        this.position += literal.digits;
        return this.take(0x45 /* E */) ? new Text(literal.text) : null;
      }
      case "_": {
        if (!this.takePair(two._Z)) return null;
        const encoding = this.encoding();
        return encoding !== null && this.take(0x45 /* E */) ? encoding : null;
      }
      case "A": {
        const type = this.type();
        if (type === null) return null;
        if (this.take(0x45 /* E */)) return new StringLiteral(type);
        return this.#valueOf(type);
      }
      case "D":
        if (this.takePair(two.Dn)) {
          this.take(0x30 /* 0 */);
          return this.take(0x45 /* E */) ? nullptrText : null;
        }
        return this.#valueOf(this.type());
      case "T":
        // A parameter whose type depends on another: no value can be stated.
        return null;
      case "U": {
        if (this.look(1) !== 0x6c /* l */) return null;
        const closure = this.unnamedType(null);
        return closure !== null && this.take(0x45 /* E */) ? new LambdaExpression(closure) : null;
      }
      default:
        return this.#integer(letter);
    }
  }

  #integer(letter: string): Node | null {
    const builtin = builtinOf(letter.charCodeAt(0));
    const isInteger = builtin !== undefined && "wcahsijtlmxyno".includes(letter);
    if (!isInteger) return this.#valueOf(this.type());
    this.position++;
    const digits = this.digits(true);
    if (digits === "" || !this.take(0x45 /* E */)) return null;
    const suffix = literalSuffixes[letter];
    return suffix === undefined ? new Literal(builtin, signed(digits)) : new Literal(null, signed(digits) + suffix);
  }

  /** A value of an enumeration, or another value stated as a number. */
  #valueOf(type: Node | null): Node | null {
    if (type === null) return null;
    const digits = this.digits(true);
    return digits !== "" && this.take(0x45 /* E */) ? new Literal(type, signed(digits)) : null;
  }

  /** `[gs] <base>`, `[gs] sr <level>+ E <base>`, `sr <type> [args] <base>`, `srN <type> [args] <level>* E <base>` */
  #unresolvedName(isGlobal: boolean): Node | null {
    if (!this.takePair(two.sr)) {
      const base = this.#baseName();
      return base !== null && isGlobal ? new Prefixed("::", base) : base;
    }
    let scope: Node | null;
    if (isDigit(this.look())) {
      scope = this.#simpleId();
      if (scope !== null && isGlobal) scope = new Prefixed("::", scope);
      scope = this.#levels(scope);
    } else {
      const hasLevels = this.take(0x4e /* N */);
      scope = this.#unresolvedType();
      if (scope !== null && this.look() === 0x49 /* I */) scope = this.withArguments(scope);
      if (hasLevels) scope = this.#levels(scope);
    }
    const base = scope === null ? null : this.#baseName();
    return scope === null || base === null ? null : new ScopedName(scope, "::", base);
  }

  /** The names up to the closing `E`, each inside the one before. */
  #levels(outer: Node | null): Node | null {
    let scope = outer;
    while (scope !== null && !this.take(0x45 /* E */)) {
      const level = this.#simpleId();
      scope = level === null ? null : new ScopedName(scope, "::", level);
    }
    return scope;
  }

  #unresolvedType(): Node | null {
    const first = this.look();
    if (first !== 0x54 /* T */ && first !== 0x44 /* D */) return this.substitution();
    if (first === 0x44 && this.look(1) !== 0x74 /* t */ && this.look(1) !== 0x54 /* T */) return null;
    const type = first === 0x54 ? this.templateParameter() : this.decltype();
    if (type !== null) this.substitutions.push(type);
    return type;
  }

  /** `<name> [args]`, `on <operator> [args]`, `dn <destroyed>` */
  #baseName(): Node | null {
    if (isDigit(this.look())) return this.#simpleId();
    if (this.takePair(two.dn)) {
      const destroyed = isDigit(this.look()) ? this.#simpleId() : this.#unresolvedType();
      return destroyed === null ? null : new Prefixed("~", destroyed);
    }
    this.takePair(two.on);
    const operator = this.operatorName(null);
    return operator !== null && this.look() === 0x49 /* I */ ? this.withArguments(operator) : operator;
  }

  #simpleId(): Node | null {
    const name = this.sourceName();
    return name !== null && this.look() === 0x49 /* I */ ? this.withArguments(name) : name;
  }
}

function enclosed(words: string, child: Node | null, precedence: number): Node | null {
  return child === null ? null : new Enclosed(words, child, precedence);
}

/** Mangled numbers write `n` for minus. */
function signed(digits: string): string {
  return digits.startsWith("n") ? `-${digits.slice(1)}` : digits;
}
