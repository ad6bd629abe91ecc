/** Exports, COFF symbols and DWARF sections of PE files built here. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { visited } from "../../test/named-symbols.ts";
import { codeAddress, dataAddress, peImage } from "../../test/pe-image.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import { peDwarfSections } from "./debug-sections.ts";
import { PeImage } from "./image.ts";
import { readPeSymbols } from "./symbols.ts";

const coff = 0x84;
const optional = 0x98;
const sectionTable = optional + 240;

type Export = { name: string; address: number };

/** peImage with an export directory at the start of its data section. */
function withExports(machine: number, exports: readonly Export[], table: readonly number[] = []): Uint8Array {
  const bytes = peImage(machine, [], [], table);
  const view = new DataView(bytes.buffer);
  const functions = dataAddress + 40;
  const names = functions + 4 * exports.length;
  const ordinals = names + 4 * exports.length;
  let text = ordinals + 2 * exports.length;
  for (const [i, value] of [exports.length, exports.length, functions, names, ordinals].entries())
    view.setUint32(dataAddress + 20 + 4 * i, value, true);
  for (const [i, { name, address }] of exports.entries()) {
    // The last function has the first name.
    const ordinal = exports.length - 1 - i;
    view.setUint32(functions + 4 * ordinal, address, true);
    view.setUint32(names + 4 * i, text, true);
    view.setUint16(ordinals + 2 * i, ordinal, true);
    bytes.set(Buffer.from(`${name}\0`), text);
    text += name.length + 1;
  }
  view.setUint32(optional + 112, dataAddress, true);
  view.setUint32(optional + 116, text - dataAddress, true);
  return bytes;
}

type Symbol = { name: string; value: number; section?: number; type?: number; storage?: number; further?: number };

/** The file with a COFF symbol table and its strings at its end. */
function withSymbols(file: Uint8Array, symbols: readonly Symbol[]): Uint8Array {
  const count = symbols.reduce((sum, { further = 0 }) => sum + 1 + further, 0);
  const long = symbols.filter(({ name }) => name.length > 8);
  const strings = Buffer.concat([Buffer.alloc(4), ...long.map(({ name }) => Buffer.from(`${name}\0`))]);
  const table = Buffer.alloc(18 * count);
  let at = 0;
  for (const { name, value, section = 1, type = 0x20, storage = 2, further = 0 } of symbols) {
    if (name.length > 8) table.writeUInt32LE(strings.indexOf(`${name}\0`), at + 4);
    else table.write(name, at, "latin1");
    table.writeUInt32LE(value, at + 8);
    table.writeUInt16LE(section, at + 12);
    table.writeUInt16LE(type, at + 14);
    table.set([storage, further], at + 16);
    // Records that belong to the symbol look like symbols.
    table.fill(0x41, at + 18, at + 18 * (1 + further));
    at += 18 * (1 + further);
  }
  const bytes = new Uint8Array(Buffer.concat([file, table, strings]));
  const view = new DataView(bytes.buffer);
  view.setUint32(coff + 8, file.length, true);
  view.setUint32(coff + 12, count, true);
  return bytes;
}

function read(bytes: Uint8Array): string[] {
  return visited(readPeSymbols(new PeImage(new BufferSource(bytes))));
}

const exported: Export[] = [
  { name: "?area@geo@@YAHXZ", address: codeAddress + 0x40 },
  { name: "Draw", address: codeAddress + 0x10 },
  { name: "Variable", address: 0x3000 },
  { name: "Forwarded", address: dataAddress + 60 },
];

test("exports of code, each up to the next, or to where another function starts", () => {
  assert.deepEqual(read(withExports(0x14c, exported)), ["1010-1040 Draw", "1040-2000 ?area@geo@@YAHXZ"]);
  // Entries of 12 bytes: begin, end, unwind info. The second continues the first: flags 4 in its unwind info at 0x2800.
  const table = [0x1010, 0x1020, 0x2900, 0x1020, 0x1028, 0x2800, 0x1028, 0x1030, 0x2900, 0x1040, 0x1050, 0x2900, 0x1060, 0x1070, 0x2900];
  const bytes = withExports(0x8664, exported, table);
  bytes[0x2800] = 0x21;
  assert.deepEqual(read(bytes), ["1010-1028 Draw", "1040-1060 ?area@geo@@YAHXZ"]);
});

const named: Symbol[] = [
  { name: ".text", value: 0, type: 0, storage: 3, further: 1 },
  { name: "_main", value: 0, further: 1 },
  { name: "__ZN3geo4areaEv", value: 0x20 },
  { name: "_label", value: 0x30, type: 0, storage: 3 },
  { name: "_data", value: 0, section: 2 },
  { name: "_absolute", value: 0x1000, section: 0xffff },
  { name: "_file", value: 0, storage: 103, further: 1 },
];

test("COFF symbols: short and long names, further records passed over", () => {
  assert.deepEqual(read(withSymbols(peImage(0x8664, [], [], []), named)), [
    "1000-1020 _main",
    "1020-1030 __ZN3geo4areaEv",
    "1030-2000 _label",
  ]);
  assert.deepEqual(read(withSymbols(peImage(0x14c, [], [], []), named)), ["1000-1020 main", "1020-1030 _ZN3geo4areaEv", "1030-2000 label"]);
});

test("DWARF sections: long names from the string table, also where there are no symbols", () => {
  const bytes = withSymbols(peImage(0x8664, [], Buffer.from("debug data"), []), [{ name: ".debug_info", value: 0, section: 0 }]);
  bytes.set(Buffer.from("/4\0\0\0\0\0\0"), sectionTable + 40);
  new DataView(bytes.buffer).setUint32(sectionTable + 48, 10, true);
  for (const symbols of [1, 0]) {
    // The string table follows the symbols, so without them it starts where the table is.
    const view = new DataView(bytes.buffer);
    view.setUint32(coff + 8, view.getUint32(coff + 8, true) + 18 * (1 - symbols), true);
    view.setUint32(coff + 12, symbols, true);
    const sections = peDwarfSections(new PeImage(new BufferSource(bytes)), null);
    const info = sections.section("info");
    assert.equal(info === null ? null : Buffer.from(info.read(0, info.size)).toString(), "debug data");
    assert.deepEqual(sections.codeRanges, [{ start: 0x1000, end: 0x2000 }]);
    assert.deepEqual([sections.addressBytes, sections.section("line")], [8, null]);
  }
});

test("damaged tables are FormatErrors, or have no names", () => {
  const whole = withSymbols(withExports(0x8664, exported), named);
  let failed = 0;
  for (let at = 0x80; at < whole.length; at += at >= 0x400 && at < dataAddress ? 0x100 : 1) {
    if (at >= dataAddress + 0x100 && at < 0x4000) at = 0x4000;
    const copy = whole.slice();
    copy[at] = 0xff;
    try {
      read(copy);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      failed++;
    }
  }
  assert.ok(failed > 0);
});
