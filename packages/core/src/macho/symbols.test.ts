/** Symbol tables and debug sections of Mach-O files built here: thin, fat, dSYM. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { createPorts } from "@salvage/codecs";
import { visited } from "../../test/named-symbols.ts";
import { codeFlags, type SynthMachO, type SynthSection, synthFat, synthMachO } from "../../test/synth-macho.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import { machODwarfSections } from "./debug-sections.ts";
import { chooseMachO, type MachOFile } from "./headers.ts";
import { readMachOSymbols, unlinkedObjectFile } from "./symbols.ts";

const text: SynthSection = { segment: "__TEXT", name: "__text", address: 0x1000, bytes: new Uint8Array(0x100), flags: codeFlags };
const data: SynthSection = { segment: "__DATA", name: "__data", address: 0x2000, bytes: new Uint8Array(0x10) };

function open(file: SynthMachO): MachOFile {
  return chooseMachO(new BufferSource(synthMachO(file)), null)!;
}

const symbols = [
  { name: "/build/main.o", address: 0, type: 0x66, section: 0 },
  { name: "_main", address: 0x1000 },
  { name: "__ZN3geo4areaEv", address: 0x1010 },
  { name: "-[Shape draw]", address: 0x1040 },
  { name: "__mh_execute_header", address: 0 },
  { name: "_variable", address: 0x2000, section: 2 },
  { name: "_undefined", address: 0, type: 0x01, section: 0 },
  { name: "_main", address: 0x1000, type: 0x24 },
];

test("symbols of code, without the underscore, up to the next symbol or function", () => {
  for (const cpu of ["amd64", "x86"] as const) {
    assert.deepEqual(visited(readMachOSymbols(open({ cpu, base: 0x1000n, sections: [text, data], symbols }))), [
      "1000-1010 main",
      "1010-1040 _ZN3geo4areaEv",
      "1040-1100 -[Shape draw]",
    ]);
  }
  const stripped = open({ cpu: "arm64", sections: [text, data], symbols, functionStarts: [0x1000, 0x1008, 0x1010, 0x1060] });
  assert.deepEqual(visited(readMachOSymbols(stripped)), ["1000-1008 main", "1010-1040 _ZN3geo4areaEv", "1040-1060 -[Shape draw]"]);
});

test("an object file that kept its debug information is named", () => {
  assert.equal(unlinkedObjectFile(open({ cpu: "amd64", sections: [text, data], symbols })), "/build/main.o");
  assert.equal(unlinkedObjectFile(open({ cpu: "amd64", sections: [text, data], symbols: symbols.slice(1) })), null);
  assert.equal(unlinkedObjectFile(open({ cpu: "amd64", sections: [text] })), null);
});

test("one image of a fat file, by debug id", () => {
  const one = (cpu: "amd64" | "arm64", uuid: string, name: string) =>
    synthMachO({ cpu, uuid, sections: [text], symbols: [{ name, address: 0x1000 }] });
  const first = "11111111222233334444555566667777";
  const second = "aaaaaaaabbbbccccddddeeeeffff0000";
  const fat = new BufferSource(
    synthFat([
      { cpuType: 0x01000007, bytes: one("amd64", first, "_first") },
      { cpuType: 0x0100000c, bytes: one("arm64", second, "_second") },
    ]),
  );
  const named = (debugId: string | null) => {
    const file = chooseMachO(fat, debugId);
    return file === null ? null : visited(readMachOSymbols(file));
  };
  assert.deepEqual(named(null), ["1000-1100 first"]);
  assert.deepEqual(named(`${second.toUpperCase()}0`), ["1000-1100 second"]);
  assert.equal(named("000000000000000000000000000000010"), null);
});

test("DWARF of a dSYM: cut names, packed sections, headers that state what the file does not hold", () => {
  const part = (name: string, content: Uint8Array, address: number): SynthSection => ({
    segment: "__DWARF",
    name,
    address,
    bytes: content,
  });
  const plain = Buffer.from("plain ".repeat(50));
  const packed = Buffer.concat([Buffer.from("ZLIB\0\0\0\0\0\0"), Buffer.from([plain.length >> 8, plain.length & 255]), deflateSync(plain)]);
  const file = open({
    cpu: "arm64",
    fileType: 10,
    sections: [
      { ...text, headerOnly: true },
      part("__debug_info", Buffer.from("info"), 0x3000),
      part("__debug_str_offs", Buffer.from("offsets"), 0x3010),
      part("__zdebug_line", packed, 0x3020),
    ],
    symbols: [{ name: "_f", address: 0x1000 }],
  });
  const ports = createPorts({ scratchDir: "unused", memoryBytes: 1 << 20 });
  const sections = machODwarfSections(file, ports);
  const read = (name: Parameters<typeof sections.section>[0]) => {
    const found = sections.section(name);
    return found === null ? null : Buffer.from(found.read(0, found.size)).toString();
  };
  assert.deepEqual([read("info"), read("str_offsets"), read("line"), read("abbrev")], ["info", "offsets", plain.toString(), null]);
  assert.deepEqual(sections.codeRanges, [{ start: 0x1000, end: 0x1100 }]);
  assert.deepEqual([sections.imageBase, sections.addressBytes], [0x1_0000_0000n, 8]);
  assert.deepEqual(visited(readMachOSymbols(file)), ["1000-1100 f"]);
  ports.close();
});

test("a table outside of the file is a FormatError, or has no names", () => {
  const bytes = synthMachO({ cpu: "amd64", sections: [text], symbols: [{ name: "_f", address: 0x1000 }] });
  let failed = 0;
  for (let at = 0; at < 0x200; at++) {
    const copy = bytes.slice();
    copy[at] = 0xff;
    try {
      const file = chooseMachO(new BufferSource(copy), null);
      if (file !== null) readMachOSymbols(file);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      failed++;
    }
  }
  assert.ok(failed > 0);
});
