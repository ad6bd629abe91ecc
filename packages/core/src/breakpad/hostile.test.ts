/** .sym files made to cost time or memory. Each must be read within the bounds that its size allows. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { convertText } from "../../test/memory-sink.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import { openSymcache } from "../symcache/reader.ts";
import { openSym } from "./sym-file.ts";

const moduleLine = "MODULE Linux x86_64 0123456789ABCDEF0123456789ABCDEF0 hostile";
const maxMs = 20_000;

/** Converts and opens both ways within the time; returns the size of the lookup file. */
function convertQuickly(lines: string[]): {
  cache: ReturnType<typeof openSymcache>;
  direct: ReturnType<typeof openSym>;
  bytes: number;
  damaged: number;
} {
  const text = `${moduleLine}\n${lines.join("\n")}\n`;
  const started = performance.now();
  const { bytes, summary } = convertText(text);
  const direct = openSym(new BufferSource(new Uint8Array(Buffer.from(text))));
  const cache = openSymcache(new BufferSource(bytes));
  direct.names?.lookup(0x1000);
  direct.unwind?.find(0x1000);
  const ms = performance.now() - started;
  assert.ok(ms < maxMs, `${ms.toFixed(0)} ms for ${text.length} bytes`);
  assert.ok(bytes.length < 12 * text.length + (1 << 20), `${text.length} bytes became ${bytes.length}`);
  return { cache, direct, bytes: bytes.length, damaged: summary.damagedLines };
}

test("inline records nested 256 deep answer with the whole chain, deeper ones are left out", () => {
  const lines = ["INLINE_ORIGIN 0 g", "FUNC 1000 1000 0 f"];
  for (let depth = 0; depth < 300; depth++) lines.push(`INLINE ${depth} ${depth + 1} 0 0 1000 1000`);
  const { cache, direct, damaged } = convertQuickly(lines);
  assert.equal(cache.names?.lookup(0x1000)?.length, 257);
  assert.deepEqual(cache.names?.lookup(0x1000), direct.names?.lookup(0x1000));
  assert.equal(damaged, 300 - 256);
});

test("inline records that stand inside thousands of others do not multiply", () => {
  const lines = ["INLINE_ORIGIN 0 g", "FUNC 1000 100000 0 f"];
  for (let i = 0; i < 20_000; i++) lines.push(`INLINE 0 ${i + 1} 0 0 ${(0x1000 + 4 * i).toString(16)} 4`);
  for (let depth = 1; depth < 250; depth++) lines.push(`INLINE ${depth} 7 0 0 1000 100000`);
  const { cache, direct } = convertQuickly(lines);
  assert.equal(cache.names?.lookup(0x1000)?.length, 251);
  assert.deepEqual(cache.names?.lookup(0x1000 + 4 * 19_000), direct.names?.lookup(0x1000 + 4 * 19_000));
});

test("a long name that thousands of other functions interrupt is not read again and again", () => {
  const lines = [`FUNC 1000 ffffff 0 ${"n".repeat(1_000_000)}`];
  for (let i = 0; i < 30_000; i++) lines.push(`FUNC ${(0x1000 + 32 * i + 8).toString(16)} 8 0 x`);
  const { cache } = convertQuickly(lines);
  assert.equal(cache.names?.lookup(0x1000 + 32 * 20_000 + 20)?.[0]?.function.length, 1_000_000);
});

test("file numbers that double with each line do not make a table of billions", () => {
  const lines: string[] = [];
  for (let id = 1; id < 2 ** 32; id *= 2) lines.push(`FILE ${id} f${id}.c`);
  lines.push("FUNC 1000 10 0 f", "1000 10 1 2147483648");
  const before = process.memoryUsage().arrayBuffers;
  const { direct } = convertQuickly(lines);
  assert.equal(direct.names?.lookup(0x1000)?.[0]?.file, "f2147483648.c");
  assert.ok(process.memoryUsage().arrayBuffers - before < 100 << 20);
});

test("a million functions at one address", () => {
  const lines: string[] = [];
  for (let i = 0; i < 1_000_000; i++) lines.push("FUNC 1000 10 0 same");
  assert.equal(convertQuickly(lines).cache.names?.lookup(0x1004)?.[0]?.function, "same");
});

test("functions in descending order", () => {
  const lines: string[] = [];
  for (let i = 200_000; i > 0; i--) lines.push(`FUNC ${(i * 16).toString(16)} 10 0 f${i}`, `${(i * 16).toString(16)} 10 ${i} 0`);
  assert.equal(convertQuickly(lines).cache.names?.lookup(777 * 16 + 3)?.[0]?.function, "f777");
});

test("unwind records nested so that each is cut into many parts", () => {
  const lines = ["STACK CFI INIT 1000 1000000 .cfa: $rsp 8 + .ra: .cfa -8 + ^"];
  for (let i = 0; i < 30_000; i++) lines.push(`STACK CFI ${(0x1000 + 16 * i).toString(16)} .cfa: $rsp ${8 + i} +`);
  for (let i = 0; i < 30_000; i++) lines.push(`STACK CFI INIT ${(0x1000 + 16 * i + 4).toString(16)} 4 .cfa: $rsp 8 + .ra: x`);
  const { direct } = convertQuickly(lines);
  assert.deepEqual(direct.unwind?.find(0x1000 + 16 * 9 + 5)?.returnAddress, { kind: "register", register: "x", offset: 0 });
});

test("every rule text different", () => {
  const lines = ["STACK CFI INIT 1000 1000000 .cfa: $rsp 8 + .ra: .cfa -8 + ^"];
  for (let i = 0; i < 100_000; i++) lines.push(`STACK CFI ${(0x1001 + i).toString(16)} r${i % 300}: .cfa ${i} + ^ $rbx: ${i} ${i} *`);
  const { cache, direct } = convertQuickly(lines);
  assert.equal(direct.unwind?.find(0x1001)?.registers.size, 2);
  assert.equal(cache.unwind?.find(0x1001)?.registers.size, 2);
  assert.equal(direct.unwind?.find(0x1001 + 90_000)?.registers.size, 128);
});
