import assert from "node:assert/strict";
import { test } from "node:test";
import { synthUnwindInfo } from "../../test/synth-macho.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { RegisterRule } from "../unwind/rules.ts";
import { compactRule } from "./compact-rules.ts";
import { openCompactUnwind } from "./compact-unwind.ts";
import type { MachOCpu } from "./headers.ts";

function open(bytes: Uint8Array) {
  return openCompactUnwind(new BufferSource(bytes), { fileOffset: 0, size: bytes.length }, true);
}

test("regular and compressed pages: an entry covers everything up to the next, encodings are common or the page's own", () => {
  const table = open(
    synthUnwindInfo(
      [
        {
          kind: "regular",
          entries: [
            [0x1000, 0x01000000],
            [0x1040, 0x51000000],
          ],
        },
        {
          kind: "compressed",
          entries: [
            [0x2000, 1],
            [0x2010, 2],
            [0x2020, 0],
          ],
          own: [0x02010000],
        },
      ],
      0x3000,
      [0x01010001, 0x01030161],
    ),
  );
  assert.equal(table.find(0xfff), null);
  assert.deepEqual(table.find(0x1000), { start: 0x1000, end: 0x1040, encoding: 0x01000000 });
  assert.deepEqual(table.find(0x103f), { start: 0x1000, end: 0x1040, encoding: 0x01000000 });
  assert.deepEqual(table.find(0x1fff), { start: 0x1040, end: 0x2000, encoding: 0x51000000 });
  assert.deepEqual(table.find(0x2005), { start: 0x2000, end: 0x2010, encoding: 0x01030161 });
  assert.deepEqual(table.find(0x2010), { start: 0x2010, end: 0x2020, encoding: 0x02010000 });
  assert.deepEqual(table.find(0x2fff), { start: 0x2020, end: 0x3000, encoding: 0x01010001 });
  assert.equal(table.find(0x3000), null);
});

test("damage is told with its place: a version, counts that cannot be, encodings that are not there", () => {
  const good = synthUnwindInfo([{ kind: "compressed", entries: [[0x1000, 1]], own: [] }], 0x2000, [1]);
  assert.throws(() => open(good).find(0x1000), /mach-o: __unwind_info page at 0x44: encoding 1 of 1 \+ 0/);
  const version = good.slice();
  version[0] = 2;
  assert.throws(() => open(version), /version 2/);
  const counts = good.slice();
  counts.set([0xff, 0xff, 0xff, 0x7f], 24);
  assert.throws(() => open(counts), FormatError);
  const kind = synthUnwindInfo([{ kind: "regular", entries: [[0x1000, 1]] }], 0x2000);
  kind[52] = 9;
  assert.throws(() => open(kind).find(0x1000), /kind 9/);
});

function row(cpu: MachOCpu, encoding: number, code: (offset: number) => number | null = () => null) {
  const rule = compactRule(cpu, encoding, code);
  if (rule.kind !== "row") return rule.kind === "dwarf" ? `dwarf ${rule.offset}` : "none";
  const text = (r: RegisterRule) =>
    r.kind === "register" ? `${r.register}+${r.offset}` : r.kind === "cfaOffset" ? `[${r.offset}]` : r.kind;
  const registers = [...rule.row.registers].map(([name, r]) => `${name}=${text(r)}`);
  return [`cfa=${text(rule.row.cfa)}`, `ra=${text(rule.row.returnAddress)}`, ...registers].join(" ");
}

test("x86-64 encodings", () => {
  assert.equal(row("amd64", 0x01000000), "cfa=rbp+16 ra=[-8] rbp=[-16]");
  // push r15, r14, rbx: a window of three below the frame pointer, lowest first
  assert.equal(row("amd64", 0x01030161), "cfa=rbp+16 ra=[-8] rbx=[-40] r14=[-32] r15=[-24] rbp=[-16]");
  // with personality, LSDA and "starts a function" bits
  assert.equal(row("amd64", 0xd1030161), row("amd64", 0x01030161));
  assert.equal(row("amd64", 0x02010000), "cfa=rsp+8 ra=[-8]");
  // six registers pushed: 0 is the order of their numbers, from the lowest address
  assert.equal(row("amd64", 0x02071800), "cfa=rsp+56 ra=[-8] rbx=[-56] r12=[-48] r13=[-40] r14=[-32] r15=[-24] rbp=[-16]");
  // two registers (rbx, rbp), locals: digits 0 and 4
  assert.equal(row("amd64", 0x02060804), "cfa=rsp+48 ra=[-8] rbx=[-24] rbp=[-16]");
  // the stack size is in the sub's immediate, with two words of pushes and the return address beside it
  assert.equal(
    row("amd64", 0x03000000 | (6 << 16) | (3 << 13) | (2 << 10) | 4, (at) => (at === 6 ? 0x1000 : null)),
    "cfa=rsp+4120 ra=[-8] rbx=[-24] rbp=[-16]",
  );
  assert.equal(row("amd64", 0x03060000), "none");
  assert.equal(row("amd64", 0x04000123), "dwarf 291");
  assert.equal(row("amd64", 0), "none");
  assert.equal(row("amd64", 0x02001800), "none", "six registers in no bytes");
  assert.equal(row("amd64", 0x01000007), "none", "register 7");
});

test("every order of up to six registers is decoded to a distinct order", () => {
  for (let count = 1; count <= 6; count++) {
    let orders = 1;
    for (let i = 0; i < count; i++) orders *= 6 - i;
    const seen = new Set<string>();
    for (let number = 0; number < orders; number++) seen.add(row("amd64", 0x02100000 | (count << 10) | number));
    assert.equal(seen.size, orders);
    assert.equal(row("amd64", 0x02100000 | (count << 10) | orders), "none");
  }
});

test("x86 encodings", () => {
  assert.equal(row("x86", 0x01030161), "cfa=ebp+8 ra=[-4] ebx=[-20] edi=[-16] esi=[-12] ebp=[-8]");
  assert.equal(row("x86", 0x02030400 | 3), "cfa=esp+12 ra=[-4] edi=[-8]");
});

test("arm64 encodings", () => {
  assert.equal(row("arm64", 0x02000000), "cfa=sp+0 ra=same");
  assert.equal(row("arm64", 0x02002000), "cfa=sp+32 ra=same");
  assert.equal(row("arm64", 0x02002001), "cfa=sp+32 ra=same x19=[-8] x20=[-16]");
  assert.equal(row("arm64", 0x04000000), "cfa=fp+16 ra=[-8] fp=[-16]");
  assert.equal(row("arm64", 0x04000011), "cfa=fp+16 ra=[-8] x19=[-24] x20=[-32] x27=[-40] x28=[-48] fp=[-16]");
  assert.equal(row("arm64", 0x04000111), row("arm64", 0x04000011), "pairs of vector registers come last");
  assert.equal(row("arm64", 0x03000040), "dwarf 64");
  assert.equal(row("arm64", 0x05000000), "none");
});
