/**
 * The postfix programs of Breakpad's STACK CFI records: "$rsp 8 + ^". Numbers (decimal, signed), registers ("$rsp" or "x29"),
 * ".cfa", the operators + - * / % and @ (align down), and ^ (the word stored at an address). All arithmetic wraps at the word size.
 *
 * Beyond Breakpad's there are the operators that DWARF expressions need, as words: and or xor shl shr sra not neg abs, div (signed), comparisons
 * of signed values eq ne lt le gt ge (1 or 0), and "?": "condition then else ?".
 */

/** What a program may ask. `register` and `word` answer null when the value is not known. */
export type PostfixInput = {
  wordBits: 32 | 64;
  cfa: bigint | null;
  register(name: string): bigint | null;
  word(address: bigint): bigint | null;
};

const unary: Readonly<Record<string, (value: bigint) => bigint>> = {
  not: (value) => ~value,
  neg: (value) => -value,
  abs: (value) => (value < 0n ? -value : value),
};

const compare = (holds: (left: bigint, right: bigint) => boolean) => (left: bigint, right: bigint, bits: number) =>
  holds(BigInt.asIntN(bits, left), BigInt.asIntN(bits, right)) ? 1n : 0n;

/** Operators of two values written as words; null when there is no result. */
const words: Readonly<Record<string, (left: bigint, right: bigint, bits: number) => bigint | null>> = {
  and: (left, right) => left & right,
  or: (left, right) => left | right,
  xor: (left, right) => left ^ right,
  shl: (left, right, bits) => (right < BigInt(bits) ? left << right : 0n),
  shr: (left, right, bits) => (right < BigInt(bits) ? left >> right : 0n),
  sra: (left, right, bits) => BigInt.asIntN(bits, left) >> (right < BigInt(bits) ? right : BigInt(bits)),
  div: (left, right, bits) => (right === 0n ? null : BigInt.asIntN(bits, left) / BigInt.asIntN(bits, right)),
  eq: compare((left, right) => left === right),
  ne: compare((left, right) => left !== right),
  lt: compare((left, right) => left < right),
  le: compare((left, right) => left <= right),
  gt: compare((left, right) => left > right),
  ge: compare((left, right) => left >= right),
};

/** Longer programs are damage; compilers make fewer than ten tokens. */
const MAX_TOKENS = 256;

/** The program's value, or null when it is malformed or needs something unknown. */
export function evaluatePostfix(program: string, input: PostfixInput): bigint | null {
  const tokens = program.split(" ");
  if (tokens.length > MAX_TOKENS) return null;
  const stack: bigint[] = [];
  for (const token of tokens) {
    if (token === "") continue;
    const value = operand(token, input);
    if (value === undefined) {
      if (!operate(token, stack, input)) return null;
    } else if (value === null) {
      return null;
    } else {
      stack.push(BigInt.asUintN(input.wordBits, value));
    }
  }
  return stack.length === 1 ? stack[0]! : null;
}

/** A value, null when it is not known, undefined when the token is an operator. */
function operand(token: string, input: PostfixInput): bigint | null | undefined {
  if (/^-?\d{1,20}$/.test(token)) return BigInt(token);
  if (token === ".cfa") return input.cfa;
  if ((token.length === 1 && "+-*/%@^?".includes(token)) || Object.hasOwn(unary, token) || Object.hasOwn(words, token)) return undefined;
  return input.register(token.startsWith("$") ? token.slice(1) : token);
}

function operate(operator: string, stack: bigint[], input: PostfixInput): boolean {
  const right = stack.pop();
  if (right === undefined) return false;
  if (operator === "^") {
    const word = input.word(right);
    if (word === null) return false;
    stack.push(word);
    return true;
  }
  const alone = unary[operator]?.(BigInt.asIntN(input.wordBits, right));
  if (alone !== undefined) {
    stack.push(BigInt.asUintN(input.wordBits, alone));
    return true;
  }
  const left = stack.pop();
  if (left === undefined) return false;
  if (operator === "?") {
    const condition = stack.pop();
    if (condition === undefined) return false;
    stack.push(condition !== 0n ? left : right);
    return true;
  }
  const word = words[operator];
  const result = word === undefined ? binary(operator, left, right) : word(left, right, input.wordBits);
  if (result === null) return false;
  stack.push(BigInt.asUintN(input.wordBits, result));
  return true;
}

function binary(operator: string, left: bigint, right: bigint): bigint | null {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return right === 0n ? null : left / right;
    case "%":
      return right === 0n ? null : left % right;
    default:
      return right === 0n ? null : left - (left % right);
  }
}
