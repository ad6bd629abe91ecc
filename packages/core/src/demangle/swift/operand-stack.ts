/**
 * What the operators of the new mangling work on: the stack of operands, the substitutions and the words seen so far (Mangling.rst, "Identifiers",
 * "Substitutions").
 *
 * `pop…` gives undefined where the top of the stack is something else, `need…` throws `malformed`: the grammar has both, an operand that may be left
 * out and one that may not.
 */
import { isDigit, maxNameLength, NameCursor } from "./cursor.ts";
import { malformed, type NodeKind, type SwiftNode } from "./node.ts";
import { decodeSwiftPunycode } from "./punycode.ts";
import { concurrencyTypes, type KnownType, standardModule, standardTypes } from "./tables.ts";

/** Largest repeat count of a substitution, as the compiler writes them. */
const maxRepeat = 2048;

/** Words that later identifiers can refer to: there are 26 letters. */
const maxWords = 26;

const underscore = 0x5f;
const isLower = (code: number): boolean => code >= 0x61 && code <= 0x7a;
const isUpper = (code: number): boolean => code >= 0x41 && code <= 0x5a;

export class OperandStack extends NameCursor {
  /** `_T0` names have their argument labels inside the argument types. */
  readonly labelsInTypes: boolean;
  readonly operands: SwiftNode[] = [];
  private readonly substitutions: SwiftNode[] = [];
  /** Starts and ends in the text, in turn. */
  private readonly words: number[] = [];

  constructor(text: string, pos: number, labelsInTypes: boolean) {
    super(text, pos);
    this.labelsInTypes = labelsInTypes;
  }

  push(node: SwiftNode): void {
    this.spend();
    this.operands.push(node);
  }

  /** The operand on top when it is of this kind. */
  pop(kind: NodeKind): SwiftNode | undefined {
    const top = this.operands[this.operands.length - 1];
    return top !== undefined && top.kind === kind ? this.operands.pop() : undefined;
  }

  /** The operand on top when its kind is among these. */
  popOf(accepts: (kind: NodeKind) => boolean): SwiftNode | undefined {
    const top = this.operands[this.operands.length - 1];
    return top !== undefined && accepts(top.kind) ? this.operands.pop() : undefined;
  }

  need(kind: NodeKind): SwiftNode {
    const node = this.pop(kind);
    if (node === undefined) throw malformed;
    return node;
  }

  needOf(accepts: (kind: NodeKind) => boolean): SwiftNode {
    const node = this.popOf(accepts);
    if (node === undefined) throw malformed;
    return node;
  }

  needAny(): SwiftNode {
    const node = this.operands.pop();
    if (node === undefined) throw malformed;
    return node;
  }

  /** What is below the `type` node on top. */
  needTypeChild(): SwiftNode {
    return this.need("type").child(0);
  }

  /** Operands down to the first-element marker or an empty list, in the order they were written. */
  popList(element: () => SwiftNode): SwiftNode[] {
    const list: SwiftNode[] = [];
    if (this.pop("emptyList") !== undefined) return list;
    for (let first = false; !first; ) {
      first = this.pop("firstElement") !== undefined;
      list.push(element());
    }
    return list.reverse();
  }

  addSubstitution(node: SwiftNode): SwiftNode {
    this.substitutions.push(node);
    return node;
  }

  /** `A`: one or more things named before. */
  substitution(): SwiftNode {
    let repeat = -1;
    for (;;) {
      const code = this.peekCode();
      if (isLower(code)) {
        this.pos++;
        this.push(this.substituted(code - 0x61, repeat));
        repeat = -1;
      } else if (isUpper(code)) {
        this.pos++;
        return this.substituted(code - 0x41, repeat);
      } else if (this.nextIf("_")) {
        return this.substituted(repeat + 27, 1);
      } else {
        repeat = this.natural();
        if (repeat < 0) throw malformed;
      }
    }
  }

  private substituted(at: number, repeat: number): SwiftNode {
    const node = this.substitutions[at];
    if (node === undefined || repeat > maxRepeat) throw malformed;
    for (let i = 1; i < repeat; i++) this.push(node);
    return node;
  }

  /** A type of the standard library, as a `type` node. */
  standard(known: KnownType): SwiftNode {
    return this.type(this.make(known.kind, [this.make("module", [], standardModule), this.make("identifier", [], known.name)]));
  }

  /** `S` with the letter of a standard type, or several of it. */
  standardSubstitution(): SwiftNode {
    const repeat = this.natural();
    if (repeat > maxRepeat) throw malformed;
    const known = this.nextIf("c") ? concurrencyTypes.get(this.next()) : standardTypes.get(this.next());
    if (known === undefined) throw malformed;
    const node = this.standard(known);
    for (let i = 1; i < repeat; i++) this.push(node);
    return node;
  }

  identifier(): SwiftNode {
    if (!isDigit(this.peekCode())) throw malformed;
    let withWords = false;
    let encoded = false;
    if (this.nextIf("0")) {
      encoded = this.nextIf("0");
      withWords = !encoded;
    }
    let name = "";
    do {
      for (let code = this.peekCode(); withWords && (isLower(code) || isUpper(code)); code = this.peekCode()) {
        this.pos++;
        withWords = isLower(code);
        const word = 2 * (code - (withWords ? 0x61 : 0x41));
        if (word >= this.words.length) throw malformed;
        name += this.text.slice(this.words[word], this.words[word + 1]);
        if (name.length > maxNameLength) throw malformed;
      }
      if (this.nextIf("0")) break;
      const length = this.natural();
      if (length <= 0) throw malformed;
      if (encoded) this.nextIf("_");
      const part = this.take(length);
      if (encoded) {
        const decoded = decodeSwiftPunycode(part);
        if (decoded === null) throw malformed;
        name += decoded;
      } else {
        name += part;
        this.addWords(this.pos - length, this.pos);
      }
    } while (withWords);
    if (name === "") throw malformed;
    return this.addSubstitution(this.make("identifier", [], name));
  }

  /** Words are runs of letters and digits; an uppercase letter after another character begins a new one. One character is too short for a word. */
  private addWords(from: number, to: number): void {
    const { text, words } = this;
    let start = -1;
    let previousIsUpper = false;
    for (let i = from; i < to; i++) {
      const code = text.charCodeAt(i);
      const isUpperHere = isUpper(code);
      if (start >= 0 && (code === underscore || (isUpperHere && !previousIsUpper))) {
        if (i - start >= 2) words.push(start, i);
        start = -1;
      }
      if (start < 0 && code !== underscore && !isDigit(code)) start = i;
      previousIsUpper = isUpperHere;
    }
    if (start >= 0 && to - start >= 2) words.push(start, to);
    if (words.length > 2 * maxWords) words.length = 2 * maxWords;
  }
}
