/**
 * The tasks about uploaded debug files: what is in a zip, unpacking its members, identifying a file and writing its lookup
 * file. Everything is bounded: members, bytes per member, and the compression ratio, since a few kilobytes can unpack to
 * terabytes.
 */
import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import type { Readable } from "node:stream";
import { buildSymcache, FormatError, identifyObject, type SymcacheSink } from "@salvage/core";
import yauzl from "yauzl";
import { FileSource } from "./sources.ts";
import type { ArchiveMember, Tasks } from "./tasks.ts";

const maxArchiveMembers = 5_000;
/** Symbols compress 5 to 15 times; a thousand times is an attack. */
const maxCompressionRatio = 1_000;
/** Small members compress to almost nothing and harm nobody. */
const ratioFreeBytes = 1024 * 1024;

const zipMagics = [0x04034b50, 0x06054b50]; // a member, or the end record of an empty archive

export async function listArchive({ path }: Tasks["listArchive"]["input"]): Promise<ArchiveMember[] | null> {
  if (!isZip(path)) return null;
  const members: ArchiveMember[] = [];
  await walkZip(path, async (entry, index) => {
    if (index >= maxArchiveMembers) throw new FormatError("zip", null, `more than ${maxArchiveMembers} members`);
    if (entry.fileName.endsWith("/")) return;
    members.push({ index, name: entry.fileName, sizeBytes: entry.uncompressedSize });
  });
  return members;
}

export async function extract({ path, members }: Tasks["extract"]["input"]): Promise<Tasks["extract"]["output"]> {
  const wanted = new Map(members.map((member, place) => [member.index, { ...member, place }]));
  const out: Tasks["extract"]["output"] = [];
  await walkZip(path, async (entry, index, openMember) => {
    const member = wanted.get(index);
    if (member === undefined) return;
    if (entry.uncompressedSize > ratioFreeBytes && entry.uncompressedSize / Math.max(1, entry.compressedSize) > maxCompressionRatio) {
      throw new FormatError(
        "zip",
        entry.relativeOffsetOfLocalHeader,
        `${entry.fileName} claims to unpack to more than ${maxCompressionRatio} times its size`,
      );
    }
    out[member.place] = await writeMember(await openMember(), member.outPath);
  });
  if (members.some((_, place) => out[place] === undefined)) throw new FormatError("zip", null, "a listed member is not there");
  return out;
}

export function convert({ path, outPath }: Tasks["convert"]["input"]): Tasks["convert"]["output"] {
  const source = new FileSource(path);
  try {
    const { convertible, ...verdict } = identifyObject(source);
    if (!convertible) return { ...verdict, symcache: null };
    const sink = new FileSink(outPath);
    try {
      const { formatVersion, features, bytesWritten } = buildSymcache(source, sink);
      const parts = { names: features.includes("symbols"), unwind: features.includes("unwind") };
      if (!parts.names && !parts.unwind)
        return { ...verdict, features, lacks: ["it has neither functions nor unwind rules"], symcache: null };
      return { ...verdict, features, lacks: [], symcache: { formatVersion, sizeBytes: bytesWritten, ...parts } };
    } finally {
      sink.close();
    }
  } finally {
    source.close();
  }
}

/** Writes a lookup file to disk, in order, with its header filled in at the end. */
class FileSink implements SymcacheSink {
  sizeBytes = 0;
  readonly #fd: number;

  constructor(path: string) {
    this.#fd = openSync(path, "w", 0o600);
  }

  write(bytes: Uint8Array): void {
    this.#put(bytes, this.sizeBytes);
    this.sizeBytes += bytes.length;
  }

  patch(offset: number, bytes: Uint8Array): void {
    this.#put(bytes, offset);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #put(bytes: Uint8Array, offset: number): void {
    for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done, bytes.length - done, offset + done);
  }
}

function isZip(path: string): boolean {
  const source = new FileSource(path);
  try {
    if (source.size < 22) return false;
    const head = source.read(0, 4);
    return zipMagics.includes(new DataView(head.buffer, head.byteOffset).getUint32(0, true));
  } finally {
    source.close();
  }
}

/** Visits the members of a zip in the order of its directory. The reader's complaints become FormatErrors. */
function walkZip(path: string, visit: (entry: yauzl.Entry, index: number, open: () => Promise<Readable>) => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    yauzl.open(path, { lazyEntries: true, autoClose: false }, (openError, zip) => {
      if (openError !== null) return reject(zipError(openError));
      const finish = (error?: unknown) => {
        zip.removeAllListeners("entry");
        zip.close();
        if (error === undefined) resolve();
        else reject(zipError(error));
      };
      const openMember = (entry: yauzl.Entry) =>
        new Promise<Readable>((opened, failed) =>
          zip.openReadStream(entry, (error, stream) => (error === null ? opened(stream) : failed(error))),
        );
      let index = 0;
      zip.on("error", finish);
      zip.on("end", () => finish());
      zip.on("entry", (entry: yauzl.Entry) => {
        visit(entry, index, () => openMember(entry)).then(() => {
          index += 1;
          zip.readEntry();
        }, finish);
      });
      zip.readEntry();
    });
  });
}

async function writeMember(stream: Readable, outPath: string): Promise<{ sha256: string; sizeBytes: number }> {
  const sink = new FileSink(outPath);
  const hash = createHash("sha256");
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      hash.update(chunk);
      sink.write(chunk);
    }
    return { sha256: hash.digest("hex"), sizeBytes: sink.sizeBytes };
  } finally {
    sink.close();
  }
}

function zipError(error: unknown): FormatError {
  if (error instanceof FormatError) return error;
  return new FormatError("zip", null, error instanceof Error ? error.message : String(error));
}
