/** The small parts: storable texts, ids, patterns, slugs, tokens, cursors, passwords. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { hashPassword, isTooWeak, passwordMatches } from "../gate/password.ts";
import { pageSize, toPage, unpackCursor } from "./page.ts";
import { hashToken, newPublicKey, newToken, secretOfBearer } from "./secrets.ts";
import { isOrganizationSlug, isSlug, slugOfName } from "./slugs.ts";
import { asProjectId, asUuid, baseName, containsPattern, storableJson, storableText } from "./text.ts";

test("texts lose what PostgreSQL cannot store, at any depth, and nothing else", () => {
  assert.equal(storableText("a\0b\ud800c😀"), "a\uFFFDb\uFFFDc😀");
  assert.equal(storableText("abcdef", 3), "abc");
  // A cut in the middle of a pair leaves no half.
  assert.equal(storableText("a😀", 2), "a\uFFFD");
  assert.deepEqual(JSON.parse(storableJson({ "k\0": [{ x: "\udfff" }], n: 1, t: true, z: null })), {
    "k\uFFFD": [{ x: "\uFFFD" }],
    n: 1,
    t: true,
    z: null,
  });
});

test("ids: UUIDs with and without dashes, project numbers, nothing else", () => {
  const id = randomUUID();
  assert.equal(asUuid(id.toUpperCase()), id);
  assert.equal(asUuid(id.replaceAll("-", "")), id);
  for (const text of ["", "x", `${id}0`, id.slice(1), `{${id}}`, ` ${id}`]) assert.equal(asUuid(text), null);
  assert.equal(asProjectId("9223372036854775807"), 9223372036854775807n);
  for (const text of ["", "0", "01", "-1", "1.0", "1e3", "9223372036854775808", "99999999999999999999"])
    assert.equal(asProjectId(text), null);
  assert.deepEqual(["/a/b.so", "C:\\x\\y.dll", "z", "a/"].map(baseName), ["b.so", "y.dll", "z", ""]);
  assert.equal(containsPattern("50%_\\"), "%50\\%\\_\\\\%");
});

test("slugs", () => {
  assert.deepEqual(["My Game!", "  Ünï  ", "a", "--", "x".repeat(60)].map(slugOfName), ["my-game", "u-ni", null, null, "x".repeat(40)]);
  for (const slug of ["ab", "a-b", "a1"]) assert.ok(isSlug(slug));
  for (const slug of ["a", "-a", "a-", "a--b", "A", "a_b", "x".repeat(41), "ab\n"]) assert.ok(!isSlug(slug), slug);
  for (const slug of ["api", "symbols", "sign-in"]) assert.ok(isSlug(slug) && !isOrganizationSlug(slug), slug);
});

test("tokens are 43 base62 characters, found again inside sentry-cli's form", () => {
  const tokens = Array.from({ length: 200 }, newToken);
  assert.equal(new Set(tokens).size, 200);
  for (const token of tokens) {
    assert.match(token, /^[0-9A-Za-z]{43}$/);
    assert.equal(Buffer.from(token, "base64").toString("base64").replace("=", ""), token, "it is base64 of 32 bytes");
    assert.equal(secretOfBearer(token), token);
    assert.equal(secretOfBearer(`sntrys_eyJ_x_${token}`), token);
  }
  for (const bearer of ["", "sntrys_", "sntryu_x", "a".repeat(42), "a".repeat(44), `${"a".repeat(42)}+`])
    assert.equal(secretOfBearer(bearer), null);
  assert.equal(hashToken("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert.match(newPublicKey(), /^[0-9a-f]{32}$/);
});

test("cursors come back as they were; others are none", () => {
  const items = [1, 2, 3].map((n) => ({ id: randomUUID(), at: new Date(n), n }));
  const byTime = toPage(
    items,
    2,
    (row) => ({ value: row.at, id: row.id }),
    (row) => row.n,
  );
  assert.deepEqual(byTime.items, [1, 2]);
  assert.deepEqual(unpackCursor(byTime.next, "time"), { value: new Date(2).toISOString(), id: items[1]?.id });
  assert.equal(unpackCursor(byTime.next, "number"), null);
  assert.equal(
    toPage(
      items,
      3,
      (row) => ({ value: row.n, id: row.id }),
      (row) => row.n,
    ).next,
    null,
  );
  for (const cursor of [null, undefined, "", "AAAA", "%%"]) assert.equal(unpackCursor(cursor, "time"), null);
  assert.deepEqual([undefined, 0, -5, 1.7, 10_000, Number.NaN].map(pageSize), [50, 1, 1, 1, 200, 50]);
});

test("passwords: parameters are stated and respected, wrong ones and strange hashes do not match", async () => {
  const stored = await hashPassword("correct horse battery");
  assert.ok(await passwordMatches("correct horse battery", stored));
  assert.ok(!(await passwordMatches("correct horse batterx", stored)));
  // The same letters in another Unicode form are the same password.
  assert.ok(await passwordMatches("cafe\u0301 cafe\u0301", await hashPassword("caf\u00e9 caf\u00e9")));
  for (const strange of [null, "", "plain", "bcrypt$1$2$3$x$y"]) assert.ok(!(await passwordMatches("x", strange)));
  assert.deepEqual(["a".repeat(9), "a".repeat(10), "a".repeat(201)].map(isTooWeak), [true, false, true]);
});
