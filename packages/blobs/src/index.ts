/** Blob storage, its key scheme, and the sealing of dumps at rest. Knows nothing of what the bytes mean. */
export { createFilesystemBlobStore as createBlobStore } from "./filesystem.ts";
export { withHeldDeletions } from "./held-deletions.ts";
export { createKeyring, type Keyring, KeyringError, wrapContext, wrappedKeyBytes } from "./keyring.ts";
export { assertBlobKey, type BlobKind, blobKeys, blobKinds, InvalidBlobKey, parseBlobKey } from "./keys.ts";
export { giveBack, lend } from "./lent-memory.ts";
export { type BlobSettings, openBlobStore } from "./open-store.ts";
export { BlobUrlError } from "./s3.ts";
export {
  createDataKey,
  SealBroken,
  type SealContext,
  SealedFile,
  sealedChunkBytes,
  sealedSize,
  sealStream,
  unsealedSize,
  unsealStream,
} from "./sealed.ts";
export { type BlobInfo, BlobNotFound, type BlobStore, type LocalFile, type RandomAccessBlob } from "./store.ts";
