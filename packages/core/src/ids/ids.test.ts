import assert from "node:assert/strict";
import { test } from "node:test";
import { normalizeCodeId, peCodeId } from "./code-id.ts";
import { debugIdFromBuildId, normalizeDebugId, parseDebugId, printHyphenatedId } from "./debug-id.ts";

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

test("an ELF build id and its debug id", () => {
  assert.equal(debugIdFromBuildId(fromHex("a0c64e2c14acb2159412287e1cde9fdc8aec5731")), "2C4EC6A0AC1415B29412287E1CDE9FDC0");
  assert.equal(debugIdFromBuildId(fromHex("a0c64e2c14acb2159412287e1cde9fdc8aec5731"), false), "A0C64E2C14ACB2159412287E1CDE9FDC0");
  assert.equal(debugIdFromBuildId(fromHex("0102")), "000002010000000000000000000000000", "short ids are filled with zeros");
  assert.equal(debugIdFromBuildId(new Uint8Array(20)), null);
});

test("both text forms, any case, become Breakpad form", () => {
  for (const text of [
    "2C4EC6A0AC1415B29412287E1CDE9FDC1a",
    "2c4ec6a0ac1415b29412287e1cde9fdc1A",
    "2c4ec6a0-ac14-15b2-9412-287e1cde9fdc-1a",
  ]) {
    assert.equal(normalizeDebugId(text), "2C4EC6A0AC1415B29412287E1CDE9FDC1a");
  }
  assert.equal(normalizeDebugId("2c4ec6a0-ac14-15b2-9412-287e1cde9fdc"), "2C4EC6A0AC1415B29412287E1CDE9FDC0", "an absent age is 0");
  assert.equal(normalizeDebugId("5AE2B5ACf"), "5AE2B5ACf");
  assert.equal(normalizeDebugId("5ae2b5ac-f"), "5AE2B5ACf");
});

test("what is no debug id", () => {
  for (const text of [
    "",
    "xyz",
    "2C4EC6A0",
    "2C4EC6A0AC1415B29412287E1CDE9FD",
    "2c4ec6a0-ac14-15b2-9412-287e1cde9fdc1a",
    "2C4EC6A0AC1415B29412287E1CDE9FDC-1",
    "0".repeat(33),
  ]) {
    assert.equal(normalizeDebugId(text), null, text);
  }
});

test("the hyphenated form writes the age only when there is one", () => {
  const print = (text: string): string => printHyphenatedId(parseDebugId(text) ?? assert.fail(text));
  assert.equal(print("2C4EC6A0AC1415B29412287E1CDE9FDC0"), "2c4ec6a0-ac14-15b2-9412-287e1cde9fdc");
  assert.equal(print("2C4EC6A0AC1415B29412287E1CDE9FDC1a"), "2c4ec6a0-ac14-15b2-9412-287e1cde9fdc-1a");
  assert.equal(print("5AE2B5ACf"), "5AE2B5AC-f");
});

test("code ids", () => {
  assert.equal(peCodeId(0x5ab38077, 0x9000), "5ab380779000");
  assert.equal(peCodeId(0x77, 0x9000), "000000779000");
  assert.equal(normalizeCodeId(" 67E9247C-814E-392B-A027-DBDE6748FCBF "), "67e9247c814e392ba027dbde6748fcbf");
  assert.equal(normalizeCodeId("00000000"), null);
  assert.equal(normalizeCodeId("nothing"), null);
});
