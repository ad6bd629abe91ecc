import assert from "node:assert/strict";
import { test } from "node:test";
import { CliError } from "../cli-error.ts";
import { configPath, type SavedLogin } from "./config.ts";
import { fileName, matchesPattern } from "./names.ts";
import { findTarget, tokenPayload } from "./target.ts";

const saved: SavedLogin = { url: "https://a.example", organization: "acme", token: "kept", kind: "login" };
const orgToken = (payload: object) => `sntrys_${Buffer.from(JSON.stringify(payload)).toString("base64")}_secret`;

test("options come before the environment, that before the token's own words, and these before the login that was kept", () => {
  assert.deepEqual(findTarget({}, {}, saved), { url: "https://a.example", token: "kept", organization: "acme" });
  assert.deepEqual(findTarget({ org: "b" }, { SALVAGE_ORG: "c" }, saved).organization, "b");
  assert.deepEqual(findTarget({}, { SALVAGE_URL: "https://a.example/", SALVAGE_ORG: "c" }, saved), {
    url: "https://a.example",
    token: "kept",
    organization: "c",
  });
  const token = orgToken({ url: "https://t.example", org: "t" });
  assert.deepEqual(findTarget({}, { SALVAGE_TOKEN: token }, saved), { url: "https://t.example", token, organization: "t" });
  assert.equal(findTarget({ url: "http://u.example:1" }, { SALVAGE_TOKEN: token }, null).url, "http://u.example:1");
  assert.equal(findTarget({ token: "mine" }, {}, saved).organization, null, "the login's organization goes with the login's token");
});

test("a kept token is for its own server; what is not known is said", () => {
  const wrong = (run: () => unknown, message: RegExp) =>
    assert.throws(run, (error) => error instanceof CliError && error.exitCode === 2 && message.test(error.message));
  wrong(() => findTarget({ url: "https://other.example" }, {}, saved), /no token for https:\/\/other\.example/);
  wrong(() => findTarget({}, {}, null), /no server is known/);
  wrong(() => findTarget({ url: "ftp://a" }, {}, null), /must be an http or https address/);
});

test("the words in a token; damaged ones are none", () => {
  assert.deepEqual(tokenPayload(orgToken({ iat: 1, url: null, org: "acme" })), { url: null, organization: "acme" });
  for (const other of ["", "abc", "sntryu_abc", "sntrys_###_x", `sntrys_${Buffer.from("nonsense").toString("base64")}_x`])
    assert.equal(tokenPayload(other), null);
});

test("the configuration's place on each system", () => {
  assert.equal(configPath("linux", {}, "/home/ada"), "/home/ada/.config/salvage/login.json");
  assert.equal(configPath("linux", { XDG_CONFIG_HOME: "/c" }, "/home/ada"), "/c/salvage/login.json");
  assert.equal(configPath("linux", { XDG_CONFIG_HOME: "relative" }, "/home/ada"), "/home/ada/.config/salvage/login.json");
  assert.equal(configPath("darwin", {}, "/Users/ada"), "/Users/ada/Library/Application Support/salvage/login.json");
  const roaming = "C:\\Users\\ada\\AppData\\Roaming";
  assert.equal(configPath("win32", { APPDATA: roaming }, "C:\\Users\\ada"), `${roaming}\\salvage\\login.json`);
  assert.equal(configPath("win32", {}, "C:\\Users\\ada"), `${roaming}\\salvage\\login.json`);
});

test("names in paths of both kinds, and patterns on them", () => {
  assert.deepEqual(["C:\\b\\game.exe", "/b/game", "game.pdb", "c:/b\\x.dll"].map(fileName), ["game.exe", "game", "game.pdb", "x.dll"]);
  assert.ok(matchesPattern("lib*.so.?", "LIBfoo.so.1"));
  assert.ok(!matchesPattern("lib*.so", "libfoo.so.1"));
  assert.ok(!matchesPattern("a.b", "axb"), "a dot is a dot");
});
