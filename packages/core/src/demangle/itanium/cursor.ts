/**
 * The characters of an Itanium name, read from left to right, and what the whole parser shares: the table of substitutions (ABI 5.1.10),
 * the template arguments that `T_`, `T0_`… refer to, and how deep the parser is.
 */
import { type Node, Text } from "./node.ts";
import type { ForwardReference } from "./template-nodes.ts";

/** Types in types while parsing. A level takes up to six stack frames; names of deep template libraries reach about 100. */
export const maxParseDepth = 384;

export const underscore = 0x5f;

/** What a name says about the encoding that it is part of. */
export interface NameState {
  /** Constructors, destructors and conversions have no return type. */
  isStructorOrConversion: boolean;
  endsWithTemplateArguments: boolean;
  /** Of the member function. */
  qualifiers: number;
  /** `void f(this X)`: the first parameter is the object. */
  hasExplicitObject: boolean;
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Two letters as one number, to compare at once. */
export function pair(text: string): number {
  return (text.charCodeAt(0) << 16) | text.charCodeAt(1);
}

export type TemplateLists = readonly (readonly Node[] | null)[];

export const noLists: TemplateLists = [];

export class Cursor {
  name = "";
  end = 0;
  position = 0;
  #hasOnlyAscii = true;
  depth = 0;

  readonly substitutions: Node[] = [];
  /** Template parameter lists in scope, outermost first; null: a list of which only its being there is known (generic lambdas). */
  templateLists = noLists;
  /** Of the encoding that is read; null when it has none. */
  forwardReferences: ForwardReference[] | null = null;
  /** In a conversion operator's type, arguments may stand further on. */
  mayReferForward = false;
  /** Behind `cv`, template arguments belong to the operator and not to its type. */
  mayTakeArguments = true;
  /** In constraints, outer parameter lists are in scope that the name does not state: parameters print as they are numbered. */
  hasUnknownLists = false;
  /** The parameter list that a lambda's `auto` parameters stand for. */
  lambdaLevel = -1;
  inventedTypes = 0;
  inventedValues = 0;
  inventedTemplates = 0;

  /** Begins with another name. A parser serves many: making one costs as much as reading a short name. */
  reset(name: string, position: number): void {
    this.name = name;
    this.end = name.length;
    this.position = position;
    this.depth = 0;
    this.substitutions.length = 0;
    this.templateLists = noLists;
    this.forwardReferences = null;
    this.mayReferForward = false;
    this.mayTakeArguments = true;
    this.hasUnknownLists = false;
    this.lambdaLevel = -1;
    this.inventedTypes = 0;
    this.inventedValues = 0;
    this.inventedTemplates = 0;
    let codes = 0;
    for (let i = position; i < this.end; i++) codes |= name.charCodeAt(i);
    this.#hasOnlyAscii = codes < 0x80;
  }

  /** The character `ahead` of the position; 0 behind the end. */
  look(ahead = 0): number {
    const at = this.position + ahead;
    return at < this.end ? this.name.charCodeAt(at) : 0;
  }

  /** The next two characters, as `pair` gives them. */
  lookPair(): number {
    return (this.look() << 16) | this.look(1);
  }

  take(code: number): boolean {
    if (this.look() !== code) return false;
    this.position++;
    return true;
  }

  takePair(two: number): boolean {
    if (this.lookPair() !== two) return false;
    this.position += 2;
    return true;
  }

  takeText(text: string): boolean {
    if (!this.name.startsWith(text, this.position)) return false;
    this.position += text.length;
    return true;
  }

  /** Decimal digits with an optional `n` for minus, as they stand; empty when there are none. */
  digits(maybeNegative: boolean): string {
    const start = this.position;
    if (maybeNegative) this.take(0x6e /* n */);
    if (!isDigit(this.look())) return "";
    do this.position++;
    while (isDigit(this.look()));
    return this.name.slice(start, this.position);
  }

  /** A number without sign; -1 when there is none. */
  natural(): number {
    let value = -1;
    for (let code = this.look(); isDigit(code); code = this.look()) {
      value = Math.min(Math.max(value, 0) * 10 + code - 0x30, Number.MAX_SAFE_INTEGER);
      this.position++;
    }
    return value;
  }

  /** A number in base 36 with digits and capitals; -1 when there is none. */
  sequenceId(): number {
    let value = -1;
    for (;;) {
      const code = this.look();
      const digit = isDigit(code) ? code - 0x30 : code >= 0x41 && code <= 0x5a ? code - 0x37 : -1;
      if (digit < 0) return value;
      value = Math.min(Math.max(value, 0) * 36 + digit, Number.MAX_SAFE_INTEGER);
      this.position++;
    }
  }

  /** `<length> <that many bytes>`; null when the name is shorter. Lengths count bytes of UTF-8. */
  identifier(): string | null {
    const length = this.natural();
    const start = this.position;
    if (length < 0) return null;
    if (this.#hasOnlyAscii) {
      if (length > this.end - start) return null;
      this.position += length;
    } else {
      let bytes = 0;
      for (; bytes < length && this.position < this.end; this.position++) {
        const code = this.name.charCodeAt(this.position);
        // A surrogate is half of a character of four bytes.
        bytes += code < 0x80 ? 1 : code < 0x800 || (code & 0xf800) === 0xd800 ? 2 : 3;
      }
      if (bytes !== length) return null;
    }
    return this.name.slice(start, this.position);
  }

  /** `<source-name>`; anonymous namespaces are spelled so. */
  sourceName(): Node | null {
    const name = this.identifier();
    if (name === null || name === "") return null;
    return new Text(name.charCodeAt(0) === underscore && name.startsWith("_GLOBAL__N") ? "(anonymous namespace)" : name);
  }

  /** `_ <digit>`, `__ <number> _`, or digits to the end: which of several local things of one name. Not printed. */
  skipDiscriminator(): void {
    if (this.look() === underscore) {
      if (isDigit(this.look(1))) this.position += 2;
      else if (this.look(1) === underscore) {
        let ahead = 2;
        while (isDigit(this.look(ahead))) ahead++;
        if (this.look(ahead) === underscore) this.position += ahead + 1;
      }
    } else if (isDigit(this.look())) {
      let ahead = 1;
      while (isDigit(this.look(ahead))) ahead++;
      if (this.position + ahead === this.end) this.position = this.end;
    }
  }

  /** `h <number> _` or `v <number> _ <number> _`: how a thunk adjusts the object's address. Not printed. */
  skipCallOffset(): boolean {
    if (this.take(0x68 /* h */)) return this.digits(true) !== "" && this.take(underscore);
    if (!this.take(0x76 /* v */)) return false;
    return this.digits(true) !== "" && this.take(underscore) && this.digits(true) !== "" && this.take(underscore);
  }

  /** One level deeper; false when there are too many. Every true needs `depth--`. */
  enter(): boolean {
    if (this.depth >= maxParseDepth) return false;
    this.depth++;
    return true;
  }
}
