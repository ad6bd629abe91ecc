/**
 * Types and template arguments of the Itanium C++ ABI (5.1.5). Every type read is added to the table of substitutions, except builtin ones
 * and those that are a substitution alone.
 */
import { isDigit, pair, underscore } from "./cursor.ts";
import { CONST, LVALUE, ModuleName, RESTRICT, RVALUE, VOLATILE } from "./name-nodes.ts";
import { NameParser, prefixed } from "./names.ts";
import { type Node, SourceText, Text } from "./node.ts";
import {
  ForwardReference,
  NodeList,
  Pack,
  PackExpansion,
  PackIndexing,
  ParameterPackDeclaration,
  TemplateArguments,
  TemplatedName,
  TemplateParameter,
  TypeParameter,
  ValueParameter,
} from "./template-nodes.ts";
import {
  ArrayType,
  Enclosed,
  FunctionType,
  MemberPointerType,
  ObjcProtocolType,
  PointerType,
  PostfixedType,
  QualifiedType,
  ReferenceType,
  ThrowSpecification,
  VectorType,
} from "./type-nodes.ts";

/** The two letters that begin a form. */
const two = {
  Do: pair("Do"),
  DO: pair("DO"),
  Dw: pair("Dw"),
  Dx: pair("Dx"),
  RE: pair("RE"),
  OE: pair("OE"),
  DS: pair("DS"),
  DA: pair("DA"),
  DR: pair("DR"),
};

const auto = new Text("auto");
const noexcept = new Text("noexcept");
const typename = new Text("typename");

function textsByLetter(names: Record<string, string>): (Text | undefined)[] {
  const byLetter: (Text | undefined)[] = new Array(128).fill(undefined);
  for (const [letter, name] of Object.entries(names)) byLetter[letter.charCodeAt(0)] = new Text(name);
  return byLetter;
}

const builtins = textsByLetter({
  v: "void",
  w: "wchar_t",
  b: "bool",
  c: "char",
  a: "signed char",
  h: "unsigned char",
  s: "short",
  t: "unsigned short",
  i: "int",
  j: "unsigned int",
  l: "long",
  m: "unsigned long",
  x: "long long",
  y: "unsigned long long",
  n: "__int128",
  o: "unsigned __int128",
  f: "float",
  d: "double",
  e: "long double",
  g: "__float128",
  z: "...",
});

/** Behind `D`. */
const longBuiltins = textsByLetter({
  d: "decimal64",
  e: "decimal128",
  f: "decimal32",
  h: "half",
  i: "char32_t",
  s: "char16_t",
  u: "char8_t",
  a: "auto",
  c: "decltype(auto)",
  n: "std::nullptr_t",
});

/** The type that a builtin's letter stands for. */
export function builtinOf(letter: number): Text | undefined {
  return builtins[letter];
}

export abstract class TypeParser extends NameParser {
  override type(): Node | null {
    if (!this.enter()) return null;
    const builtin = builtins[this.look()];
    let result: Node | null;
    if (builtin !== undefined) {
      this.position++;
      result = builtin;
    } else result = this.#compoundType();
    this.depth--;
    return result;
  }

  #compoundType(): Node | null {
    const result = this.#newType();
    if (result === null || this.#isNoCandidate) {
      this.#isNoCandidate = false;
      return result;
    }
    this.substitutions.push(result);
    return result;
  }

  /** Set by a reader whose result is a builtin type or a mere substitution. */
  #isNoCandidate = false;

  #builtin(type: Node | null): Node | null {
    this.#isNoCandidate = true;
    return type;
  }

  #newType(): Node | null {
    switch (this.look()) {
      case 0x72 /* r */:
      case 0x56 /* V */:
      case 0x4b /* K */:
        return this.#isFunctionAhead() ? this.#functionType() : this.qualifiedType();
      case 0x55 /* U */:
        return this.qualifiedType();
      case 0x75 /* u */:
        return this.#vendorType();
      case 0x44 /* D */:
        return this.#typeBehindD();
      case 0x46 /* F */:
        return this.#functionType();
      case 0x41 /* A */:
        return this.#arrayType();
      case 0x4d /* M */:
        return this.#memberPointer();
      case 0x54 /* T */:
        return this.#parameterType();
      case 0x50 /* P */:
        {
          this.position++;
          const child = this.type();
          return child === null ? null : new PointerType(child);
        }
      case 0x52 /* R */:
      case 0x4f /* O */:
        {
          const isLvalue = this.look() === 0x52;
          this.position++;
          const child = this.type();
          return child === null ? null : new ReferenceType(child, isLvalue);
        }
      case 0x43 /* C */:
        this.position++;
        return postfixed(this.type(), " complex");
      case 0x47 /* G */:
        this.position++;
        return postfixed(this.type(), " imaginary");
      case 0x53 /* S */:
        if (this.look(1) !== 0x74 /* t */) return this.#substitutedType();
        return this.anyName(null);
      default:
        return this.anyName(null);
    }
  }

  /** `S_`, `S_ <args>`, `Ss`, or a name in a module that is a substitution. */
  #substitutedType(): Node | null {
    let name = this.substitution();
    if (name === null) return null;
    const isSubstitution = !(name instanceof ModuleName);
    if (!isSubstitution) name = this.unscopedName(null, name);
    if (name === null) return null;
    if (this.look() !== 0x49 /* I */ || (isSubstitution && !this.mayTakeArguments)) {
      return isSubstitution ? this.#builtin(name) : name;
    }
    if (!isSubstitution) this.substitutions.push(name);
    return this.withArguments(name);
  }

  /** `name <template-args>` */
  withArguments(name: Node): Node | null {
    const templateArguments = this.templateArguments(false);
    return templateArguments === null ? null : new TemplatedName(name, templateArguments);
  }

  #parameterType(): Node | null {
    const next = this.look(1);
    if (next === 0x73 /* s */ || next === 0x75 /* u */ || next === 0x65 /* e */) {
      this.position += 2;
      return prefixed(next === 0x73 ? "struct " : next === 0x75 ? "union " : "enum ", this.anyName(null));
    }
    const parameter = this.templateParameter();
    if (parameter === null || !this.mayTakeArguments || this.look() !== 0x49 /* I */) return parameter;
    this.substitutions.push(parameter);
    return this.withArguments(parameter);
  }

  override qualifiers(): number {
    let qualifiers = 0;
    if (this.take(0x72 /* r */)) qualifiers |= RESTRICT;
    if (this.take(0x56 /* V */)) qualifiers |= VOLATILE;
    if (this.take(0x4b /* K */)) qualifiers |= CONST;
    return qualifiers;
  }

  /** Qualifiers in front of a function type are the function's own. */
  #isFunctionAhead(): boolean {
    let ahead = 0;
    if (this.look(ahead) === 0x72 /* r */) ahead++;
    if (this.look(ahead) === 0x56 /* V */) ahead++;
    if (this.look(ahead) === 0x4b /* K */) ahead++;
    if (this.look(ahead) === 0x46 /* F */) return true;
    return this.look(ahead) === 0x44 /* D */ && isExceptionLetter(this.look(ahead + 1));
  }

  qualifiedType(): Node | null {
    if (!this.enter()) return null;
    const result = this.take(0x55 /* U */) ? this.#vendorQualified() : this.#cvQualified();
    this.depth--;
    return result;
  }

  #cvQualified(): Node | null {
    const qualifiers = this.qualifiers();
    const type = this.type();
    return type === null || qualifiers === 0 ? type : new QualifiedType(type, qualifiers);
  }

  #vendorQualified(): Node | null {
    const qualifier = this.identifier();
    if (qualifier === null) return null;
    if (qualifier.startsWith("objcproto")) {
      const length = /^[0-9]+/.exec(qualifier.slice(9))?.[0] ?? "";
      const protocol = qualifier.slice(9 + length.length, 9 + length.length + Number(length));
      const child = this.qualifiedType();
      if (protocol === "" || protocol.length !== Number(length) || child === null) return null;
      const isObject = child instanceof SourceText && child.end - child.start === objcObject.length && this.has(objcObject, child.start);
      return new ObjcProtocolType(child, protocol, isObject);
    }
    const templateArguments = this.look() === 0x49 /* I */ ? this.templateArguments(false) : null;
    const child = this.qualifiedType();
    return child === null ? null : new PostfixedType(child, ` ${qualifier}`, templateArguments);
  }

  #vendorType(): Node | null {
    this.position++;
    const name = this.identifier();
    if (name === null) return null;
    if (!this.take(0x49 /* I */)) return new Text(name);
    const child = this.type();
    return child !== null && this.take(0x45 /* E */) ? new Enclosed(name, child) : null;
  }

  #typeBehindD(): Node | null {
    const letter = this.look(1);
    const builtin = longBuiltins[letter];
    if (builtin !== undefined) {
      this.position += 2;
      return this.#builtin(builtin);
    }
    if (isExceptionLetter(letter)) return this.#functionType();
    switch (letter) {
      case 0x46 /* F */:
        return this.#builtin(this.#floatType());
      case 0x42 /* B */:
      case 0x55 /* U */:
        return this.#builtin(this.#bitInt());
      case 0x6b /* k */:
      case 0x4b /* K */:
        this.position += 2;
        return this.#builtin(postfixed(this.anyName(null), letter === 0x6b ? " auto" : " decltype(auto)"));
      case 0x41 /* A */:
      case 0x52 /* R */:
      case 0x53 /* S */:
        return this.#builtin(this.#fixedPoint());
      case 0x74 /* t */:
      case 0x54 /* T */:
        return this.decltype();
      case 0x76 /* v */:
        return this.#vectorType();
      case 0x70 /* p */:
        {
          this.position += 2;
          const child = this.type();
          return child === null ? null : new PackExpansion(child);
        }
      case 0x79 /* y */:
        {
          this.position += 2;
          const pack = this.type();
          const index = pack === null ? null : this.expression();
          return pack === null || index === null ? null : new PackIndexing(pack, index);
        }
      default:
        return null;
    }
  }

  /** `DF <bits> _`, `DF <bits> x`, `DF16b` */
  #floatType(): Node | null {
    this.position += 2;
    const bits = this.digits(false);
    if (bits === "16" && this.take(0x62 /* b */)) return new Text("std::bfloat16_t");
    if (this.take(0x78 /* x */)) return new Text(`_Float${bits}x`);
    return this.take(underscore) ? new Text(`_Float${bits}`) : null;
  }

  /** `DB <bits> _`, `DU <bits> _`; the number of bits may be an expression. */
  #bitInt(): Node | null {
    const words = this.look(1) === 0x42 /* B */ ? "_BitInt" : "unsigned _BitInt";
    this.position += 2;
    const bits = isDigit(this.look()) ? new Text(this.digits(false)) : this.expression();
    return bits !== null && this.take(underscore) ? new Enclosed(words, bits) : null;
  }

  /** `[DS] DA <integer>`, `[DS] DR <integer>`: fixed point numbers of the integer's size. */
  #fixedPoint(): Node | null {
    const saturates = this.takePair(two.DS);
    const isAccum = this.takePair(two.DA);
    if (!isAccum && !this.takePair(two.DR)) return null;
    const size = fixedPointSizes[String.fromCharCode(this.look())];
    if (size === undefined) return null;
    this.position++;
    return new Text(`${saturates ? "_Sat " : ""}${size}${isAccum ? "_Accum" : "_Fract"}`);
  }

  #memberPointer(): Node | null {
    this.position++;
    const ofClass = this.type();
    if (ofClass === null) return null;
    const member = this.#isOldMemberFunction() ? this.#oldMemberFunction() : this.type();
    return member === null ? null : new MemberPointerType(ofClass, member);
  }

  /** There are no pointers to members that are references: `R` and `O` before a function are its own, as old compilers placed them. */
  #isOldMemberFunction(): boolean {
    let ahead = 0;
    if (this.look(ahead) === 0x72 /* r */) ahead++;
    if (this.look(ahead) === 0x56 /* V */) ahead++;
    if (this.look(ahead) === 0x4b /* K */) ahead++;
    return (this.look(ahead) === 0x52 /* R */ || this.look(ahead) === 0x4f) /* O */ && this.look(ahead + 1) === 0x46 /* F */;
  }

  #oldMemberFunction(): Node | null {
    const qualifiers = this.qualifiers() | (this.look() === 0x52 /* R */ ? LVALUE : RVALUE);
    this.position++;
    const type = this.#functionType(qualifiers);
    if (type !== null) this.substitutions.push(type);
    return type;
  }

  #arrayType(): Node | null {
    this.position++;
    let size: Node | null = null;
    if (isDigit(this.look())) {
      size = new Text(this.digits(false));
      if (!this.take(underscore)) return null;
    } else if (!this.take(underscore)) {
      size = this.expression();
      if (size === null || !this.take(underscore)) return null;
    }
    const element = this.type();
    return element === null ? null : new ArrayType(element, size);
  }

  #vectorType(): Node | null {
    this.position += 2;
    let size: Node | null = null;
    if (isDigit(this.look()) && this.look() !== 0x30) {
      size = new Text(this.digits(false));
      if (!this.take(underscore)) return null;
      if (this.take(0x70 /* p */)) return new VectorType(pixel, size);
    } else if (!this.take(underscore)) {
      size = this.expression();
      if (size === null || !this.take(underscore)) return null;
    }
    const element = this.type();
    return element === null ? null : new VectorType(element, size);
  }

  /** `[qualifiers] [exceptions] [Dx] F [Y] <return> <parameters> [R|O] E` */
  #functionType(ownQualifiers = 0): Node | null {
    let qualifiers = ownQualifiers | this.qualifiers();
    let exceptions: Node | null = null;
    if (this.takePair(two.Do)) exceptions = noexcept;
    else if (this.takePair(two.DO)) {
      const condition = this.expression();
      if (condition === null || !this.take(0x45 /* E */)) return null;
      exceptions = new Enclosed("noexcept", condition);
    } else if (this.takePair(two.Dw)) {
      const types: Node[] = [];
      while (!this.take(0x45 /* E */)) {
        const type = this.type();
        if (type === null) return null;
        types.push(type);
      }
      exceptions = new ThrowSpecification(types);
    }
    this.takePair(two.Dx); // transaction_safe
    if (!this.take(0x46 /* F */)) return null;
    this.take(0x59 /* Y: extern "C" */);
    const returns = this.type();
    if (returns === null) return null;
    const parameters: Node[] = [];
    while (!this.take(0x45 /* E */)) {
      if (this.take(0x76 /* v */)) continue;
      if (this.takePair(two.RE)) {
        qualifiers |= LVALUE;
        break;
      }
      if (this.takePair(two.OE)) {
        qualifiers |= RVALUE;
        break;
      }
      const type = this.type();
      if (type === null) return null;
      parameters.push(type);
    }
    return new FunctionType(returns, parameters, qualifiers, exceptions);
  }

  override decltype(): Node | null {
    this.position += 2;
    const expression = this.expression();
    return expression !== null && this.take(0x45 /* E */) ? new Enclosed("decltype", expression) : null;
  }

  /** `T_`, `T0_`, `TL0__`…: what the argument of that number is. */
  override templateParameter(): Node | null {
    const start = this.position;
    if (!this.take(0x54 /* T */)) return null;
    let level = 0;
    if (this.take(0x4c /* L */)) {
      level = this.natural() + 1;
      if (level === 0 || !this.take(underscore)) return null;
    }
    let index = 0;
    if (!this.take(underscore)) {
      index = this.natural() + 1;
      if (index === 0 || !this.take(underscore)) return null;
    }
    if (this.hasUnknownLists) return new SourceText(start, this.position - 1);
    if (this.mayReferForward && level === 0) {
      const reference = new ForwardReference(index);
      this.forwardReferences ??= [];
      this.forwardReferences.push(reference);
      return reference;
    }
    const found = this.templateLists[level]?.[index];
    if (found !== undefined) return found;
    if (this.lambdaLevel !== level || level > this.templateLists.length) return null;
    // A generic lambda's `auto` parameters are parameters of a list that is not declared.
    if (level === this.templateLists.length) this.templateLists = [...this.templateLists, null];
    return auto;
  }

  /** `I … [Q constraint] E`; the arguments of the function or class that is named become those that `T_` refers to. */
  override templateArguments(areOfName: boolean): Node | null {
    if (!this.take(0x49 /* I */)) return null;
    const nodes: Node[] = [];
    const referable: Node[] = [];
    if (areOfName) this.templateLists = [referable];
    const { mayTakeArguments } = this;
    while (!this.take(0x45 /* E */)) {
      // What a conversion operator leaves for itself is behind its type, not inside of it.
      this.mayTakeArguments = true;
      const node = this.templateArgument();
      this.mayTakeArguments = mayTakeArguments;
      if (node === null) return null;
      nodes.push(node);
      if (areOfName) referable.push(node instanceof NodeList ? new Pack(node.nodes) : node);
      if (this.take(0x51 /* Q */)) {
        // Stated to tell overloads apart; printed nowhere.
        if (this.constraint() === null || !this.take(0x45 /* E */)) return null;
        break;
      }
    }
    return new TemplateArguments(nodes);
  }

  override isParameterDeclaration(): boolean {
    if (this.look() !== 0x54 /* T */) return false;
    const kind = this.look(1);
    return kind === 0x79 /* y */ || kind === 0x70 /* p */ || kind === 0x74 /* t */ || kind === 0x6e /* n */ || kind === 0x6b /* k */;
  }

  override parameterDeclaration(list: Node[] | null): Node | null {
    if (!this.enter()) return null;
    this.position++;
    const kind = this.look();
    this.position++;
    let result: Node | null = null;
    if (kind === 0x79 /* y */) {
      result = new TypeParameter(typename, invent("$T", this.inventedTypes++, list));
    } else if (kind === 0x6b /* k */) {
      const concept = this.#concept();
      if (concept !== null) result = new TypeParameter(concept, invent("$T", this.inventedTypes++, list));
    } else if (kind === 0x6e /* n */) {
      const name = invent("$N", this.inventedValues++, list);
      const type = this.type();
      if (type !== null) result = new ValueParameter(type, name);
    } else if (kind === 0x74 /* t */) {
      result = this.#templateTemplate(invent("$TT", this.inventedTemplates++, list));
    } else if (this.isParameterDeclaration()) {
      const parameter = this.parameterDeclaration(list);
      if (parameter !== null) result = new ParameterPackDeclaration(parameter);
    }
    this.depth--;
    return result;
  }

  #concept(): Node | null {
    const { hasUnknownLists } = this;
    this.hasUnknownLists = true;
    const concept = this.anyName(null);
    this.hasUnknownLists = hasUnknownLists;
    return concept;
  }

  #templateTemplate(name: Node): Node | null {
    const { templateLists } = this;
    const list: Node[] = [];
    this.templateLists = [...templateLists, list];
    const parameters: Node[] = [];
    let requires: Node | null = null;
    while (!this.take(0x45 /* E */)) {
      if (!this.isParameterDeclaration()) return null;
      const parameter = this.parameterDeclaration(list);
      if (parameter === null) return null;
      parameters.push(parameter);
      if (this.take(0x51 /* Q */)) {
        requires = this.constraint();
        if (requires === null || !this.take(0x45 /* E */)) return null;
        break;
      }
    }
    this.templateLists = templateLists;
    return new TemplateParameter(parameters, name, requires);
  }

  override constraint(): Node | null {
    const { hasUnknownLists } = this;
    this.hasUnknownLists = true;
    const constraint = this.expression();
    this.hasUnknownLists = hasUnknownLists;
    return constraint;
  }
}

/** What `id` points to. */
const objcObject = "objc_object";

const pixel = new Text("pixel");

const fixedPointSizes: Record<string, string> = {
  s: "short ",
  t: "unsigned short ",
  i: "",
  j: "unsigned ",
  l: "long ",
  m: "unsigned long ",
};

function isExceptionLetter(letter: number): boolean {
  return letter === 0x6f /* o */ || letter === 0x4f /* O */ || letter === 0x77 /* w */ || letter === 0x78 /* x */;
}

function postfixed(child: Node | null, postfix: string): Node | null {
  return child === null ? null : new PostfixedType(child, postfix, null);
}

/** A name for a parameter that has none in the mangled name: `$T`, `$T0`, `$T1`… */
function invent(prefix: string, index: number, list: Node[] | null): Node {
  const name = new Text(index === 0 ? prefix : `${prefix}${index - 1}`);
  list?.push(name);
  return name;
}
