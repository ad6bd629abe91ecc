/**
 * An uploaded file on its way to debug files that crashes can use: archives are unpacked (an archive in an archive, too), each file is
 * identified, published, and converted to its lookup file. Small files are published with it; a large one first, since crashes can read the file itself
 * until its lookup file is made. Repeatable: ids are made from the upload and the file's place in it, so a second run recognises what
 * the first one published.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { UnpackedMember, UnpackOptions } from "@salvage/archives";
import { blobKeys } from "@salvage/blobs";
import type { UploadVerdict } from "@salvage/contracts";
import { FormatError } from "@salvage/core";
import { baseName } from "@salvage/core/own-modules";
import type { PublishOutcome, StoredUpload } from "@salvage/db/system";
import { type Logger, metrics } from "@salvage/telemetry";
import { failPoint } from "@salvage/telemetry/fail-points";
import type { Companion, FileFacts, UnpackOutput } from "../core-pool/tasks.ts";
import { type ConvertPorts, convertFile, type StoredConversion, storeSymcache, verdictReason } from "./convert-file.ts";

export type ImportPorts = ConvertPorts & {
  logger: Logger;
  /** Folder for unpacked members and lookup files being built. */
  temporaryDir: string;
  /** Of one file inside an archive. */
  maxDebugFileBytes: number;
};

/** What the caller wants to hear while an import goes on. */
export type ImportProgress = {
  /** Work goes on. */
  alive(): void;
  /** One more file has its verdict. */
  verdict(verdicts: readonly UploadVerdict[]): Promise<void>;
  /** A file can be read by crashes, though its lookup file is still being made. */
  readable(fileKey: string): Promise<void>;
};

export type ImportedUpload = { verdicts: UploadVerdict[]; publishedFileKeys: string[]; reason: string | null };

/** One file to import: the upload itself, or a member of an archive. `place` is its way through the archives: "0", "3/1". */
type Candidate = {
  place: string;
  name: string;
  path: string;
  sizeBytes: number;
  sha256: string;
  /** Of the upload's own blob; a member gets one of its own when it is published. */
  blobKey: string | null;
  companions: readonly Companion[];
};

/** Members unpacked at a time: bounds the disk that an archive takes. Split debug information is found among these. */
const maxMembersAtOnce = 256;
const maxBytesAtOnce = 1024 ** 3;
/** A zip of tar.gz of universal binaries is as deep as build systems go. */
const maxDepth = 3;
/** Converting more than this takes longer than crashes should wait. */
const publishFirstBytes = 128 * 1024 ** 2;

/** @throws SystemRefused and PoolClosed: try again later. Bad input never throws, it is a verdict */
export async function importUploadedFile(ports: ImportPorts, upload: StoredUpload, progress: ImportProgress): Promise<ImportedUpload> {
  if (!(await ports.blobs.exists(upload.blobKey))) {
    const reason = "the uploaded file is no longer stored";
    return { verdicts: [rejected(upload.fileName, reason, null)], publishedFileKeys: [], reason };
  }
  const uploaded = await ports.blobs.localFile(upload.blobKey);
  const folder = join(ports.temporaryDir, upload.id);
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const run = new ImportRun(ports, upload, folder, progress);
    const { fileName, sizeBytes, sha256, blobKey } = upload;
    await run.file({ place: "0", name: fileName, path: uploaded.path, sizeBytes, sha256, blobKey, companions: [] }, 0);
    return run.result;
  } finally {
    await rm(folder, { recursive: true, force: true });
    await uploaded.release();
  }
}

class ImportRun {
  readonly result: ImportedUpload = { verdicts: [], publishedFileKeys: [], reason: null };
  readonly #ports: ImportPorts;
  readonly #upload: StoredUpload;
  readonly #folder: string;
  readonly #progress: ImportProgress;

  constructor(ports: ImportPorts, upload: StoredUpload, folder: string, progress: ImportProgress) {
    this.#ports = ports;
    this.#upload = upload;
    this.#folder = folder;
    this.#progress = progress;
  }

  /** A file that may be an archive. */
  async file(candidate: Candidate, depth: number): Promise<void> {
    try {
      if (await this.#members(candidate, depth)) return;
      await this.#debugFile(candidate);
    } catch (error) {
      const reason = verdictReason(error);
      if (reason === null) throw error;
      // Of an archive that cannot be read on, what was published before stays.
      await this.#verdict(rejected(candidate.name, reason.text, reason.offset));
      this.result.reason ??= reason.text;
    }
  }

  /** Imports what is inside; false when the file is no archive. */
  async #members(archive: Candidate, depth: number): Promise<boolean> {
    const { pool, maxDebugFileBytes } = this.#ports;
    const folder = join(this.#folder, archive.place.replaceAll("/", "-"));
    await mkdir(folder, { recursive: true });
    try {
      let found = 0;
      let from: number | null = 0;
      while (from !== null) {
        const limits: Omit<UnpackOptions, "name" | "folder"> = {
          from,
          maxMembers: maxMembersAtOnce,
          maxBytes: maxBytesAtOnce,
          maxMemberBytes: maxDebugFileBytes,
        };
        const unpacked: UnpackOutput | null = await pool.run("unpack", { path: archive.path, name: archive.name, folder, ...limits });
        if (unpacked === null) return false;
        if (depth === maxDepth) throw new FormatError(unpacked.kind, null, `an archive inside ${maxDepth} others is not unpacked`);
        this.#progress.alive();
        for (const { name, reason } of unpacked.refused) await this.#verdict(rejected(name, reason, null));
        for (const member of unpacked.members) {
          await this.file(asCandidate(archive, member, unpacked.members), depth + 1);
        }
        for (const member of unpacked.members) await rm(member.path, { force: true });
        found += unpacked.members.length + unpacked.refused.length;
        from = unpacked.next;
      }
      if (found === 0) await this.#verdict(rejected(archive.name, "the archive is empty", null));
      return true;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #debugFile(candidate: Candidate): Promise<void> {
    const facts = await this.#ports.pool.run("identify", { path: candidate.path });
    if (facts.kind === "sourcebundle" && facts.convertible) return await this.#keepSources(candidate, facts);
    if (!facts.convertible) {
      const reason = facts.lacks.join("; ") || "it holds nothing that crashes could use";
      return await this.#verdict({ ...aboutFile(candidate, facts), state: "rejected", reason, waitingCrashes: 0 });
    }
    const id = debugFileId(this.#upload.id, candidate.place);
    if (candidate.sizeBytes >= publishFirstBytes) await this.#publishFirst(id, candidate, facts);
    else await this.#convertFirst(id, candidate, facts);
  }

  async #convertFirst(id: string, candidate: Candidate, facts: FileFacts): Promise<void> {
    const { blobs } = this.#ports;
    const { features, ...symcache } = await this.#convert(id, candidate);
    const outcome = await this.#publish(id, candidate, { ...facts, features }, symcache);
    if (!isMine(outcome, id)) await blobs.delete(symcache.blobKey);
    await this.#published(outcome, id, candidate, { ...facts, features });
  }

  async #publishFirst(id: string, candidate: Candidate, facts: FileFacts): Promise<void> {
    const { organizationId } = this.#upload;
    const outcome = await this.#publish(id, candidate, facts, null);
    if (isMine(outcome, id)) {
      for (const key of outcome.keys) if (key.waitingCrashes > 0) await this.#progress.readable(key.fileKey);
      await storeSymcache(this.#ports, organizationId, id, () => this.#convert(id, candidate));
    }
    await this.#published(outcome, id, candidate, facts);
  }

  /** Sources are kept beside the debug files of their build; no crash reads them. */
  async #keepSources(candidate: Candidate, facts: FileFacts): Promise<void> {
    const id = debugFileId(this.#upload.id, candidate.place);
    await this.#published(await this.#publish(id, candidate, facts, null), id, candidate, facts);
  }

  #convert(id: string, { path, name, companions }: Candidate): Promise<StoredConversion> {
    return convertFile(this.#ports, {
      organizationId: this.#upload.organizationId,
      debugFileId: id,
      path,
      name,
      companions,
      folder: this.#folder,
    });
  }

  async #publish(
    id: string,
    candidate: Candidate,
    facts: FileFacts,
    symcache: Omit<StoredConversion, "features"> | null,
  ): Promise<PublishOutcome> {
    const { blobs, debugFiles } = this.#ports;
    const { organizationId, id: uploadId } = this.#upload;
    const sourceBlobKey = candidate.blobKey ?? blobKeys.debugFile(organizationId, id);
    if (candidate.blobKey === null) await blobs.put(sourceBlobKey, createReadStream(candidate.path));
    const { kind, codeId, cpu, os, features } = facts;
    failPoint("import.before-publish");
    const outcome = await debugFiles.publish({
      id,
      organizationId,
      uploadId,
      // A PE file states its PDB's name, not its own.
      name: (kind === "pe" ? null : facts.name) ?? baseName(candidate.name),
      codeFile: facts.codeFile ?? baseName(candidate.name),
      kind,
      debugId: this.#wantedDebugId(candidate, facts),
      statedDebugId: facts.debugId,
      codeId,
      cpu,
      os,
      features,
      sizeBytes: candidate.sizeBytes,
      sha256: candidate.sha256,
      sourceBlobKey,
      // A symbol table alone names functions, but crashes go on waiting for files and lines.
      hasNames: features.includes("lines"),
      hasUnwind: features.includes("unwind"),
      symcache,
    });
    failPoint("import.after-publish");
    if (!isMine(outcome, id) && candidate.blobKey === null) await blobs.delete(sourceBlobKey);
    return outcome;
  }

  /** A sender that looked at the program knows under which age it wants its PDB. */
  #wantedDebugId(candidate: Candidate, { kind, debugId }: FileFacts): string | null {
    const claimed = candidate.blobKey === this.#upload.blobKey ? this.#upload.claimedDebugId : null;
    const otherAge = kind === "pdb" && claimed !== null && debugId !== null && claimed.slice(0, 32) === debugId.slice(0, 32);
    return otherAge ? claimed : debugId;
  }

  async #published(outcome: PublishOutcome, id: string, candidate: Candidate, facts: FileFacts): Promise<void> {
    const about = aboutFile(candidate, facts);
    if (outcome.outcome === "no ids") {
      const reason = "it has neither a debug id nor a code id, so no crash could ever ask for it";
      return await this.#verdict({ ...about, state: "rejected", reason, waitingCrashes: 0 });
    }
    this.result.publishedFileKeys.push(...outcome.keys.map((key) => key.fileKey));
    const mine = isMine(outcome, id);
    const waitingCrashes = outcome.keys.reduce((sum, key) => sum + key.waitingCrashes, 0);
    const reason = mine ? null : "the organization has this file already";
    await this.#verdict({ ...about, state: mine ? "ready" : "duplicate", reason, waitingCrashes });
  }

  async #verdict(verdict: UploadVerdict): Promise<void> {
    metrics.imports.inc({ verdict: verdict.state });
    this.result.verdicts.push(verdict);
    await this.#progress.verdict(this.result.verdicts);
  }
}

function asCandidate(archive: Candidate, member: UnpackedMember, all: readonly UnpackedMember[]): Candidate {
  const { name, path, sizeBytes, sha256 } = member;
  return { place: `${archive.place}/${member.index}`, name, path, sizeBytes, sha256, blobKey: null, companions: all };
}

/** Whether the row that stands is this import's own, made now or by a run of it that was cut off. */
function isMine(outcome: PublishOutcome, id: string): outcome is Exclude<PublishOutcome, { outcome: "no ids" }> {
  return outcome.outcome !== "no ids" && (outcome.outcome === "published" || outcome.debugFileId === id);
}

function aboutFile(
  { name }: Candidate,
  { kind, debugId, codeId, cpu, features, lacks }: FileFacts,
): Omit<UploadVerdict, "state" | "reason" | "waitingCrashes"> {
  return { name, kind, debugId, codeId, cpu, features, lacks, offset: null };
}

function rejected(name: string, reason: string, offset: number | null): UploadVerdict {
  const nothing = { kind: null, debugId: null, codeId: null, cpu: null, features: [], lacks: [] };
  return { name, state: "rejected", ...nothing, reason, offset, waitingCrashes: 0 };
}

/** A UUID that is the same in every run. */
function debugFileId(uploadId: string, place: string): string {
  const hash = createHash("sha256").update(`debug file ${place} of upload ${uploadId}`).digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80; // version 8: made by the application
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString("hex", 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
