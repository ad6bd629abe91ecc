/**
 * STACK CFI rules, normalised.
 *
 * A rule text is "name: words" repeated; the words are a postfix program that gives the value. Nearly every rule that compilers cause has
 * one of a few forms, which become compact rules; any other program is kept as it is:
 *
 *   $rbp: .cfa -16 + ^      saved at CFA - 16          { kind: "cfaOffset", offset: -16 }
 *   $rsp: .cfa 8 +          is CFA + 8                 { kind: "valCfaOffset", offset: 8 }
 *   .cfa: $rsp 16 +         register plus offset       { kind: "register", register: "rsp", offset: 16 }
 *   x19: x19  .ra: .ra      unchanged                  { kind: "same" }
 *   .ra: .undef             cannot be recovered        { kind: "undefined" }
 *
 * "same" for .ra (Breakpad's dump_syms on arm64 writes it where a function has restored its link register) says that the return address is
 * where it was at the call: in the link register.
 *
 * A STACK CFI INIT record starts a row; each later record of the block replaces the rules it names and keeps the others.
 */
import type { RegisterRule, UnwindRow } from "../unwind/rules.ts";

/** Rules of one record; null = the record does not name it. */
export type CfiRules = { cfa: RegisterRule | null; returnAddress: RegisterRule | null; registers: ReadonlyMap<string, RegisterRule> };

/** More registers in one row than any CPU names in .sym files are damage. */
const maxRegisters = 128;
/** Longer rule texts are damaged lines; real ones stay below 1 kB. */
const maxRuleTextLength = 16 << 10;

/** Parses a rule text; null when it is damaged. */
export function parseCfiRules(text: string): CfiRules | null {
  if (text.length > maxRuleTextLength) return null;
  const words = text.split(/[ \t\r\n]+/).filter((word) => word !== "");
  let cfa: RegisterRule | null = null;
  let returnAddress: RegisterRule | null = null;
  const registers = new Map<string, RegisterRule>();
  let at = 0;
  while (at < words.length) {
    const target = words[at]!;
    if (!target.endsWith(":") || target.length < 2) return null;
    let end = at + 1;
    while (end < words.length && !words[end]!.endsWith(":")) end++;
    if (end === at + 1) return null;
    const program = words.slice(at + 1, end);
    const name = target.slice(0, -1);
    if (name === ".cfa") cfa = ruleOf(name, program);
    else if (name === ".ra") returnAddress = ruleOf(name, program);
    else {
      if (!isRegister(name)) return null;
      registers.set(plainName(name), ruleOf(name, program));
      if (registers.size > maxRegisters) return null;
    }
    at = end;
  }
  return cfa === null && returnAddress === null && registers.size === 0 ? null : { cfa, returnAddress, registers };
}

/**
 * The rules in force after `later` in a block where `before` was in force; null when the row would name more registers than any CPU has.
 * Both stay as they are.
 */
export function applyCfiRules(before: CfiRules | null, later: CfiRules): CfiRules | null {
  if (before === null) return later;
  const row = new CfiRow(before);
  return row.apply(later) ? row.rules() : null;
}

/** A row that is changed in place: for a lookup, which needs only the last of a block's rows. */
export class CfiRow {
  #cfa: RegisterRule | null = null;
  #returnAddress: RegisterRule | null = null;
  readonly #registers: Map<string, RegisterRule>;

  constructor(start: CfiRules | null) {
    this.#cfa = start?.cfa ?? null;
    this.#returnAddress = start?.returnAddress ?? null;
    this.#registers = new Map(start?.registers);
  }

  /** Applies a record; false, and no change, when there would be too many registers. */
  apply(later: CfiRules): boolean {
    let added = 0;
    for (const name of later.registers.keys()) if (!this.#registers.has(name)) added++;
    if (this.#registers.size + added > maxRegisters) return false;
    this.#cfa = later.cfa ?? this.#cfa;
    this.#returnAddress = later.returnAddress ?? this.#returnAddress;
    for (const [name, rule] of later.registers) this.#registers.set(name, rule);
    return true;
  }

  rules(): CfiRules {
    return { cfa: this.#cfa, returnAddress: this.#returnAddress, registers: this.#registers };
  }
}

/** A row for the walker; null while the CFA or the return address has no rule, as then nothing can be unwound. */
export function toUnwindRow(rules: CfiRules): UnwindRow | null {
  if (rules.cfa === null || rules.returnAddress === null) return null;
  return { cfa: rules.cfa, returnAddress: rules.returnAddress, registers: rules.registers };
}

function plainName(name: string): string {
  return name.startsWith("$") ? name.slice(1) : name;
}

function ruleOf(target: string, program: string[]): RegisterRule {
  const expression: RegisterRule = { kind: "expression", program: program.join(" ") };
  const [base, amount, operator, dereference] = program;
  if (base === undefined || program.length > 4) return expression;
  if (program.length === 1) {
    if (base === ".undef") return { kind: "undefined" };
    if (target === ".cfa") return isRegister(base) ? { kind: "register", register: plainName(base), offset: 0 } : expression;
    if (plainName(base) === plainName(target)) return { kind: "same" };
    if (base === ".cfa") return { kind: "valCfaOffset", offset: 0 };
    return isRegister(base) ? { kind: "register", register: plainName(base), offset: 0 } : expression;
  }
  if (program.length === 2) return base === ".cfa" && amount === "^" && target !== ".cfa" ? { kind: "cfaOffset", offset: 0 } : expression;
  const offset = signedOffset(amount!, operator!);
  if (offset === null) return expression;
  if (base === ".cfa") {
    if (target === ".cfa") return expression;
    if (program.length === 3) return { kind: "valCfaOffset", offset };
    return dereference === "^" ? { kind: "cfaOffset", offset } : expression;
  }
  return program.length === 3 && isRegister(base) ? { kind: "register", register: plainName(base), offset } : expression;
}

function isRegister(word: string): boolean {
  return /^\$?[a-zA-Z][a-zA-Z0-9_]*$/.test(word);
}

/** "16" "+" → 16; "8" "-" → -8; null when it is no number of 32 bits or another operator. */
function signedOffset(amount: string, operator: string): number | null {
  if (!/^-?\d{1,10}$/.test(amount) || (operator !== "+" && operator !== "-")) return null;
  const value = operator === "+" ? Number(amount) : -Number(amount);
  return value >= -0x80000000 && value <= 0x7fffffff ? value + 0 : null;
}
