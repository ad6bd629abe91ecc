/**
 * An attachment whose crash is not known yet: in App Center's logs the bytes come before or after the words that say what they are.
 * Sealed on disk meanwhile, in no row; dropped at the end of the request. What a killed process leaves, the collection of orphans takes.
 */
import { randomUUID } from "node:crypto";
import { type BlobStore, blobKeys, createDataKey, sealStream, unsealStream } from "@salvage/blobs";
import type { FoundClientKey } from "@salvage/db/system";
import { peek } from "../../http/body.ts";
import { diskFull, isNoSpace } from "../disk.ts";
import { sniff, sniffBytes } from "../dump-bytes.ts";

export type Held = {
  blobKey: string;
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
  const context = { organizationId, projectId, crashId: id, part: "held" };
  const { head, all } = await peek(data, sniffBytes);
  try {
    await blobs.put(blobKey, sealStream(all, dataKey, context));
  } catch (error) {
    throw isNoSpace(error) ? diskFull([]) : error;
  }
  return {
    blobKey,
    looksLikeDump: sniff(head) !== null,
    async *bytes() {
      const blob = await blobs.open(blobKey);
      try {
        for await (const piece of unsealStream(blob, dataKey, context)) yield Buffer.from(piece.buffer, piece.byteOffset, piece.length);
      } finally {
        await blob.close();
      }
    },
  };
}
