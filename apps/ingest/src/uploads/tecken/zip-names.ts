/**
 * The names in a stored zip, read from the directory at its end; contents are the import's business. Zip64 is read, parted archives are not.
 *
 * Source: PKWARE's APPNOTE.TXT, 4.3.12 (directory), 4.3.14 and 4.3.15 (zip64 end and its locator), 4.3.16 (end).
 */
import type { RandomAccessBlob } from "@salvage/blobs";

/** It is no zip, or a damaged one; the message says where and why. */
export class ZipError extends Error {
  override name = "ZipError";
}

export type ZipName = { name: string; sizeBytes: number };

const end = { signature: 0x06054b50, bytes: 22, maxCommentBytes: 0xffff };
const locator64 = { signature: 0x07064b50, bytes: 20 };
const end64 = { signature: 0x06064b50, bytes: 56 };
const entry = { signature: 0x02014b50, bytes: 46 };
/** Some hundred thousand names; a build has some hundred. */
const maxDirectoryBytes = 32 * 1024 * 1024;

/** @throws ZipError */
export async function zipNames(blob: RandomAccessBlob): Promise<ZipName[]> {
  const { offset, bytes } = await directoryOf(blob);
  if (bytes > maxDirectoryBytes) throw new ZipError(`its directory has ${bytes} bytes, the limit is ${maxDirectoryBytes}`);
  const directory = await read(blob, offset, bytes, "directory");
  const names: ZipName[] = [];
  for (let at = 0; at < directory.length; ) {
    const where = `directory entry ${names.length} at byte ${offset + at}`;
    if (at + entry.bytes > directory.length || directory.readUInt32LE(at) !== entry.signature)
      throw new ZipError(`${where}: it is no directory entry`);
    const nameBytes = directory.readUInt16LE(at + 28);
    const next = at + entry.bytes + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
    if (next > directory.length) throw new ZipError(`${where}: the directory ends within it`);
    names.push({
      name: directory.toString("utf8", at + entry.bytes, at + entry.bytes + nameBytes),
      sizeBytes: directory.readUInt32LE(at + 24),
    });
    at = next;
  }
  return names;
}

async function directoryOf(blob: RandomAccessBlob): Promise<{ offset: number; bytes: number }> {
  const tailBytes = Math.min(blob.size, end.bytes + end.maxCommentBytes);
  const tail = await read(blob, blob.size - tailBytes, tailBytes, "end");
  for (let at = tail.length - end.bytes; at >= 0; at--) {
    if (tail.readUInt32LE(at) !== end.signature || at + end.bytes + tail.readUInt16LE(at + 20) !== tail.length) continue;
    const [bytes, offset] = [tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)];
    return bytes === 0xffffffff || offset === 0xffffffff ? await directoryOf64(blob, blob.size - tailBytes + at) : { offset, bytes };
  }
  throw new ZipError("it has no end of a zip's directory");
}

/** @param endAt where the plain end stands; the locator is before it */
async function directoryOf64(blob: RandomAccessBlob, endAt: number): Promise<{ offset: number; bytes: number }> {
  const locator = await read(blob, endAt - locator64.bytes, locator64.bytes, "zip64 locator");
  if (locator.readUInt32LE(0) !== locator64.signature) throw new ZipError(`byte ${endAt - locator64.bytes}: there is no zip64 locator`);
  const at = Number(locator.readBigUInt64LE(8));
  const record = await read(blob, at, end64.bytes, "zip64 end");
  if (record.readUInt32LE(0) !== end64.signature) throw new ZipError(`byte ${at}: there is no zip64 end`);
  return { bytes: Number(record.readBigUInt64LE(40)), offset: Number(record.readBigUInt64LE(48)) };
}

async function read(blob: RandomAccessBlob, offset: number, length: number, what: string): Promise<Buffer> {
  if (offset < 0 || offset + length > blob.size) throw new ZipError(`its ${what} at byte ${offset} is outside of it`);
  const bytes = await blob.read(offset, length);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
