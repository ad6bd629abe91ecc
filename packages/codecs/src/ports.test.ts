/**
 * Every form of compression, small and large, and damage. Packed data of xz and lzma are written down here, since nothing in Node makes them:
 *   seq 1 40 | xz --check=crc64 | base64        seq 1 40 | xz --format=lzma | base64       (xz 5.4.1; see also the test over the xz program)
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { BufferSource, type ByteSource, type Compression, FormatError } from "@salvage/core";
import { createPorts } from "./ports.ts";

const scratchDir = mkdtempSync(join(tmpdir(), "salvage-codecs-"));
after(() => rmSync(scratchDir, { recursive: true, force: true }));

const numbers = Buffer.from(`${Array.from({ length: 40 }, (_, i) => i + 1).join("\n")}\n`);
const xzNumbers = Buffer.from(
  "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4ABuAE5dABiCgo8iTvimVffwmaUlDZBFkVpRtJvKrNwFMuyFUp+xSG3v3OhLuWG64JxTf5jIqVQO/D0q0wbXZkQ9VmSmzT3Xxx9E9BjgD7++BfrFAAAAAD+WfNT6/uHLAAFqb89KmWIftvN9AQAAAAAEWVo=",
  "base64",
);
const lzmaNumbers = Buffer.from(
  "XQAAgAD//////////wAYgoKPIk74plX38JmlJQ2QRZFaUbSbyqzcBTLshVKfsUht79zoS7lhuuCcU3+YyKlUDvw9KtMG12ZEPVZkps0918cfRPQY4A+/vgvEBjz//fQMAA==",
  "base64",
);

/** Text that packs well but not to nothing: numbered lines. */
function lines(count: number): Buffer {
  return Buffer.from(Array.from({ length: count }, (_, i) => `line ${i} of a file ${(i * 2654435761) >>> 7}\n`).join(""));
}

function all(source: ByteSource): Buffer {
  return Buffer.from(source.read(0, source.size));
}

const packers: Partial<Record<Compression, (bytes: Buffer) => Buffer>> = {
  zlib: deflateSync,
  deflate: deflateRawSync,
  gzip: gzipSync,
  zstd: zstdCompressSync,
};

for (const [compression, pack] of Object.entries(packers) as [Compression, (bytes: Buffer) => Buffer][]) {
  test(`${compression}: in memory and through a scratch file`, () => {
    const plain = lines(60_000);
    const packed = new BufferSource(pack(plain));
    for (const memoryBytes of [16 << 20, 1 << 16, 0]) {
      const ports = createPorts({ scratchDir, memoryBytes });
      for (const expected of [plain.length, null]) {
        const result = ports.decompress(compression, packed, expected, plain.length);
        assert.ok(all(result).equals(plain), `${memoryBytes} bytes of memory, expected ${expected}`);
      }
      ports.close();
    }
    assert.deepEqual(readdirSync(scratchDir), []);
  });

  test(`${compression}: limits, lies and damage are FormatErrors`, () => {
    const plain = lines(20_000);
    const bytes = pack(plain);
    for (const memoryBytes of [16 << 20, 0]) {
      const ports = createPorts({ scratchDir, memoryBytes });
      const unpack = (packed: Uint8Array, expected: number | null, max: number) =>
        ports.decompress(compression, new BufferSource(packed), expected, max);
      assert.throws(() => unpack(bytes, null, plain.length - 1), /unpacks to more than/);
      assert.throws(() => unpack(bytes, plain.length, 1000), /announces/);
      assert.throws(() => unpack(bytes, plain.length - 1, plain.length), FormatError);
      assert.throws(() => unpack(bytes.subarray(0, bytes.length / 2), null, plain.length), FormatError);
      assert.throws(() => unpack(Buffer.from("no packed data at all"), null, plain.length), FormatError);
      ports.close();
    }
  });
}

test("a bomb of 64 MB stops at the limit", () => {
  const packed = new BufferSource(deflateSync(Buffer.alloc(64 << 20)));
  for (const memoryBytes of [32 << 20, 0]) {
    const ports = createPorts({ scratchDir, memoryBytes });
    assert.throws(() => ports.decompress("zlib", packed, null, 1 << 20), /more than 1048576 bytes/);
    ports.close();
  }
});

test("xz and lzma: a small file; each flipped bit is a FormatError or harmless", () => {
  const ports = createPorts({ scratchDir, memoryBytes: 1 << 20 });
  assert.deepEqual(all(ports.decompress("xz", new BufferSource(xzNumbers), numbers.length, 1000)), numbers);
  assert.deepEqual(all(ports.decompress("lzma", new BufferSource(lzmaNumbers), null, 1000)), numbers);
  assert.throws(() => ports.decompress("xz", new BufferSource(xzNumbers), null, 50), /more than 50/);
  for (const [compression, packed] of [
    ["xz", xzNumbers],
    ["lzma", lzmaNumbers],
  ] as const) {
    for (let bit = 0; bit < packed.length * 8; bit++) {
      const copy = Buffer.from(packed);
      copy[bit >> 3]! ^= 1 << (bit & 7);
      try {
        const result = all(ports.decompress(compression, new BufferSource(copy), null, 4096));
        if (compression === "xz") assert.deepEqual(result, numbers, `bit ${bit}`);
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
      }
    }
    for (let cut = 0; cut < packed.length; cut++) {
      const short = new BufferSource(packed.subarray(0, cut));
      assert.throws(() => ports.decompress(compression, short, null, 4096), FormatError, `${compression} cut at ${cut}`);
    }
  }
  ports.close();
});

test("zstd: a window or blocks that only harm are refused", () => {
  const ports = createPorts({ scratchDir, memoryBytes: 0 });
  const wide = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf8, 0x01, 0x00, 0x00]);
  assert.throws(() => ports.decompress("zstd", new BufferSource(wide), null, 1000), /a window of/);
  const blocks = Buffer.alloc(6 + 3 * 20_000);
  blocks.set([0x28, 0xb5, 0x2f, 0xfd, 0x00, 17 << 3]);
  assert.throws(() => ports.decompress("zstd", new BufferSource(blocks), null, 1000), /too many blocks/);
  ports.close();
});

test("the xz program's files, where it is installed", { skip: spawnSync("xz", ["--version"]).status !== 0 }, () => {
  const plain = lines(8_000);
  for (const options of [
    ["-0"],
    ["-9e"],
    ["--check=crc32"],
    ["--check=sha256"],
    ["--check=none"],
    ["--block-size=100000"],
    ["--format=lzma"],
  ]) {
    const packed = spawnSync("xz", ["-c", ...options], { input: plain, maxBuffer: 1 << 26 }).stdout;
    const compression = options[0] === "--format=lzma" ? "lzma" : "xz";
    for (const memoryBytes of [16 << 20, 0]) {
      const ports = createPorts({ scratchDir, memoryBytes });
      assert.ok(all(ports.decompress(compression, new BufferSource(packed), null, 1 << 26)).equals(plain), options.join(" "));
      if (compression === "xz") {
        const twice = Buffer.concat([packed, Buffer.alloc(8), packed]);
        assert.equal(ports.decompress("xz", new BufferSource(twice), null, 1 << 26).size, 2 * plain.length);
      }
      ports.close();
    }
  }
  const filtered = spawnSync("xz", ["-c", "--x86", "--lzma2"], { input: plain, maxBuffer: 1 << 26 }).stdout;
  const ports = createPorts({ scratchDir, memoryBytes: 0 });
  assert.throws(() => ports.decompress("xz", new BufferSource(filtered), null, 1 << 26), /only LZMA2 alone/);
});

test("a scratch file grows at its end and is read anywhere; close removes it", () => {
  const ports = createPorts({ scratchDir, memoryBytes: 0 });
  const file = ports.scratch();
  file.append(numbers);
  file.append(numbers.subarray(0, 2));
  assert.equal(file.size, numbers.length + 2);
  assert.deepEqual(Buffer.from(file.read(numbers.length - 3, 5)), Buffer.from("40\n1\n"));
  assert.throws(() => file.read(0, numbers.length + 3), FormatError);
  ports.close();
  assert.deepEqual(readdirSync(scratchDir), []);
});
