/** Stacks become rows: inlined calls first, foreign runs folded, the top of the stack always in sight. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Report, ReportFrame, ReportThread } from "@salvage/contracts";
import { baseName, callRows, foldForeign, sourceOf } from "./frames.ts";

function frame(number: number, module: string | null, index: number | null, more: Partial<ReportFrame> = {}): ReportFrame {
  return {
    frame: number,
    offset: `0x${(0x1000 + number).toString(16)}`,
    trust: number === 0 ? "context" : "cfi",
    module,
    module_offset: module === null ? null : "0x10",
    module_index: index,
    function: null,
    function_offset: null,
    file: null,
    line: null,
    inlines: null,
    missing_symbols: true,
    status: "missing_symbol",
    ...more,
  };
}

function thread(frames: ReportFrame[]): ReportThread {
  return {
    thread_id: 1,
    thread_name: null,
    frame_count: frames.length,
    total_frames: frames.length,
    frames_truncated: false,
    walk_end: "end_of_stack",
    frames,
  };
}

const modules = [{ own: true }, { own: false }] as unknown as Report["modules"];

test("inlined calls come before the frame that holds them and carry its number", () => {
  const rows = callRows(
    thread([frame(0, "game", 0, { function: "draw", inlines: [{ function: "count", file: "a.h", line: 3 }] })]),
    modules,
  );
  assert.deepEqual(
    rows.map((row) => [row.number, row.inline, row.function]),
    [
      [0, true, "count"],
      [null, false, "draw"],
    ],
  );
});

test("the debug file's own name goes beside the readable one; earlier reports have none", () => {
  const inlines = [
    { function: "geo::area()", function_mangled: "_ZN3geo4areaEv", file: null, line: null },
    { function: "old", file: null, line: null },
  ];
  const rows = callRows(thread([frame(0, "game", 0, { function: "main", function_mangled: null, inlines })]), modules);
  assert.deepEqual(
    rows.map((row) => row.mangled),
    ["_ZN3geo4areaEv", null, null],
  );
});

test("a frame without a name stands as module and offset, or as its address", () => {
  const rows = callRows(thread([frame(0, "engine.dll", 0), frame(1, null, null)]), modules);
  assert.deepEqual(
    rows.map((row) => row.place),
    ["engine.dll + 0x10", "0x1001"],
  );
});

test("runs of foreign frames fold, single ones and the top one do not", () => {
  const stack = thread([
    frame(0, "libc", 1),
    frame(1, "libc", 1),
    frame(2, "libc", 1),
    frame(3, "game", 0),
    frame(4, "libc", 1),
    frame(5, "game", 0),
  ]);
  const rows = foldForeign(callRows(stack, modules));
  assert.deepEqual(
    rows.map((row) => (row.kind === "folded" ? `fold ${row.count} ${row.modules.join()}` : row.frame.frame)),
    [0, "fold 2 libc", 3, 4, 5],
  );
});

test("paths of both kinds have a base name", () => {
  assert.equal(baseName("C:\\src\\a.cpp"), "a.cpp");
  assert.equal(baseName("/src/a.cpp"), "a.cpp");
  assert.equal(sourceOf({ file: "/src/a.cpp", line: 12 }), "a.cpp:12");
  assert.equal(sourceOf({ file: null, line: 12 }), null);
});
