/** The text of a mangled name, read from left to right, and the making of nodes, which is bounded. */
import { malformed, type NodeKind, SwiftNode } from "./node.ts";

/** Longest name looked at: generated names reach tens of thousands of characters, more is no name. */
export const maxNameLength = 1 << 16;

/** Nodes made and operands pushed for one name. Repeat counts let few characters ask for thousands of operands. */
const maxOperands = 1 << 18;

/** Largest number a name can hold: what a 32-bit count holds. */
const maxNumber = 0x7fffffff;

/** How deep declarations and types are nested. Real names stay below a hundred; calls must not exhaust the stack. */
export const maxNesting = 256;

export const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

export class NameCursor {
  readonly text: string;
  pos: number;
  private budget = maxOperands;

  constructor(text: string, pos: number) {
    this.text = text;
    this.pos = pos;
  }

  /** Takes one from what a name may ask for. */
  spend(): void {
    if (--this.budget < 0) throw malformed;
  }

  make(kind: NodeKind, children: SwiftNode[] = [], text = "", number = 0): SwiftNode {
    this.spend();
    return new SwiftNode(kind, children, text, number);
  }

  type(child: SwiftNode): SwiftNode {
    return this.make("type", [child]);
  }

  /** The next character, taken; the empty text at the end. */
  next(): string {
    return this.pos < this.text.length ? this.text[this.pos++]! : "";
  }

  /** The next character, not taken. */
  peek(): string {
    return this.text[this.pos] ?? "";
  }

  peekCode(): number {
    return this.pos < this.text.length ? this.text.charCodeAt(this.pos) : -1;
  }

  nextIf(characters: string): boolean {
    if (!this.text.startsWith(characters, this.pos)) return false;
    this.pos += characters.length;
    return true;
  }

  rest(): string {
    const rest = this.text.slice(this.pos);
    this.pos = this.text.length;
    return rest;
  }

  /** So many characters, taken. */
  take(length: number): string {
    if (length < 0 || this.pos + length > this.text.length) throw malformed;
    const taken = this.text.slice(this.pos, this.pos + length);
    this.pos += length;
    return taken;
  }

  /** A decimal number, or -1 where there is none or it is too large. */
  natural(): number {
    if (!isDigit(this.peekCode())) return -1;
    let value = 0;
    for (let code = this.peekCode(); isDigit(code); code = this.peekCode()) {
      value = value * 10 + code - 0x30;
      if (value > maxNumber) return -1;
      this.pos++;
    }
    return value;
  }

  /** `_` is 0, a number n before it n + 1. */
  index(): number {
    if (this.nextIf("_")) return 0;
    const value = this.natural();
    if (value < 0 || !this.nextIf("_")) throw malformed;
    return value + 1;
  }

  indexNode(): SwiftNode {
    return this.make("number", [], "", this.index());
  }
}
