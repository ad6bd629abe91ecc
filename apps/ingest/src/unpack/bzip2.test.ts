/** bzip2 against the real program where it is installed, and against recorded bytes elsewhere; damage and bombs. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { Bzip2Error, bunzip2 } from "./bzip2.ts";

async function* pieces(bytes: Buffer, size = 1000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const unpack = async (packed: Buffer) => Buffer.concat(await Array.fromAsync(bunzip2(pieces(packed))));

/** `printf 'MDMP hello' | bzip2`, and of nothing. */
const hello = Buffer.from("425a68393141592653590a741c2800000117004000040240000244a0002191a6210c084af6c728f1772453850900a741c280", "hex");
const nothing = Buffer.from("425a683917724538509000000000", "hex");
const program = (() => {
  try {
    return execFileSync("bzip2", ["-c"], { input: "MDMP hello", stdio: ["pipe", "pipe", "ignore"] });
  } catch {
    return null;
  }
})();

test("recorded bytes, several streams, nothing", async () => {
  assert.equal((await unpack(hello)).toString(), "MDMP hello");
  assert.equal((await unpack(Buffer.concat([hello, nothing, hello]))).toString(), "MDMP helloMDMP hello");
  assert.equal((await unpack(nothing)).length, 0);
});

test("what the real program writes", { skip: program === null && "bzip2 is not installed" }, async () => {
  const text = "a line of text that comes again and again\n".repeat(25_000);
  for (const plain of [
    Buffer.alloc(1_000_000),
    Buffer.alloc(1, 7),
    Buffer.from("aaaabaaaaabaaaab".repeat(1000)),
    randomBytes(130_000),
    Buffer.concat([Buffer.from(text), randomBytes(5000), Buffer.alloc(4, 9)]),
  ]) {
    const level = plain.length > 200_000 ? "-9" : "-1";
    const packed = execFileSync("bzip2", [level, "-c"], { input: plain, maxBuffer: 1 << 28 });
    assert.ok((await unpack(packed)).equals(plain), `${plain.length} bytes, ${level}`);
  }
});

test("damage anywhere is an error; a cut as well", async () => {
  for (let at = 0; at < hello.length; at++) {
    const damaged = Buffer.from(hello);
    damaged[at] = (damaged[at] ?? 0) ^ 0x55;
    // The last bits are padding.
    if (at < hello.length - 1) await assert.rejects(unpack(damaged), Bzip2Error, `byte ${at}`);
    await assert.rejects(unpack(hello.subarray(0, at)), /^Bzip2Error: bzip2 at byte \d+: /, `cut to ${at}`);
  }
});

test("whatever is asked of a bomb is given in pieces, and nothing more is made", async () => {
  // 45 bytes that unpack to 45 MB, as bzip2 -9 packs zeroes.
  const packed =
    program === null ? Buffer.concat(Array(1000).fill(hello)) : execFileSync("bzip2", ["-9", "-c"], { input: Buffer.alloc(45_000_000) });
  let bytes = 0;
  let largest = 0;
  for await (const piece of bunzip2(pieces(packed))) {
    bytes += piece.length;
    largest = Math.max(largest, piece.length);
    if (bytes > 1_000_000) break;
  }
  assert.ok(largest <= 65_536 && bytes <= 1_100_000);
});
