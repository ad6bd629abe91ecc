/** The own-module rule: each clause alone, and which one wins. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ownModules, stem, stemsOf } from "./own-modules.ts";

const none = { uploadedStems: new Set<string>(), ownPatterns: [], notOwnPatterns: [] };
const module = (codeFile: string, debugFile: string | null = null) => ({ codeFile, debugFile });

test("the main module and what lies beside it", () => {
  const modules = [
    module("/opt/game/game"),
    module("/opt/game/libengine.so"),
    module("/opt/game/plugins/x.so"),
    module("/usr/lib/libc.so.6"),
  ];
  assert.deepEqual(ownModules(modules, 0, none), [true, true, false, false]);
  assert.deepEqual(ownModules(modules, null, none), [false, false, false, false]);
});

test("Windows paths have no case and two separators, others have case", () => {
  const windows = [module("C:\\Game\\Game.exe"), module("c:/game/Engine.dll"), module("C:\\Windows\\System32\\ntdll.dll")];
  assert.deepEqual(ownModules(windows, 0, none), [true, true, false]);
  assert.deepEqual(ownModules([module("/opt/Game/a"), module("/opt/game/b")], 0, none), [true, false]);
});

test("a program in a system folder does not make the system its own", () => {
  const windows = [module("C:\\Windows\\System32\\rundll32.exe"), module("C:\\Windows\\System32\\ntdll.dll")];
  assert.deepEqual(ownModules(windows, 0, none), [true, false]);
  const linux = [module("/usr/lib/x86_64-linux-gnu/helper"), module("/usr/lib/x86_64-linux-gnu/libc.so.6")];
  assert.deepEqual(ownModules(linux, 0, none), [true, false]);
});

test("a bare name is beside nothing", () => {
  assert.deepEqual(ownModules([module("game"), module("libengine.so")], 0, none), [true, false]);
});

test("what the organization uploaded is its own, whatever the extension", () => {
  const rule = { ...none, uploadedStems: stemsOf(["engine.pdb", "libfoo.so.1.2.debug", "tool.sym"]) };
  const modules = [
    module("C:\\Else\\Engine.dll", "C:\\build\\Engine.pdb"),
    module("/usr/lib/libfoo.so.3"),
    module("/x/renamed", "tool"),
    module("/x/other"),
  ];
  assert.deepEqual(ownModules(modules, null, rule), [true, true, true, false]);
});

test("patterns override both ways, and not-own wins", () => {
  const rule = {
    uploadedStems: stemsOf(["vendor.pdb"]),
    ownPatterns: ["*/frameworks/*", "our-*.dll"],
    notOwnPatterns: ["vendor*", "*/frameworks/third?/*"],
  };
  const modules = [
    module("/opt/game/game"),
    module("/opt/game/vendor.so"),
    module("/usr/frameworks/ours/x.so"),
    module("/usr/frameworks/third1/x.so"),
    module("D:\\Anywhere\\Our-Thing.dll"),
  ];
  assert.deepEqual(ownModules(modules, 0, rule), [true, false, true, false, true]);
  assert.deepEqual(ownModules([module("/opt/a/a")], 0, { ...none, notOwnPatterns: ["a"] }), [false], "even the main module");
});

test("a pattern made to be slow is not", () => {
  const started = performance.now();
  const rule = { ...none, ownPatterns: [`${"*a".repeat(50)}b`] };
  assert.deepEqual(ownModules([module(`/x/${"a".repeat(4000)}`)], null, rule), [false]);
  assert.ok(performance.now() - started < 1_000);
});

test("stems", () => {
  assert.equal(stem("/a/libstdc++.so.6"), "libstdc++");
  assert.equal(stem("App.exe.sym"), "app");
  assert.equal(stem(".debug"), ".debug");
  assert.equal(stem("my.app.v2"), "my.app.v2");
});
