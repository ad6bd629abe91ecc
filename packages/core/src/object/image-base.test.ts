/** Where each kind of file says that its image begins. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { pdbFile } from "../../test/pdb-file.ts";
import { peImage } from "../../test/pe-image.ts";
import { synthElf } from "../../test/synth-elf.ts";
import { synthMachO } from "../../test/synth-macho.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import { machineAmd64 } from "../pe/image.ts";
import { imageBaseOf } from "./image-base.ts";

const baseOf = (bytes: Uint8Array) => imageBaseOf(new BufferSource(bytes));

test("ELF: the page of the lowest segment; PE: its header; Mach-O: the __TEXT segment", () => {
  const text = { name: ".text", flags: 6, address: 0x401000, content: new Uint8Array(16) };
  assert.equal(baseOf(synthElf({ sections: [text], loadedAt: 0x400000 })), 0x400000n);
  const image = peImage(machineAmd64, [], [], []);
  new DataView(image.buffer).setBigUint64(0x98 + 24, 0x1_4000_0000n, true);
  assert.equal(baseOf(image), 0x1_4000_0000n);
  const section = { segment: "__TEXT", name: "__text", address: 0x1000, bytes: new Uint8Array(4) };
  assert.equal(baseOf(synthMachO({ cpu: "arm64", base: 0x1_0000_0000n, sections: [section] })), 0x1_0000_0000n);
});

test("files that state addresses relative to the image have none; damaged headers are an error", () => {
  assert.equal(baseOf(pdbFile([], [])), null);
  assert.equal(baseOf(new Uint8Array(Buffer.from("MODULE Linux x86_64 0 a\n"))), null);
  assert.throws(() => baseOf(new Uint8Array(Buffer.from("\x7fELF\x02\x01\x01"))), FormatError);
});
