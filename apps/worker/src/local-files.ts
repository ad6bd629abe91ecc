/** Files that children read during one piece of work, let go together when it is done. */
import type { BlobStore, LocalFile } from "@salvage/blobs";

export class LocalFiles {
  readonly #blobs: Pick<BlobStore, "localFile">;
  readonly #held = new Map<string, Promise<LocalFile>>();

  constructor(blobs: Pick<BlobStore, "localFile">) {
    this.#blobs = blobs;
  }

  /** @returns the path of a blob's file, which stays until `release`. @throws BlobNotFound, here or in the child */
  async path(key: string): Promise<string> {
    let file = this.#held.get(key);
    if (file === undefined) {
      file = this.#blobs.localFile(key);
      this.#held.set(key, file);
    }
    return (await file).path;
  }

  async release(): Promise<void> {
    for (const file of await Promise.allSettled(this.#held.values())) if (file.status === "fulfilled") await file.value.release();
    this.#held.clear();
  }
}
