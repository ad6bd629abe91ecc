/** Rules read from code: what is written to a lookup file (`ranges`) is what an address is told (`find`), for every byte of any code. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { randomFrom } from "../../test/random.ts";
import { type SynthSymbol, symbolTable, synthElf } from "../../test/synth-elf.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import type { UnwindRow } from "../unwind/rules.ts";
import { openElfUnwind } from "./unwind.ts";

/** Behind the headers that synthElf writes for one segment. */
const textAt = 0x80;
const imageBase = 0x10000;
const address = (offset: number) => textAt + offset;

/** A file without unwind tables, in ELF's numbers for the machine. */
function file(
  machine: number,
  code: ArrayLike<number>,
  functions: readonly (readonly [offset: number, size: number])[] = [],
): BufferSource {
  const is64 = machine === 62 || machine === 183;
  const found = functions.map(
    ([offset, size], i): SynthSymbol => ({ name: `f${i}`, value: imageBase + textAt + offset, size, section: 2 }),
  );
  const table = symbolTable(found, is64);
  const headers = is64 ? 120 : 84;
  const sections = [
    { name: ".filling", content: new Uint8Array(textAt - headers) },
    { name: ".text", flags: 6, address: imageBase + textAt, content: Uint8Array.from(code) },
  ];
  const symbols = [
    { name: ".symtab", type: 2, link: 4, content: table.symbols },
    { name: ".strtab", type: 3, content: table.strings },
  ];
  return new BufferSource(
    synthElf({ machine, is64, sections: functions.length === 0 ? sections : [...sections, ...symbols], loadedAt: imageBase }),
  );
}

/** The rules of each address, from ranges; ranges come in order and do not overlap. */
function written(source: BufferSource): Map<number, UnwindRow | null> {
  const rows = new Map<number, UnwindRow | null>();
  let end = 0;
  for (const { start, length, row } of openElfUnwind(source)!.ranges()) {
    assert.ok(start >= end && length > 0);
    end = start + length;
    for (let at = start; at < end; at++) rows.set(at, row);
  }
  return rows;
}

function assertSame(source: BufferSource, size: number, what: string): number {
  const rows = written(source);
  const unwind = openElfUnwind(source)!;
  assert.equal(unwind.onlyAtCalls, true);
  for (let at = address(-16); at < address(size + 16); at++) {
    assert.deepEqual(rows.get(at) ?? null, unwind.find(at), `${what}, at ${at.toString(16)}`);
  }
  return rows.size;
}

test("a path into the middle of an instruction: each address has the rules of the path that covers it last", () => {
  //  0: jne 4   2: push rbp   3: mov eax, 0x90c35d5d   8: pop rbp   9: ret        and by the branch  4: pop rbp   5: pop rbp   6: ret
  const source = file(62, [0x75, 0x02, 0x55, 0xb8, 0x5d, 0x5d, 0xc3, 0x90, 0x5d, 0xc3]);
  const cfa = (offset: number) => openElfUnwind(source)!.find(address(offset))?.cfa;
  assert.deepEqual(cfa(3), { kind: "register", register: "rsp", offset: 16 });
  assert.deepEqual(cfa(4), { kind: "register", register: "rsp", offset: 8 });
  assertSame(source, 10, "code");
});

test("any bytes as code, with and without symbols", () => {
  const random = randomFrom(11);
  let rows = 0;
  for (const [machine, words] of [
    [62, null],
    [3, null],
    // Instructions that move the stack pointer and jump, among random ones.
    [183, [0xa9bf7bfd, 0x910003fd, 0xa8c17bfd, 0xd65f03c0, 0xd10083ff, 0x14000002, 0x54000040]],
    [40, [0xe92d4810, 0xe24dd010, 0xe8bd8810, 0xea000000, 0x0a000001, 0xb5104770, 0xbd10d001]],
  ] as const) {
    for (let i = 0; i < 40; i++) {
      const code = new Uint8Array(64 + random(200) * 4);
      const view = new DataView(code.buffer);
      const opcodes = [0x55, 0x5d, 0xc3, 0x75, 0x02, 0xeb, 0x50, 0x83, 0xec, 0x90];
      for (let at = 0; at < code.length; at += 4) {
        const word = words === null || random(3) === 0 ? random(2 ** 32) : words[random(words.length)]!;
        view.setUint32(at, word, true);
        if (words === null) for (let k = 0; k < 4; k++) if (random(2) === 0) code[at + k] = opcodes[random(opcodes.length)]!;
      }
      rows += assertSame(file(machine, code), code.length, `machine ${machine}, code ${i}`);
      const half = (code.length >> 3) * 4;
      rows += assertSame(
        file(machine, code, [
          [8, half - 16],
          [half, 32],
        ]),
        code.length,
        `machine ${machine}, code ${i} with symbols`,
      );
    }
  }
  assert.ok(rows > 20_000, `${rows} addresses with rules`);
});

test("code at an address where numbers are no longer exact has an end", () => {
  const code = Uint8Array.of(0x55, 0x48, 0x89, 0xe5, 0x31, 0xc0, 0x5d, 0xc3, 0x90, 0x90, 0x90);
  // A CIE and an FDE for eleven bytes at 0, as of an object that is not linked yet.
  const cie = [16, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0x78, 16, 0x0c, 7, 8, 0x90, 1, 0, 0];
  const fde = [20, 0, 0, 0, 24, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0];
  const sections = [
    { name: ".text", flags: 6, address: 0x22_0000_0000_0000, content: code },
    { name: ".eh_frame", flags: 2, content: Uint8Array.from([...cie, ...fde]) },
  ];
  const ranges = [...openElfUnwind(new BufferSource(synthElf({ sections })))!.ranges()];
  assert.ok(ranges.length < 10 && ranges.every(({ start, length }) => Number.isSafeInteger(start + length) && length > 0));
});
