/**
 * Archives written by other tools, unpacked; and archives made to cost space or to write where they should not.
 *
 * The cabinet and the 7z were made of demo.sym (the text below) with `gcab -cz demo.cab demo.sym` and `bsdtar -a -cf demo.7z demo.sym`.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { after, before, beforeEach, test } from "node:test";
import { deflateRawSync, gzipSync } from "node:zlib";
import { FormatError } from "@salvage/core";
import tar from "tar-stream";
import yazl from "yazl";
import { archiveKind, type UnpackOptions, unpack } from "./index.ts";

const demo = "MODULE windows x86_64 0123456789ABCDEF0123456789ABCDEF1 demo.pdb\nPUBLIC 1000 0 main\n";
const cabinet =
  "TVNDRgAAAACXAAAAAAAAACwAAAAAAAAAAwEBAAEAAAAAAAAARQAAAAEAAQBUAAAAAAAAAAAAdl0LPCAAZGVtby5zeW0A7LUEckoAVABDS/P1dwn1cVUoz8xLyS8vVqiwMIs3M1EwMDQyNjE1M7ewdHRydnF1Q+cbKqSk5ubrFaQkcQWEOvl4OisYGhgYKBgo5CZm5nEBAA==";
const sevenZip =
  "N3q8ryccAAOZwF2gTwAAAAAAAABoAAAAAAAAAFzldfwAJpPEkGNwTnoreyAAaktjDNlnPKaA1Kkt96tOHd5utsJnWXxiYDzaDzH3NutTNRpk7wDzmTPYGIuK1pJk2yrmk+xIE7/gP/+Iv//9XMAAAQQGAAEJTwAHCwEAASMDAQEFXQAAgAAMVAAICgEAE6uxAAAFARETAGQAZQBtAG8ALgBzAHkAbQAAABQKAQCEU9ycU3rdARIKAQCEU9ycU3rdARMKAQDE79ycU3rdARUGAQAggKSBAAA=";

let root = "";
let folder = "";
before(async () => {
  root = await mkdtemp(join(tmpdir(), "salvage-archives-"));
});
after(() => rm(root, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(root, "out-"));
});

async function stored(bytes: Uint8Array): Promise<string> {
  const path = join(root, createHash("sha256").update(bytes).digest("hex"));
  await writeFile(path, bytes);
  return path;
}

async function unpacked(bytes: Uint8Array, options: Partial<UnpackOptions> = {}) {
  const all = { name: "upload", folder, from: 0, maxMembers: 100, maxBytes: 1e9, maxMemberBytes: 1e9, ...options };
  const result = await unpack(await stored(bytes), all);
  assert.ok(result !== null);
  return result;
}

async function zipOf(...files: [name: string, content: Uint8Array | string][]): Promise<Uint8Array> {
  const zip = new yazl.ZipFile();
  for (const [name, content] of files) zip.addBuffer(Buffer.from(content), name);
  zip.end();
  return buffer(zip.outputStream);
}

async function tarOf(...files: [name: string, content: string][]): Promise<Uint8Array> {
  const pack = tar.pack();
  pack.entry({ name: "folder/", type: "directory" });
  for (const [name, content] of files) pack.entry({ name }, content);
  pack.entry({ name: "link", type: "symlink", linkname: "/etc/passwd" });
  pack.finalize();
  return buffer(pack);
}

test("each kind is told by its content, and its members come out whole", async () => {
  const files: [string, string][] = [
    ["a/demo.sym", demo],
    ["b.txt", "b"],
  ];
  const plainTar = await tarOf(...files);
  const archives = [
    ["zip", await zipOf(...files), ["a/demo.sym", "b.txt"]],
    ["tar", plainTar, ["a/demo.sym", "b.txt"]],
    ["tar.gz", gzipSync(plainTar), ["a/demo.sym", "b.txt"]],
    ["gzip", gzipSync(demo), ["demo.sym"]],
    ["cab", Buffer.from(cabinet, "base64"), ["demo.sym"]],
    ["7z", Buffer.from(sevenZip, "base64"), ["demo.sym"]],
  ] as const;
  for (const [kind, bytes, names] of archives) {
    const result = await unpacked(bytes, { name: "demo.sym.gz" });
    assert.equal(result.kind, kind);
    assert.deepEqual(
      result.members.map((member) => member.name),
      names,
    );
    const [first] = result.members;
    assert.ok(first);
    assert.equal(await readFile(first.path, "utf8"), demo);
    assert.equal(first.sizeBytes, demo.length);
    assert.equal(first.sha256, createHash("sha256").update(demo).digest("hex"));
    assert.equal(result.next, null);
  }
});

test("what is no archive is none", async () => {
  for (const bytes of [Buffer.from(demo), Buffer.alloc(0), Buffer.from("PK"), Buffer.alloc(600)])
    assert.equal(await archiveKind(await stored(bytes)), null);
});

test("members come in portions, clutter and empty files are passed over", async () => {
  const bytes = await zipOf(["1", "11"], ["__MACOSX/x", "x"], ["2", "22"], ["._3", "x"], ["empty", ""], ["3", "33"], ["4", "44"]);
  const portions: string[][] = [];
  for (let from: number | null = 0; from !== null; ) {
    const result = await unpacked(bytes, { from, maxMembers: 2 });
    portions.push(result.members.map((member) => member.name));
    from = result.next;
  }
  assert.deepEqual(portions, [
    ["1", "2"],
    ["3", "4"],
  ]);
  assert.equal((await unpacked(bytes, { maxBytes: 3 })).members.length, 1);
});

test("names that point outside are refused, the other members are not", async () => {
  const evil = "../evil.sym";
  const stand = "XX/evil.sym";
  const bytes = Buffer.from(await zipOf([stand, demo], ["good.sym", demo]));
  for (let at = bytes.indexOf(stand); at >= 0; at = bytes.indexOf(stand)) bytes.write(evil, at);
  const result = await unpacked(bytes);
  assert.deepEqual(
    result.members.map((member) => member.name),
    ["good.sym"],
  );
  assert.deepEqual(result.refused, [{ index: 0, name: evil, reason: "its name points outside the archive" }]);
  assert.deepEqual(await readdir(folder), ["1"]);
  assert.equal(existsSync(join(root, "evil.sym")), false);
  assert.equal((await unpacked(await tarOf(["/etc/x", "x"], ["ok", "x"]))).members.length, 1);
});

test("a member larger than allowed is refused whether the archive admits its size or not", async () => {
  const big = "x".repeat(5000);
  for (const bytes of [await zipOf(["big", big], ["small", "s"]), await tarOf(["big", big], ["small", "s"])]) {
    const { members, refused } = await unpacked(bytes, { maxMemberBytes: 1000 });
    assert.deepEqual([members.map((m) => m.name), refused.map((m) => m.name)], [["small"], ["big"]]);
  }
  const { members, refused } = await unpacked(gzipSync(big), { maxMemberBytes: 1000 });
  assert.deepEqual([members.length, refused.length], [0, 1]);
  assert.deepEqual(
    await readdir(folder),
    ["1"].filter((name) => existsSync(join(folder, name))),
  );
});

test("bombs end early, with a reason and nothing left on disk", async () => {
  const zeros = Buffer.alloc(64 * 1024 * 1024);
  await assert.rejects(unpacked(gzipSync(zeros, { level: 9 })), /unpacks to more than 1000 times its size/);
  await assert.rejects(unpacked(await zipOf(["bomb", zeros])), /unpacks to more than 1000 times its size/);
  await assert.rejects(
    unpacked(gzipSync(await tarOf(["bomb", zeros.toString("latin1")]), { level: 9 })),
    /unpacks to more than 1000 times its size/,
  );
  assert.deepEqual(await readdir(folder), []);
});

test("a cabinet's member that is larger than allowed, or than it admits, leaves nothing", async () => {
  for (const admitted of [64 << 20, 10]) {
    const { members, refused } = await unpacked(zerosCabinet(2048, admitted), { maxMemberBytes: 1 << 20 });
    const sizes = members.map((member) => member.sizeBytes);
    assert.ok(admitted === 10 ? sizes.every((size) => size <= 10) : refused.length === 1, `${admitted}: ${sizes}`);
  }
});

test("a directory of 15,000 members ends at the limit", async () => {
  await assert.rejects(unpacked(manyMembers(15_000), { from: 9_999, maxMembers: 2 }), /more than 10000 members/);
});

test("a directory of a million members is refused before its first, without being held", async () => {
  const before = process.memoryUsage().rss;
  await assert.rejects(unpacked(manyMembers(1_000_000)), /more than 10000 members/);
  assert.deepEqual(await readdir(folder), []);
  assert.ok(process.memoryUsage().rss - before < 400 << 20, "the 47 MB of the test and little more");
});

test("damage is a FormatError that names the archive, or the members before it", async () => {
  const good = [
    await zipOf(["a", demo], ["b", demo.repeat(50)]),
    gzipSync(await tarOf(["a", demo], ["b", demo.repeat(50)])),
    Buffer.from(cabinet, "base64"),
  ];
  let seed = 7;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return seed % below;
  };
  let failed = 0;
  for (let round = 0; round < 300; round++) {
    const bytes = Buffer.from(good[round % good.length] ?? []);
    for (let i = 0; i < 1 + random(4); i++) bytes[random(bytes.length)] = random(256);
    const cut = bytes.subarray(0, round % 5 === 0 ? random(bytes.length) : bytes.length);
    try {
      await unpack(await stored(cut), { name: "x", folder, from: 0, maxMembers: 10, maxBytes: 1e6, maxMemberBytes: 1e6 });
    } catch (error) {
      failed++;
      assert.ok(error instanceof FormatError, String(error));
    }
  }
  assert.ok(failed > 100, `${failed} of 300 were noticed`);
});

/** A cabinet (MSZIP) of one file: blocks of 32 KiB of zeros. Checksums of 0 are not compared. */
function zerosCabinet(blocks: number, admittedBytes: number): Uint8Array {
  const packed = Buffer.concat([Buffer.from("CK"), deflateRawSync(Buffer.alloc(32_768))]);
  const data = Buffer.alloc(8 + packed.length);
  data.writeUInt16LE(packed.length, 4);
  data.writeUInt16LE(32_768, 6);
  packed.copy(data, 8);
  const name = Buffer.from("zeros.sym\0");
  const head = Buffer.alloc(36 + 8 + 16);
  head.write("MSCF");
  head.writeUInt32LE(head.length + name.length + blocks * data.length, 8);
  head.writeUInt32LE(44, 16); // the first file
  head.writeUInt16LE(0x0103, 24);
  head.writeUInt16LE(1, 26); // folders
  head.writeUInt16LE(1, 28); // files
  head.writeUInt32LE(head.length + name.length, 36); // the folder's data
  head.writeUInt16LE(blocks, 40);
  head.writeUInt16LE(1, 42); // MSZIP
  head.writeUInt32LE(admittedBytes, 44);
  return Buffer.concat([head, name, ...Array.from({ length: blocks }, () => data)]);
}

/** A zip of `count` members: one local header, and a directory of as many entries that point to it; in zip64's form when they are many. */
function manyMembers(count: number): Uint8Array {
  const content = deflateRawSync(Buffer.from("x"));
  const local = Buffer.alloc(31);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(8, 8);
  local.writeUInt32LE(0x8cdc1683, 14);
  local.writeUInt32LE(content.length, 18);
  local.writeUInt32LE(1, 22);
  local.writeUInt16LE(1, 26);
  local.write("m", 30);
  const entry = Buffer.alloc(47);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(8, 10);
  entry.writeUInt32LE(0x8cdc1683, 16);
  entry.writeUInt32LE(content.length, 20);
  entry.writeUInt32LE(1, 24);
  entry.writeUInt16LE(1, 28);
  entry.write("m", 46);
  const directory = Buffer.concat(Array.from({ length: count }, () => entry));
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  const directoryAt = local.length + content.length;
  end.writeUInt16LE(Math.min(count, 0xffff), 8);
  end.writeUInt16LE(Math.min(count, 0xffff), 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(directoryAt, 16);
  if (count < 0xffff) return Buffer.concat([local, content, directory, end]);
  end.writeUInt32LE(0xffffffff, 16);
  const end64 = Buffer.alloc(56);
  end64.writeUInt32LE(0x06064b50, 0);
  end64.writeBigUInt64LE(44n, 4);
  end64.writeBigUInt64LE(BigInt(count), 24);
  end64.writeBigUInt64LE(BigInt(count), 32);
  end64.writeBigUInt64LE(BigInt(directory.length), 40);
  end64.writeBigUInt64LE(BigInt(directoryAt), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(directoryAt + directory.length), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([local, content, directory, end64, locator, end]);
}
