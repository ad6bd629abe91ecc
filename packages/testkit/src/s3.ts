/**
 * A server of S3's protocol for tests, with an empty bucket "crashes": s3rver, in this process, or the one that SALVAGE_S3_ENDPOINT names
 * (`http://127.0.0.1:9000`, credentials in AWS_…), which may be any other program.
 */
import crypto from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
// @ts-expect-error it has no types
import S3rver from "s3rver";

export type TestS3 = {
  /** BLOB_URL of a store under a prefix. */
  url(prefix: string): string;
  endpoint: string;
  /** What processes that use it need in their environment. */
  env: Record<string, string>;
  /** It cannot list uploads that are under way. */
  limited: boolean;
  stop(): Promise<void>;
};

export async function startTestS3(): Promise<TestS3> {
  const named = process.env.SALVAGE_S3_ENDPOINT ?? "";
  const url = (endpoint: string) => (prefix: string) => `s3://crashes/${prefix}?endpoint=${encodeURIComponent(endpoint)}`;
  if (named !== "") return { url: url(named), endpoint: named, env: {}, limited: false, stop: async () => undefined };
  giveDes();
  const directory = await mkdtemp(join(tmpdir(), "salvage-s3-"));
  const options = { address: "127.0.0.1", port: 0, silent: true, directory, configureBuckets: [{ name: "crashes", configs: [] }] };
  const server = new S3rver(options) as { run(): Promise<{ port: number }>; close(): Promise<void> };
  const endpoint = `http://127.0.0.1:${(await server.run()).port}`;
  // The credentials that it knows.
  const env = { AWS_ACCESS_KEY_ID: "S3RVER", AWS_SECRET_ACCESS_KEY: "S3RVER" };
  Object.assign(process.env, env);
  return {
    url: url(endpoint),
    endpoint,
    env,
    limited: true,
    async stop() {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/**
 * s3rver makes what leads to the second page of a list with DES, which today's OpenSSL has as triple DES only: thrice with the same key it is
 * the same. Modules that import by name, as ours do, do not see it.
 */
function giveDes(): void {
  const threefold = (algorithm: string, key: unknown) =>
    algorithm === "des" && Buffer.isBuffer(key) ? (["des-ede3-cbc", Buffer.concat([key, key, key])] as const) : ([algorithm, key] as const);
  for (const name of ["createCipheriv", "createDecipheriv"] as const) {
    const make = crypto[name] as (algorithm: string, key: unknown, ...rest: unknown[]) => unknown;
    const made = (algorithm: string, key: unknown, ...rest: unknown[]) => make(...threefold(algorithm, key), ...rest);
    Object.assign(crypto, { [name]: made });
  }
}
