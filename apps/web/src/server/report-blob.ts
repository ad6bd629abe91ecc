/** Reads a stored report: gzipped JSON in blob storage, written by the worker, one blob per revision. */
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { BlobNotFound, type BlobStore } from "@salvage/blobs";
import type { Report } from "@salvage/contracts";

/** Bounds memory per reader; the worker's own bounds on threads and frames keep reports far below. */
const maxReportBytes = 64 * 1024 * 1024;
const maxStoredBytes = 16 * 1024 * 1024;

const unzip = promisify(gunzip);

/**
 * @param newest tells the key of the newest report. Asked a second time when that blob is gone: an upgrade may have replaced it in between
 * @returns the JSON as it was written. The procedure's output schema checks it and drops what this version does not know
 * @throws BlobNotFound, or when the blob is damaged or too large
 */
export async function readReport(blobs: Pick<BlobStore, "createReadStream">, newest: () => Promise<string>): Promise<Report> {
  const key = await newest();
  const stored = await collect(blobs, key).catch(async (error: unknown) => {
    if (!(error instanceof BlobNotFound)) throw error;
    const again = await newest();
    if (again === key) throw error;
    return collect(blobs, again);
  });
  const bytes = await unzip(stored, { maxOutputLength: maxReportBytes });
  return JSON.parse(bytes.toString("utf8")) as Report;
}

async function collect(blobs: Pick<BlobStore, "createReadStream">, key: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of blobs.createReadStream(key)) {
    size += chunk.length;
    if (size > maxStoredBytes) throw new Error(`report ${key} is larger than ${maxStoredBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
