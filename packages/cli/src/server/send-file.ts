/**
 * The bytes of one file on their way to the server: whole in one request, or, when it is large, in chunks named by their hash. The server
 * says which chunks it lacks, so that an upload that broke off goes on where it was.
 */
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { constants, createGzip, gzip } from "node:zlib";
import { assembleView, chunkOptions, uploadSent } from "@salvage/contracts";
import { CliError, fileProblem } from "../cli-error.ts";
import type { FileToSend } from "./choose-files.ts";
import type { ApiClient } from "./client.ts";
import type { ChunkHashes } from "./hash-file.ts";
import { inParallel } from "./parallel.ts";

/** From here on a broken connection costs more than the questions about chunks. */
export const minChunkedBytes = 32 << 20;
/** More would only fill this machine's memory. */
const maxChunksAtOnce = 4;
/** Debug files shrink to a third at the lowest level, and hardly further at the others. */
const fast = { level: constants.Z_BEST_SPEED };

const gzipped = promisify(gzip);

export type SendOptions = { project: string | null; compress: boolean; onBytes: (bytes: number) => void };

/** How the server wants large files cut, in bytes. */
export async function chunkBytesOf(client: ApiClient): Promise<number> {
  const { chunkSize } = await client.json(await chunkPath(client), chunkOptions);
  return chunkSize;
}

/** @returns id of the upload */
export async function sendWhole(client: ApiClient, file: FileToSend, { project, compress, onBytes }: SendOptions): Promise<string> {
  const query = new URLSearchParams({ name: basename(file.path), ...(project === null ? {} : { project }) });
  const path = await client.ofOrganization(`/debug-files?${query}`);
  const response = await client.send(path, () => {
    const plain = createReadStream(file.path).on("data", (piece) => onBytes(piece.length));
    const body = compress ? plain.pipe(createGzip(fast)) : plain;
    const headers = compress ? { "content-encoding": "gzip" } : { "content-length": String(file.sizeBytes) };
    const init: RequestInit & { duplex: "half" } = {
      method: "POST",
      headers: { "content-type": "application/octet-stream", ...headers },
      body: Readable.toWeb(body) as unknown as ReadableStream,
      duplex: "half",
    };
    return init;
  });
  if (response.status !== 201) throw await client.refusal(response, project === null ? {} : { project });
  const sent = uploadSent.safeParse(await response.json().catch(() => null));
  if (!sent.success) throw new CliError(`${client.url} is no Salvage server: its answer names no upload.`, 3);
  return sent.data.uploadId;
}

/** @returns id of the upload */
export async function sendChunks(
  client: ApiClient,
  file: FileToSend & { sha256: string },
  hashes: ChunkHashes,
  options: SendOptions,
): Promise<string> {
  const { project } = options;
  const path = await client.ofOrganization("/debug-files/assemble");
  const { chunks } = hashes;
  const assemble = () =>
    client.json(path, assembleView, {
      body: { name: basename(file.path), sha256: file.sha256, chunks, ...(project === null ? {} : { project }) },
      names: project === null ? {} : { project },
    });
  let answer = await assemble();
  if (answer.uploadId === null) {
    const missing = new Set(answer.missingChunks);
    // What is there already counts as sent.
    options.onBytes(chunks.reduce((sum, chunk, index) => sum + (missing.has(chunk) ? 0 : lengthOf(index, file, hashes)), 0));
    const handle = await open(file.path).catch((error: unknown) => {
      throw fileProblem(file.path, error);
    });
    try {
      const wanted = chunks.flatMap((chunk, index) => (missing.delete(chunk) ? [{ chunk, index }] : []));
      await inParallel(wanted, maxChunksAtOnce, async ({ chunk, index }) => {
        const bytes = await readAt(handle, index * hashes.chunkBytes, lengthOf(index, file, hashes));
        await sendChunk(client, chunk, bytes, options.compress);
        options.onBytes(bytes.length);
      });
    } finally {
      await handle.close();
    }
    answer = await assemble();
  }
  if (answer.uploadId === null) throw new CliError(`${client.url} still lacks chunks of ${file.path} that it took: run this once more.`);
  return answer.uploadId;
}

async function sendChunk(client: ApiClient, sha1: string, bytes: Buffer, compress: boolean): Promise<void> {
  const boundary = `salvage-${sha1}`;
  const field = compress ? "file_gzip" : "file";
  const body = Buffer.concat([
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="${field}"; filename="${sha1}"\r\nContent-Type: application/octet-stream\r\n\r\n`,
    ),
    compress ? await gzipped(bytes, fast) : bytes,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  const response = await client.send(await chunkPath(client), () => ({
    method: "POST",
    headers: { "content-type": `multipart/form-data; boundary=${boundary}` },
    body,
  }));
  if (!response.ok) throw await client.refusal(response);
  await response.body?.cancel();
}

/** The endpoint of sentry-cli's uploads: chunks come in one way only. */
const chunkPath = async (client: ApiClient) => `/api/0/organizations/${encodeURIComponent(await client.organization())}/chunk-upload/`;

const lengthOf = (index: number, { sizeBytes }: FileToSend, { chunkBytes }: ChunkHashes) =>
  Math.min(chunkBytes, sizeBytes - index * chunkBytes);

async function readAt(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) throw new CliError("the file became shorter while it was read.");
    done += bytesRead;
  }
  return bytes;
}
