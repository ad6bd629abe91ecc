/**
 * Blobs in a bucket of Amazon S3 or of a server that speaks its protocol, for installations of several machines. A blob is one object; an
 * upload that fails half-way makes none. Child processes read files, so `localFile` fetches a copy (local-copies.ts).
 *
 *   s3://<bucket>[/<prefix>]?region=eu-central-1[&endpoint=https://minio.example:9000]
 *
 * With an endpoint of its own the bucket is named in the path, as such servers want it. Credentials come from where the AWS SDK looks:
 * AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or the machine's role.
 */
import { Readable } from "node:stream";
import type { S3Client } from "@aws-sdk/client-s3";
import { assertBlobKey } from "./keys.ts";
import { createLocalCopies, type LocalCopiesOptions } from "./local-copies.ts";
import { type BlobInfo, BlobNotFound, type BlobStore, type RandomAccessBlob } from "./store.ts";

export type S3Location = { bucket: string /** "" or ends with a slash. */; prefix: string; region: string; endpoint: string | null };

/** Parts of one upload, held in memory: an object may have 10,000, so the largest blob is 78 GiB. */
const partBytes = 8 * 1024 * 1024;
const partsAtOnce = 2;

/** BLOB_URL is not what it should be, in one sentence for the operator. */
export class BlobUrlError extends Error {
  override name = "BlobUrlError";
}

/** @throws BlobUrlError */
export function parseS3Url(text: string): S3Location {
  const wanted = "BLOB_URL wants s3://<bucket>[/<prefix>]?region=…[&endpoint=https://…]";
  if (!URL.canParse(text)) throw new BlobUrlError(`${wanted}; this is no URL: ${text}`);
  const url = new URL(text);
  if (url.protocol !== "s3:" || url.hostname === "") throw new BlobUrlError(`${wanted}; it is ${text}`);
  if (url.username !== "" || url.password !== "")
    throw new BlobUrlError(`${wanted}; credentials belong into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`);
  for (const name of url.searchParams.keys())
    if (name !== "region" && name !== "endpoint") throw new BlobUrlError(`${wanted}; "${name}" is not known`);
  const endpoint = url.searchParams.get("endpoint");
  if (endpoint !== null && !/^https?:\/\//.test(endpoint)) throw new BlobUrlError(`${wanted}; the endpoint is ${endpoint}`);
  const path = url.pathname.replace(/^\/+|\/+$/g, "");
  return { bucket: url.hostname, prefix: path === "" ? "" : `${path}/`, region: url.searchParams.get("region") ?? "us-east-1", endpoint };
}

export function createS3BlobStore({ bucket, prefix, region, endpoint }: S3Location, copies: LocalCopiesOptions): BlobStore {
  // Loaded when first used: most installations keep blobs in a folder, and the SDK is large.
  let loaded: Promise<{ sdk: typeof import("@aws-sdk/client-s3"); client: S3Client }> | null = null;
  const load = () => {
    loaded ??= import("@aws-sdk/client-s3").then((sdk) => {
      const client = new sdk.S3Client({
        region,
        ...(endpoint === null ? {} : { endpoint, forcePathStyle: true }),
        // Servers that only speak S3's protocol refuse the SDK's newer checksums.
        requestChecksumCalculation: "WHEN_REQUIRED",
        responseChecksumValidation: "WHEN_REQUIRED",
      });
      return { sdk, client };
    });
    return loaded;
  };
  const objectOf = (key: string) => {
    assertBlobKey(key);
    return { Bucket: bucket, Key: `${prefix}${key}` };
  };
  const found = async <T>(key: string, answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      throw isAbsent(error) ? new BlobNotFound(key) : error;
    }
  };

  async function sizeOf(key: string): Promise<number> {
    const object = objectOf(key);
    const { sdk, client } = await load();
    const head = await found(key, client.send(new sdk.HeadObjectCommand(object)));
    return head.ContentLength ?? 0;
  }

  async function read(key: string, range: string | undefined): Promise<AsyncIterable<Uint8Array>> {
    const object = objectOf(key);
    const { sdk, client } = await load();
    const answer = await found(key, client.send(new sdk.GetObjectCommand({ ...object, ...(range === undefined ? {} : { Range: range }) })));
    return (answer.Body as Readable | undefined) ?? Readable.from([]);
  }

  async function* createReadStream(key: string): AsyncGenerator<Uint8Array> {
    yield* await read(key, undefined);
  }

  const localCopies = createLocalCopies(createReadStream, copies);

  return {
    async put(key, chunks) {
      const object = objectOf(key);
      const { client } = await load();
      const { Upload } = await import("@aws-sdk/lib-storage");
      let size = 0;
      let sourceFailed: { error: unknown } | null = null;
      async function* counted(): AsyncGenerator<Uint8Array> {
        try {
          for await (const chunk of chunks) {
            size += chunk.length;
            yield chunk;
          }
        } catch (error) {
          sourceFailed = { error };
          throw error;
        }
      }
      const params = { ...object, Body: Readable.from(counted()) };
      const upload = new Upload({ client, params, partSize: partBytes, queueSize: partsAtOnce });
      try {
        await upload.done();
      } catch (error) {
        // Its parts are taken back by now, or, where that failed too, by removeStaleTemporaryFiles.
        const failed = sourceFailed as { error: unknown } | null;
        throw failed === null ? error : failed.error;
      }
      return { size };
    },
    async open(key): Promise<RandomAccessBlob> {
      const size = await sizeOf(key);
      return {
        size,
        async read(offset, length) {
          if (!(offset >= 0 && length >= 0 && offset + length <= size)) {
            throw new RangeError(`blob ${key}: ${length} bytes at ${offset} do not lie within ${size}`);
          }
          if (length === 0) return new Uint8Array(0);
          const pieces: Uint8Array[] = [];
          for await (const piece of await read(key, `bytes=${offset}-${offset + length - 1}`)) pieces.push(piece);
          const bytes = Buffer.concat(pieces);
          if (bytes.length !== length) throw new RangeError(`blob ${key}: ends at ${offset + bytes.length} while being read`);
          return bytes;
        },
        close: async () => undefined,
      };
    },
    createReadStream,
    async delete(key) {
      const object = objectOf(key);
      const { sdk, client } = await load();
      // A bucket does not say whether there was one, and a second request is not worth it.
      await client.send(new sdk.DeleteObjectCommand(object));
      await localCopies.forget(key);
      return true;
    },
    async exists(key) {
      return await sizeOf(key).then(
        () => true,
        (error: unknown) => {
          if (error instanceof BlobNotFound) return false;
          throw error;
        },
      );
    },
    async *list(listed): AsyncGenerator<BlobInfo> {
      const folder = listed.slice(0, listed.lastIndexOf("/") + 1);
      if (folder !== "") assertBlobKey(folder.slice(0, -1));
      const { sdk, client } = await load();
      for await (const page of sdk.paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: `${prefix}${listed}` })) {
        for (const { Key, Size, LastModified } of page.Contents ?? []) {
          if (Key !== undefined) yield { key: Key.slice(prefix.length), size: Size ?? 0, modifiedAt: LastModified ?? new Date(0) };
        }
      }
    },
    localFile: (key) => {
      assertBlobKey(key);
      return localCopies.take(key);
    },
    freeBytes: async () => null,
    async removeStaleTemporaryFiles(olderThanMs) {
      const { sdk, client } = await load();
      let removed = await localCopies.removeLeftovers();
      const { Uploads } = await client
        .send(new sdk.ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix }))
        .catch((error: unknown) => {
          // Some servers cannot tell; their own rules for old uploads have to do.
          if (error instanceof Error && (error.name === "MethodNotAllowed" || error.name === "NotImplemented")) return { Uploads: [] };
          throw error;
        });
      for (const { Key, UploadId, Initiated } of Uploads ?? []) {
        if (Key === undefined || UploadId === undefined || Date.now() - (Initiated?.getTime() ?? Date.now()) < olderThanMs) continue;
        await client.send(new sdk.AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }));
        removed++;
      }
      return removed;
    },
  };
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && (error.name === "NoSuchKey" || error.name === "NotFound");
}
