/** Each reason why a held file is not the one that is missing, in its words. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NearFile } from "@salvage/contracts";
import { waitingOf, whyNot } from "./why-not.ts";

const guid = "1E9E78AD42E76F0A1735FC95B8FE3CEA";
const wanted = { debugId: `${guid}3`, cpu: "amd64", needs: "both" } as const;
const held: NearFile = {
  id: "1",
  match: "same_key",
  name: "game.pdb",
  kind: "pdb",
  debugId: `${guid}3`,
  codeId: null,
  cpu: "amd64",
  features: ["symbols", "lines"],
  hasNames: true,
  hasUnwind: false,
  uploadedAt: "",
};
const waiting = { waitingCrashes: 3, waitingWithoutDump: 0 };
const why = (change: Partial<NearFile>, needs: "names" | "unwind" | "both" = "both", who = waiting) =>
  whyNot({ ...wanted, needs }, { ...held, ...change }, who);

test("another build, by name", () => {
  assert.equal(why({ match: "same_name", debugId: `${"0".repeat(32)}1` }).word, "Another build");
});

test("the same GUID with another age says both ages and which way", () => {
  assert.deepEqual(why({ match: "same_guid", debugId: `${guid}a` }), {
    word: "Other age",
    sentence: "Its age is 10, the crash asks for age 3: it was written by a later link of the same program.",
  });
  assert.match(why({ match: "same_guid", debugId: `${guid}1` }).sentence, /age is 1, .*an earlier link/);
});

test("the wrong CPU, told before the build; spellings of one CPU are equal", () => {
  assert.deepEqual(why({ match: "same_name", cpu: "arm64" }), {
    word: "Wrong CPU",
    sentence: "It is for ARM64, the crash is of a build for x64.",
  });
  assert.equal(why({ match: "same_name", cpu: "x86_64" }).word, "Another build");
  assert.equal(why({ match: "same_name", cpu: null }).word, "Another build");
});

test("held, but stripped: by what it has and where the rest is", () => {
  const stripped = { hasNames: false, hasUnwind: true, kind: "elf" } as const;
  assert.deepEqual(why({ ...stripped, features: ["symbols", "unwind"] }, "names"), {
    word: "No lines",
    sentence: "It has function names only: it is stripped, so files and lines are in the unstripped file or its .debug file.",
  });
  assert.match(why({ ...stripped, kind: "pe", features: ["unwind"] }, "names").sentence, /^It has unwind data only: .* in its PDB\.$/);
  assert.match(why({ ...stripped, kind: "macho", features: ["symbols"] }).sentence, /its dSYM\.$/);
});

test("held, but without unwind data", () => {
  assert.deepEqual(why({}, "unwind"), {
    word: "No unwind data",
    sentence: "Exact callers need the exe or dll: a PDB has no unwind data for this CPU.",
  });
  assert.match(why({ kind: "macho" }).sentence, /need the binary/);
});

test("held in full, but the dump was deleted before", () => {
  const full = { hasUnwind: true };
  assert.match(why(full, "unwind", waitingOf({ dump: { state: "deleted" } as never })).sentence, /but the dump was deleted before it came/);
  assert.match(why(full, "unwind", { waitingCrashes: 3, waitingWithoutDump: 2 }).sentence, /dumps of 2 waiting crashes/);
  assert.match(why(full, "both", { waitingCrashes: 3, waitingWithoutDump: 3 }).sentence, /dumps of all waiting crashes/);
  assert.equal(why(full, "unwind", waitingOf({ dump: { state: "held" } as never })).word, "Held");
  assert.equal(why(full, "names", { waitingCrashes: 1, waitingWithoutDump: 1 }).word, "Held");
});
