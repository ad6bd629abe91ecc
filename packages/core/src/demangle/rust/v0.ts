/**
 * Rust's v0 names (RFC 2603 and the rustc book, "Symbol Mangling").
 *
 *   _R path [instantiating crate] [. suffix]
 *   path    C [s…_] ident | N ns path [s…_] ident | M impl type | X impl type path | Y type path | I path args E | B backref
 *   type    one letter | R Q P O A S T F D W … | path | B backref
 *   const   type letter and hex digits, or R Q A T V of constants, or B backref
 *
 * Parsing prints at once; a back reference prints what stands at an earlier place again. The spelling is rustc-demangle's short form: no
 * crate disambiguators, no types behind integers, `.llvm.…` left out and other suffixes kept. `spelling: "llvm"` differs where
 * `llvm-cxxfilt` does: suffixes as ` (.llvm.1)`, characters outside ASCII as `\u{…}`, and the names of lifetimes behind `'z`.
 */
import type { RustOptions } from "./legacy.ts";
import { decodePunycode } from "./punycode.ts";
import { endWithoutLlvm, isSuffix } from "./suffix.ts";

export interface RustV0Options extends RustOptions {
  spelling?: "rustc" | "llvm";
}

/** Longer names are not read; rustc hashes names before they get so long. */
const maxNameLength = 1 << 16;
/** Paths, types and constants inside each other, as rustc-demangle; a level takes about three stack frames. */
const maxDepth = 500;
/** Paths, types and constants printed for one name: back references can multiply them. */
const maxSteps = 1 << 17;
/** Longest readable name. */
const maxOutput = 1 << 18;
/** Lifetimes of one `for<…>`. */
const maxLifetimes = 1 << 12;

/** Numbers have 64 bits at most. */
const maxNumber = 2 ** 64;

const basicTypes: Record<string, string> = {
  a: "i8",
  b: "bool",
  c: "char",
  d: "f64",
  e: "str",
  f: "f32",
  h: "u8",
  i: "isize",
  j: "usize",
  l: "i32",
  m: "u32",
  n: "i128",
  o: "u128",
  p: "_",
  s: "i16",
  t: "u16",
  u: "()",
  v: "...",
  x: "i64",
  y: "u64",
  z: "!",
};

/** The readable form of a name that begins with `_R` or `__R` (an underscore of Mach-O); null when it is none or damaged. */
export function demangleRustV0(mangled: string, options: RustV0Options = {}): string | null {
  const start = mangled.startsWith("_R") ? 2 : mangled.startsWith("__R") ? 3 : 0;
  if (start === 0 || mangled.length > maxNameLength) return null;
  const isLlvm = options.spelling === "llvm";
  const end = isLlvm ? mangled.length : endWithoutLlvm(mangled);
  const printer = new V0Printer(mangled, start, end, options.hash === true, isLlvm);
  const text = printer.symbol();
  if (text === null) return null;
  const suffix = mangled.slice(printer.position, end);
  if (!isSuffix(suffix)) return null;
  return suffix !== "" && isLlvm ? `${text} (${suffix})` : text + suffix;
}

class V0Printer {
  readonly #name: string;
  /** Back references count from here. */
  readonly #start: number;
  readonly #end: number;
  readonly #hasHash: boolean;
  readonly #isLlvm: boolean;
  position: number;
  #text = "";
  #isSilent = false;
  #failed = false;
  #depth = 0;
  #steps = 0;
  /** Lifetimes bound by the `for<…>` around. */
  #lifetimes = 0;

  constructor(name: string, start: number, end: number, hasHash: boolean, isLlvm: boolean) {
    this.#name = name;
    this.#start = start;
    this.#end = end;
    this.#hasHash = hasHash;
    this.#isLlvm = isLlvm;
    this.position = start;
  }

  symbol(): string | null {
    this.#path(true);
    const text = this.#text;
    if (!this.#failed && isUpper(this.#look())) {
      this.#isSilent = true;
      this.#path(false);
    }
    return this.#failed || text.length > maxOutput ? null : text;
  }

  #fail(): void {
    this.#failed = true;
  }

  #write(text: string): void {
    if (!this.#isSilent) this.#text += text;
  }

  #look(): number {
    return this.position < this.#end ? this.#name.charCodeAt(this.position) : 0;
  }

  #take(code: number): boolean {
    if (this.#look() !== code) return false;
    this.position++;
    return true;
  }

  /** One level deeper; false when damaged or a limit is reached. Every true needs a `#leave`. */
  #enter(): boolean {
    if (++this.#steps > maxSteps || this.#depth >= maxDepth || this.#text.length > maxOutput) this.#failed = true;
    if (this.#failed) return false;
    this.#depth++;
    return true;
  }

  #leave(): void {
    this.#depth--;
  }

  /** `_` is 0, `0_` is 1…; damaged numbers give 0. */
  #base62(): number {
    if (this.#take(0x5f /* _ */)) return 0;
    let value = 0;
    while (!this.#take(0x5f)) {
      const code = this.#look();
      const digit = isDigit(code) ? code - 0x30 : isLower(code) ? code - 0x57 : isUpper(code) ? code - 0x1d : -1;
      value = value * 62 + digit;
      if (digit < 0 || value > maxNumber) {
        this.#fail();
        return 0;
      }
      this.position++;
    }
    return value + 1;
  }

  /** `tag number`, counted from 1; 0 when there is none. */
  #optional62(tag: number): number {
    return this.#take(tag) ? this.#base62() + 1 : 0;
  }

  #identifier(): string {
    const isCoded = this.#take(0x75 /* u */);
    let length = 0;
    const start = this.position;
    // A length has no zeros in front, so `0` ends at once.
    while (isDigit(this.#look()) && (length > 0 || this.position === start)) {
      length = length * 10 + this.#look() - 0x30;
      this.position++;
      if (length > maxNameLength) break;
    }
    if (this.position === start) {
      this.#fail();
      return "";
    }
    this.#take(0x5f /* _: keeps the length from digits of the name */);
    const end = this.position + length;
    if (end > this.#end) {
      this.#fail();
      return "";
    }
    for (let i = this.position; i < end; i++) {
      const code = this.#name.charCodeAt(i);
      if (!isLower(code) && !isUpper(code) && !isDigit(code) && code !== 0x5f) this.#fail();
    }
    const text = this.#name.slice(this.position, end);
    this.position = end;
    if (!isCoded) return text;
    const split = text.lastIndexOf("_");
    const decoded = decodePunycode(text.slice(0, Math.max(split, 0)), text.slice(split + 1));
    if (decoded === null) this.#fail();
    return decoded ?? "";
  }

  /** Where a back reference leads; -1 when it does not lead backwards. The `B` is read already. */
  #backReference(): number {
    const here = this.position - 1;
    const target = this.#start + this.#base62();
    if (target < here && !this.#failed) return target;
    this.#fail();
    return -1;
  }

  #path(isValue: boolean): void {
    if (!this.#enter()) return;
    const tag = this.#look();
    this.position++;
    switch (tag) {
      case 0x43 /* C */:
        this.#crate();
        break;
      case 0x4e /* N */:
        this.#nested(isValue);
        break;
      case 0x4d /* M */:
      case 0x58 /* X */:
        {
          // The path of the impl is not printed: its type says more.
          this.#optional62(0x73 /* s */);
          const isSilent = this.#isSilent;
          this.#isSilent = true;
          this.#path(false);
          this.#isSilent = isSilent;
          this.#implementation(tag === 0x58);
          break;
        }
      case 0x59 /* Y */:
        this.#implementation(true);
        break;
      case 0x49 /* I */:
        this.#path(isValue);
        if (isValue) this.#write("::");
        this.#write("<");
        this.#genericArguments();
        this.#write(">");
        break;
      case 0x42 /* B */:
        {
          const target = this.#backReference();
          if (target < 0 || this.#isSilent) break;
          const position = this.position;
          this.position = target;
          this.#path(isValue);
          this.position = position;
          break;
        }
      default:
        this.#fail();
    }
    this.#leave();
  }

  #crate(): void {
    const start = this.position;
    const hasDisambiguator = this.#optional62(0x73 /* s */) > 0;
    const digits = this.#name.slice(start + 1, this.position - 1);
    this.#write(this.#identifier());
    if (this.#hasHash && hasDisambiguator) this.#write(`[${disambiguator(digits)}]`);
  }

  #nested(isValue: boolean): void {
    const namespace = this.#look();
    this.position++;
    if (!isUpper(namespace) && !isLower(namespace)) {
      this.#fail();
      return;
    }
    this.#path(isValue);
    const index = this.#optional62(0x73 /* s */);
    const name = this.#identifier();
    if (isLower(namespace)) {
      if (name !== "") this.#write(`::${name}`);
      return;
    }
    const kind = namespace === 0x43 /* C */ ? "closure" : namespace === 0x53 /* S */ ? "shim" : String.fromCharCode(namespace);
    this.#write(`::{${kind}${name === "" ? "" : `:${name}`}#${index}}`);
  }

  /** `<type>`, `<type as trait>` */
  #implementation(hasTrait: boolean): void {
    this.#write("<");
    this.#type();
    if (hasTrait) {
      this.#write(" as ");
      this.#path(false);
    }
    this.#write(">");
  }

  #genericArguments(): void {
    for (let i = 0; !this.#failed && !this.#take(0x45 /* E */); i++) {
      if (i > 0) this.#write(", ");
      if (this.#take(0x4c /* L */)) this.#lifetime(this.#base62());
      else if (this.#take(0x4b /* K */)) this.#constant(false);
      else this.#type();
    }
  }

  /** Lifetimes are numbered from the innermost binder outwards; 0 is erased. */
  #lifetime(index: number): void {
    if (index === 0) {
      this.#write("'_");
      return;
    }
    const depth = this.#lifetimes - index;
    if (depth < 0) this.#fail();
    else if (depth < 26) this.#write(`'${String.fromCharCode(0x61 + depth)}`);
    else this.#write(this.#isLlvm ? `'z${depth - 25}` : `'_${depth}`);
  }

  /** Reads `for<'a, 'b>`; the number of lifetimes, to be taken back behind what they are bound for. */
  #binder(): number {
    const count = this.#optional62(0x47 /* G */);
    if (count > maxLifetimes) this.#fail();
    if (count === 0 || this.#failed) return 0;
    this.#write("for<");
    for (let i = 0; i < count; i++) {
      if (i > 0) this.#write(", ");
      this.#lifetimes++;
      this.#lifetime(1);
    }
    this.#write(">");
    return count;
  }

  #type(): void {
    if (!this.#enter()) return;
    const tag = this.#look();
    const basic = tag >= 0x61 ? basicTypes[String.fromCharCode(tag)] : undefined;
    this.position++;
    if (basic !== undefined) this.#write(basic);
    else this.#compoundType(tag);
    this.#leave();
  }

  #compoundType(tag: number): void {
    switch (tag) {
      case 0x52 /* R */:
      case 0x51 /* Q */:
        {
          this.#write("&");
          const lifetime = this.#take(0x4c /* L */) ? this.#base62() : 0;
          if (lifetime !== 0) {
            this.#lifetime(lifetime);
            this.#write(" ");
          }
          if (tag === 0x51) this.#write("mut ");
          this.#type();
          return;
        }
      case 0x50 /* P */:
      case 0x4f /* O */:
        this.#write(tag === 0x50 ? "*const " : "*mut ");
        this.#type();
        return;
      case 0x41 /* A */:
      case 0x53 /* S */:
        this.#write("[");
        this.#type();
        if (tag === 0x41) {
          this.#write("; ");
          this.#constant(true);
        }
        this.#write("]");
        return;
      case 0x54 /* T */:
        {
          this.#write("(");
          let count = 0;
          for (; !this.#failed && !this.#take(0x45 /* E */); count++) {
            if (count > 0) this.#write(", ");
            this.#type();
          }
          this.#write(count === 1 ? ",)" : ")");
          return;
        }
      case 0x46 /* F */:
        this.#functionType();
        return;
      case 0x44 /* D */:
        this.#dynType();
        return;
      case 0x57 /* W */:
        this.#type();
        this.#write(" is ");
        this.#pattern();
        return;
      case 0x42 /* B */:
        {
          const target = this.#backReference();
          if (target < 0 || this.#isSilent) return;
          const position = this.position;
          this.position = target;
          this.#type();
          this.position = position;
          return;
        }
      default:
        this.position--;
        this.#path(false);
    }
  }

  /** `[binder] [U] [K abi] types E return` */
  #functionType(): void {
    const bound = this.#binder();
    if (bound > 0) this.#write(" ");
    if (this.#take(0x55 /* U */)) this.#write("unsafe ");
    if (this.#take(0x4b /* K */)) {
      if (this.#take(0x43 /* C */)) this.#write('extern "C" ');
      else {
        if (this.#look() === 0x75 /* u */) this.#fail();
        this.#write(`extern "${this.#identifier().replaceAll("_", "-")}" `);
      }
    }
    this.#write("fn(");
    for (let i = 0; !this.#failed && !this.#take(0x45 /* E */); i++) {
      if (i > 0) this.#write(", ");
      this.#type();
    }
    this.#write(")");
    if (!this.#take(0x75 /* u */)) {
      this.#write(" -> ");
      this.#type();
    }
    this.#lifetimes -= bound;
  }

  /** `[binder] traits E L lifetime` */
  #dynType(): void {
    this.#write("dyn ");
    const bound = this.#binder();
    for (let i = 0; !this.#failed && !this.#take(0x45 /* E */); i++) {
      if (i > 0) this.#write(" + ");
      else if (bound > 0) this.#write(" ");
      this.#dynTrait();
    }
    this.#lifetimes -= bound;
    if (!this.#take(0x4c /* L */)) {
      this.#fail();
      return;
    }
    const lifetime = this.#base62();
    if (lifetime === 0) return;
    this.#write(" + ");
    this.#lifetime(lifetime);
  }

  /** A trait with its associated types, which go into its generic arguments: `Iterator<Item = u8>`. */
  #dynTrait(): void {
    let isOpen = this.#openPath();
    while (!this.#failed && this.#take(0x70 /* p */)) {
      this.#write(isOpen ? ", " : "<");
      isOpen = true;
      this.#write(`${this.#identifier()} = `);
      this.#type();
    }
    if (isOpen) this.#write(">");
  }

  /** A path whose generic arguments, if any, are left open: then true. */
  #openPath(): boolean {
    if (!this.#enter()) return false;
    let isOpen = false;
    if (this.#take(0x42 /* B */)) {
      const target = this.#backReference();
      if (target >= 0 && !this.#isSilent) {
        const position = this.position;
        this.position = target;
        isOpen = this.#openPath();
        this.position = position;
      }
    } else if (this.#take(0x49 /* I */)) {
      this.#path(false);
      this.#write("<");
      this.#genericArguments();
      isOpen = true;
    } else this.#path(false);
    this.#leave();
    return isOpen;
  }

  /** `R first last`, `O patterns E`, `N` */
  #pattern(): void {
    if (!this.#enter()) return;
    if (this.#take(0x52 /* R */)) {
      this.#constant(false);
      this.#write("..=");
      this.#constant(false);
    } else if (this.#take(0x4f /* O */)) {
      this.#pattern();
      while (!this.#failed && !this.#take(0x45 /* E */)) {
        this.#write(" | ");
        this.#pattern();
      }
    } else if (this.#take(0x4e /* N */)) this.#write("!null");
    else this.#fail();
    this.#leave();
  }

  /** Outside other expressions, what is no plain literal stands in braces. */
  #constant(isInExpression: boolean): void {
    if (!this.#enter()) return;
    const tag = String.fromCharCode(this.#look());
    this.position++;
    if (tag === "p") this.#write("_");
    else if ("htmyojaslxni".includes(tag)) this.#integer(tag);
    else if (tag === "b") this.#boolean();
    else if (tag === "c") this.#character();
    else if (tag === "R" && this.#take(0x65 /* e */)) this.#string();
    else if (tag === "B") {
      const target = this.#backReference();
      if (target >= 0 && !this.#isSilent) {
        const position = this.position;
        this.position = target;
        this.#constant(isInExpression);
        this.position = position;
      }
    } else {
      if (!isInExpression) this.#write("{");
      this.#compoundConstant(tag);
      if (!isInExpression) this.#write("}");
    }
    this.#leave();
  }

  #compoundConstant(tag: string): void {
    switch (tag) {
      case "e":
        // The string itself; the literal is a reference to it.
        this.#write("*");
        this.#string();
        return;
      case "R":
      case "Q":
        this.#write(tag === "R" ? "&" : "&mut ");
        this.#constant(true);
        return;
      case "A":
        this.#write("[");
        this.#constants();
        this.#write("]");
        return;
      case "T":
        this.#write("(");
        this.#write(this.#constants() === 1 ? ",)" : ")");
        return;
      case "V":
        this.#path(true);
        if (this.#take(0x55 /* U */)) return;
        if (this.#take(0x54 /* T */)) {
          this.#write("(");
          this.#constants();
          this.#write(")");
        } else if (this.#take(0x53 /* S */)) this.#fields();
        else this.#fail();
        return;
      default:
        this.#fail();
    }
  }

  /** Constants up to `E`; how many. */
  #constants(): number {
    let count = 0;
    for (; !this.#failed && !this.#take(0x45 /* E */); count++) {
      if (count > 0) this.#write(", ");
      this.#constant(true);
    }
    return count;
  }

  #fields(): void {
    this.#write(" { ");
    for (let i = 0; !this.#failed && !this.#take(0x45 /* E */); i++) {
      if (i > 0) this.#write(", ");
      this.#optional62(0x73 /* s */);
      this.#write(`${this.#identifier()}: `);
      this.#constant(true);
    }
    this.#write(" }");
  }

  /** Hex digits up to `_`. */
  #hexDigits(): string {
    const start = this.position;
    while (isDigit(this.#look()) || (this.#look() >= 0x61 && this.#look() <= 0x66)) this.position++;
    const digits = this.#name.slice(start, this.position);
    if (!this.#take(0x5f /* _ */)) this.#fail();
    return digits;
  }

  /** Like `#hexDigits`, a number without zeros in front. */
  #hexNumber(): string {
    const digits = this.#hexDigits();
    if (digits === "" || (digits.length > 1 && digits.startsWith("0"))) this.#fail();
    return digits;
  }

  #integer(type: string): void {
    if ("aslxni".includes(type) && this.#take(0x6e /* n */)) this.#write("-");
    const digits = this.#hexNumber();
    if (this.#failed) return;
    // What has more than 64 bits stays as it is.
    if (digits.length > 16) this.#write(`0x${digits}`);
    else this.#write(digits.length > 12 ? BigInt(`0x${digits}`).toString() : Number.parseInt(digits, 16).toString());
    if (this.#hasHash) this.#write(basicTypes[type]!);
  }

  #boolean(): void {
    const digits = this.#hexNumber();
    if (digits !== "0" && digits !== "1") this.#fail();
    this.#write(digits === "1" ? "true" : "false");
  }

  #character(): void {
    const digits = this.#hexNumber();
    const code = Number.parseInt(digits, 16);
    if (digits.length > 6 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) this.#fail();
    if (!this.#failed) this.#write(`'${this.#escaped(code, 0x27)}'`);
  }

  /** Bytes of UTF-8 as hex digits. */
  #string(): void {
    const digits = this.#hexDigits();
    if (digits.length % 2 !== 0) this.#fail();
    if (this.#failed || this.#isSilent) return;
    let text = '"';
    for (let i = 0; i < digits.length; ) {
      const lead = Number.parseInt(digits.slice(i, i + 2), 16);
      const count = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
      let code = count === 1 ? lead : lead & (0xff >> (count + 1));
      for (let k = 1; k < count; k++) {
        const next = Number.parseInt(digits.slice(i + 2 * k, i + 2 * k + 2), 16);
        code = next >> 6 === 2 ? (code << 6) | (next & 0x3f) : Number.NaN;
      }
      if (count === 0 || Number.isNaN(code) || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
        this.#fail();
        return;
      }
      text += this.#escaped(code, 0x22);
      i += 2 * count;
    }
    this.#write(`${text}"`);
  }

  /** A character as Rust's `Debug` prints it between such quotes. */
  #escaped(code: number, quote: number): string {
    if (code === 0x0a) return "\\n";
    if (code === 0x0d) return "\\r";
    if (code === 0x09) return "\\t";
    if (code === 0 && !this.#isLlvm) return "\\0";
    const text = String.fromCodePoint(code);
    if (code === quote || code === 0x5c) return `\\${text}`;
    if (code < 0x80 ? code >= 0x20 && code < 0x7f : !this.#isLlvm && !/[\p{C}\p{Z}\p{Mn}\p{Me}]/u.test(text)) return text;
    return `\\u{${code.toString(16)}}`;
  }
}

/** A crate's disambiguator in hex, from the digits between `s` and `_`: none is 1, `0` is 2. */
function disambiguator(digits: string): string {
  let value = 0n;
  for (const digit of digits) {
    const code = digit.charCodeAt(0);
    value = value * 62n + BigInt(isDigit(code) ? code - 0x30 : isLower(code) ? code - 0x57 : code - 0x1d);
  }
  return (digits === "" ? 1n : value + 2n).toString(16);
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isLower(code: number): boolean {
  return code >= 0x61 && code <= 0x7a;
}

function isUpper(code: number): boolean {
  return code >= 0x41 && code <= 0x5a;
}
