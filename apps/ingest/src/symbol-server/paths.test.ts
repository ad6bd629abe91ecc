/** Every form of path that a debugger asks with, and those that nothing answers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePath, sameBuildId, symNames } from "./paths.ts";

const guid = "67E9247C814E392BA027DBDE6748FCBF";
const buildId = "a0c64e2c14acb2159412287e1cde9fdc8aec5731";
const ofBuildId = ["2C4EC6A0AC1415B29412287E1CDE9FDC0", "A0C64E2C14ACB2159412287E1CDE9FDC0"];
const parts = (path: string) => {
  const wanted = parsePath(path);
  return wanted === null ? null : `${wanted.part} of ${wanted.kinds.join(" ")}`;
};

test("symstore: a PDB by GUID and age, in any case, also below the first letters", () => {
  const paths = [`game.pdb/${guid}1a/game.pdb`, `GAME.PDB/${guid.toLowerCase()}1A/game.pdb`, `ga/game.pdb/${guid}01a/Game.pdb`];
  for (const path of paths) {
    assert.deepEqual(parsePath(path)?.fileKeys, [`${guid}1a`], path);
    assert.equal(parts(path), "debuginfo of pdb", path);
  }
  assert.deepEqual(parsePath(`_/${guid}0/_`)?.fileKeys, [`${guid}0`]);
  assert.equal(parts(`old.pdb/5AE2B5AC1f/old.pdb`), "debuginfo of pdb");
  assert.deepEqual(parsePath("old.pdb/5ae2b5ac1F/old.pdb")?.fileKeys, ["5AE2B5AC1f"]);
  assert.equal(parts(`game.pdb/${guid}1/game.pdb.src.zip`), "sources of sourcebundle");
});

test("symstore: a program by time stamp and size goes with its name", () => {
  const wanted = parsePath("Game.EXE/5AB380779000/game.exe");
  assert.equal(parts("Game.EXE/5AB380779000/game.exe"), "executable of elf pe macho");
  assert.ok(wanted?.fileKeys.includes("code:5ab380779000/game.exe"));
});

test("SSQP: ids with a mark, padded, under any name", () => {
  for (const [path, part] of [
    [`libc.so.6/elf-buildid-${buildId}/libc.so.6`, "executable of elf"],
    [`_/elf-buildid-${buildId.toUpperCase()}/_`, "executable of elf"],
    [`_.debug/elf-buildid-sym-${buildId}/_.debug`, "debuginfo of elf"],
    [`game/mach-uuid-${guid.toLowerCase()}/game`, "executable of macho"],
    [`_.dwarf/mach-uuid-sym-${guid.toLowerCase()}/_.dwarf`, "debuginfo of macho"],
  ] as const) {
    assert.equal(parts(path), part, path);
    assert.deepEqual(parsePath(path)?.fileKeys, path.includes("mach") ? [`${guid}0`] : ofBuildId, path);
  }
  assert.ok(sameBuildId("aabbccdd", `aabbccdd${"0".repeat(32)}`));
  assert.ok(sameBuildId(buildId.toUpperCase(), buildId));
  assert.ok(!sameBuildId("aabbccdd", "aabbccdd00"));
  assert.ok(!sameBuildId(null, buildId));
});

test("Breakpad: .sym by debug id, by code id, and under either spelling", () => {
  assert.deepEqual(parsePath(`game.pdb/${guid}1/game.sym`)?.debugIds, [`${guid}1`]);
  assert.equal(parsePath(`libc.so.6/${ofBuildId[0]}/libc.so.6.sym`)?.part, "sym");
  for (const last of ["Game.exe.sym", "Game.sym"]) {
    const wanted = parsePath(`Game.exe/5AB380779000/${last}`);
    assert.equal(wanted?.part, "sym", last);
    assert.ok(wanted.fileKeys.includes("code:5ab380779000/game.exe"));
  }
  const byCodeId = parsePath(`app/${buildId.toUpperCase()}/app.sym`);
  assert.deepEqual(byCodeId?.fileKeys.slice(-3), [...ofBuildId, `code:${buildId}/app`]);
  assert.deepEqual(symNames("a.pdb"), ["a.sym"]);
  assert.deepEqual(symNames("A.DLL"), ["A.DLL.sym", "A.sym"]);
});

test("debuginfod: what is held of the program; sources are not", () => {
  assert.equal(parts(`buildid/${buildId}/debuginfo`), "debuginfo of elf");
  assert.equal(parts(`buildid/${buildId}/executable`), "executable of elf");
  assert.equal(parsePath(`buildid/${buildId}/section/.ARM.exidx`)?.section, ".ARM.exidx");
  assert.deepEqual(parsePath("buildid/aabb/debuginfo")?.fileKeys, [`0000BBAA${"0".repeat(24)}0`, `AABB${"0".repeat(28)}0`]);
  for (const path of ["source/usr/src/a.c", "source//usr/../a.c", "section/", "section/a/b", "debuginfo/x", "", "other"])
    assert.equal(parsePath(`buildid/${buildId}/${path}`), null, path);
  for (const id of ["", "abc", "xy", "0".repeat(130)]) assert.equal(parsePath(`buildid/${id}/debuginfo`), null, id);
});

test("unified: the kinds of one id", () => {
  const path = (kind: string) => `${buildId.slice(0, 2)}/${buildId.slice(2)}/${kind}`;
  assert.equal(parts(path("executable")), "executable of elf pe macho");
  assert.equal(parts(path("debuginfo")), "debuginfo of elf pdb macho");
  assert.equal(parts(path("sourcebundle")), "sources of sourcebundle");
  assert.equal(parsePath(path("breakpad"))?.part, "sym");
  assert.equal(parsePath(path("breakpad"))?.debugIds, null);
  assert.equal(parsePath(path("uuidmap")), null);
  const mac = guid.toLowerCase();
  assert.ok(parsePath(`${mac.slice(0, 2)}/${mac.slice(2)}/debuginfo`)?.fileKeys.includes(`${guid}0`));
});

test("what no file is called", () => {
  const id = `${guid}1`;
  const paths = [
    "",
    "index2.txt",
    "pingme.txt",
    "a",
    "a/b",
    `game.pdb/${id}`,
    `game.pdb/${id}/game.pd_`,
    `game.pdb/${id}/file.ptr`,
    `game.pdb/${id}/other.pdb`,
    `game.pdb/${id}/game.pdb/more`,
    `ex/game.pdb/${id}/game.pdb`,
    `game.pdb/${id}x/game.pdb`,
    `../${id}/..`,
    `./${id}/.`,
    `a\u0000.pdb/${id}/a\u0000.pdb`,
    `a\n.pdb/${id}/a\n.pdb`,
    `${"a".repeat(501)}/${id}/${"a".repeat(501)}`,
    "_.debug/elf-buildid-sym-/_.debug",
    "a/elf-buildid-xyz/a",
    "toString/constructor/valueOf",
    "ab/cd/toString",
    "ab/cd/constructor",
  ];
  for (const path of paths) assert.equal(parsePath(path), null, JSON.stringify(path));
});
