/** Breakpad's own streams: which of its numbers are stated, and assertions in words. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { synthDump } from "@salvage/testkit/synth-dump";
import { BufferSource } from "../bytes/byte-source.ts";
import { readAssertion, readBreakpadInfo } from "./breakpad-info.ts";
import { Minidump } from "./minidump.ts";

const breakpadInfo = 0x47670001;
const assertionInfo = 0x47670002;

function withStream(type: number, bytes: Uint8Array): Minidump {
  return new Minidump(new BufferSource(synthDump().linux().stream(type, bytes).build()));
}

test("a thread id counts only where its bit says so; a stream cut short says nothing and is told", () => {
  const stated = (valid: number) => readBreakpadInfo(withStream(breakpadInfo, new Uint8Array(Uint32Array.of(valid, 8, 7).buffer)));
  assert.deepEqual(stated(3), { dumpThreadId: 8, requestingThreadId: 7 });
  assert.deepEqual(stated(1), { dumpThreadId: 8, requestingThreadId: null });
  assert.deepEqual(stated(2), { dumpThreadId: null, requestingThreadId: 7 });
  const cut = withStream(breakpadInfo, new Uint8Array(4));
  assert.deepEqual(readBreakpadInfo(cut), { dumpThreadId: null, requestingThreadId: null });
  assert.equal(cut.warnings.list.length, 1);
});

test("an assertion is one line of what is stated of it", () => {
  const assertion = (expression: string, inFunction: string, file: string) => {
    const bytes = new Uint8Array(776);
    for (const [i, text] of [expression, inFunction, file].entries()) bytes.set(Buffer.from(text, "utf16le"), 256 * i);
    new DataView(bytes.buffer).setUint32(768, 42, true);
    return readAssertion(withStream(assertionInfo, bytes)) ?? "";
  };
  assert.equal(assertion("", "", ""), "");
  for (const part of ["x > 0", "f", "a.c:42"]) assert.ok(assertion("x > 0", "f", "a.c").includes(part), part);
  assert.ok(!assertion("x > 0", "f", "").includes("42"), "a line without a file is no place");
});
