/** Section tables of real files, and of files that lie: whatever the bytes are, an answer comes, and nothing outside the file is read. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { RandomAccessBlob } from "@salvage/blobs";
import { elfSections } from "./elf-sections.ts";

const fixture = (name: string) => readFileSync(fileURLToPath(new URL(`../../../../fixtures/formats/${name}`, import.meta.url)));

/** Bytes as a blob store gives them: a read outside is an error. */
function blobOf(bytes: Uint8Array): RandomAccessBlob & { read: RandomAccessBlob["read"]; bytesRead: number } {
  return {
    size: bytes.length,
    bytesRead: 0,
    async read(offset, length) {
      assert.ok(offset >= 0 && length >= 0 && offset + length <= bytes.length, `${length} bytes at ${offset} of ${bytes.length}`);
      this.bytesRead += length;
      return new Uint8Array(bytes.subarray(offset, offset + length));
    },
    close: async () => undefined,
  };
}

test("a stripped program has its code here, its debug file has not", async () => {
  const sectionsOf = async (name: string) =>
    new Map(((await elfSections(blobOf(fixture(name)))) ?? []).map((section) => [section.name, section]));
  const program = await sectionsOf("linux-x64/app.stripped");
  const debug = await sectionsOf("linux-x64/app.debug");
  assert.ok(program.get(".text")?.executable && debug.get(".text")?.executable);
  assert.ok(program.get(".text")?.content);
  assert.equal(debug.get(".text")?.content, null);
  assert.equal(program.get(".debug_info"), undefined);
  assert.ok(debug.get(".debug_info")?.content);
});

/** A file of one section besides the names. */
function small({ wide, little, count = 3 }: { wide: boolean; little: boolean; count?: number }): Buffer {
  const names = Buffer.from("\0.text\0.shstrtab\0");
  const headerBytes = 64;
  const entryBytes = wide ? 64 : 40;
  const tableAt = headerBytes + names.length;
  const file = Buffer.alloc(tableAt + 3 * entryBytes + 4, 0xcc);
  file.fill(0, 0, tableAt + 3 * entryBytes);
  names.copy(file, headerBytes);
  Buffer.from([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, little ? 1 : 2]).copy(file);
  const put = (at: number, value: number, bytes: 2 | 4 | 8) => {
    if (bytes === 8) file[little ? "writeBigUInt64LE" : "writeBigUInt64BE"](BigInt(value), at);
    else file[little ? "writeUIntLE" : "writeUIntBE"](value, at, bytes);
  };
  const word = wide ? 8 : 4;
  put(wide ? 0x28 : 0x20, tableAt, word);
  put(wide ? 0x3a : 0x2e, entryBytes, 2);
  put(wide ? 0x3c : 0x30, count === 3 ? 3 : 0, 2);
  put(wide ? 0x3e : 0x32, 2, 2);
  const entry = (index: number, name: number, type: number, flags: number, offset: number, size: number) => {
    const base = tableAt + index * entryBytes;
    put(base, name, 4);
    put(base + 4, type, 4);
    put(base + 8, flags, word);
    put(base + (wide ? 0x18 : 0x10), offset, word);
    put(base + (wide ? 0x20 : 0x14), size, word);
  };
  entry(0, 0, 0, 0, 0, count === 3 ? 0 : count);
  entry(1, 1, 1, 6, file.length - 4, 4);
  entry(2, 7, 3, 0, headerBytes, names.length);
  return file;
}

for (const wide of [true, false]) {
  for (const little of [true, false]) {
    test(`${wide ? 64 : 32} bits, ${little ? "little" : "big"}-endian`, async () => {
      const file = small({ wide, little });
      const sections = await elfSections(blobOf(file));
      assert.deepEqual(sections?.[1], { name: ".text", content: { offset: file.length - 4, size: 4 }, executable: true });
      assert.equal(sections?.length, 3);
    });
  }
}

test("what is no ELF file, and tables that lie", async () => {
  assert.equal(await elfSections(blobOf(Buffer.alloc(10))), null);
  assert.equal(await elfSections(blobOf(Buffer.alloc(1_000))), null);
  assert.equal(await elfSections(blobOf(fixture("windows-x64/game.exe"))), null);
  assert.equal(await elfSections(blobOf(small({ wide: true, little: true, count: 1_000_000 }))), null, "more sections than the file has");
  assert.equal((await elfSections(blobOf(small({ wide: true, little: true, count: 3 }).subarray(0, 100)))) ?? null, null, "cut off");
});

test("5000 damaged files: an answer each, from within the file, and without reading much", async () => {
  const whole = fixture("linux-x64/app.stripped");
  let state = 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % below;
  };
  let answered = 0;
  const tableAt = Number(whole.readBigUInt64LE(0x28));
  for (let round = 0; round < 5_000; round++) {
    const damaged = Buffer.from(whole.subarray(0, random(4) === 0 ? random(whole.length) : whole.length));
    for (let i = 0; i <= random(4); i++) {
      const at = random(2) === 0 ? random(64) : tableAt + random(whole.length - tableAt);
      if (at < damaged.length) damaged[at] = random(256);
    }
    const blob = blobOf(damaged);
    const sections = await elfSections(blob);
    for (const { content } of sections ?? []) assert.ok(content === null || content.offset + content.size <= damaged.length);
    assert.ok(blob.bytesRead <= 3 * damaged.length + 64);
    if (sections !== null) answered++;
  }
  assert.ok(answered > 500 && answered < 5_000, `${answered} of 5000 could be read`);
});
