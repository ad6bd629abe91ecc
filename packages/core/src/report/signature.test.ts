import assert from "node:assert/strict";
import { test } from "node:test";
import type { FrameTrust, ReportFrame, ReportModule, ReportThread } from "./report.ts";
import { signatureOf } from "./signature.ts";

type Given = { fn?: string; module?: string; offset?: string; trust?: FrameTrust; inlines?: (string | null)[] };

function thread(...given: Given[]): ReportThread {
  const frames = given.map(
    (g, i): ReportFrame => ({
      frame: i,
      offset: "0x0000000000401000",
      trust: g.trust ?? (i === 0 ? "context" : "cfi"),
      module: g.module ?? "app",
      module_offset: g.offset ?? "0x0000000000001000",
      module_index: 0,
      function: g.fn ?? null,
      function_offset: null,
      file: null,
      line: null,
      inlines: g.inlines?.map((name) => ({ function: name, file: null, line: null })) ?? null,
      missing_symbols: g.fn === undefined,
      status: g.fn === undefined ? "missing" : "symbolicated",
    }),
  );
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

const module: ReportModule = {
  filename: "app",
  code_file: "/opt/app",
  debug_file: "app",
  debug_id: "AA0",
  code_id: null,
  base_addr: "0x0",
  end_addr: "0x1",
  version: null,
  loaded_symbols: false,
  missing_symbols: true,
  corrupt_symbols: false,
  status: "missing",
  names_status: "missing",
  unwind_status: "missing",
  own: true,
  needs: "both",
};

const of = (t: ReportThread | null, reason: string | null = "SIGSEGV / SEGV_MAPERR") => signatureOf(t, [module], reason);

test("the title is the innermost function, without its parameters", () => {
  assert.deepEqual(of(thread({ fn: "geo::walk(geo::Shape const&, int)" }, { fn: "main" })).title, "geo::walk");
});

test("reporting functions, system modules and library code are passed over", () => {
  const noise = [
    { fn: "__pthread_kill_implementation", module: "libc.so.6" },
    { fn: "raise" },
    { fn: "abort" },
    { fn: "std::terminate()" },
    { fn: "std::vector<int>::at" },
  ];
  const signature = of(thread(...noise, { fn: "game::update" }, { fn: "main" }), "SIGABRT");
  assert.equal(signature.title, "game::update");
  assert.equal(signature.grouping_key, of(thread({ fn: "game::update" }, { fn: "main" }), "SIGABRT").grouping_key);
  assert.equal(of(thread(...noise.slice(0, 2))).title, "__pthread_kill_implementation", "nothing else: better than nothing");
});

test("Rust: panic machinery and the library, in all spellings", () => {
  const frames = [
    "core::panicking::panic_fmt",
    "core[846817f741e54dfd]::panicking::panic",
    "core::panicking::panic_bounds_check::h0123456789abcdef",
    "<alloc::vec::Vec<T,A> as core::ops::Index<I>>::index",
    "core::slice::index::<impl core::ops::index::Index<I> for [T]>::index",
  ];
  assert.equal(of(thread(...frames.map((fn) => ({ fn })), { fn: "rs::die" })).title, "rs::die");
});

test("C++ of Windows: library and raising functions with access, convention and return type", () => {
  const frames = [
    "void __cdecl std::_Xout_of_range(char const *)",
    "public: int & __cdecl std::vector<int, class std::allocator<int>>::at(unsigned __int64)",
    "_CxxThrowException",
  ];
  const signature = of(thread(...frames.map((fn) => ({ fn })), { fn: "private: void __cdecl game::World::update(float)" }, { fn: "main" }));
  assert.equal(signature.grouping_key, of(thread({ fn: "game::World::update" }, { fn: "main" })).grouping_key);
});

test("names of a symbol file, of DWARF and of a PDB give one key", () => {
  const spellings = [
    ["void geo::Grid<int>::visit<geo::Walk>(geo::Walk&&)", "geo::walk(int)::{lambda()#1}::operator()() const", "main"],
    ["geo::Grid<int>::visit<geo::Walk>", "geo::walk(int)::'lambda'()::operator()() const", "main"],
    [
      "public: void __cdecl geo::Grid<int>::visit<struct geo::Walk>(struct geo::Walk &&)",
      "`void __cdecl geo::walk(int)'::`2'::<lambda_1>::operator()",
      "main",
    ],
  ];
  const keys = new Set(spellings.map((names) => of(thread(...names.map((fn) => ({ fn })))).grouping_key));
  assert.equal(keys.size, 1);
});

test("inlined functions count as functions, so that inlining does not split an issue", () => {
  const inlined = of(thread({ fn: "outer", inlines: ["inner", "middle"] }, { fn: "main" }));
  assert.equal(inlined.title, "inner");
  assert.equal(inlined.grouping_key, of(thread({ fn: "inner" }, { fn: "middle" }, { fn: "outer" }, { fn: "main" })).grouping_key);
});

test("a bare lambda is titled by the function around it", () => {
  assert.equal(of(thread({ fn: "game::update", inlines: ["operator()"] })).title, "game::update");
});

test("an inlined function without a name adds nothing: the key does not depend on where in the build it lies", () => {
  const key = (offset: string, inlines: (string | null)[]) => of(thread({ fn: "outer", inlines, offset }, { fn: "main" })).grouping_key;
  assert.equal(key("0x10", [null]), key("0x20", [null]));
  assert.equal(key("0x10", [null, "middle"]), key("0x10", ["middle"]));
});

test("scanned frames and what lies above them never count", () => {
  const base = of(thread({ fn: "a" }, { fn: "x", trust: "scan" }, { fn: "b" }));
  const other = of(thread({ fn: "a" }, { fn: "y", trust: "scan" }, { fn: "c" }));
  assert.equal(base.grouping_key, other.grouping_key);
  assert.notEqual(base.grouping_key, of(thread({ fn: "a" }, { fn: "x" })).grouping_key);
});

test("unnamed frames: module and offset, provisional, one build only", () => {
  const unnamed = of(thread({ offset: "0x0000000000002656" }));
  assert.equal(unnamed.title, "app+0x2656");
  assert.equal(unnamed.provisional, true);
  const otherBuild = signatureOf(thread({ offset: "0x0000000000002656" }), [{ ...module, debug_id: "BB0" }], "SIGSEGV");
  assert.notEqual(unnamed.grouping_key, otherBuild.grouping_key);
});

test("frames of the system and unnamed foreign ones do not split an issue", () => {
  const own = [{ fn: "game::update" }, { fn: "main" }];
  const key = of(thread(...own)).grouping_key;
  assert.equal(of(thread(...own, { module: "kernel32.dll", offset: "0x162c3" }, { module: "ntdll.dll" })).grouping_key, key);
  assert.equal(of(thread(...own, { fn: "__libc_init_first", module: "libc.so.6" })).grouping_key, key);
  const foreign = thread(...own, { module: "driver.dll", offset: "0x99" });
  const modules = [{ ...module }, { ...module, own: false }];
  const frames = foreign.frames.map((f, i) => (i === 2 ? { ...f, module_index: 1 } : f));
  const signature = signatureOf({ ...foreign, frames }, modules, "SIGSEGV");
  assert.equal(signature.grouping_key, key);
  assert.equal(signature.provisional, false);
});

test("named, but cut short because the team's own module lacks unwind data: provisional", () => {
  assert.equal(of(thread({ fn: "a" }, { fn: "b", trust: "scan" })).provisional, true);
  assert.equal(signatureOf(thread({ fn: "a" }, { fn: "b", trust: "scan" }), [{ ...module, needs: null }], "SIGSEGV").provisional, false);
  assert.equal(of(thread({ fn: "a" }, { fn: "b" })).provisional, false);
});

test("only the kind of fault decides, not the details of the code; only the inner frames", () => {
  const five = ["a", "b", "c", "d", "e"].map((fn) => ({ fn }));
  const key = of(thread(...five, { fn: "x" })).grouping_key;
  assert.equal(key, of(thread(...five, { fn: "y" })).grouping_key);
  assert.equal(key, of(thread(...five), "SIGSEGV / SEGV_ACCERR").grouping_key);
  assert.notEqual(key, of(thread(...five), "SIGABRT").grouping_key);
});

test("the same input gives the same key in every run and version", () => {
  assert.equal(of(thread({ fn: "a" }, { fn: "main" })).grouping_key, of(thread({ fn: "a" }, { fn: "main" })).grouping_key);
  assert.match(of(thread({ fn: "a" })).grouping_key, /^2:[0-9a-f]{32}$/);
});

test("without a crashing thread", () => {
  assert.equal(of(null, null).title, "No crashing thread");
  assert.equal(of(thread(), "SIGSEGV").title, "Empty stack: SIGSEGV");
});
