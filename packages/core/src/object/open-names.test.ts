/** Names of whole files: what is asked of the caller, what is said to be missing, and files made from the recorded binaries. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createPorts } from "@salvage/codecs";
import { symbolTable, synthElf } from "../../test/synth-elf.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import { type CompanionNeed, openNames } from "./open-names.ts";

const recorded = join(import.meta.dirname, "..", "..", "test", "compare", "recorded");
const ports = createPorts({ scratchDir: "unused", memoryBytes: 64 << 20 });

function file(...path: string[]): BufferSource {
  return new BufferSource(readFileSync(join(recorded, ...path)));
}

test("a split program asks for its package, then for each unit; what is not given is said", () => {
  const asked: CompanionNeed[] = [];
  const opened = openNames(file("clang-O2-split-dwarf5", "app"), {
    companion: (need) => {
      asked.push(need);
      return null;
    },
  })!;
  assert.equal(asked.length, 0, "nothing is asked for before it is needed");
  opened.names!.visit({ function: () => {}, symbol: () => {} }, () => {});
  assert.deepEqual(
    asked.map((need) => (need.kind === "split" ? need.name : need.kind)),
    ["split-package", "app-main.dwo", "app-shapes.dwo"],
  );
  assert.match(opened.needs.join("\n"), /app-main\.dwo/);
  assert.match(opened.needs.join("\n"), /app-shapes\.dwo/);
});

test("packed sections are read with ports; without, the symbol table answers and the need is said", () => {
  const source = file("clang-O2-zstd", "app");
  const whole = openNames(source, { ports })!;
  const symbolsAlone = openNames(source)!;
  assert.deepEqual(whole.needs, []);
  assert.ok(whole.names!.hasLines);
  assert.match(symbolsAlone.needs.join(), /packed debug sections/);
  assert.ok(symbolsAlone.names !== null && !symbolsAlone.names.hasLines);
});

test("a supplementary file of another build is not used, and both build ids are named", () => {
  const note = (id: number[]) => Buffer.from([4, 0, 0, 0, id.length, 0, 0, 0, 3, 0, 0, 0, 0x47, 0x4e, 0x55, 0, ...id]);
  const main = synthElf({
    sections: [
      { name: ".debug_info", content: new Uint8Array(32) },
      { name: ".gnu_debugaltlink", content: Buffer.from([...Buffer.from("common.debug\0"), 1, 2, 3, 4]) },
    ],
  });
  const other = synthElf({ sections: [{ name: ".note.gnu.build-id", type: 7, content: note([5, 6, 7, 8]) }] });
  const asked: CompanionNeed[] = [];
  const opened = openNames(new BufferSource(main), {
    companion: (need) => {
      asked.push(need);
      return need.kind === "supplementary" ? new BufferSource(other) : null;
    },
  })!;
  assert.deepEqual(asked, [{ kind: "supplementary", name: "common.debug", buildId: "01020304" }]);
  assert.match(opened.needs.join(), /common\.debug of build id 01020304; the one at hand has 05060708/);
});

test("damage in the debug information leaves the symbols, and the other way round", () => {
  const table = symbolTable([{ name: "f", value: 0x1000, size: 4, section: 1 }]);
  const text = { name: ".text", flags: 6, address: 0x1000, content: new Uint8Array(16) };
  const symbols = [
    { name: ".symtab", type: 2, content: table.symbols, link: 3 },
    { name: ".strtab", type: 3, content: table.strings },
  ];
  const badInfo = { name: ".zdebug_info", content: Buffer.from("not packed at all") };
  const opened = openNames(new BufferSource(synthElf({ sections: [text, ...symbols, badInfo] })), { ports })!;
  assert.equal(opened.names?.lookup(0x1000)?.[0]?.function, "f");
  assert.match(opened.needs.join(), /no "ZLIB" in front/);
  const badData = { name: ".gnu_debugdata", content: Buffer.from("no xz file") };
  const other = openNames(new BufferSource(synthElf({ sections: [text, ...symbols, badData] })), { ports })!;
  assert.match(other.needs.join(), /undamaged symbol table: xz/);
});

test("content of other kinds: null for what has no names here, FormatError for damaged headers", () => {
  assert.equal(openNames(new BufferSource(Buffer.from("MODULE Linux x86_64 0 x\n"))), null);
  assert.equal(openNames(new BufferSource(Buffer.from("hello world, this is text"))), null);
  assert.equal(openNames(new BufferSource(new Uint8Array(0))), null);
  assert.throws(() => openNames(new BufferSource(Buffer.from("\u007fELF"))), FormatError);
  const nothing = openNames(new BufferSource(synthElf({ sections: [] })))!;
  assert.deepEqual([nothing.names, nothing.needs], [null, []]);
});
