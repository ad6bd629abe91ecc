/** Reading a decorated name from left to right: characters, numbers, and the limits that every part of the grammar shares. */
import { FormatError } from "../../bytes/format-error.ts";

/** Types and names inside each other. Real names stay under 40; each level takes a few frames of the stack. */
const maxDepth = 160;
/** 64 bits. */
const maxHexDigits = 16;
/** Numbers of up to this many digits of four bits are exact as JavaScript numbers. */
const exactHexDigits = 13;

const codeA = 0x41;
const codeP = 0x50;

export class Reader {
  readonly text: string;
  pos = 0;
  #depth = 0;

  constructor(text: string) {
    this.text = text;
  }

  fail(reason: string): never {
    throw new FormatError("decorated name", this.pos, reason);
  }

  /** The next character's code, NaN at the end. */
  peek(): number {
    return this.text.charCodeAt(this.pos);
  }

  atDigit(): boolean {
    const code = this.text.charCodeAt(this.pos);
    return code >= 0x30 && code <= 0x39;
  }

  /** The next character, taken. */
  take(): string {
    if (this.pos >= this.text.length) this.fail("ends early");
    return this.text.charAt(this.pos++);
  }

  looksAt(expected: string): boolean {
    for (let i = 0; i < expected.length; i++) {
      if (this.text.charCodeAt(this.pos + i) !== expected.charCodeAt(i)) return false;
    }
    return true;
  }

  /** Takes the text when it comes next. */
  eat(expected: string): boolean {
    if (!this.looksAt(expected)) return false;
    this.pos += expected.length;
    return true;
  }

  expect(expected: string): void {
    if (!this.eat(expected)) this.fail(`${expected} expected`);
  }

  enter(): void {
    if (++this.#depth > maxDepth) this.fail(`more than ${maxDepth} levels`);
  }

  leave(): void {
    this.#depth--;
  }

  /** Text up to the next "@", which is taken, too. */
  upToAt(): string {
    const end = this.text.indexOf("@", this.pos);
    if (end < 0) this.fail("@ expected");
    const found = this.text.slice(this.pos, end);
    this.pos = end + 1;
    return found;
  }

  /** A number in decimal: a digit stands for itself and one more; others are digits A to P of four bits up to "@"; "?" before is a minus. */
  number(): string {
    const sign = this.eat("?") ? "-" : "";
    const value = this.#magnitude();
    return value === "0" ? value : sign + value;
  }

  unsigned(): string {
    if (this.looksAt("?")) this.fail("a number below zero");
    return this.#magnitude();
  }

  #magnitude(): string {
    if (this.atDigit()) {
      const digit = this.peek() - 0x30;
      this.pos++;
      return String(digit + 1);
    }
    const start = this.pos;
    let value = 0;
    for (let code = this.peek(); code >= codeA && code <= codeP; code = this.peek()) {
      value = value * 16 + (code - codeA);
      this.pos++;
    }
    const digits = this.pos - start;
    this.expect("@");
    if (digits > maxHexDigits) this.fail("a number of more than 64 bits");
    return digits <= exactHexDigits ? String(value) : this.hexBits(start, digits).toString();
  }

  /** The digits of four bits from `start` on as one value. */
  hexBits(start: number, digits: number): bigint {
    let value = 0n;
    for (let i = 0; i < digits; i++) value = (value << 4n) | BigInt(this.text.charCodeAt(start + i) - codeA);
    return value;
  }
}
