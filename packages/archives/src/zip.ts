/** Members of a zip, in the order of its directory. Names are labels here, never paths; one that points outside the archive is told by unpack.ts. */
import type { Readable } from "node:stream";
import { FormatError } from "@salvage/core";
import yauzl from "yauzl";
import { type Member, maxArchiveMembers } from "./member.ts";

export async function* walkZip(path: string): AsyncGenerator<Member, void, void> {
  const zip = await open(path);
  try {
    // Folders are entries, too. Far more than may be taken need not be begun with.
    if (zip.entryCount > 2 * maxArchiveMembers) throw new FormatError("zip", null, `more than ${maxArchiveMembers} members`);
    for (let entry = await next(zip); entry !== null; entry = await next(zip)) {
      const { uncompressedSize, compressedSize } = entry;
      // The reader hands out raw bytes, since it would refuse the whole archive for one bad name.
      const name = nameOf(entry);
      if (name.endsWith("/")) continue;
      const current = entry;
      yield { name, sizeBytes: uncompressedSize, packedBytes: compressedSize, content: () => contentOf(zip, current) };
    }
  } finally {
    zip.close();
  }
}

const utf8Flag = 0x800;

function nameOf(entry: yauzl.Entry): string {
  const raw = entry.fileName as string | Buffer;
  if (typeof raw === "string") return raw;
  return raw.toString((entry.generalPurposeBitFlag & utf8Flag) !== 0 ? "utf8" : "latin1");
}

function open(path: string): Promise<yauzl.ZipFile> {
  return new Promise((resolve, reject) => {
    yauzl.open(path, { lazyEntries: true, autoClose: false, decodeStrings: false }, (error, zip) =>
      error === null ? resolve(zip) : reject(zipError(error)),
    );
  });
}

function next(zip: yauzl.ZipFile): Promise<yauzl.Entry | null> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      zip.removeListener("entry", onEntry);
      zip.removeListener("end", onEnd);
      zip.removeListener("error", onError);
    };
    const onEntry = (entry: yauzl.Entry) => {
      stop();
      resolve(entry);
    };
    const onEnd = () => {
      stop();
      resolve(null);
    };
    const onError = (error: unknown) => {
      stop();
      reject(zipError(error));
    };
    zip.on("entry", onEntry);
    zip.on("end", onEnd);
    zip.on("error", onError);
    zip.readEntry();
  });
}

async function* contentOf(zip: yauzl.ZipFile, entry: yauzl.Entry): AsyncGenerator<Uint8Array> {
  try {
    const stream = await new Promise<Readable>((resolve, reject) => {
      zip.openReadStream(entry, (error, opened) => (error === null ? resolve(opened) : reject(error)));
    });
    yield* stream as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw zipError(error, entry.relativeOffsetOfLocalHeader);
  }
}

/** The reader's complaints are verdicts on the file; what the operating system refuses is not. */
function zipError(error: unknown, offset: number | null = null): unknown {
  if (!(error instanceof Error) || error instanceof FormatError || "syscall" in error) return error;
  return new FormatError("zip", offset, error.message);
}
