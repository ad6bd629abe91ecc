/** Debug files that are made to do harm: the kinds that other readers of them fell for. What becomes of each upload. */
import type { HostileFile } from "./archives.ts";

const megabyte = 1 << 20;
const words = (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer);
const bigEndian = (...values: number[]) => words(...values).swap32();
const module = (n: number) => `MODULE Linux x86_64 ${n.toString(16).padStart(32, "0").toUpperCase()}0 app\nFILE 0 a.c\n`;

/** A 64-bit ELF of one code section and what is given beside it, with a build id. */
function elf(sections: readonly { name: string; type: number; flags: number; content: Buffer; size?: number }[]): Buffer {
  const names = Buffer.from(`\0${[...sections.map(({ name }) => name), ".shstrtab"].join("\0")}\0`);
  const all = [...sections, { name: ".shstrtab", type: 3, flags: 0, content: names }];
  const contents = Buffer.concat(all.map(({ content }) => content));
  const head = Buffer.alloc(64);
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  head.writeUInt16LE(3, 16);
  head.writeUInt16LE(62, 18);
  head.writeUInt32LE(1, 20);
  head.writeBigUInt64LE(BigInt(64 + contents.length), 40);
  head.writeUInt16LE(64, 52);
  head.writeUInt16LE(64, 58);
  head.writeUInt16LE(all.length + 1, 60);
  head.writeUInt16LE(all.length, 62);
  let at = 64;
  const table = all.map(({ name, type, flags, content, size }: (typeof sections)[number]) => {
    const entry = Buffer.alloc(64);
    entry.writeUInt32LE(names.indexOf(`\0${name}\0`) + 1, 0);
    entry.writeUInt32LE(type, 4);
    entry.writeBigUInt64LE(BigInt(flags), 8);
    entry.writeBigUInt64LE(BigInt(at), 24);
    entry.writeBigUInt64LE(BigInt(size ?? content.length), 32);
    at += content.length;
    return entry;
  });
  return Buffer.concat([head, contents, Buffer.alloc(64), ...table]);
}

const buildId = (n: number) => ({
  ...{ name: ".note.gnu.build-id", type: 7, flags: 2 },
  content: Buffer.concat([words(4, 16, 3), Buffer.from("GNU\0"), Buffer.alloc(16, n)]),
});
const compressed = 0x800;

export function hostileDebugFiles(): HostileFile[] {
  const file = (name: string, fileName: string, expect: RegExp, bytes: () => Buffer): HostileFile => ({ name, fileName, expect, bytes });
  const ended = /^(ready|rejected .+)/;
  const rejected = /^rejected .+/;
  return [
    file("a .sym with a line of 30 MB", "line.sym", ended, () =>
      Buffer.from(`${module(1)}FUNC 1000 10 0 ${"x".repeat(30 * megabyte)}\n1000 10 1 0\n`),
    ),
    file("a .sym whose inlined calls nest a hundred thousand deep", "inline.sym", ended, () => {
      const lines = Array.from({ length: 100_000 }, (_, i) => `INLINE ${i} 1 0 0 1000 10`);
      return Buffer.from(`${module(2)}INLINE_ORIGIN 0 f\nFUNC 1000 10 0 main\n${lines.join("\n")}\n1000 10 1 0\n`);
    }),
    file("a .sym with a million functions at one address, and addresses that go back", "same.sym", ended, () => {
      const lines = Array.from({ length: 500_000 }, (_, i) => `FUNC 1000 10 0 a\nFUNC ${(0x7fffffff - 16 * i).toString(16)} 10 0 b`);
      return Buffer.from(`${module(3)}${lines.join("\n")}\n`);
    }),
    file("a .sym whose unwind rules grow without end", "cfi.sym", ended, () => {
      const rule = `.cfa: ${"$rsp 8 + ".repeat(50_000)}.ra: .cfa -8 + ^`;
      return Buffer.from(`${module(4)}FUNC 1000 10 0 main\nSTACK CFI INIT 1000 10 ${rule}\n`);
    }),
    file("a .sym with a name that demangles to 2^60 parts", "mangled.sym", ended, () => {
      const place = (i: number) => (i === 0 ? "S0_" : `S${i.toString(36).toUpperCase()}_`);
      const name = `_Z1f1pIiiE${Array.from({ length: 60 }, (_, i) => `S_I${place(i)}${place(i)}E`).join("")}`;
      return Buffer.from(`${module(5)}FUNC 1000 10 0 ${name}\n1000 10 1 0\n`);
    }),
    file("an ELF whose compressed section claims a terabyte", "claims.so", ended, () => {
      const head = Buffer.alloc(24);
      head.writeUInt32LE(1, 0);
      head.writeBigUInt64LE(1n << 40n, 8);
      return elf([
        buildId(1),
        { name: ".debug_info", type: 1, flags: compressed, content: Buffer.concat([head, Buffer.from("789c030000000001", "hex")]) },
      ]);
    }),
    file("an ELF whose sections lie outside the file", "outside.so", ended, () =>
      elf([buildId(2), { name: ".debug_info", type: 1, flags: 0, content: Buffer.alloc(8), size: 0x7fffffffff }]),
    ),
    file("an ELF header that claims four billion sections", "sections.so", ended, () => {
      const bytes = elf([buildId(3)]);
      bytes.writeUInt16LE(0, 60);
      bytes.writeBigUInt64LE(0xffffffffn, Number(bytes.readBigUInt64LE(40)) + 32);
      return bytes;
    }),
    file("a PDB whose directory claims four gigabytes", "lies.pdb", rejected, () => {
      const bytes = Buffer.alloc(4096);
      bytes.write("Microsoft C/C++ MSF 7.00\r\n\x1aDS\0\0\0", "latin1");
      words(512, 1, 8, 0xfffffff0, 0, 3).copy(bytes, 32);
      return bytes;
    }),
    file("a PDB whose blocks are its own block list", "ring.pdb", rejected, () => {
      const bytes = Buffer.alloc(4096);
      bytes.write("Microsoft C/C++ MSF 7.00\r\n\x1aDS\0\0\0", "latin1");
      words(512, 1, 8, 512, 0, 1).copy(bytes, 32);
      bytes.fill(words(1), 512);
      return bytes;
    }),
    file("a universal binary that claims two billion slices", "fat", rejected, () =>
      Buffer.concat([bigEndian(0xcafebabe, 2 ** 31), Buffer.alloc(4096, 7)]),
    ),
    file("a Mach-O binary of four billion commands without length", "commands", rejected, () =>
      Buffer.concat([words(0xfeedfacf, 0x01000007, 3, 2, 0xffffffff, 0xffffffff, 0, 0), Buffer.alloc(4096)]),
    ),
    file("an exe of 65,535 sections and nothing else", "sections.exe", rejected, () => {
      const bytes = Buffer.alloc(1024);
      bytes.write("MZ");
      bytes.writeUInt32LE(64, 60);
      bytes.write("PE\0\0", 64);
      bytes.writeUInt16LE(0x8664, 68);
      bytes.writeUInt16LE(0xffff, 70);
      bytes.writeUInt16LE(240, 84);
      bytes.writeUInt16LE(0x20b, 88);
      return bytes;
    }),
  ];
}
