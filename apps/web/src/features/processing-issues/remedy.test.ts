/** Which files of a build are asked for, by platform and need, and commands that can be pasted as they are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { FileNeed } from "@salvage/contracts";
import { gainOf, remedyOf } from "./remedy.ts";

const target = { publicUrl: "http://localhost:4680", orgSlug: "acme" };
const linux = {
  name: "driftwood",
  codeFile: "/opt/game/driftwood",
  debugId: "1E9E78AD42E76F0A1735FC95B8FE3CEA0",
  codeId: "ad789e1ee7420a6f1735fc95b8fe3cea00112233",
  os: "Linux",
  cpu: "amd64",
  needs: "both" as FileNeed,
};
const windows = { ...linux, name: "engine.pdb", codeFile: "C:\\game\\engine.dll", codeId: "5e3b4fa01c000", os: "Windows" };
const mac = { ...linux, name: "Driftwood", codeFile: "/Applications/Driftwood.app/Contents/MacOS/Driftwood", os: "macOS" };

/** The files asked for, as "name label=id". */
const asked = (file: typeof linux, needs: FileNeed) =>
  remedyOf({ ...file, needs }, target).files.map(({ name, id }) => `${name} ${id?.label}=${id?.text}`);

const pdb = "engine.pdb Debug id=1E9E78AD42E76F0A1735FC95B8FE3CEA0";
const dll = "engine.dll Code id=5e3b4fa01c000";

test("Windows x64 and ARM64: the PDB for names, the exe or dll for callers", () => {
  for (const cpu of ["amd64", "arm64"]) {
    assert.deepEqual(asked({ ...windows, cpu }, "names"), [pdb]);
    assert.deepEqual(asked({ ...windows, cpu }, "unwind"), [dll]);
    assert.deepEqual(asked({ ...windows, cpu }, "both"), [pdb, dll]);
  }
  assert.equal(
    remedyOf({ ...windows, needs: "names" }, target).files[0]?.where,
    "The linker wrote it beside engine.dll; take the one of this very build.",
  );
});

test("32-bit Windows: the PDB has both", () => {
  for (const needs of ["names", "unwind", "both"] as const) assert.deepEqual(asked({ ...windows, cpu: "x86" }, needs), [pdb]);
});

test("Windows without a PDB: the program itself", () => {
  assert.deepEqual(asked({ ...windows, name: "engine.dll" }, "both"), [dll]);
});

test("macOS: the dSYM for names, the binary for callers, both by their UUID in dashes", () => {
  const uuid = "UUID=1E9E78AD-42E7-6F0A-1735-FC95B8FE3CEA";
  assert.deepEqual(asked(mac, "names"), [`Driftwood.app.dSYM ${uuid}`]);
  assert.deepEqual(asked(mac, "unwind"), [`Driftwood ${uuid}`]);
  assert.deepEqual(asked(mac, "both"), [`Driftwood.app.dSYM ${uuid}`, `Driftwood ${uuid}`]);
  const dylib = { ...mac, name: "libsail.dylib", codeFile: "/Applications/Driftwood.app/Contents/Frameworks/libsail.dylib" };
  assert.deepEqual(asked(dylib, "names"), [`libsail.dylib.dSYM ${uuid}`]);
});

test("a dSYM goes as a folder with our command line, as its one file with curl", () => {
  const [dsym] = remedyOf({ ...mac, needs: "names" }, target).files;
  assert.match(dsym?.upload ?? "", /^\.\/salvage upload Driftwood\.app\.dSYM --url/);
  assert.match(
    dsym?.uploadWithCurl ?? "",
    /name=Driftwood' -H .* --data-binary @Driftwood\.app\.dSYM\/Contents\/Resources\/DWARF\/Driftwood$/,
  );
});

test("Linux: the unstripped file, or the split pair; for callers alone the file as shipped", () => {
  const byBuildId = "driftwood Build id=ad789e1ee7420a6f1735fc95b8fe3cea00112233";
  for (const needs of ["names", "unwind", "both"] as const) assert.deepEqual(asked(linux, needs), [byBuildId]);
  const both = remedyOf(linux, target);
  assert.equal(both.files[0]?.what, "the unstripped program");
  assert.match(both.otherwise ?? "", /driftwood\.debug has the names, the stripped driftwood the callers\. Upload both\.$/);
  assert.match(remedyOf({ ...linux, needs: "names" }, target).otherwise ?? "", /driftwood\.debug has the names as well/);
  const unwind = remedyOf({ ...linux, needs: "unwind" }, target);
  assert.deepEqual([unwind.files[0]?.where, unwind.otherwise], ["driftwood as it was shipped, stripped or not.", null]);
});

test("Android: where Gradle keeps the unstripped library", () => {
  const [library] = remedyOf({ ...linux, name: "libgame.so", codeFile: "/data/app/libgame.so", os: "Android" }, target).files;
  assert.equal(library?.what, "the unstripped library");
  assert.match(library?.where ?? "", /merged_native_libs/);
});

test("without a build id the debug id is shown, without any id none", () => {
  assert.deepEqual(remedyOf({ ...linux, codeId: null }, target).files[0]?.id, { label: "Debug id", text: linux.debugId });
  assert.equal(remedyOf({ ...linux, codeId: null, debugId: null }, target).files[0]?.id, null);
});

test("the commands are exact; names with spaces and quotes are quoted", () => {
  const [file] = remedyOf(linux, target).files;
  assert.equal(file?.upload, './salvage upload driftwood --url http://localhost:4680 --org acme --token "$SALVAGE_TOKEN"');
  assert.equal(
    file?.uploadWithCurl,
    `curl -X POST 'http://localhost:4680/api/v1/organizations/acme/debug-files?name=driftwood' -H "Authorization: Bearer $SALVAGE_TOKEN" --data-binary @driftwood`,
  );
  const odd = remedyOf({ ...linux, codeFile: "it's a game" }, target).files[0];
  assert.match(odd?.upload ?? "", /^\.\/salvage upload 'it'\\''s a game' --url/);
});

test("the gain names what changes", () => {
  assert.match(gainOf({ needs: "names", waitingCrashes: 3, own: true }), /^Brings functions, files and lines .*upgrade themselves\.$/);
  assert.match(gainOf({ needs: "unwind", waitingCrashes: 0, own: false }), /^Would bring exact callers/);
});
