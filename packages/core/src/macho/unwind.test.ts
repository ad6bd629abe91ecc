import assert from "node:assert/strict";
import { test } from "node:test";
import {
  codeFlags,
  type SynthMachO,
  type SynthPage,
  type SynthSection,
  synthFat,
  synthMachO,
  synthUnwindInfo,
} from "../../test/synth-macho.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { RegisterRule, UnwindRow, UnwindSource } from "../unwind/rules.ts";
import { openMachOCode } from "./code.ts";
import { openMachOUnwind } from "./unwind.ts";

const TEXT = 0x400;
const UUID = "00112233445566778899AABBCCDDEEFF";

/** Instructions as hex, one after the other; how they read is beside them. */
function code(...instructions: string[]): { bytes: Uint8Array; offsets: number[] } {
  const offsets: number[] = [];
  const bytes: number[] = [];
  for (const hex of instructions) {
    offsets.push(bytes.length);
    for (let i = 0; i < hex.length; i += 2) bytes.push(Number.parseInt(hex.slice(i, i + 2), 16));
  }
  return { bytes: Uint8Array.from(bytes), offsets };
}

function text(rule: RegisterRule): string {
  switch (rule.kind) {
    case "register":
      return `${rule.register}+${rule.offset}`;
    case "cfaOffset":
      return `[${rule.offset}]`;
    case "expression":
      return `(${rule.program})`;
    default:
      return rule.kind;
  }
}

function show(row: UnwindRow | null): string {
  if (row === null) return "none";
  const registers = [...row.registers].map(([name, rule]) => ` ${name}=${text(rule)}`).sort();
  const returnAddress = row.returnAddress.kind === "cfaOffset" ? "" : ` ra=${text(row.returnAddress)}`;
  return `${text(row.cfa)}${returnAddress}${registers.join("")}`;
}

type Program = {
  cpu: SynthMachO["cpu"];
  bytes: Uint8Array;
  pages?: SynthPage[];
  common?: number[];
  starts?: number[];
  more?: SynthSection[];
};

function program({ cpu, bytes, pages, common, starts, more = [] }: Program): Uint8Array {
  const sections: SynthSection[] = [{ segment: "__TEXT", name: "__text", address: TEXT, bytes, flags: codeFlags }, ...more];
  if (pages !== undefined) {
    const table = synthUnwindInfo(pages, TEXT + bytes.length, common);
    sections.push({ segment: "__TEXT", name: "__unwind_info", address: 0x800, bytes: table });
  }
  return synthMachO({ cpu, uuid: UUID, sections, ...(starts === undefined ? {} : { functionStarts: starts }) });
}

function open(bytes: Uint8Array, debugId: string | null = null): UnwindSource {
  const unwind = openMachOUnwind(new BufferSource(bytes), debugId);
  assert.ok(unwind);
  return unwind;
}

/** The row at each instruction of a program of one function, whose entry in the table has the encoding; 0 leaves the table out. */
function rows(cpu: SynthMachO["cpu"], encoding: number, ...instructions: string[]): string[] {
  const { bytes, offsets } = code(...instructions);
  const pages: SynthPage[] = [{ kind: "regular", entries: [[TEXT, encoding]] }];
  const unwind = open(program({ cpu, bytes, starts: [TEXT], ...(encoding === 0 ? {} : { pages }) }));
  // What `ranges` lists must be what `find` gives, byte by byte.
  let at = TEXT;
  for (const range of unwind.ranges()) {
    assert.equal(range.start, at);
    for (let i = 0; i < range.length; i++) assert.deepEqual(unwind.find(at + i), range.row);
    at += range.length;
  }
  assert.equal(at, TEXT + bytes.length);
  return offsets.map((offset) => show(unwind.find(TEXT + offset)));
}

test("x86-64 without frame pointer: shrink-wrapped prologue, body, epilogue, early exit; with a table and without", () => {
  const instructions = [
    "85ff", // test edi, edi
    "7414", // je early
    "55", // push rbp
    "53", // push rbx
    "4883ec18", // sub rsp, 24
    "89fb", // mov ebx, edi
    "ffd6", // call rsi
    "01d8", // add eax, ebx
    "4883c418", // add rsp, 24
    "5b", // pop rbx
    "5d", // pop rbp
    "c3", // ret
    "90", // nop
    "31c0", // early: xor eax, eax
    "c3", // ret
  ];
  const expected = [
    "rsp+8",
    "rsp+8",
    "rsp+8",
    "rsp+16 rbp=[-16]",
    "rsp+24 rbp=[-16] rbx=[-24]",
    "rsp+48 rbp=[-16] rbx=[-24]",
    "rsp+48 rbp=[-16] rbx=[-24]",
    "rsp+48 rbp=[-16] rbx=[-24]",
    "rsp+48 rbp=[-16] rbx=[-24]",
    "rsp+24 rbp=[-16] rbx=[-24]",
    "rsp+16 rbp=[-16]",
    "rsp+8",
  ];
  const padding = "rsp+48 rbp=[-16] rbx=[-24]";
  // frameless, six words, rbx and rbp
  assert.deepEqual(rows("amd64", 0x02060804, ...instructions), [...expected, padding, "rsp+8", "rsp+8"]);
  assert.deepEqual(rows("amd64", 0, ...instructions), [...expected, "none", "rsp+8", "rsp+8"]);
});

test("x86-64 with frame pointer: scheduled prologue, stack moved by a variable, tail call out of the epilogue", () => {
  assert.deepEqual(
    rows(
      "amd64",
      0x01020031 | (4 << 3), // rbx and r14 below the frame pointer
      "55", // push rbp
      "31c0", // xor eax, eax
      "4889e5", // mov rbp, rsp
      "4156", // push r14
      "53", // push rbx
      "4883ec20", // sub rsp, 32
      "4829c4", // sub rsp, rax
      "ffd6", // call rsi
      "488d65f0", // lea rsp, [rbp - 16]
      "5b", // pop rbx
      "415e", // pop r14
      "5d", // pop rbp
      "ffe1", // jmp rcx
    ),
    [
      "rsp+8",
      "rsp+16 rbp=[-16]",
      "rsp+16 rbp=[-16]",
      "rbp+16 rbp=[-16]",
      "rbp+16 r14=[-24] rbp=[-16]",
      ...Array<string>(5).fill("rbp+16 r14=[-24] rbp=[-16] rbx=[-32]"),
      "rbp+16 r14=[-24] rbp=[-16]",
      "rbp+16 rbp=[-16]",
      "rsp+8",
    ],
  );
});

test("x86-64: a large frame by a constant in a register, a register saved by a move, leave", () => {
  const big = "rbp+16 rbp=[-16]";
  assert.deepEqual(
    rows(
      "amd64",
      0,
      "55", // push rbp
      "4889e5", // mov rbp, rsp
      "b800200000", // mov eax, 0x2000
      "ffd2", // call rdx
      "4829c4", // sub rsp, rax
      "48895c2408", // mov [rsp + 8], rbx
      "ffd2", // call rdx
      "488b5c2408", // mov rbx, [rsp + 8]
      "c9", // leave
      "c3", // ret
    ),
    ["rsp+8", "rsp+16 rbp=[-16]", big, big, big, big, `${big} rbx=[-8200]`, `${big} rbx=[-8200]`, big, "rsp+8"],
  );
});

test("x86: the call that only reads its own address, pushed arguments, a frame of 4-byte words", () => {
  assert.deepEqual(
    rows(
      "x86",
      0,
      "55", // push ebp
      "89e5", // mov ebp, esp
      "53", // push ebx
      "e800000000", // call next
      "5b", // pop ebx
      "6a01", // push 1
      "ffd0", // call eax
      "83c404", // add esp, 4
      "5b", // pop ebx
      "5d", // pop ebp
      "c3", // ret
    ),
    ["esp+4", "esp+8 ebp=[-8]", "ebp+8 ebp=[-8]", ...Array<string>(6).fill("ebp+8 ebp=[-8] ebx=[-12]"), "ebp+8 ebp=[-8]", "esp+4"],
  );
});

test("arm64: early exit, signed return address, scheduled prologue, epilogue", () => {
  const body = "fp+16 fp=[-16] x19=[-24] x20=[-32]";
  const instructions = [
    "80010034", // cbz w0, early
    "7f2303d5", // pacibsp
    "ffc300d1", // sub sp, sp, #48
    "f44f01a9", // stp x20, x19, [sp, #16]
    "f30301aa", // mov x19, x1
    "fd7b02a9", // stp x29, x30, [sp, #32]
    "fd830091", // add x29, sp, #32
    "00010094", // bl elsewhere
    "fd7b42a9", // ldp x29, x30, [sp, #32]
    "f44f41a9", // ldp x20, x19, [sp, #16]
    "ffc30091", // add sp, sp, #48
    "ff0f5fd6", // retab
    "00008052", // early: mov w0, #0
    "c0035fd6", // ret
  ];
  const expected = [
    "sp+0 ra=same",
    "sp+0 ra=same",
    "sp+0 ra=same",
    "sp+48 ra=same",
    "sp+48 ra=same x19=[-24] x20=[-32]",
    "sp+48 ra=same x19=[-24] x20=[-32]",
    "sp+48 fp=[-16] x19=[-24] x20=[-32]",
    body,
    body,
    "sp+48 ra=same x19=[-24] x20=[-32]",
    "sp+48 ra=same",
    "sp+0 ra=same",
    "sp+0 ra=same",
    "sp+0 ra=same",
  ];
  assert.deepEqual(rows("arm64", 0x04000001, ...instructions), expected);
  assert.deepEqual(rows("arm64", 0, ...instructions), expected);
});

test("arm64: no frame pointer, write-back, a large frame in two steps, tail call", () => {
  const saved = "x27=[-24] x28=[-32]";
  assert.deepEqual(
    rows(
      "arm64",
      0,
      "fc6fbea9", // stp x28, x27, [sp, #-32]!
      "fe0b00f9", // str x30, [sp, #16]
      "09028452", // mov w9, #0x2010
      "2900a072", // movk w9, #1, lsl #16
      "ff6329cb", // sub sp, sp, x9
      "ff0740d1", // sub sp, sp, #1, lsl #12
      "00013fd6", // blr x8
      "ff074091", // add sp, sp, #1, lsl #12
      "00011fd6", // br x8
    ),
    [
      "sp+0 ra=same",
      `sp+32 ra=same ${saved}`,
      `sp+32 ${saved}`,
      `sp+32 ${saved}`,
      `sp+32 ${saved}`,
      `sp+${32 + 0x12010} ${saved}`,
      `sp+${32 + 0x13010} ${saved}`,
      `sp+${32 + 0x13010} ${saved}`,
      `sp+${32 + 0x12010} ${saved}`,
    ],
  );
});

test("arm64: the frame pointer of a Swift async function's caller is cleared of its mark", () => {
  const clear = "^ 1152921504606846976 %";
  assert.deepEqual(
    rows(
      "arm64",
      0x04000000,
      "bd0344b2", // orr x29, x29, #1 << 60
      "ff8300d1", // sub sp, sp, #32
      "fd7b01a9", // stp x29, x30, [sp, #16]
      "fd430091", // add x29, sp, #16
      "00010094", // bl elsewhere
      "fd7b41a9", // ldp x29, x30, [sp, #16]
      "bdfb4392", // and x29, x29, #~(1 << 60)
      "ff830091", // add sp, sp, #32
      "c0035fd6", // ret
    ),
    [
      "sp+0 ra=same",
      "sp+0 ra=same fp=(fp 1152921504606846976 %)",
      "sp+32 ra=same fp=(fp 1152921504606846976 %)",
      `sp+32 fp=(.cfa -16 + ${clear})`,
      `fp+16 fp=(.cfa -16 + ${clear})`,
      `fp+16 fp=(.cfa -16 + ${clear})`,
      "sp+32 ra=same fp=(fp 1152921504606846976 %)",
      "sp+32 ra=same",
      "sp+0 ra=same",
    ],
  );
});

test("arm64: code behind a computed jump keeps the frame; its own epilogue is seen", () => {
  assert.deepEqual(
    rows(
      "arm64",
      0,
      "fd7bbfa9", // stp x29, x30, [sp, #-16]!
      "fd030091", // mov x29, sp
      "00011fd6", // br x8
      "e00300aa", // mov x0, x0
      "fd7bc1a8", // ldp x29, x30, [sp], #16
      "c0035fd6", // ret
    ),
    ["sp+0 ra=same", "sp+16 fp=[-16]", "fp+16 fp=[-16]", "fp+16 fp=[-16]", "fp+16 fp=[-16]", "sp+0 ra=same"],
  );
});

// Two functions, 16 bytes each, which a linker folds into one entry: their encodings are equal.
const TWO_FUNCTIONS = code(
  "55", // push rbp
  "4889e5", // mov rbp, rsp
  "ffd0", // call rax
  "5d", // pop rbp
  "c3", // ret
  "0f1f840000000000", // padding
  "55", // push rbp
  "4889e5", // mov rbp, rsp
  "833f00", // cmp dword [rdi], 0
  "74fb", // je back
  "5d", // pop rbp
  "c3", // ret
).bytes;
const FOLDED: SynthPage[] = [{ kind: "compressed", entries: [[TEXT, 0]] }];

test("functions folded into one entry are told apart by function starts, by symbols, or by where paths end", () => {
  const second = TEXT + 16;
  const expected = ["rsp+8", "rsp+16 rbp=[-16]", "rbp+16 rbp=[-16]"];
  const check = (bytes: Uint8Array) => {
    const unwind = open(bytes);
    assert.deepEqual(
      [second, second + 1, second + 4].map((at) => show(unwind.find(at))),
      expected,
    );
    assert.equal(show(unwind.find(second + 10)), "rsp+8");
    assert.equal(show(unwind.find(TEXT)), "rsp+8");
  };
  check(program({ cpu: "amd64", bytes: TWO_FUNCTIONS, pages: FOLDED, common: [0x01000000], starts: [TEXT, second] }));
  check(program({ cpu: "amd64", bytes: TWO_FUNCTIONS, pages: FOLDED, common: [0x01000000] }));
  const symbols = [{ address: TEXT }, { address: TEXT + 4, description: 0x200 }, { address: second }];
  const sections: SynthSection[] = [
    { segment: "__TEXT", name: "__text", address: TEXT, bytes: TWO_FUNCTIONS, flags: codeFlags },
    { segment: "__TEXT", name: "__unwind_info", address: 0x800, bytes: synthUnwindInfo(FOLDED, TEXT + TWO_FUNCTIONS.length, [0x01000000]) },
  ];
  check(synthMachO({ cpu: "amd64", sections, symbols }));
});

test("a start that is none: code that never builds the frame its table describes is left to the table", () => {
  const unwind = open(program({ cpu: "amd64", bytes: TWO_FUNCTIONS, pages: FOLDED, common: [0x01000000], starts: [TEXT, TEXT + 20] }));
  assert.equal(show(unwind.find(TEXT + 20)), "rbp+16 rbp=[-16]");
});

test("stubs and places outside of code", () => {
  const stubs: SynthSection = { segment: "__TEXT", name: "__stubs", address: 0x600, bytes: new Uint8Array(12), flags: codeFlags | 8 };
  const unwind = open(program({ cpu: "arm64", bytes: code("c0035fd6").bytes, more: [stubs] }));
  assert.equal(show(unwind.find(0x604)), "sp+0 ra=same");
  assert.equal(unwind.find(0x60c), null);
  assert.equal(unwind.find(0), null);
  assert.deepEqual(
    [...unwind.ranges()].map(({ start, length }) => [start, length]),
    [
      [TEXT, 4],
      [0x600, 12],
    ],
  );
});

/** A CIE and an FDE for 16 bytes of code at TEXT: rsp+8, after one byte rsp+16 with rbp saved. */
function ehFrame(at: number): Uint8Array {
  const bytes = new Uint8Array(60);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 20, true);
  // version 1, "zR", code alignment 1, data alignment -8, return address 16, pcrel; rsp+8, ra at -8
  bytes.set([1, 0x7a, 0x52, 0, 1, 0x78, 16, 1, 0x10, 0x0c, 7, 8, 0x90, 1, 0, 0], 8);
  view.setUint32(24, 28, true);
  view.setUint32(28, 28, true);
  view.setBigInt64(32, BigInt(TEXT - (at + 32)), true);
  view.setBigUint64(40, 16n, true);
  // advance 1; CFA offset 16; rbp at CFA - 16
  bytes.set([0, 0x41, 0x0e, 16, 0x86, 2, 0, 0], 48);
  return bytes;
}

test("an entry in DWARF's form: the record's rows, corrected in the epilogue", () => {
  const { bytes } = code(
    "55", // push rbp
    "e800010000", // call elsewhere
    "5d", // pop rbp
    "c3", // ret
  );
  const more: SynthSection[] = [{ segment: "__TEXT", name: "__eh_frame", address: 0xa00, bytes: ehFrame(0xa00) }];
  const pages: SynthPage[] = [{ kind: "regular", entries: [[TEXT, 0x04000018]] }];
  const unwind = open(program({ cpu: "amd64", bytes, pages, starts: [TEXT], more }));
  assert.deepEqual(
    [0, 1, 5, 6, 7].map((offset) => show(unwind.find(TEXT + offset))),
    ["rsp+8", "rsp+16 rbp=[-16]", "rsp+16 rbp=[-16]", "rsp+16 rbp=[-16]", "rsp+8"],
  );
  // The same without a compact table: the record is found by address.
  assert.equal(show(open(program({ cpu: "amd64", bytes, starts: [TEXT], more })).find(TEXT + 5)), "rsp+16 rbp=[-16]");
});

test("a dSYM has no unwind data: its headers state sections that are not there", () => {
  const table = synthUnwindInfo(FOLDED, TEXT + 32, [0x01000000]);
  const sections: SynthSection[] = [
    { segment: "__TEXT", name: "__text", address: TEXT, bytes: TWO_FUNCTIONS, flags: codeFlags, headerOnly: true },
    { segment: "__TEXT", name: "__unwind_info", address: 0x800, bytes: table, headerOnly: true },
    { segment: "__DWARF", name: "__debug_info", address: 0x3000, bytes: new Uint8Array(16) },
  ];
  assert.equal(openMachOUnwind(new BufferSource(synthMachO({ cpu: "amd64", fileType: 10, sections }))), null);
  // A binary that was cut: in its code, then in front of its function starts.
  const whole = program({ cpu: "amd64", bytes: TWO_FUNCTIONS, pages: FOLDED, common: [0x01000000], starts: [TEXT] });
  assert.equal(openMachOUnwind(new BufferSource(whole.subarray(0, TEXT + 16))), null);
  assert.throws(() => open(whole.subarray(0, 0x1000)).find(TEXT), FormatError);
});

test("of a fat file the image with the wanted id is read, else the first that can be walked", () => {
  const arm = program({ cpu: "arm64", bytes: code("c0035fd6").bytes, starts: [TEXT] });
  const intel = synthMachO({
    cpu: "amd64",
    uuid: "FFEEDDCCBBAA99887766554433221100",
    sections: [{ segment: "__TEXT", name: "__text", address: TEXT, bytes: code("c3").bytes, flags: codeFlags }],
  });
  const fat = synthFat([
    { cpuType: 12, bytes: new Uint8Array(64) },
    { cpuType: 0x01000007, bytes: intel },
    { cpuType: 0x0100000c, bytes: arm },
  ]);
  assert.equal(show(open(fat, `${UUID}0`).find(TEXT)), "sp+0 ra=same");
  assert.equal(show(open(fat, "FFEEDDCCBBAA998877665544332211000").find(TEXT)), "rsp+8");
  assert.equal(show(open(fat).find(TEXT)), "rsp+8");
  assert.equal(openMachOUnwind(new BufferSource(fat), "0123456789ABCDEF0123456789ABCDEF0"), null);
});

test("damaged files give a value or a FormatError, and end", () => {
  const more: SynthSection[] = [{ segment: "__TEXT", name: "__eh_frame", address: 0xa00, bytes: ehFrame(0xa00) }];
  const files = [
    program({ cpu: "amd64", bytes: TWO_FUNCTIONS, pages: FOLDED, common: [0x01000000], starts: [TEXT, TEXT + 16], more }),
    program({ cpu: "amd64", bytes: TWO_FUNCTIONS, pages: [{ kind: "regular", entries: [[TEXT, 0x04000018]] }], more }),
    program({
      cpu: "arm64",
      bytes: code("fd7bbfa9", "fd030091", "00011fd6", "fd7bc1a8", "c0035fd6").bytes,
      pages: FOLDED,
      common: [0x04000000],
    }),
    synthFat([{ cpuType: 7, bytes: program({ cpu: "x86", bytes: TWO_FUNCTIONS, pages: FOLDED, common: [0x01000000], starts: [TEXT] }) }]),
  ];
  let seed = 12345;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  const interesting = [0, 1, 0x7f, 0x80, 0xff];
  let answered = 0;
  for (let i = 0; i < 4000; i++) {
    const bytes = files[i % files.length]!.slice();
    // Where the files have content: headers, code, tables.
    const places = [0, 0x100, TEXT, 0x800, 0xa00, 0x1000, 0x1400, 0x1800];
    for (let n = 1 + random(4); n > 0; n--) {
      const at = (places[random(places.length)]! + random(0x100)) % bytes.length;
      bytes[at] = random(2) === 0 ? interesting[random(interesting.length)]! : random(256);
    }
    const file = random(8) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
    try {
      const unwind = openMachOUnwind(new BufferSource(file));
      if (unwind === null) continue;
      for (let at = TEXT - 2; at < TEXT + 34; at += 3) unwind.find(at);
      let last = -1;
      let count = 0;
      for (const range of unwind.ranges()) {
        assert.ok(range.start > last && range.length > 0);
        last = range.start + range.length - 1;
        if (++count > 5000) break;
      }
      answered++;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
  }
  assert.ok(answered > 1000, `${answered} mutants still gave answers`);
});

test("code is given as the file has it, of the image asked for, and nowhere else", () => {
  const bytes = program({ cpu: "arm64", bytes: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) });
  const code = openMachOCode(new BufferSource(bytes), UUID);
  assert.deepEqual([...(code?.read(TEXT + 4, 16) ?? [])], [5, 6, 7, 8]);
  assert.equal(code?.read(TEXT + 8, 4), null);
  assert.equal(code?.read(0, 4), null, "the header is no code");
  assert.equal(openMachOCode(new BufferSource(bytes), "FF".repeat(16)), null);
});
