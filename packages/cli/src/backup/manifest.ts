/**
 * What a backup is: a folder that says of itself what it must hold.
 *
 *   manifest.json               written last; a folder without it is no backup. `<folder>.partial` is one that was begun and not ended
 *   database/<table>.copy.gz    rows, as PostgreSQL's COPY writes them, all of one moment
 *   blobs.tsv.gz                a line per blob that those rows name: SHA-256, size, key
 *   blobs/<key>                 the blobs, as they lie in the store: dumps and attachments sealed
 *   secrets.json                only when asked for (--with-keys)
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Readable, Transform } from "node:stream";
import { createGunzip } from "node:zlib";
import { z } from "zod";
import { CliError } from "../cli-error.ts";

export const backupFormat = 1;
export const manifestName = "manifest.json";
export const blobListName = "blobs.tsv.gz";
export const secretsName = "secrets.json";
export const tablePath = (table: string) => `database/${table}.copy.gz`;

/** A file of the backup by its path in the folder. */
const part = z.object({ path: z.string(), bytes: z.number(), sha256: z.string() });
export type Part = z.infer<typeof part>;

const manifest = z.object({
  format: z.literal(backupFormat),
  /** Version of Salvage that made it. */
  salvage: z.string(),
  /** The moment whose rows it holds. */
  takenAt: z.string(),
  finishedAt: z.string(),
  database: z.object({
    server: z.string(),
    migrations: z.array(z.object({ name: z.string(), checksum: z.string() })),
    tables: z.array(z.object({ name: z.string(), columns: z.array(z.string()), rows: z.number() })),
    sequences: z.array(z.object({ name: z.string(), value: z.string() })),
    keyIds: z.array(z.string()),
    blobs: z.number(),
  }),
  blobs: z.object({
    count: z.number(),
    bytes: z.number(),
    /** Keys that rows name and whose blob the store had lost before the backup. */
    lost: z.array(z.string()),
  }),
  withKeys: z.boolean(),
  parts: z.array(part),
});
export type Manifest = z.infer<typeof manifest>;

/** Reads a backup's manifest and looks that each of its parts is there, whole. @throws CliError when it is no backup, or only half of one */
export async function openBackup(folder: string): Promise<Manifest> {
  const text = await readFile(join(folder, manifestName), "utf8").catch(() => null);
  if (text === null)
    throw new CliError(
      folder.endsWith(".partial")
        ? `${folder} is a backup that was begun and not ended: run the same backup again, it goes on where it stopped.`
        : `${folder} is no backup: there is no ${manifestName} in it.`,
    );
  const parsed = manifest.safeParse(parse(text));
  if (!parsed.success) throw new CliError(`${join(folder, manifestName)} is damaged, or of a newer version of Salvage.`);
  for (const { path, bytes, sha256 } of parsed.data.parts) {
    const size = await stat(join(folder, path)).then(
      (info) => info.size,
      () => null,
    );
    if (size === null) throw new CliError(`the backup is damaged: ${path} is missing.`);
    if (size !== bytes || (await hashFile(join(folder, path))) !== sha256)
      throw new CliError(`the backup is damaged: ${path} is not what the manifest says.`);
  }
  return parsed.data;
}

export type ListedBlob = { sha256: string; size: number; key: string };

/** The bytes of a compressed part. */
export function unpacked(path: string): Readable {
  const file = createReadStream(path);
  const bytes = createGunzip();
  file.on("error", (error) => bytes.destroy(error));
  return file.pipe(bytes);
}

/** The blobs of a backup, in no order. */
export async function* listedBlobs(folder: string): AsyncGenerator<ListedBlob> {
  const lines = createInterface({ input: unpacked(join(folder, blobListName)) });
  for await (const line of lines) {
    const [sha256, size, key] = line.split("\t");
    if (sha256 !== undefined && key !== undefined) yield { sha256, size: Number(size), key };
  }
}

/** Passes bytes on and knows their number and hash in the end. */
export function measuring(): { stream: Transform; result(): { bytes: number; sha256: string } } {
  const hash = createHash("sha256");
  let bytes = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  return { stream, result: () => ({ bytes, sha256: hash.digest("hex") }) };
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
