import assert from "node:assert/strict";
import { test } from "node:test";
import { shortText } from "./short-text.ts";
import { decodeUtf8 } from "./text.ts";
import { encodeUtf8 } from "./utf8.ts";

test("the fast way and the general decoder agree, and the encoder is their inverse", () => {
  for (const text of ["", "main", "größe()", "日本語::f", "🦀", "a\u0080b", "x".repeat(10_000)]) {
    const bytes = encodeUtf8(text);
    assert.equal(shortText(bytes, 0, bytes.length), text);
    assert.equal(decodeUtf8(bytes), text);
    assert.deepEqual(bytes, new Uint8Array(Buffer.from(text, "utf8")));
  }
  assert.deepEqual(encodeUtf8("a\ud800"), new Uint8Array(Buffer.from("a\ufffd", "utf8")));
});

test("bytes that are no UTF-8 give U+FFFD, a NUL ends the text", () => {
  assert.equal(shortText(Uint8Array.of(0x61, 0xff, 0x62), 0, 3), "a\ufffdb");
  assert.equal(shortText(Uint8Array.of(0x61, 0, 0x62), 0, 3), "a");
});
