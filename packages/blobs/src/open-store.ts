/** The store that an installation's settings name: a folder, or a bucket. */
import { withFaults } from "./faulty-store.ts";
import { createFilesystemBlobStore } from "./filesystem.ts";
import { createS3BlobStore, parseS3Url } from "./s3.ts";
import type { BlobStore } from "./store.ts";

export type BlobSettings = {
  /** Folder of the blobs; with a bucket, of copies that child processes read. */
  folder: string;
  /** `s3://…`; null: blobs lie in the folder. */
  url: string | null;
  /** What unused copies of a bucket's blobs may take on this machine. */
  maxCopyBytes?: number;
};

const defaultMaxCopyBytes = 10 * 1024 ** 3;

/** @throws BlobUrlError */
export function openBlobStore({ folder, url, maxCopyBytes = defaultMaxCopyBytes }: BlobSettings): BlobStore {
  const store = url === null ? createFilesystemBlobStore(folder) : createS3BlobStore(parseS3Url(url), { folder, maxBytes: maxCopyBytes });
  const faults = process.env.SALVAGE_FAIL_POINTS ?? "";
  return faults === "" ? store : withFaults(store, faults);
}
