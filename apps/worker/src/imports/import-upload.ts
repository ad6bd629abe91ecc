/**
 * An uploaded file on its way to debug files that crashes can use: unpack a zip, identify each file, convert it in a child,
 * store the lookup file, publish. Repeatable: ids are made from the upload and the file's place in it, so a second run
 * recognises what the first one published.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type BlobStore, blobKeys } from "@salvage/blobs";
import type { UploadVerdict } from "@salvage/contracts";
import { FormatError } from "@salvage/core";
import { baseName } from "@salvage/core/own-modules";
import type { StoredUpload, SystemDebugFiles } from "@salvage/db/system";
import { type Logger, metrics } from "@salvage/telemetry";
import { ChildDied, type CorePool, TaskBroken } from "../core-pool/pool.ts";
import type { ArchiveMember, ConvertOutput } from "../core-pool/tasks.ts";

export type ImportPorts = {
  blobs: BlobStore;
  debugFiles: SystemDebugFiles;
  pool: Pick<CorePool, "run">;
  logger: Logger;
  /** Folder for unpacked members and lookup files being built. */
  temporaryDir: string;
  /** Of one file inside a zip. */
  maxDebugFileBytes: number;
};

export type ImportedUpload = { verdicts: UploadVerdict[]; publishedFileKeys: string[]; reason: string | null };

/** One file to import: the upload itself, or a member of a zip that was unpacked to `path`. */
type Candidate = { place: number; name: string; path: string; sizeBytes: number; sha256: string; blobKey: string | null };

/** Members unpacked at a time: bounds the disk that an archive takes. */
const maxMembersAtOnce = 16;
const maxBytesAtOnce = 512 * 1024 * 1024;

/**
 * @param alive called between files
 * @throws SystemRefused and PoolClosed: try again later. Bad input never throws, it is a verdict
 */
export async function importUploadedFile(ports: ImportPorts, upload: StoredUpload, alive: () => void): Promise<ImportedUpload> {
  const path = ports.blobs.localPath(upload.blobKey);
  if (path === null) throw new Error("the blob store has no local files for child processes to read");
  if (!(await ports.blobs.exists(upload.blobKey))) return unreadable(upload, "the uploaded file is no longer stored", null);
  const folder = join(ports.temporaryDir, upload.id);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    const members = await ports.pool.run("listArchive", { path });
    const result: ImportedUpload = { verdicts: [], publishedFileKeys: [], reason: null };
    const importOne = async (candidate: Candidate) => {
      const { verdict, fileKey } = await importCandidate(ports, upload, candidate, folder);
      metrics.imports.inc({ verdict: verdict.state });
      result.verdicts.push(verdict);
      if (fileKey !== null) result.publishedFileKeys.push(fileKey);
      alive();
    };
    if (members === null) {
      const { fileName, sizeBytes, sha256, blobKey } = upload;
      await importOne({ place: 0, name: fileName, path, sizeBytes, sha256, blobKey });
    } else {
      for (const group of groups(ports, members, result)) {
        const outPaths = group.map((member) => ({ index: member.index, outPath: join(folder, String(member.index)) }));
        const unpacked = await ports.pool.run("extract", { path, members: outPaths });
        alive();
        for (const [at, member] of group.entries()) {
          const outPath = join(folder, String(member.index));
          await importOne({ place: member.index + 1, name: member.name, path: outPath, blobKey: null, ...(unpacked[at] ?? emptyMember) });
          await rm(outPath, { force: true });
        }
      }
      if (members.length === 0) result.reason = "the zip archive is empty";
    }
    return result;
  } catch (error) {
    const reason = verdictReason(error);
    if (reason === null) throw error;
    // The archive as a whole cannot be read; what was published from it before stays.
    return unreadable(upload, reason.text, reason.offset);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function unreadable(upload: StoredUpload, reason: string, offset: number | null): ImportedUpload {
  return { verdicts: [rejected(upload.fileName, reason, offset)], publishedFileKeys: [], reason };
}

const emptyMember = { sizeBytes: 0, sha256: createHash("sha256").digest("hex") };

/** Groups of members that fit on disk together; oversized ones are rejected here, clutter is passed over. */
function* groups(ports: ImportPorts, members: readonly ArchiveMember[], result: ImportedUpload): Generator<ArchiveMember[]> {
  let group: ArchiveMember[] = [];
  let bytes = 0;
  for (const member of members) {
    if (isClutter(member.name) || member.sizeBytes === 0) continue;
    if (member.sizeBytes > ports.maxDebugFileBytes) {
      result.verdicts.push(rejected(member.name, `larger than the ${ports.maxDebugFileBytes} bytes that a debug file may have`, null));
      continue;
    }
    if (group.length > 0 && (group.length >= maxMembersAtOnce || bytes + member.sizeBytes > maxBytesAtOnce)) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(member);
    bytes += member.sizeBytes;
  }
  if (group.length > 0) yield group;
}

/** What archivers add on their own. */
function isClutter(name: string): boolean {
  return name.startsWith("__MACOSX/") || baseName(name).startsWith("._") || baseName(name) === ".DS_Store";
}

async function importCandidate(
  ports: ImportPorts,
  upload: StoredUpload,
  candidate: Candidate,
  folder: string,
): Promise<{ verdict: UploadVerdict; fileKey: string | null }> {
  const symcachePath = join(folder, "symcache");
  let file: ConvertOutput;
  try {
    file = await ports.pool.run("convert", { path: candidate.path, outPath: symcachePath });
  } catch (error) {
    const reason = verdictReason(error);
    if (reason === null) throw error;
    return { verdict: rejected(candidate.name, reason.text, reason.offset), fileKey: null };
  }
  const { kind, debugId, codeId, cpu, os, features, symcache } = file;
  const about = { name: candidate.name, kind, debugId, codeId, cpu, features, offset: null };
  if (symcache === null) {
    const reason = file.lacks.join("; ") || "it holds nothing that crashes could use";
    return { verdict: { ...about, state: "rejected", reason, waitingCrashes: 0 }, fileKey: null };
  }
  const id = debugFileId(upload.id, candidate.place);
  const sourceBlobKey = candidate.blobKey ?? blobKeys.debugFile(upload.organizationId, id);
  const symcacheBlobKey = blobKeys.symcache(upload.organizationId, id, symcache.formatVersion);
  if (candidate.blobKey === null) await ports.blobs.put(sourceBlobKey, createReadStream(candidate.path));
  await ports.blobs.put(symcacheBlobKey, createReadStream(symcachePath));
  const outcome = await ports.debugFiles.publish({
    id,
    organizationId: upload.organizationId,
    uploadId: upload.id,
    name: file.name ?? baseName(candidate.name),
    kind,
    debugId,
    codeId,
    cpu,
    os,
    features,
    sizeBytes: candidate.sizeBytes,
    sha256: candidate.sha256,
    sourceBlobKey,
    symcache: { ...symcache, blobKey: symcacheBlobKey },
  });
  const mine = outcome.outcome === "published" || (outcome.outcome === "duplicate" && outcome.debugFileId === id);
  if (!mine) {
    await ports.blobs.delete(symcacheBlobKey);
    if (candidate.blobKey === null) await ports.blobs.delete(sourceBlobKey);
  }
  if (outcome.outcome === "no ids") {
    const reason = "it has neither a debug id nor a code id, so no crash could ever ask for it";
    return { verdict: { ...about, state: "rejected", reason, waitingCrashes: 0 }, fileKey: null };
  }
  const state = mine ? "ready" : "duplicate";
  const reason = mine ? null : "the organization has this file already";
  return { verdict: { ...about, state, reason, waitingCrashes: outcome.waitingCrashes }, fileKey: outcome.fileKey };
}

/** The words for what went wrong with the input, null when it was not the input. */
function verdictReason(error: unknown): { text: string; offset: number | null } | null {
  if (error instanceof FormatError) return { text: `${error.format}: ${error.reason}`, offset: error.offset };
  if (error instanceof ChildDied) return { text: error.message, offset: null };
  if (error instanceof TaskBroken) return { text: `Salvage failed on this file: ${error.message}`, offset: null };
  return null;
}

function rejected(name: string, reason: string, offset: number | null): UploadVerdict {
  return { name, state: "rejected", kind: null, debugId: null, codeId: null, cpu: null, features: [], reason, offset, waitingCrashes: 0 };
}

/** A UUID that is the same in every run. */
function debugFileId(uploadId: string, place: number): string {
  const hash = createHash("sha256").update(`debug file ${place} of upload ${uploadId}`).digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80; // version 8: made by the application
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString("hex", 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
