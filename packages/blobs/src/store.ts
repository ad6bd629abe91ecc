/**
 * The port that every kind of blob storage fills. A blob is written once, whole, under a key of keys.ts and is never changed;
 * what the bytes mean is not the store's business.
 */

/** A blob opened for reading by ranges. Close it. */
export type RandomAccessBlob = {
  /** Bytes in the blob. */
  readonly size: number;
  /** @returns exactly `length` bytes at `offset`. @throws RangeError when the range does not lie inside the blob */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
};

/** A file that stays until it is released. */
export type LocalFile = { readonly path: string; release(): Promise<void> };

export type BlobInfo = { key: string; size: number; modifiedAt: Date };

export type BlobStore = {
  /**
   * Stores a blob. When the promise resolves, the blob survives a power cut; when it rejects, or the source throws, nothing is left.
   * An existing blob of that key is replaced as a whole.
   */
  put(key: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<{ size: number }>;
  /** @throws BlobNotFound */
  open(key: string): Promise<RandomAccessBlob>;
  /** The blob from start to end. @throws BlobNotFound at the first pull */
  createReadStream(key: string): AsyncIterable<Uint8Array>;
  /** Deletes; an absent blob is no error (deleting is repeatable). @returns false when nothing was deleted, as far as the store can tell */
  delete(key: string): Promise<boolean>;
  exists(key: string): Promise<boolean>;
  /** Every blob whose key starts with the prefix, in no order: a folder of a million is read by the piece. Blobs that vanish meanwhile are left out. */
  list(prefix: string): AsyncIterable<BlobInfo>;
  /** The blob as a file on this machine, for child processes that read it themselves. May be a copy: release it. @throws BlobNotFound for an absent one, here or when it is read */
  localFile(key: string): Promise<LocalFile>;
  /** Bytes that can still be stored; null when the store has no known end. */
  freeBytes(): Promise<number | null>;
  /** Removes what interrupted writes of processes that died have left. @returns how many files */
  removeStaleTemporaryFiles(olderThanMs: number): Promise<number>;
};

export class BlobNotFound extends Error {
  override name = "BlobNotFound";
  readonly key: string;
  constructor(key: string) {
    super(`no blob ${key}`);
    this.key = key;
  }
}
