/** Debug files in an organization's store as an import leaves them: source, lookup file, row. The worker itself is another app. */
import { createHash, randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BlobStore, blobKeys } from "@salvage/blobs";
import { createPorts } from "@salvage/codecs";
import { FileSink } from "@salvage/codecs/files";
import { BufferSource, buildSymcache, identifyObject } from "@salvage/core";
import type { PublishedDebugFile, SystemDb } from "@salvage/db/system";

/** A file of fixtures/. */
export const fixture = (path: string) => readFileSync(fileURLToPath(new URL(`../../../fixtures/${path}`, import.meta.url)));

export type Store = { blobs: BlobStore; db: SystemDb; organizationId: string };

/** @param change of the row: `symcache: null` for a file whose lookup file is being made */
export async function publishFile(store: Store, path: string, bytes: Uint8Array, change: Partial<PublishedDebugFile> = {}) {
  const { blobs, db, organizationId } = store;
  const facts = identifyObject(new BufferSource(bytes));
  const [id, uploadId] = [randomUUID(), randomUUID()];
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const sourceBlobKey = blobKeys.upload(organizationId, uploadId);
  await blobs.put(sourceBlobKey, [bytes]);
  const fileName = basename(path);
  await db.uploads.insertReceived({
    id: uploadId,
    organizationId,
    projectId: null,
    actor: "token ci",
    fileName,
    blobKey: sourceBlobKey,
    sizeBytes: bytes.length,
    sha256,
  });
  const { features, ...symcache } = await convert(store, id, bytes);
  const file: PublishedDebugFile = {
    id,
    organizationId,
    uploadId,
    name: (facts.kind === "pe" ? null : facts.name) ?? fileName,
    codeFile: facts.codeFile ?? fileName,
    kind: facts.kind,
    debugId: facts.debugId,
    codeId: facts.codeId,
    cpu: facts.cpu,
    os: facts.os,
    features,
    sizeBytes: bytes.length,
    sha256,
    sourceBlobKey,
    hasNames: features.includes("lines"),
    hasUnwind: features.includes("unwind"),
    symcache,
    ...change,
  };
  const outcome = await db.debugFiles.publish(file);
  if (outcome.outcome !== "published") throw new Error(`${path}: ${outcome.outcome}`);
  return file;
}

async function convert({ blobs, organizationId }: Store, id: string, bytes: Uint8Array) {
  const folder = mkdtempSync(join(tmpdir(), "salvage-convert-"));
  const ports = createPorts({ scratchDir: folder, memoryBytes: 64 << 20 });
  try {
    const path = join(folder, "symcache");
    const sink = new FileSink(path);
    const { formatVersion, bytesWritten, features } = buildSymcache(new BufferSource(bytes), sink, { ports });
    sink.close();
    const blobKey = blobKeys.symcache(organizationId, id, formatVersion);
    await blobs.put(blobKey, [readFileSync(path)]);
    return { blobKey, formatVersion, sizeBytes: bytesWritten, features };
  } finally {
    ports.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
