import assert from "node:assert/strict";
import { test } from "node:test";
import { DamageLog } from "../names/damage.ts";
import type { RegisterRule } from "../unwind/rules.ts";
import { applyCfiRules, parseCfiRules, toUnwindRow } from "./cfi.ts";
import { parseCfiBlock } from "./cfi-block.ts";

const cases: [string, string, RegisterRule][] = [
  [".cfa: $rsp 8 +", ".cfa", { kind: "register", register: "rsp", offset: 8 }],
  [".cfa: $rsp", ".cfa", { kind: "register", register: "rsp", offset: 0 }],
  [".cfa: sp 16 -", ".cfa", { kind: "register", register: "sp", offset: -16 }],
  [".cfa: $rbp 16 + ^", ".cfa", { kind: "expression", program: "$rbp 16 + ^" }],
  [".cfa: .cfa 8 +", ".cfa", { kind: "expression", program: ".cfa 8 +" }],
  [".ra: .cfa -8 + ^", ".ra", { kind: "cfaOffset", offset: -8 }],
  [".ra: .cfa 8 - ^", ".ra", { kind: "cfaOffset", offset: -8 }],
  [".ra: .cfa ^", ".ra", { kind: "cfaOffset", offset: 0 }],
  [".ra: x30", ".ra", { kind: "register", register: "x30", offset: 0 }],
  [".ra: .ra", ".ra", { kind: "same" }],
  [".ra: .undef", ".ra", { kind: "undefined" }],
  [".ra: .cfa 1 2 + + ^", ".ra", { kind: "expression", program: ".cfa 1 2 + + ^" }],
  ["$rsp: .cfa 8 +", "rsp", { kind: "valCfaOffset", offset: 8 }],
  ["$rsp: .cfa", "rsp", { kind: "valCfaOffset", offset: 0 }],
  ["$rbx: $rbx", "rbx", { kind: "same" }],
  ["x19: $x19", "x19", { kind: "same" }],
  ["$rax: $rdx", "rax", { kind: "register", register: "rdx", offset: 0 }],
  ["$rax: 0", "rax", { kind: "expression", program: "0" }],
  ["$rax: .cfa 99999999999 + ^", "rax", { kind: "expression", program: ".cfa 99999999999 + ^" }],
  ["$rax: .cfa 8 * ^", "rax", { kind: "expression", program: ".cfa 8 * ^" }],
];

for (const [text, target, expected] of cases) {
  test(`rule "${text}"`, () => {
    const rules = parseCfiRules(text);
    assert.ok(rules);
    const rule = target === ".cfa" ? rules.cfa : target === ".ra" ? rules.returnAddress : rules.registers.get(target);
    assert.deepEqual(rule, expected);
  });
}

test("texts that are no rules", () => {
  for (const text of ["", "8 +", "r\u000b1: .cfa", "$: .cfa", ".x: .cfa", ".cfa:", ".cfa: .ra: x30", ":", `x0: ${"1 ".repeat(20_000)}`])
    assert.equal(parseCfiRules(text), null, text.slice(0, 20));
});

test("a later record replaces what it names and leaves the row before it as it was", () => {
  const first = parseCfiRules(".cfa: $rsp 8 + .ra: .cfa -8 + ^ $rbx: .cfa -24 + ^");
  const later = parseCfiRules(".cfa: $rsp 16 + $rbx: $rbx");
  assert.ok(first && later);
  const merged = applyCfiRules(first, later);
  const row = merged && toUnwindRow(merged);
  assert.deepEqual(row?.cfa, { kind: "register", register: "rsp", offset: 16 });
  assert.deepEqual(row?.returnAddress, { kind: "cfaOffset", offset: -8 });
  assert.deepEqual(row?.registers.get("rbx"), { kind: "same" });
  assert.deepEqual(first.registers.get("rbx"), { kind: "cfaOffset", offset: -24 });
});

test("records of a block out of order are sorted, those below the INIT are damaged", () => {
  const text = "STACK CFI INIT 100 10 a: b\nSTACK CFI 108 c: d\nSTACK CFI 104 e: f\nSTACK CFI 90 g: h\nSTACK CFI zz\n";
  const bytes = new Uint8Array(Buffer.from(text));
  const damage = new DamageLog();
  const steps = parseCfiBlock(bytes, 1000, 0x0a, damage);
  assert.deepEqual(steps.address, [0x100, 0x104, 0x108]);
  assert.deepEqual(
    steps.textStart.map((start, i) => text.slice(start, steps.textEnd[i])),
    ["a: b", "e: f", "c: d"],
  );
  assert.deepEqual(
    damage.first.map(({ offset }) => offset),
    [1000 + text.indexOf("STACK CFI 90"), 1000 + text.indexOf("STACK CFI zz")],
  );
});
