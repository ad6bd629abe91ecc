/**
 * The bytes of an Itanium name, read from left to right, and what the whole parser shares: the table of substitutions (ABI 5.1.10),
 * the template arguments that `T_`, `T0_`… refer to, and how deep the parser is.
 *
 * A name is read as bytes of UTF-8: its lengths count them, and bytes are read faster than characters of a string. What is taken out of it as a
 * string has one character for each byte, whatever the byte is part of; the readable name is decoded when it is whole.
 */
import { encodeUtf8 } from "../../bytes/utf8.ts";
import { type Node, SourceText, Text } from "./node.ts";
import type { ForwardReference } from "./template-nodes.ts";

/** Longer names are not read. The longest that compilers write without hashing are below 64 KiB. */
export const maxNameLength = 1 << 16;

/** What is read behind the end of a name: zeros. No form is told by more letters. */
const lookahead = 16;

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

/** What compilers name a namespace that has none; a number or a file's name may follow. */
const anonymousPrefix = "_GLOBAL__N";
const anonymousNamespace = new Text("(anonymous namespace)");

export type TemplateLists = readonly (readonly Node[] | null)[];

export const noLists: TemplateLists = [];

export class Cursor {
  /** The name, then zeros. */
  readonly bytes = new Uint8Array(3 * maxNameLength + lookahead);
  /** The same as a string. */
  source = "";
  hasOnlyAscii = true;
  end = 0;
  position = 0;
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

  /** Begins with another name, of at most `maxNameLength`. A parser serves many: making one costs as much as reading a short name. */
  reset(name: string, position: number): void {
    let codes = 0;
    for (let i = 0; i < name.length; i++) {
      const code = name.charCodeAt(i);
      codes |= code;
      this.bytes[i] = code;
    }
    this.hasOnlyAscii = codes < 0x80;
    this.source = this.hasOnlyAscii ? name : this.#encoded(name);
    this.end = this.source.length;
    for (let i = 0; i < lookahead; i++) this.bytes[this.end + i] = 0;
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
  }

  /** Makes bytes of a name that has more than ASCII. @returns a character for each */
  #encoded(name: string): string {
    const bytes = encodeUtf8(name);
    this.bytes.set(bytes);
    let source = "";
    for (let i = 0; i < bytes.length; i++) source += String.fromCharCode(bytes[i]!);
    return source;
  }

  /** The byte `ahead` of the position; 0 behind the end. */
  look(ahead = 0): number {
    return this.bytes[this.position + ahead]!;
  }

  /** The bytes from `start` to the position. */
  taken(start: number): string {
    return this.source.slice(start, this.position);
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
    if (!this.has(text, this.position)) return false;
    this.position += text.length;
    return true;
  }

  /** Whether `text` stands at `start`. */
  has(text: string, start: number): boolean {
    for (let i = 0; i < text.length; i++) if (this.bytes[start + i] !== text.charCodeAt(i)) return false;
    return true;
  }

  /** Decimal digits with an optional `n` for minus, as they stand; empty when there are none. */
  digits(maybeNegative: boolean): string {
    const start = this.position;
    return this.skipDigits(maybeNegative) ? this.taken(start) : "";
  }

  /** Goes over what `digits` reads. */
  skipDigits(maybeNegative: boolean): boolean {
    if (maybeNegative) this.take(0x6e /* n */);
    if (!isDigit(this.look())) return false;
    do this.position++;
    while (isDigit(this.look()));
    return true;
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

  /** Goes over `<length> <that many bytes>`; where the bytes begin, -1 when there are fewer, or none. */
  skipIdentifier(): number {
    const length = this.natural();
    const start = this.position;
    if (length <= 0 || length > this.end - start) return -1;
    this.position += length;
    return start;
  }

  /** `<length> <that many bytes>`; null when there are fewer, or none. */
  identifier(): string | null {
    const start = this.skipIdentifier();
    return start < 0 ? null : this.taken(start);
  }

  /** `<source-name>`; anonymous namespaces are spelled so. */
  sourceName(): Node | null {
    const start = this.skipIdentifier();
    if (start < 0) return null;
    const isAnonymous = this.position - start >= anonymousPrefix.length && this.has(anonymousPrefix, start);
    return isAnonymous ? anonymousNamespace : new SourceText(start, this.position);
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
    if (this.take(0x68 /* h */)) return this.skipDigits(true) && this.take(underscore);
    if (!this.take(0x76 /* v */)) return false;
    return this.skipDigits(true) && this.take(underscore) && this.skipDigits(true) && this.take(underscore);
  }

  /** One level deeper; false when there are too many. Every true needs `depth--`. */
  enter(): boolean {
    if (this.depth >= maxParseDepth) return false;
    this.depth++;
    return true;
  }
}
