/**
 * Small files that claim or unpack to huge ones, and files that only claim to be huge: nothing is allocated or read for what is not there. Bombs
 * in archives are in the archives' tests, DIEs and rings of them in dwarf-hostile.test.ts.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { deflateSync, zstdCompressSync } from "node:zlib";
import { createPorts } from "@salvage/codecs";
import {
  BufferSource,
  type ByteSource,
  buildSymcache,
  checkRange,
  FormatError,
  identifyObjects,
  inspectMinidump,
  machOSlices,
  openNames,
  openSym,
  openUnwind,
  processMinidump,
} from "../src/index.ts";
import { msfFile } from "./pdb-file.ts";
import { synthElf, Words } from "./synth-elf.ts";

const scratchDir = mkdtempSync(join(tmpdir(), "salvage-bombs-"));
after(() => rmSync(scratchDir, { recursive: true, force: true }));

const nothing = { image: () => null, own: () => false };

/** Runs and says by how many bytes the process' buffers grew at most: what was allocated and freed again counts by its peak in the process. */
function growthOf(run: () => void): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  const peak = process.resourceUsage().maxRSS;
  run();
  const after = process.memoryUsage();
  return Math.max(after.heapUsed + after.arrayBuffers - heapUsed - arrayBuffers, (process.resourceUsage().maxRSS - peak) * 1024);
}

/** Bytes made up when they are asked for, of a file that would not fit anywhere. */
class MadeUp implements ByteSource {
  bytesRead = 0;
  readonly size: number;
  readonly #parts: readonly { offset: number; bytes: Uint8Array }[];
  readonly #fill: number;

  constructor(size: number, fill: number, parts: readonly { offset: number; bytes: Uint8Array }[]) {
    this.size = size;
    this.#fill = fill;
    this.#parts = parts;
  }

  read(offset: number, length: number): Uint8Array {
    checkRange(this.size, offset, length);
    this.bytesRead += length;
    const out = new Uint8Array(length).fill(this.#fill);
    for (const part of this.#parts) {
      const from = Math.max(offset, part.offset);
      const to = Math.min(offset + length, part.offset + part.bytes.length);
      if (from < to) out.set(part.bytes.subarray(from - part.offset, to - part.offset), from - offset);
    }
    return out;
  }
}

/** A dump of 35 bytes whose directory, or whose one list, says that it has 2^31 entries. */
function shortDumps(): Uint8Array[] {
  const header = (streams: number, directory: number) =>
    new Words().raw(Buffer.from("MDMP")).put(4, 0xa793, streams, directory, 0, 0).put(8, 0);
  const entries = header(2 ** 31, 32)
    .raw([1, 2, 3])
    .bytes();
  const lists = [3, 4, 5, 9, 14, 16, 17, 24].map((stream) =>
    header(1, 32)
      .put(4, stream, 0xffffffff, 44)
      .put(4, 2 ** 31, 1, 2 ** 31, 2 ** 31)
      .bytes(),
  );
  return [entries, ...lists];
}

test("a file of 35 bytes that claims 2^31 entries allocates nothing", () => {
  for (const bytes of shortDumps()) {
    const growth = growthOf(() => {
      for (const ask of [inspectMinidump, (source: ByteSource) => processMinidump(source, nothing)]) {
        try {
          ask(new BufferSource(bytes));
        } catch (error) {
          assert.ok(error instanceof FormatError, String(error));
        }
      }
    });
    assert.ok(growth < 4 << 20, `${bytes.length} bytes grew memory by ${growth}`);
  }
  assert.equal(shortDumps()[0]!.length, 35);
  assert.throws(() => processMinidump(new BufferSource(shortDumps()[0]!), nothing), FormatError);
});

test("fat headers of 2^31 members are no fat file, of 30 that are not there a FormatError", () => {
  for (const [count, magic] of [
    [2 ** 31, 0xcafebabe],
    [2 ** 31, 0xcafebabf],
    [0xffffffff, 0xcafebabe],
    [30, 0xcafebabe],
    [30, 0xcafebabf],
  ] as const) {
    const bytes = new Words(false).put(4, magic, count).raw(new Array(27).fill(0xff)).bytes();
    const growth = growthOf(() => {
      for (const ask of [identifyObjects, machOSlices, openNames, openUnwind] as ((source: ByteSource) => unknown)[]) {
        try {
          const value = ask(new BufferSource(bytes));
          assert.ok(value === null || (Array.isArray(value) && value.length === 0), `${ask.name} gives ${JSON.stringify(value)}`);
        } catch (error) {
          assert.ok(error instanceof FormatError, String(error));
        }
      }
    });
    assert.ok(growth < 4 << 20, `grew memory by ${growth}`);
  }
});

test("containers of PDBs that lie about blocks, directory and streams are a FormatError, and allocate nothing", () => {
  const honest = msfFile([new Uint8Array(0), new Uint8Array(64), undefined, new Uint8Array(64)]);
  // Block size, free block map, block count, size of the directory, unknown, block of its block list; then the directory itself.
  const directory = new DataView(honest.buffer).getUint32(52, true) * 512;
  const listed = new DataView(honest.buffer).getUint32(directory, true) * 512;
  for (const place of [32, 40, 44, 52, directory, listed, listed + 4, listed + 8, listed + 12]) {
    for (const value of [0, 1, 2 ** 31, 0xfffffffe, 0xffffffff]) {
      const bytes = honest.slice();
      new DataView(bytes.buffer).setUint32(place, value, true);
      const growth = growthOf(() => {
        for (const ask of [identifyObjects, openNames, openUnwind] as ((source: ByteSource) => unknown)[]) {
          try {
            ask(new BufferSource(bytes));
          } catch (error) {
            assert.ok(error instanceof FormatError, `${value} at ${place}: ${String(error)}`);
          }
        }
      });
      assert.ok(growth < 8 << 20, `${value} at ${place} grew memory by ${growth}`);
    }
  }
});

test("packed sections that unpack to more than they announce, or announce what no packer reaches", () => {
  const zeros = Buffer.alloc(64 << 20);
  const packings = [
    { type: 1, bytes: deflateSync(zeros) },
    { type: 2, bytes: zstdCompressSync(zeros) },
  ];
  for (const { type, bytes } of packings) {
    for (const announced of [1000, 2 ** 33, 2 ** 40]) {
      const content = new Words().put(4, type, 0).put(8, announced, 1).raw(bytes).bytes();
      const elf = synthElf({
        sections: [
          { name: ".text", flags: 6, address: 0x1000, content: new Uint8Array(16) },
          { name: ".debug_info", flags: 0x800, content },
          { name: ".debug_abbrev", flags: 0x800, content },
        ],
        loadedAt: 0,
      });
      const ports = createPorts({ scratchDir, memoryBytes: 1 << 20 });
      const growth = growthOf(() => {
        const opened = openNames(new BufferSource(elf), { ports });
        assert.equal(opened?.names, null);
        assert.match(opened?.needs.join() ?? "", /undamaged|unpack|announce/, `form ${type}, ${announced} announced`);
      });
      assert.ok(growth < 32 << 20, `form ${type}, ${announced} announced: grew memory by ${growth >> 20} MB`);
      ports.close();
    }
  }
  assert.deepEqual(readdirSync(scratchDir), []);
});

/** An old packed section: "ZLIB", the size, zlib data. */
test("an old packed section that is a bomb is refused", () => {
  const packed = deflateSync(Buffer.alloc(64 << 20));
  for (const announced of [1000, 2 ** 40]) {
    const content = new Words(false).raw(Buffer.from("ZLIB")).put(8, announced).raw(packed).bytes();
    const elf = synthElf({
      sections: [
        { name: ".zdebug_info", content },
        { name: ".zdebug_abbrev", content },
      ],
      loadedAt: 0,
    });
    const ports = createPorts({ scratchDir, memoryBytes: 1 << 20 });
    const opened = openNames(new BufferSource(elf), { ports });
    assert.equal(opened?.names, null);
    assert.match(opened?.needs.join() ?? "", /undamaged/);
    ports.close();
  }
});

test(".gnu_debugdata that unpacks without end is refused at the limit core names, and the rest of the file answers", () => {
  let asked = 0;
  const ports = {
    decompress(_form: string, _packed: ByteSource, _expected: number | null, maxBytes: number): ByteSource {
      asked = maxBytes;
      throw new FormatError("xz", null, `unpacks to more than ${maxBytes} bytes`);
    },
    scratch(): never {
      throw new Error("no scratch is needed");
    },
  };
  const elf = synthElf({ sections: [{ name: ".gnu_debugdata", content: new Uint8Array(100) }], loadedAt: 0 });
  const opened = openNames(new BufferSource(elf), { ports });
  assert.match(opened?.needs.join() ?? "", /symbol table: xz: unpacks to more/);
  assert.ok(asked > 0 && asked <= 2 ** 30, `up to ${asked} bytes are allowed`);
});

test("a .sym whose one line has 2 GB is read by pieces, and its other lines count", () => {
  const size = 2 ** 31;
  const start = Buffer.from("MODULE Linux x86_64 0123456789ABCDEF0123456789ABCDEF0 huge\nFUNC 1000 10 0 before\nFUNC 2000 10 0 ");
  const end = Buffer.from("\nFUNC 3000 10 0 after\n");
  const source = new MadeUp(size, 0x61, [
    { offset: 0, bytes: new Uint8Array(start) },
    { offset: size - end.length, bytes: new Uint8Array(end) },
  ]);
  const growth = growthOf(() => {
    const { names } = openSym(source);
    assert.equal(names?.lookup(0x1004)?.[0]?.function, "before");
    assert.equal(names?.lookup(0x3004)?.[0]?.function, "after");
    const long = names?.lookup(0x2004)?.[0]?.function ?? "";
    assert.ok(long.length <= 1 << 20, `a name of ${long.length} characters`);
  });
  assert.ok(growth < 128 << 20, `grew memory by ${growth >> 20} MB`);
  assert.ok(source.bytesRead < 1.1 * size, `${source.bytesRead} bytes read`);
});

test("a dump of 4 GB costs what is touched of it", () => {
  const header = new Words().raw(Buffer.from("MDMP")).put(4, 0xa793, 1, 32, 0, 0).put(8, 0);
  const memory = new Words().put(8, 1, 64).put(8, 0x10000, 2 ** 32 - 4096);
  const parts = [{ offset: 0, bytes: header.put(4, 9, 32, 44).raw(memory.bytes()).bytes() }];
  const source = new MadeUp(2 ** 32, 0x61, parts);
  const growth = growthOf(() => {
    try {
      processMinidump(source, nothing);
    } catch (error) {
      assert.ok(error instanceof FormatError, String(error));
    }
  });
  assert.ok(source.bytesRead < 1 << 20 && growth < 8 << 20, `${source.bytesRead} bytes read, memory grew by ${growth}`);
});

test("a damaged debug file leaves no lookup file that looks whole", () => {
  let patched = false;
  const sink = {
    write() {},
    patch() {
      patched = true;
    },
  };
  assert.throws(() => buildSymcache(new BufferSource(new Uint8Array(Buffer.from("\x7fELF\x02\x01\x01"))), sink), FormatError);
  assert.equal(patched, false, "the header, which makes it a lookup file, is written last");
});
