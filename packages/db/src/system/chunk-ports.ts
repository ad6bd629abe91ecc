/** The interface of what comes in pieces: chunks of debug files, and files that several requests bring. Part of ports.ts. */
import type { UploadState } from "@salvage/contracts";

export type StoredChunk = { sha1: string; sizeBytes: number; blobKey: string };

export interface SystemChunks {
  /** Those of the chunks that the organization holds, by SHA-1; they are kept for another day. */
  held(organizationId: string, sha1s: readonly string[]): Promise<Map<string, StoredChunk>>;
  /** Notes a stored chunk. False: the organization has it already, delete the new blob. */
  insert(chunk: StoredChunk & { id: string; organizationId: string }): Promise<boolean>;
  /** Bytes that the organization may still send in chunks; null = no quota. Chunks count until they are gone. */
  roomBytes(organizationId: string): Promise<number | null>;
  /** The file of these chunks is complete: they go after an hour, unless another file asks for them. */
  release(organizationId: string, sha1s: readonly string[]): Promise<void>;
  /** Forgets chunks and transfers whose time is over. @returns blobs to delete now */
  removeExpired(limit: number): Promise<string[]>;
}

/** What an organization has under a file's SHA-1. */
export type NamedFile = {
  uploadId: string;
  state: UploadState;
  reason: string | null;
  sizeBytes: number;
  createdAt: Date;
  /** What became of it; null until it is ready. Of an archive the first file. */
  debugFile: {
    id: string;
    name: string;
    kind: string;
    debugId: string | null;
    codeId: string | null;
    cpu: string | null;
    features: string[];
  } | null;
};

export type TransferState = "open" | "committed" | "aborted";

export type FileTransfer = {
  id: string;
  organizationId: string;
  projectId: string | null;
  actor: string;
  fileName: string;
  symbolType: string;
  state: TransferState;
  /** SHA-1 of each block by the sender's block id. */
  blocks: Readonly<Record<string, string>>;
  /** The whole as a list of chunks; empty until it was put. */
  chunks: readonly string[];
  uploadId: string | null;
  /** Of the upload; null before there is one. */
  uploadState: UploadState | null;
  /** Bytes of the upload; null before there is one. */
  sizeBytes: number | null;
  createdAt: Date;
  expiresAt: Date;
};

export type NewTransfer = Pick<FileTransfer, "id" | "organizationId" | "projectId" | "actor" | "fileName" | "symbolType"> & {
  /** SHA-256 of the secret in the address that the file is put to. */
  secretHash: string;
};

export interface SystemTransfers {
  /** Announces a file; it can be put for a day. */
  insert(transfer: NewTransfer): Promise<FileTransfer>;
  /** The open transfer whose address has this secret; null for every other. */
  bySecret(id: string, secretHash: string): Promise<FileTransfer | null>;
  /** Newest first, of one project (null: of all). */
  list(organizationId: string, projectId: string | null, limit: number): Promise<FileTransfer[]>;
  byId(organizationId: string, id: string): Promise<FileTransfer | null>;
  addBlock(id: string, blockId: string, sha1: string): Promise<void>;
  setChunks(id: string, sha1s: readonly string[]): Promise<void>;
  /** Ends it; `uploadId` when it became an upload. False when it had ended before. */
  end(id: string, state: Exclude<TransferState, "open">, uploadId: string | null): Promise<boolean>;
}
