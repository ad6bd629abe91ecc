/** What a hostile or broken client does to the endpoints that take debug files, and the answer that it must get. Nothing of it may be kept. */
import { createHash, randomBytes } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { raw } from "@salvage/testkit/raw-http";
import yazl from "yazl";
import type { Installation } from "../installation.ts";

export type HostileUpload = {
  name: string;
  /** Of status and body. */
  expect: RegExp;
  run(salvage: Installation): Promise<string>;
};

const sha1 = (bytes: Uint8Array) => createHash("sha1").update(bytes).digest("hex");
const zeroes = (bytes: number) => Buffer.alloc(bytes);

async function ask(salvage: Installation, path: string, init: RequestInit): Promise<string> {
  const headers = { Authorization: `Bearer ${salvage.token}`, ...init.headers };
  const answer = await fetch(salvage.publicUrl + path, { method: "POST", ...init, headers });
  return `${answer.status} ${await answer.text()}`;
}

function postChunks(
  salvage: Installation,
  field: "file" | "file_gzip",
  chunks: readonly { name: string; bytes: Uint8Array }[],
): Promise<string> {
  const form = new FormData();
  for (const { name, bytes } of chunks) form.append(field, new Blob([new Uint8Array(bytes)]), name);
  return ask(salvage, `/api/0/organizations/${salvage.orgSlug}/chunk-upload/`, { body: form });
}

function assemble(salvage: Installation, name: string, chunks: readonly string[]): Promise<string> {
  const path = `/api/0/projects/${salvage.orgSlug}/${salvage.projectSlug}/files/difs/assemble/`;
  return ask(salvage, path, { body: JSON.stringify({ [name]: { name: "x.sym", chunks } }) });
}

const upload = (salvage: Installation, body: Uint8Array, headers: Record<string, string> = {}) =>
  ask(salvage, `/api/v1/organizations/${salvage.orgSlug}/debug-files?name=x.sym`, { body: new Uint8Array(body), headers });

/** A zip whose one member has this name. yazl refuses such names, so it is written over another of its length. */
export async function zipNamed(name: string, content: string): Promise<Buffer> {
  const zip = new yazl.ZipFile();
  const standIn = "x".repeat(name.length);
  zip.addBuffer(Buffer.from(content), standIn);
  zip.end();
  const pieces: Buffer[] = [];
  for await (const piece of zip.outputStream) pieces.push(Buffer.from(piece));
  const bytes = Buffer.concat(pieces);
  for (let at = bytes.indexOf(standIn); at >= 0; at = bytes.indexOf(standIn)) bytes.write(name, at);
  return bytes;
}

/** @param bombBytes what the bombs unpack to: more than MAX_DEBUG_FILE_BYTES */
export function hostileUploads(bombBytes: number): HostileUpload[] {
  const absent = "0123456789".repeat(4);
  return [
    {
      name: "a chunk with another's SHA-1",
      expect: /^400 .*a chunk is not what its name says/,
      run: (salvage) => postChunks(salvage, "file", [{ name: absent, bytes: randomBytes(1000) }]),
    },
    {
      name: "a chunk that is a gzip bomb",
      expect: /^413 .*a chunk is larger than the limit of 8388608 bytes/,
      run: (salvage) => postChunks(salvage, "file_gzip", [{ name: absent, bytes: gzipSync(zeroes(bombBytes)) }]),
    },
    {
      name: "a chunk named ../../x",
      expect: /^400 .*a chunk's file name is the SHA-1/,
      run: (salvage) => postChunks(salvage, "file", [{ name: "../../x", bytes: randomBytes(10) }]),
    },
    {
      name: "a thousand chunks in one request",
      expect: /^400 .*more than 64 parts/,
      run: (salvage) => {
        const chunks = Array.from({ length: 1000 }, () => randomBytes(100));
        return postChunks(
          salvage,
          "file",
          chunks.map((bytes) => ({ name: sha1(bytes), bytes })),
        );
      },
    },
    {
      name: "assemble with a chunk that is not there",
      expect: /^200 .*"missingChunks":\["0123456789[0-9]{30}"\].*"state":"not_found"/,
      run: (salvage) => assemble(salvage, absent, [absent]),
    },
    {
      name: "assemble with a chunk that only another organization has",
      expect: /^200 .*"missingChunks":\["[0-9a-f]{40}"\].*"state":"not_found"/,
      async run(salvage) {
        const bytes = randomBytes(100);
        await salvage.query(
          `WITH made AS (INSERT INTO organizations (id, slug, name) VALUES (gen_random_uuid(), 'other-' || $1, 'Other') RETURNING id)
           INSERT INTO upload_chunks (id, organization_id, sha1, size_bytes, blob_key, expires_at)
           SELECT gen_random_uuid(), id, $1, 100, 'org/' || id || '/chunk/' || gen_random_uuid(), now() + interval '1 hour' FROM made`,
          [sha1(bytes)],
        );
        return assemble(salvage, sha1(bytes), [sha1(bytes)]);
      },
    },
    {
      name: "assemble of chunks that make another file",
      expect: /^200 .*the chunks make another file.*"state":"error"/,
      async run(salvage) {
        const bytes = randomBytes(100);
        await postChunks(salvage, "file", [{ name: sha1(bytes), bytes }]);
        return assemble(salvage, absent, [sha1(bytes)]);
      },
    },
    {
      name: "assemble of one chunk a hundred thousand times",
      expect: /^400 /,
      run: (salvage) =>
        assemble(
          salvage,
          absent,
          Array.from({ length: 100_000 }, () => absent),
        ),
    },
    {
      name: "a debug file that is a gzip bomb as body",
      expect: /^413 .*larger than the limit of/,
      run: (salvage) => upload(salvage, gzipSync(zeroes(bombBytes)), { "Content-Encoding": "gzip" }),
    },
    {
      name: "a debug file that is a zstd bomb in a gzip bomb as body",
      expect: /^413 .*larger than the limit of/,
      run: (salvage) => upload(salvage, gzipSync(zstdCompressSync(zeroes(bombBytes))), { "Content-Encoding": "zstd, gzip" }),
    },
    {
      name: "a debug file of a petabyte, by its Content-Length",
      expect: /^413 .*the body is 1125899906842624 bytes/,
      run: (salvage) => announced(salvage, 1125899906842624, Buffer.from("MODULE")),
    },
    {
      name: "Mozilla's zip with a member that points outside",
      expect: /^400 .*"error"/,
      async run(salvage) {
        const form = new FormData();
        form.append("symbols.zip", new Blob([new Uint8Array(await zipNamed("../../etc/evil.sym", "MODULE"))]), "symbols.zip");
        return ask(salvage, "/upload/", { body: form, headers: { "Auth-Token": salvage.token } });
      },
    },
  ];
}

/** A body of which less comes than is said. */
async function announced({ publicUrl, orgSlug, token }: Installation, length: number, sent: Buffer): Promise<string> {
  const head = `POST /api/v1/organizations/${orgSlug}/debug-files?name=x HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ${token}\r\nContent-Length: ${length}\r\n\r\n`;
  const [answer = "", body = ""] = (await raw(Number(new URL(publicUrl).port), [head, sent])).split("\r\n\r\n");
  return `${/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]} ${body}`;
}
