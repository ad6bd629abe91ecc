/** Making the lookup file of a debug file, for a new upload and for files whose lookup file is of an older format. */
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { type BlobStore, blobKeys } from "@salvage/blobs";
import type { DebugFileFeature } from "@salvage/contracts";
import { FormatError, symcacheVersion } from "@salvage/core";
import type { SystemDebugFiles } from "@salvage/db/system";
import { ChildDied, type CorePool, TaskBroken } from "../core-pool/pool.ts";
import type { Companion } from "../core-pool/tasks.ts";

export type ConvertPorts = { blobs: BlobStore; debugFiles: SystemDebugFiles; pool: Pick<CorePool, "run"> };

export type StoredConversion = { blobKey: string; formatVersion: number; sizeBytes: number; features: DebugFileFeature[] };

/** `folder` exists and holds the lookup file while it is built, and what is unpacked for it. */
export type ConvertInput = {
  organizationId: string;
  debugFileId: string;
  path: string;
  name: string;
  companions: readonly Companion[];
  folder: string;
};

/** Converts a debug file and stores its lookup file. Throws what CorePool.run throws. */
export async function convertFile(ports: ConvertPorts, input: ConvertInput): Promise<StoredConversion> {
  const { organizationId, debugFileId, path, name, companions, folder } = input;
  const outPath = join(folder, "symcache");
  try {
    const converted = await ports.pool.run("convert", { path, name, outPath, scratchDir: folder, companions: [...companions] });
    const blobKey = blobKeys.symcache(organizationId, debugFileId, converted.formatVersion);
    await ports.blobs.put(blobKey, createReadStream(outPath));
    return { ...converted, blobKey };
  } finally {
    await rm(outPath, { force: true });
  }
}

/**
 * Gives a published file its lookup file. A file that cannot have one, by its own fault, goes on being read itself.
 * @returns why it cannot, null when it can
 */
export async function storeSymcache(
  { blobs, debugFiles }: ConvertPorts,
  organizationId: string,
  debugFileId: string,
  convert: () => Promise<StoredConversion>,
): Promise<string | null> {
  let conversion: Omit<StoredConversion, "blobKey" | "features"> & { blobKey: string | null };
  let reason: string | null = null;
  try {
    conversion = await convert();
  } catch (error) {
    reason = verdictReason(error)?.text ?? null;
    if (reason === null) throw error;
    conversion = { blobKey: null, formatVersion: symcacheVersion, sizeBytes: 0 };
  }
  const { blobKey, formatVersion, sizeBytes } = conversion;
  const { stored, replacedBlobKey } = await debugFiles.setSymcache(organizationId, debugFileId, { blobKey, formatVersion, sizeBytes });
  const useless = stored ? replacedBlobKey : blobKey;
  if (useless !== null) await blobs.delete(useless);
  return reason;
}

/** The words for what went wrong with the input, null when it was not the input. */
export function verdictReason(error: unknown): { text: string; offset: number | null } | null {
  if (error instanceof FormatError) return { text: `${error.format}: ${error.reason}`, offset: error.offset };
  if (error instanceof ChildDied) return { text: error.message, offset: null };
  if (error instanceof TaskBroken) return { text: `Salvage failed on this file: ${error.message}`, offset: null };
  return null;
}
