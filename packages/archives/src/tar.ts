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
          return contentOf(entry as AsyncIterable<Uint8Array>, kind);
        };
        yield { name, sizeBytes: size ?? null, packedBytes: null, content };
      }
      if (!asked) entry.resume();
    }
  } catch (error) {
    throw tarError(error, kind);
  } finally {
    file.destroy();
    extract.destroy();
  }
}

async function* contentOf(entry: AsyncIterable<Uint8Array>, kind: string): AsyncGenerator<Uint8Array> {
  try {
    yield* entry;
  } catch (error) {
    throw tarError(error, kind);
  }
}

/** The reader's and zlib's complaints are verdicts on the file; what the operating system refuses is not. */
function tarError(error: unknown, kind: string): unknown {
  if (!(error instanceof Error) || error instanceof FormatError || "syscall" in error) return error;
  return new FormatError(kind, null, error.message);
}
