/**
 * DWARF expressions of call frame information, translated to the postfix programs that the walker evaluates (unwind/postfix.ts).
 *
 * The expression is executed on texts instead of values: its stack holds postfix programs, an operator joins the topmost ones. The x86-64
 * rule for procedure linkage tables, for instance,
 *
 *   DW_OP_breg7 8, DW_OP_breg16 0, DW_OP_lit15, DW_OP_and, DW_OP_lit11, DW_OP_ge, DW_OP_lit3, DW_OP_shl, DW_OP_plus
 *
 * becomes "$rsp 8 + $rip 15 and 11 ge 3 shl +". A conditional branch becomes a choice ("condition then else ?"); branches backwards (loops)
 * cannot be said in postfix, nor can operations that need more than registers and memory: such an expression has no translation.
 */
import { Cursor } from "../bytes/cursor.ts";
import { slebBig, ulebBig } from "./leb128.ts";
import type { DwarfRegisters } from "./registers.ts";

/** The evaluator's own limit of words; longer translations are of no use. */
const maxWords = 256;
const maxStackDepth = 64;
/** Operations executed, all branches together: each conditional branch doubles what follows it. */
const maxOperations = 1024;

const binaryOperators: Readonly<Record<number, string>> = {
  26: "and",
  27: "div",
  28: "-",
  29: "%",
  30: "*",
  33: "or",
  34: "+",
  36: "shl",
  37: "shr",
  38: "sra",
  39: "xor",
  41: "eq",
  42: "ge",
  43: "gt",
  44: "le",
  45: "lt",
  46: "ne",
};

const unaryOperators: Readonly<Record<number, string>> = { 25: "abs", 31: "neg", 32: "not" };

/** A piece of program and how many words it has. */
type Piece = { text: string; words: number };

/** What the translation needs to know of the file. */
export type ExpressionContext = { registers: DwarfRegisters; addressBytes: 4 | 8; littleEndian: boolean };

/**
 * The postfix program that computes the expression's topmost value; null when it has none (see above). `initial` is what lies on the stack
 * at the start: ".cfa" for register rules, nothing for the CFA itself. Throws FormatError when the bytes are malformed.
 */
export function translateExpression(bytes: Uint8Array, offset: number, initial: ".cfa" | null, context: ExpressionContext): string | null {
  const translation = new Translation(bytes, offset, context);
  const result = translation.run(0, initial === null ? [] : [{ text: initial, words: 1 }]);
  return result === null ? null : result.text;
}

class Translation {
  readonly #bytes: Uint8Array;
  readonly #offset: number;
  readonly #context: ExpressionContext;
  #operations = 0;

  constructor(bytes: Uint8Array, offset: number, context: ExpressionContext) {
    this.#bytes = bytes;
    this.#offset = offset;
    this.#context = context;
  }

  /** Executes from a position to the end; the topmost value, or null when there is no translation. */
  run(start: number, stack: Piece[]): Piece | null {
    const cursor = new Cursor(this.#bytes, "dwarf: expression", this.#offset, this.#context.littleEndian);
    cursor.seek(start);
    while (cursor.left > 0) {
      if (++this.#operations > maxOperations || stack.length > maxStackDepth) return null;
      const opcode = cursor.u8();
      if (opcode === 0x2f) {
        const distance = signed16(cursor);
        if (distance < 0) return null;
        cursor.skip(distance);
      } else if (opcode === 0x28) {
        const distance = signed16(cursor);
        if (distance < 0) return null;
        const condition = pop(stack, cursor);
        const target = cursor.pos + distance;
        const taken = this.run(target, [...stack]);
        const passed = this.run(cursor.pos, stack);
        return taken === null || passed === null ? null : join("?", condition, taken, passed);
      } else if (!this.#step(opcode, cursor, stack)) {
        return null;
      }
    }
    return pop(stack, cursor);
  }

  /** One operation that does not branch; false when it has no translation. */
  #step(opcode: number, cursor: Cursor, stack: Piece[]): boolean {
    const constant = this.#constant(opcode, cursor);
    if (constant !== null) {
      stack.push({ text: constant.toString(), words: 1 });
      return true;
    }
    const binary = binaryOperators[opcode];
    if (binary !== undefined) {
      const right = pop(stack, cursor);
      const left = pop(stack, cursor);
      return push(stack, join(binary, left, right));
    }
    const unary = unaryOperators[opcode];
    if (unary !== undefined) return push(stack, join(unary, pop(stack, cursor)));
    if (opcode >= 0x70 && opcode <= 0x8f) return this.#register(opcode - 0x70, slebBig(cursor), stack);
    switch (opcode) {
      case 0x06:
        return push(stack, join("^", pop(stack, cursor)));
      case 0x12:
        return push(stack, stack.at(-1) ?? cursor.fail("stack is empty"));
      case 0x13:
        pop(stack, cursor);
        return true;
      case 0x14:
        return push(stack, stack.at(-2) ?? cursor.fail("stack has no second value"));
      case 0x15:
        return push(stack, stack.at(-1 - cursor.u8()) ?? cursor.fail("stack is not that deep"));
      case 0x16:
        return rotate(stack, 2, cursor);
      case 0x17:
        return rotate(stack, 3, cursor);
      case 0x23:
        return push(stack, join("+", pop(stack, cursor), { text: ulebBig(cursor).toString(), words: 1 }));
      case 0x92:
        return this.#register(Number(ulebBig(cursor)), slebBig(cursor), stack);
      case 0x94:
        return this.#sizedLoad(cursor, stack);
      case 0x96:
        return true;
      case 0x9c:
        return push(stack, { text: ".cfa", words: 1 });
      default:
        return false;
    }
  }

  #constant(opcode: number, cursor: Cursor): bigint | null {
    if (opcode >= 0x30 && opcode <= 0x4f) return BigInt(opcode - 0x30);
    switch (opcode) {
      case 0x08:
        return BigInt(cursor.u8());
      case 0x09:
        return BigInt((cursor.u8() << 24) >> 24);
      case 0x0a:
        return BigInt(cursor.u16());
      case 0x0b:
        return BigInt(signed16(cursor));
      case 0x0c:
        return BigInt(cursor.u32());
      case 0x0d:
        return BigInt(cursor.i32());
      case 0x0e:
        return cursor.u64();
      case 0x0f:
        return BigInt.asIntN(64, cursor.u64());
      case 0x10:
        return ulebBig(cursor);
      case 0x11:
        return slebBig(cursor);
      default:
        return null;
    }
  }

  #register(number: number, offset: bigint, stack: Piece[]): boolean {
    const { names, prefix } = this.#context.registers;
    const name = names[number];
    if (name === undefined) return false;
    const text = prefix + name;
    return push(stack, offset === 0n ? { text, words: 1 } : { text: `${text} ${offset} +`, words: 3 });
  }

  /** A load of fewer bytes than a word: the word is loaded and the rest cut off. */
  #sizedLoad(cursor: Cursor, stack: Piece[]): boolean {
    const size = cursor.u8();
    const { addressBytes, littleEndian } = this.#context;
    if (size === 0 || size > addressBytes) cursor.fail(`load of ${size} bytes`);
    const word = join("^", pop(stack, cursor));
    if (word === null) return false;
    if (size === addressBytes) return push(stack, word);
    const bits = BigInt(size * 8);
    const limit = 1n << (littleEndian ? bits : BigInt(addressBytes * 8) - bits);
    return push(stack, join(littleEndian ? "%" : "/", word, { text: limit.toString(), words: 1 }));
  }
}

function signed16(cursor: Cursor): number {
  return (cursor.u16() << 16) >> 16;
}

function pop(stack: Piece[], cursor: Cursor): Piece {
  return stack.pop() ?? cursor.fail("stack is empty");
}

/** False for a program too long for the evaluator, or none. */
function push(stack: Piece[], piece: Piece | null): boolean {
  if (piece === null) return false;
  stack.push(piece);
  return true;
}

function join(operator: string, ...operands: Piece[]): Piece | null {
  const words = operands.reduce((sum, operand) => sum + operand.words, 1);
  return words > maxWords ? null : { text: `${operands.map((operand) => operand.text).join(" ")} ${operator}`, words };
}

/** The topmost value goes below the next `count` - 1. */
function rotate(stack: Piece[], count: number, cursor: Cursor): boolean {
  if (stack.length < count) cursor.fail(`stack has fewer than ${count} values`);
  stack.splice(stack.length - count, 0, stack.pop()!);
  return true;
}
