/** Images as the loader lays them out give the rules that their files give; what was not captured is not there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { codeAddress, dataAddress, hex, peImage, words } from "../../test/pe-image.ts";
import { showRow } from "../../test/show-row.ts";
import { synthMachO, synthUnwindInfo } from "../../test/synth-macho.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import { openElfUnwind } from "../elf/unwind.ts";
import { openMachOUnwind } from "../macho/unwind.ts";
import { machineAmd64 } from "../pe/image.ts";
import { type LoadedBytes, openLoadedUnwind } from "./loaded-image.ts";

/** Memory with stretches of a file put where its segments say. */
function loaded(size: number, ...stretches: { at: number; bytes: Uint8Array }[]): LoadedBytes {
  const memory = new Uint8Array(size);
  for (const { at, bytes } of stretches) memory.set(bytes, at);
  return (address, length) => (address + length <= size ? memory.subarray(address, address + length) : null);
}

const SEGMENT_OFFSET = 0x200;
const SEGMENT_ADDRESS = 0x3000;

/** A 64-bit file whose second segment, with code and call frame information, is loaded elsewhere than it lies in the file. */
function elf(): Uint8Array {
  const file = new Uint8Array(0x400);
  const half = (value: number): number[] => [value & 0xff, value >> 8];
  const wide = (value: number): number[] => words(value, 0);
  const header = (type: number, flags: number, offset: number, address: number, size: number): number[] => [
    ...words(type, flags),
    ...wide(offset),
    ...wide(address),
    ...wide(address),
    ...wide(size),
    ...wide(size),
    ...wide(0x1000),
  ];
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  // The section headers would lie behind the segments; whatever memory holds there is not read.
  file.set(
    [
      ...half(3),
      ...half(62),
      ...words(1),
      ...wide(0),
      ...wide(64),
      ...wide(0x80),
      ...words(0),
      ...half(64),
      ...half(56),
      ...half(3),
      ...half(64),
      ...half(9),
      ...half(1),
    ],
    16,
  );
  file.set(header(1, 4, 0, 0, 0x180), 64);
  file.set(header(1, 5, SEGMENT_OFFSET, SEGMENT_ADDRESS, 0x200), 64 + 56);
  file.set(header(0x6474e550, 4, SEGMENT_OFFSET + 0x40, SEGMENT_ADDRESS + 0x40, 20), 64 + 112);
  // 0x00 code: push rbx; …; 0x40 .eh_frame_hdr; 0x60 .eh_frame: CIE, FDE of 0x10 bytes of code
  const code = [0x53, ...new Array(14).fill(0x90), 0xc3];
  const cie = [...words(0x14, 0), 1, 0x7a, 0x52, 0, 1, 0x78, 16, 1, 0x1b, 0x0c, 7, 8, 0x90, 1, 0, 0];
  const fde = [...words(0x14, 0x1c, -(0x60 + 0x20) >>> 0, 0x10), 0, 0x41, 0x0e, 16, 0x83, 2, 0, 0];
  const search = [1, 0x1b, 0x03, 0x3b, ...words(0x60 - 0x44, 1, -0x40 >>> 0, 0x78 - 0x40)];
  file.set(code, SEGMENT_OFFSET);
  file.set(search, SEGMENT_OFFSET + 0x40);
  file.set([...cie, ...fde, 0, 0, 0, 0], SEGMENT_OFFSET + 0x60);
  return file;
}

test("ELF: through the segments, without section headers", () => {
  const file = elf();
  const memory = loaded(0x4000, { at: 0, bytes: file.subarray(0, 0x180) }, { at: SEGMENT_ADDRESS, bytes: file.subarray(SEGMENT_OFFSET) });
  const unwind = openLoadedUnwind(memory, 0x4000);
  assert.deepEqual(
    [0, 1, 2].map((at) => showRow(unwind?.find(SEGMENT_ADDRESS + at) ?? null)),
    ["cfa=rsp+8 ra=@-8", "cfa=rsp+16 ra=@-8 rbx=@-16", "cfa=rsp+16 ra=@-8 rbx=@-16"],
  );
  const fromFile = openElfUnwind(new BufferSource(file), "memory");
  assert.equal(showRow(unwind?.find(SEGMENT_ADDRESS + 5) ?? null), showRow(fromFile?.find(SEGMENT_ADDRESS + 5) ?? null));
});

test("PE: addresses are offsets", () => {
  const code = hex("56 4883ec20 90 4883c420 5e c3");
  const image = peImage(machineAmd64, code, hex("01050200 0532 0160"), [codeAddress, codeAddress + code.length, dataAddress]);
  const unwind = openLoadedUnwind(loaded(image.length, { at: 0, bytes: image }), image.length);
  assert.equal(showRow(unwind?.find(codeAddress + 5) ?? null), "cfa=rsp+48 ra=@-8 rsi=@-16");
});

test("Mach-O: the same rules as the file's", () => {
  const text = 0x1000;
  const bytes = Uint8Array.from(hex("55 4889e5 e800000000 5d c3"));
  const file = synthMachO({
    cpu: "amd64",
    uuid: "00112233445566778899AABBCCDDEEFF",
    sections: [
      { segment: "__TEXT", name: "__text", address: text, bytes, flags: 0x80000400 },
      {
        segment: "__TEXT",
        name: "__unwind_info",
        address: 0x800,
        bytes: synthUnwindInfo([{ kind: "regular", entries: [[text, 0x01000000]] }], text + bytes.length),
      },
    ],
  });
  const fromFile = openMachOUnwind(new BufferSource(file));
  const unwind = openLoadedUnwind(loaded(file.length, { at: 0, bytes: file }), file.length);
  for (let at = 0; at < bytes.length; at++) {
    const row = showRow(unwind?.find(text + at) ?? null);
    assert.equal(row, showRow(fromFile?.find(text + at) ?? null));
    assert.match(row, /^cfa=r[bs]p/);
  }
});

test("what was not captured is not there; what is no image gives nothing", () => {
  assert.equal(
    openLoadedUnwind(() => null, 0x1000),
    null,
  );
  assert.equal(openLoadedUnwind(loaded(0x1000), 0x1000), null);
  const file = elf();
  const onlyHeaders: LoadedBytes = (address, length) => (address + length <= 0x180 ? file.subarray(address, address + length) : null);
  const unwind = (): unknown => openLoadedUnwind(onlyHeaders, 0x4000)?.find(SEGMENT_ADDRESS);
  assert.throws(unwind, FormatError);
  for (let cut = 1; cut < 0x180; cut += 7) {
    const part: LoadedBytes = (address, length) => (address + length <= cut ? file.subarray(address, address + length) : null);
    try {
      openLoadedUnwind(part, 0x4000)?.find(SEGMENT_ADDRESS);
    } catch (error) {
      assert.ok(error instanceof FormatError, String(error));
    }
  }
});
