/**
 * What the parser of Itanium names builds: a tree of nodes that print themselves.
 *
 * A C++ declarator surrounds what it declares: in `int (*f(char))[3]` the type stands on both sides. So each node prints in two parts,
 * `left` before the declared thing and `right` behind it; most have no right part. Whether a node has one, and whether it is an array or a
 * function (then pointers to it need parentheses), is mostly known when it is made; only packs and references to arguments that come later
 * in the name must be asked while printing.
 *
 * Fields of nodes are declared with `declare`: a plain field would first be set to undefined by a function of its own for each class, which takes
 * a fifth of the time of reading a name.
 */
import type { Output } from "./output.ts";

/** Bits of a node's shape. */
export const HAS_RIGHT = 1;
export const IS_ARRAY = 2;
export const IS_FUNCTION = 4;
/** Shape not known before printing. */
export const ASK = -1;

/** Operator precedences, tightest first: an operand that binds less tightly than its place is put in parentheses. */
export const PRIMARY = 0;
export const POSTFIX = 1;
export const UNARY = 2;
export const CAST = 3;
export const POINTER_TO_MEMBER = 4;
export const MULTIPLICATIVE = 5;
export const ADDITIVE = 6;
export const SHIFT = 7;
export const SPACESHIP = 8;
export const RELATIONAL = 9;
export const EQUALITY = 10;
export const AND = 11;
export const XOR = 12;
export const OR = 13;
export const LOGICAL_AND = 14;
export const LOGICAL_OR = 15;
export const CONDITIONAL = 16;
export const ASSIGN = 17;
export const COMMA = 18;
export const ANY = 19;

export abstract class Node {
  declare readonly knownShape: number;
  declare readonly precedence: number;

  constructor(knownShape = 0, precedence = PRIMARY) {
    this.knownShape = knownShape;
    this.precedence = precedence;
  }

  protected abstract left(out: Output): void;

  protected right(_out: Output): void {}

  protected askShape(_out: Output): number {
    return 0;
  }

  /** What stands here once packs and references are resolved. */
  actual(_out: Output): Node {
    return this;
  }

  /** The last component of the name, as constructors and destructors repeat it. */
  lastName(): Node {
    return nothing;
  }

  shape(out: Output): number {
    if (this.knownShape !== ASK) return this.knownShape;
    if (!out.enter()) return 0;
    const shape = this.askShape(out);
    out.leave();
    return shape;
  }

  printLeft(out: Output): void {
    if (!out.enter()) return;
    this.left(out);
    out.leave();
  }

  printRight(out: Output): void {
    if (this.knownShape === 0 || !out.enter()) return;
    this.right(out);
    out.leave();
  }

  print(out: Output): void {
    if (!out.enter()) return;
    this.left(out);
    if (this.knownShape !== 0) this.right(out);
    out.leave();
  }

  /** In parentheses when this binds less tightly than `precedence`, with `strict` only when it does so really. */
  printOperand(out: Output, precedence: number, strict: boolean): void {
    if (this.precedence >= precedence + (strict ? 1 : 0)) {
      out.open("(");
      this.print(out);
      out.close(")");
    } else this.print(out);
  }
}

/** Elements with commas between; elements that print nothing (empty packs) leave no comma. */
export function printList(nodes: readonly Node[], out: Output): void {
  let first = true;
  for (let i = 0; i < nodes.length && !out.failed; i++) {
    const before = out.text;
    const beforeLast = out.last;
    if (!first) out.write(", ");
    const { length } = out.text;
    const node = nodes[i]!;
    if (node.precedence < COMMA) node.print(out);
    else node.printOperand(out, COMMA, false);
    if (out.text.length === length) {
      out.text = before;
      out.last = beforeLast;
    } else first = false;
  }
}

/** `<…>`: inside, a bare `>` would end the list. */
export function printAngled(nodes: readonly Node[], out: Output): void {
  const parentheses = out.parentheses;
  out.parentheses = 0;
  out.write("<");
  printList(nodes, out);
  out.write(">");
  out.parentheses = parentheses;
}

export function printParenthesized(nodes: readonly Node[], out: Output): void {
  out.open("(");
  printList(nodes, out);
  out.close(")");
}

/** What has no parts: it is written at once, without a look at the limits, which the nodes around it keep. */
abstract class Leaf extends Node {
  override printLeft(out: Output): void {
    this.left(out);
  }

  override print(out: Output): void {
    this.left(out);
  }

  override lastName(): Node {
    return this;
  }
}

/** A builtin type or anything else that is printed as it is. */
export class Text extends Leaf {
  declare readonly text: string;

  constructor(text: string) {
    super();
    this.text = text;
  }

  protected override left(out: Output): void {
    out.write(this.text);
  }
}

const nothing = new Text("");

/** A piece of the mangled name that is printed as it stands there. */
export class SourceText extends Leaf {
  declare readonly start: number;
  declare readonly end: number;

  constructor(start: number, end: number) {
    super();
    this.start = start;
    this.end = end;
  }

  protected override left(out: Output): void {
    out.write(out.source.slice(this.start, this.end));
  }
}
