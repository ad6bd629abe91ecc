/** Unwind rows as one line of text, so that a test reads like a table. Registers that are "same" are left out. */
import type { RegisterRule, UnwindRow } from "../src/unwind/rules.ts";

/** `cfa=rsp+24 ra=@-8 rbx=@-16`: "@n" is the word stored at CFA + n, "(…)" the value of a postfix program. */
export function showRow(row: UnwindRow | null): string {
  if (row === null) return "none";
  const parts = [`cfa=${showRule(row.cfa)}`, `ra=${showRule(row.returnAddress)}`];
  const saved = [...row.registers].filter(([, rule]) => rule.kind !== "same").map(([name, rule]) => `${name}=${showRule(rule)}`);
  return [...parts, ...saved.sort(), ...(row.interrupted ? ["interrupted"] : [])].join(" ");
}

function showRule(rule: RegisterRule): string {
  const signed = (offset: number) => (offset === 0 ? "" : offset < 0 ? `${offset}` : `+${offset}`);
  switch (rule.kind) {
    case "undefined":
    case "same":
      return rule.kind;
    case "cfaOffset":
      return `@${rule.offset}`;
    case "valCfaOffset":
      return `cfa${signed(rule.offset)}`;
    case "register":
      return `${rule.register}${signed(rule.offset)}`;
    case "expression":
      return `(${rule.program})`;
  }
}
