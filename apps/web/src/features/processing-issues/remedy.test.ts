/** The commands shown for a missing file can be pasted as they are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gainOf, remedyOf } from "./remedy.ts";

const url = "http://localhost:4680";
const linux = {
  name: "driftwood",
  codeFile: "/opt/game/driftwood",
  debugId: "1E9E78AD42E76F0A1735FC95B8FE3CEA0",
  codeId: "ad789e1e",
  os: "Linux",
};

test("Linux: the unstripped file by its build id", () => {
  const remedy = remedyOf(linux, url, "acme");
  assert.match(remedy.where, /unstripped driftwood with build id ad789e1e/);
  assert.equal(remedy.convert, "dump_syms driftwood > driftwood.sym");
  assert.equal(remedy.upload, './salvage upload driftwood.sym --url http://localhost:4680 --org acme --token "$SALVAGE_TOKEN"');
  assert.match(remedy.uploadWithCurl, /debug-files\?name=driftwood\.sym' -H .* --data-binary @driftwood\.sym$/);
});

test("Windows: the PDB, its suffix replaced", () => {
  const remedy = remedyOf({ ...linux, name: "engine.pdb", codeFile: "C:\\game\\engine.dll", os: "Windows NT" }, url, "acme");
  assert.equal(remedy.convert, "dump_syms engine.pdb > engine.sym");
  assert.match(remedy.where, /engine\.pdb beside engine\.dll/);
});

test("macOS: the dSYM with its UUID", () => {
  assert.match(remedyOf({ ...linux, os: "Mac OS X" }, url, "acme").where, /UUID 1E9E78AD-42E7-6F0A-1735-FC95B8FE3CEA/);
});

test("names with spaces and quotes are quoted", () => {
  assert.equal(remedyOf({ ...linux, codeFile: "it's a game" }, url, "acme").convert, "dump_syms 'it'\\''s a game' > driftwood.sym");
});

test("the gain names what changes", () => {
  assert.match(gainOf({ needs: "names", waitingCrashes: 3, own: true }), /^Brings functions, files and lines .*upgrade themselves\.$/);
  assert.match(gainOf({ needs: "unwind", waitingCrashes: 0, own: false }), /^Would bring exact callers/);
});
