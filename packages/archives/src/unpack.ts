/**
 * Unpacks an archive of debug files, some members at a time, into numbered files of a folder. What it is, is told by its content, never by
 * its name. Everything is bounded: members, bytes of each, bytes in all, and how much larger than the archive they may become, since a few kilobytes can
 * unpack to terabytes.
 */
import { createHash } from "node:crypto";
import { open, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { FormatError } from "@salvage/core";
import { walkCabinet, walkSevenZip } from "./cabinet.ts";
import { contentOf, unnamed, walkGzip } from "./gzip.ts";
import { type Member, maxArchiveMembers, type Walk } from "./member.ts";
import { walkTar, walkTarGz } from "./tar.ts";
import { walkZip } from "./zip.ts";

export const archiveKinds = ["zip", "tar", "tar.gz", "gzip", "cab", "7z"] as const;
export type ArchiveKind = (typeof archiveKinds)[number];

export type UnpackOptions = {
  /** Name of the archive itself; a gzip's member is called so without its ending. */
  name: string;
  /** Exists; members are written to `<folder>/<index>`. */
  folder: string;
  /** The first member wanted, counted over all of them. */
  from: number;
  /** At most so many members and bytes at once, one member at least. */
  maxMembers: number;
  maxBytes: number;
  /** Larger members are passed over and named in `refused`. */
  maxMemberBytes: number;
};

export type UnpackedMember = { index: number; name: string; path: string; sizeBytes: number; sha256: string };
export type RefusedMember = { index: number; name: string; reason: string };
export type Unpacked = {
  kind: ArchiveKind;
  members: UnpackedMember[];
  refused: RefusedMember[];
  /** Where the next call begins; null: that was all. */
  next: number | null;
};

/** Symbols compress 5 to 15 times; a thousand times is an attack. */
const maxRatio = 1_000;
/** Small members compress to almost nothing and harm nobody. */
const ratioFreeBytes = 1024 * 1024;
const maxUnpackedBytes = 256 * 1024 ** 3;

const walks: { readonly [K in ArchiveKind]: Walk } = {
  zip: walkZip,
  tar: walkTar,
  "tar.gz": walkTarGz,
  gzip: walkGzip,
  cab: walkCabinet,
  "7z": walkSevenZip,
};

/**
 * The next members of the archive at `path`; null when it is no archive.
 * @throws FormatError when the archive cannot be read on, or is made to cost time or space
 */
export async function unpack(path: string, options: UnpackOptions): Promise<Unpacked | null> {
  const kind = await archiveKind(path);
  if (kind === null) return null;
  const packedBytes = (await stat(path)).size;
  const result: Unpacked = { kind, members: [], refused: [], next: null };
  let index = -1;
  let taken = 0;
  let seen = 0;
  for await (const member of walks[kind](path)) {
    index++;
    if (index >= maxArchiveMembers) throw new FormatError(kind, null, `more than ${maxArchiveMembers} members`);
    const name = member.name === unnamed ? withoutEnding(options.name) : member.name;
    if (index < options.from || isClutter(name) || member.sizeBytes === 0) {
      seen += member.sizeBytes ?? 0;
      checkTotal(kind, seen, packedBytes);
      continue;
    }
    if (result.members.length > 0 && (result.members.length >= options.maxMembers || taken + (member.sizeBytes ?? 0) > options.maxBytes)) {
      result.next = index;
      break;
    }
    const reason = refusal(name, member, options.maxMemberBytes);
    if (reason !== null) {
      result.refused.push({ index, name, reason });
      continue;
    }
    const limits = { kind, name, packedBytes: member.packedBytes, maxBytes: options.maxMemberBytes, room: totalRoom(packedBytes) - seen };
    const written = await write(await member.content(), join(options.folder, String(index)), limits);
    if (written === null) result.refused.push({ index, name, reason: tooLarge(options.maxMemberBytes) });
    else result.members.push({ index, name, ...written });
    taken += written?.sizeBytes ?? 0;
    seen += written?.sizeBytes ?? options.maxMemberBytes;
  }
  return result;
}

/** What the content says it is; null for everything that is no archive. */
export async function archiveKind(path: string): Promise<ArchiveKind | null> {
  const head = await firstBytes(path, tarMagicAt + 5);
  if (startsWith(head, 0x50, 0x4b, 0x03, 0x04) || startsWith(head, 0x50, 0x4b, 0x05, 0x06)) return "zip";
  if (startsWith(head, 0x4d, 0x53, 0x43, 0x46)) return "cab";
  if (startsWith(head, 0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c)) return "7z";
  if (isTar(head)) return "tar";
  if (!startsWith(head, 0x1f, 0x8b, 0x08)) return null;
  return isTar(await firstUnpacked(path)) ? "tar.gz" : "gzip";
}

const tarMagicAt = 257;

function isTar(head: Uint8Array): boolean {
  return startsWith(head.subarray(tarMagicAt), 0x75, 0x73, 0x74, 0x61, 0x72);
}

function startsWith(bytes: Uint8Array, ...magic: number[]): boolean {
  return magic.every((byte, at) => bytes[at] === byte);
}

async function firstBytes(path: string, length: number): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function firstUnpacked(path: string): Promise<Uint8Array> {
  try {
    for await (const chunk of contentOf(path)) return chunk;
  } catch (error) {
    if (!(error instanceof FormatError)) throw error; // damaged: the gzip's walk says so, with the reason
  }
  return new Uint8Array(0);
}

/** What archivers add on their own. */
function isClutter(name: string): boolean {
  const base = name.slice(name.lastIndexOf("/") + 1);
  return name.startsWith("__MACOSX/") || base.startsWith("._") || base === ".DS_Store";
}

function withoutEnding(name: string): string {
  return name.replace(/\.(gz|gzip)$/i, "");
}

function refusal(name: string, member: Member, maxMemberBytes: number): string | null {
  if (/^([a-zA-Z]:|[/\\])|(^|[/\\])\.\.([/\\]|$)/.test(name)) return "its name points outside the archive";
  return (member.sizeBytes ?? 0) > maxMemberBytes ? tooLarge(maxMemberBytes) : null;
}

function tooLarge(maxBytes: number): string {
  return `larger than the ${maxBytes} bytes that a debug file may have`;
}

function totalRoom(packedBytes: number): number {
  return Math.min(maxUnpackedBytes, Math.max(ratioFreeBytes, packedBytes * maxRatio));
}

function checkTotal(kind: ArchiveKind, seen: number, packedBytes: number): void {
  if (seen > totalRoom(packedBytes)) throw new FormatError(kind, null, `its members unpack to more than ${maxRatio} times its size`);
}

type WriteLimits = { kind: ArchiveKind; name: string; packedBytes: number | null; maxBytes: number; room: number };

/** Null when the content turned out to be larger than it may be; the file is then gone. Throws FormatError for a bomb. */
async function write(
  content: AsyncIterable<Uint8Array>,
  path: string,
  { kind, name, packedBytes, maxBytes, room }: WriteLimits,
): Promise<{ path: string; sizeBytes: number; sha256: string } | null> {
  const maxUnpacked = packedBytes === null ? room : Math.min(room, Math.max(ratioFreeBytes, packedBytes * maxRatio));
  const file = await open(path, "w", 0o600);
  const hash = createHash("sha256");
  let sizeBytes = 0;
  try {
    for await (const chunk of content) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxUnpacked) throw new FormatError(kind, null, `${name} unpacks to more than ${maxRatio} times its size`);
      if (sizeBytes > maxBytes) break;
      hash.update(chunk);
      await file.write(chunk);
    }
  } finally {
    await file.close();
    if (sizeBytes > Math.min(maxUnpacked, maxBytes)) await rm(path, { force: true });
  }
  return sizeBytes > maxBytes ? null : { path, sizeBytes, sha256: hash.digest("hex") };
}
