/** What a frame of a report says where the debug file has lines but no names. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { SourceFrame } from "../symbolicate/lookup.ts";
import { ReadableNames } from "./readable-names.ts";
import { frameNames } from "./symbolicate-frame.ts";

const frame = (name: string, file: string | null, line: number | null): SourceFrame => ({
  function: name,
  functionAddress: 0x1000,
  file,
  line,
});

test("a nameless function has no name in the report, inlined or not, and keeps its line", () => {
  const inlined = frameNames([frame("", "a.h", 3), frame("_Z4workv", "a.c", 9)], 0x1010, "found", 16, new ReadableNames());
  assert.deepEqual(inlined.inlines, [{ function: null, function_mangled: null, file: "a.h", line: 3 }]);
  assert.equal(inlined.function, "work()");
  assert.equal(inlined.function_offset, "0x0000000000000010");
  assert.equal(inlined.status, "symbolicated");

  const outer = frameNames([frame("", "a.s", 7)], 0x1010, "found", 16, new ReadableNames());
  assert.deepEqual(outer, {
    function: null,
    function_mangled: null,
    function_offset: null,
    file: "a.s",
    line: 7,
    inlines: null,
    missing_symbols: true,
    status: "missing_symbol",
  });
});
