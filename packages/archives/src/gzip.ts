/** A single file packed with gzip (.sym.gz): an archive of one member without a name of its own. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { FormatError } from "@salvage/core";
import type { Member } from "./member.ts";

/** unpack.ts names the member after the archive. */
export const unnamed = "";

export async function* walkGzip(path: string): AsyncGenerator<Member, void, void> {
  yield { name: unnamed, sizeBytes: null, packedBytes: (await stat(path)).size, content: () => contentOf(path) };
}

/** The unpacked bytes; also used to look at the first of them. */
export async function* contentOf(path: string): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path);
  const unpacked = file.pipe(createGunzip());
  file.on("error", (error) => unpacked.destroy(error));
  try {
    yield* unpacked as AsyncIterable<Uint8Array>;
  } catch (error) {
    if (!(error instanceof Error) || "syscall" in error) throw error;
    throw new FormatError("gzip", null, error.message);
  } finally {
    file.destroy();
    unpacked.destroy();
  }
}
