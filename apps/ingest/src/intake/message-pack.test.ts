/** MessagePack: every kind of value, and what hostile bytes can do. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MessagePackError, readMessagePack } from "./message-pack.ts";

const read = (hex: string) => readMessagePack(Buffer.from(hex.replaceAll(" ", ""), "hex"));

test("every kind, at the borders of its lengths", () => {
  const cases: [string, unknown][] = [
    ["00", 0],
    ["7f", 127],
    ["e0", -32],
    ["ff", -1],
    ["c0", null],
    ["c2", false],
    ["c3", true],
    ["cc ff", 255],
    ["cd 0100", 256],
    ["ce ffffffff", 4_294_967_295],
    ["cf 001fffffffffffff", Number.MAX_SAFE_INTEGER],
    ["cf ffffffffffffffff", "18446744073709551615"],
    ["d0 80", -128],
    ["d1 8000", -32_768],
    ["d2 80000000", -2_147_483_648],
    ["d3 ffffffffffffffff", -1],
    ["d3 8000000000000000", "-9223372036854775808"],
    ["ca 3fc00000", 1.5],
    ["cb 3ff8000000000000", 1.5],
    ["cb 7ff8000000000000", null],
    ["a0", ""],
    ["a2 c3a4", "ä"],
    ["d9 02 6162", "ab"],
    ["da 0001 61", "a"],
    ["db 00000001 61", "a"],
    ["c4 02 0001", "2 bytes"],
    ["c5 0001 00", "1 bytes"],
    ["c6 00000000", "0 bytes"],
    ["92 01 c0", [1, null]],
    ["dc 0001 01", [1]],
    ["dd 00000001 01", [1]],
    ["d6 ff 65000000", "2023-09-12T06:06:56.000Z"],
    ["d7 ff 773594006553f100", "2023-11-14T22:13:20.500Z"],
    ["c7 0c ff 1dcd6500 000000006553f100", "2023-11-14T22:13:20.500Z"],
    ["d4 05 00", null],
    ["c8 0001 05 00", null],
  ];
  for (const [hex, value] of cases) assert.deepEqual(read(hex), [value], hex);
  assert.deepEqual({ ...(read("82 a1 61 01 a1 61 02")[0] as object) }, { a: 1 }, "of two equal keys the first");
  assert.deepEqual({ ...(read("de 0001 01 a1 62")[0] as object) }, { 1: "b" });
  assert.deepEqual({ ...(read("df 00000001 a9 5f5f70726f746f5f5f 01")[0] as object) }, Object.fromEntries([["__proto__", 1]]));
  assert.deepEqual(read("01 02 c3"), [1, 2, true], "several values");
});

test("cut anywhere, huge counts, depth, unknown kinds: an error that says where", () => {
  const whole = Buffer.from("83a161920102a162d9026869a163cb3ff8000000000000", "hex");
  for (let length = 1; length < whole.length; length++) assert.throws(() => readMessagePack(whole.subarray(0, length)), MessagePackError);
  assert.throws(() => read("dd ffffffff 01"), /at byte 6: 1 bytes wanted, 0 are there/);
  assert.throws(() => read("df ffffffff"), MessagePackError);
  assert.throws(() => read("db 7fffffff 61"), /at byte 5: 2147483647 bytes wanted, 1 are there/);
  assert.throws(() => read("c1"), /at byte 0: unknown kind 0xc1/);
  assert.throws(() => read("81 80 01"), /at byte 1: a key that is a map/);
  assert.throws(() => read("91".repeat(100_000)), /at byte 33: nested deeper than 32/);
  assert.throws(() => readMessagePack(Buffer.alloc(1_000_000, 0x80)), /more than 50000 values/);
  const values: unknown[] = [];
  assert.throws(() => readMessagePack(Buffer.from("0102c1", "hex"), values), MessagePackError);
  assert.deepEqual(values, [1, 2], "what came before the damage");
});
