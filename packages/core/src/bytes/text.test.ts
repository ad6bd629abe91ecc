import assert from "node:assert/strict";
import { test } from "node:test";
import { randomFrom } from "../../test/random.ts";
import { baseName, decodeUtf8, decodeUtf16, dirName, toHex } from "./text.ts";

test("UTF-8 decodes as the platform's decoder does, whatever the bytes", () => {
  const decoder = new TextDecoder();
  const samples = ["plain", "Grüße, 世界 🎉", "\u{10ffff}"].map((s) => new TextEncoder().encode(s));
  samples.push(
    Uint8Array.of(0x61, 0xff, 0x62),
    Uint8Array.of(0xe4, 0xb8),
    Uint8Array.of(0xc0, 0x80, 0x61),
    Uint8Array.of(0xf0, 0x9f, 0x8e, 0x61),
  );
  const random = randomFrom(7);
  for (let i = 0; i < 2000; i++) samples.push(Uint8Array.from({ length: 12 }, () => 1 + random(255)));
  for (const bytes of samples) {
    const want = decoder.decode(bytes);
    assert.equal(decodeUtf8(bytes).replace(/\ufffd+/g, "\ufffd"), want.replace(/\ufffd+/g, "\ufffd"), toHex(bytes));
  }
});

test("strings end at NUL and long ones survive", () => {
  assert.equal(decodeUtf8(Uint8Array.of(0x61, 0, 0x62)), "a");
  const long = "é".repeat(50_000);
  assert.equal(decodeUtf8(new TextEncoder().encode(long)), long);
});

test("UTF-16 in both orders; a lone surrogate and an odd byte do no harm", () => {
  assert.equal(decodeUtf16(Uint8Array.of(0x61, 0, 0x62, 0), true), "ab");
  assert.equal(decodeUtf16(Uint8Array.of(0, 0x61, 0, 0x62), false), "ab");
  assert.equal(decodeUtf16(Uint8Array.of(0x00, 0xd8, 0x61, 0, 0x62), true), "\ufffda");
});

test("paths of either kind", () => {
  assert.equal(baseName("C:\\a\\b.dll"), "b.dll");
  assert.equal(baseName("/a/b.so"), "b.so");
  assert.equal(baseName("b"), "b");
  assert.equal(dirName("/a/b.so"), "/a");
  assert.equal(dirName("b"), "");
});
