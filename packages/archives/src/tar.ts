/** Members of a tar, packed with gzip or not: read from front to back. */
import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { FormatError } from "@salvage/core";
import tar from "tar-stream";
import type { Member } from "./member.ts";

export const walkTar = (path: string) => walk(path, "tar");
export const walkTarGz = (path: string) => walk(path, "tar.gz");

async function* walk(path: string, kind: "tar" | "tar.gz"): AsyncGenerator<Member, void, void> {
  const extract = tar.extract();
  const file = createReadStream(path);
  const unpacked = kind === "tar.gz" ? file.pipe(createGunzip()) : file;
  for (const stream of new Set<Readable>([file, unpacked])) stream.on("error", (error) => extract.destroy(error));
  unpacked.pipe(extract);
  try {
    for await (const entry of extract) {
      const { name, size, type } = entry.header;
      let asked = false;
      if (type === "file" || type === "contiguous-file") {
        const content = () => {
          asked = true;
          return entry as AsyncIterable<Uint8Array>;
        };
        yield { name, sizeBytes: size ?? null, packedBytes: null, content };
      }
      if (!asked) entry.resume();
    }
  } catch (error) {
    // The reader's and zlib's complaints are verdicts on the file; what the operating system refuses is not.
    if (!(error instanceof Error) || error instanceof FormatError || "syscall" in error) throw error;
    throw new FormatError(kind, null, error.message);
  } finally {
    file.destroy();
    extract.destroy();
  }
}
