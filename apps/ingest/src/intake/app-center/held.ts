/**
 * An attachment whose crash is not known yet: in App Center's logs the bytes come before or after the words that say what they are.
 * Sealed on disk meanwhile, in no row, as the one part of an upload that it may become; dropped at the end of the request when it does
 * not. What a killed process leaves, the collection of orphans takes.
 */
import { randomUUID } from "node:crypto";
import { type BlobStore, blobKeys, createDataKey, sealStream } from "@salvage/blobs";
import type { FoundClientKey } from "@salvage/db/system";
import { unsealed } from "../../blobs.ts";
import { peek } from "../../http/pieces.ts";
import { diskFull, isNoSpace } from "../disk.ts";
import { sniff, sniffBytes } from "../dump-bytes.ts";
import { partContext } from "../resumable/parts.ts";

export type Held = {
  /** Of the upload that it may become. */
  id: string;
  blobKey: string;
  dataKey: Uint8Array;
  sizeBytes: number;
  /** Its first bytes are those of a minidump, or of one that is compressed. */
  looksLikeDump: boolean;
  /** The plain bytes, as often as they are wanted. */
  bytes(): AsyncGenerator<Buffer>;
};

/** @throws AppError 503 when the disk is full */
export async function hold(blobs: BlobStore, { organizationId, projectId }: FoundClientKey, data: AsyncIterable<Buffer>): Promise<Held> {
  const id = randomUUID();
  const blobKey = blobKeys.part(organizationId, id, "0");
  const dataKey = createDataKey();
  const context = partContext({ id, organizationId, projectId }, blobKey);
  const { head, all } = await peek(data, sniffBytes);
  let sizeBytes = 0;
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const piece of all) {
      sizeBytes += piece.length;
      yield piece;
    }
  }
  try {
    await blobs.put(blobKey, sealStream(counted(), dataKey, context));
  } catch (error) {
    throw isNoSpace(error) ? diskFull([]) : error;
  }
  return {
    ...{ id, blobKey, dataKey, sizeBytes },
    looksLikeDump: sniff(head) !== null,
    bytes: () => unsealed(blobs, blobKey, dataKey, context),
  };
}
