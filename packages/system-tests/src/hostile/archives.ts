/** Archives that are made to do harm when they are unpacked: what becomes of each upload. */
import { crc32, deflateRawSync, gzipSync } from "node:zlib";
import { zipNamed } from "./uploads.ts";

export type HostileFile = {
  name: string;
  fileName: string;
  /** Of the upload's state and the sentences about its files. */
  expect: RegExp;
  bytes(): Promise<Buffer> | Buffer;
};

const megabyte = 1 << 20;
const symbols = `MODULE Linux x86_64 ${"AB".repeat(16)}0 app\nFILE 0 a.c\nFUNC 1000 10 0 main\n1000 10 1 0\n`;

type Entry = { name: string; offset: number; packed: number; size: number; crc: number };

function local({ name, packed, size, crc }: Omit<Entry, "offset">): Buffer {
  const head = Buffer.alloc(30);
  head.writeUInt32LE(0x04034b50, 0);
  head.writeUInt16LE(8, 8);
  head.writeUInt32LE(crc, 14);
  head.writeUInt32LE(packed, 18);
  head.writeUInt32LE(size, 22);
  head.writeUInt16LE(Buffer.byteLength(name), 26);
  return Buffer.concat([head, Buffer.from(name)]);
}

function central({ name, offset, packed, size, crc }: Entry): Buffer {
  const head = Buffer.alloc(46);
  head.writeUInt32LE(0x02014b50, 0);
  head.writeUInt16LE(8, 10);
  head.writeUInt32LE(crc, 16);
  head.writeUInt32LE(packed, 20);
  head.writeUInt32LE(size, 24);
  head.writeUInt16LE(Buffer.byteLength(name), 28);
  head.writeUInt32LE(offset, 42);
  return Buffer.concat([head, Buffer.from(name)]);
}

/** A zip's end; more than 65,535 entries need zip64's. */
function end(count: number, size: number, offset: number): Buffer {
  const zip64 = Buffer.alloc(76);
  zip64.writeUInt32LE(0x06064b50, 0);
  zip64.writeBigUInt64LE(44n, 4);
  zip64.writeBigUInt64LE(BigInt(count), 24);
  zip64.writeBigUInt64LE(BigInt(count), 32);
  zip64.writeBigUInt64LE(BigInt(size), 40);
  zip64.writeBigUInt64LE(BigInt(offset), 48);
  zip64.writeUInt32LE(0x07064b50, 56);
  zip64.writeBigUInt64LE(BigInt(offset + size), 64);
  zip64.writeUInt32LE(1, 72);
  const last = Buffer.alloc(22);
  last.writeUInt32LE(0x06054b50, 0);
  const many = count > 0xffff;
  last.writeUInt16LE(many ? 0xffff : count, 8);
  last.writeUInt16LE(many ? 0xffff : count, 10);
  last.writeUInt32LE(size, 12);
  last.writeUInt32LE(offset, 16);
  return many ? Buffer.concat([zip64, last]) : last;
}

/** A zip of `count` entries that are all one member: every name leads to the same bytes. */
function overlapping(count: number, content: Buffer): Buffer {
  const packed = deflateRawSync(content);
  const one = { packed: packed.length, size: content.length, crc: crc32(content) };
  const head = Buffer.concat([local({ name: "0000000", ...one }), packed]);
  const entries = Array.from({ length: count }, (_, i) => central({ name: String(i).padStart(7, "0"), offset: 0, ...one }));
  const directory = Buffer.concat(entries);
  return Buffer.concat([head, directory, end(count, directory.length, head.length)]);
}

function zipOf(name: string, content: Buffer, admitted = content.length): Buffer {
  const packed = deflateRawSync(content);
  const one = { name, packed: packed.length, size: admitted, crc: crc32(content) };
  const head = Buffer.concat([local(one), packed]);
  const directory = central({ ...one, offset: 0 });
  return Buffer.concat([head, directory, end(1, directory.length, head.length)]);
}

function tarOf(name: string, content: Buffer): Buffer {
  const head = Buffer.alloc(512);
  head.write(name, 0);
  head.write("0000644\0", 100);
  head.write(content.length.toString(8).padStart(11, "0"), 124);
  head.write("ustar\0", 257);
  head.write("0", 156);
  head.write("        ", 148);
  head.write(
    `${head
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
  );
  return Buffer.concat([head, content, Buffer.alloc(1024 + (512 - (content.length % 512)))]);
}

/** @param bombBytes what the bombs unpack to: more than MAX_DEBUG_FILE_BYTES */
export function hostileArchives(bombBytes: number): HostileFile[] {
  const tooMuch = /^rejected .*(larger than the \d+ bytes|1000 times its size)/;
  const zeroes = () => Buffer.alloc(bombBytes);
  const file = (name: string, fileName: string, expect: RegExp, bytes: HostileFile["bytes"]): HostileFile => ({
    name,
    fileName,
    expect,
    bytes,
  });
  return [
    file("a zip bomb", "bomb.zip", tooMuch, () => zipOf("app.sym", zeroes())),
    file("a zip whose member is larger than it says", "lies.zip", /^rejected /, () => zipOf("app.sym", zeroes(), 100)),
    file("a gzip bomb", "app.sym.gz", tooMuch, () => gzipSync(zeroes(), { level: 9 })),
    file("a tar.gz bomb", "bomb.tar.gz", tooMuch, () => gzipSync(tarOf("app.sym", zeroes()), { level: 9 })),
    file("a zip of a million entries", "many.zip", /^rejected .*more than 10000 members/, () =>
      overlapping(1_000_000, Buffer.from(symbols)),
    ),
    file("a zip of 5,000 entries that are one and the same 8 MB", "quine.zip", /^rejected /, () =>
      overlapping(5_000, Buffer.concat([Buffer.from(symbols), Buffer.alloc(8 * megabyte, "PUBLIC 1000 0 x\n")])),
    ),
    file("a zip with names that point outside", "slip.zip", /^rejected .*points outside the archive/, () =>
      zipNamed("../../../etc/cron.d/evil", symbols),
    ),
    file("a zip in a zip, a hundred times", "deep.zip", /^rejected /, () => {
      let bytes: Buffer = Buffer.from(symbols);
      for (let level = 0; level < 100; level++) bytes = zipOf(level === 0 ? "app.sym" : "inner.zip", bytes);
      return bytes;
    }),
    file("a gzip in a gzip, a hundred times", "deep.gz", /^rejected /, () => {
      let bytes: Buffer = Buffer.from(symbols);
      for (let level = 0; level < 100; level++) bytes = gzipSync(bytes);
      return bytes;
    }),
    file("a zip cut in its directory", "cut.zip", /^rejected /, () => overlapping(1000, Buffer.from(symbols)).subarray(0, 20_000)),
  ];
}
