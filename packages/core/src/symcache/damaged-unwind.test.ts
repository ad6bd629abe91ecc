/** Damaged unwind tables of a file that has names, too: the lookup file keeps every name, and rules where they can still be read. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { MemorySink } from "../../test/memory-sink.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import { openElf } from "../elf/elf-file.ts";
import { machOSlices, openMachOFile, sectionNamed } from "../macho/headers.ts";
import { buildSymcache, type SymcacheSummary } from "./build.ts";
import { openSymcache } from "./reader.ts";

const fixture = (path: string) => readFileSync(fileURLToPath(new URL(`../../../../fixtures/formats/${path}`, import.meta.url)));
const library = fixture("android-arm64/libapp.so");

function section(name: string): { offset: number; size: number } {
  const found = openElf(new BufferSource(library)).sections.find((each) => each.name === name);
  assert.ok(found !== undefined, name);
  return found;
}

function built(file: Uint8Array): { summary: SymcacheSummary; names: string } {
  const sink = new MemorySink();
  const summary = buildSymcache(new BufferSource(file), sink);
  const cache = openSymcache(new BufferSource(sink.bytes()));
  const names = [...cache.starts.names].map((start) => JSON.stringify([start, cache.names?.lookup(start) ?? null])).join("\n");
  return { summary, names };
}

const whole = built(library);

test("the undamaged file has names and rules", () => {
  assert.deepEqual(whole.summary.features, ["symbols", "lines", "inlines", "unwind"]);
  assert.ok(whole.summary.rowCount > 50 && whole.names.length > 10_000, `${whole.summary.rowCount} rows`);
});

for (const name of [".eh_frame", ".eh_frame_hdr"]) {
  const { offset, size } = section(name);

  test(`${name} overwritten from its first bytes on`, () => {
    for (const [value, length] of [
      [0xff, 4],
      [0xff, size],
      [0x00, 4],
      [0x00, size],
      [0x80, size],
    ] as const) {
      const damaged = Buffer.from(library);
      damaged.fill(value, offset, offset + length);
      assert.equal(built(damaged).names, whole.names, `${length} bytes of ${value}`);
    }
  });

  test(`${name} with 60 random damages`, () => {
    let state = 7;
    const random = (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state >>> 8) % below;
    };
    let rows = 0;
    for (let round = 0; round < 60; round++) {
      const damaged = Buffer.from(library);
      for (let i = 0; i <= random(8); i++) damaged[offset + random(size)] = random(256);
      const { summary, names } = built(damaged);
      assert.equal(names, whole.names, `round ${round}`);
      rows += summary.rowCount;
    }
    assert.ok(rows > 60 * 5, "most rules survive");
  });
}

test("a Mach-O program with an unknown unwind table keeps its symbols, and says what is wrong", () => {
  const program = fixture("macos-arm64/game");
  const source = new BufferSource(program);
  const [slice] = machOSlices(source) ?? [];
  const file = slice === undefined ? null : openMachOFile(source, slice);
  const table = file === null ? null : sectionNamed(file, "__unwind_info");
  assert.ok(table !== null);
  const { summary, names } = built(program);
  assert.ok(summary.rowCount > 10);
  const damaged = Buffer.from(program);
  damaged.writeUInt32LE(77, table.fileOffset);
  const again = built(damaged);
  assert.equal(again.names, names);
  assert.match(again.summary.needs.join(), /^undamaged unwind tables: .*77/);
});
