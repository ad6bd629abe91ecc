/**
 * A server of S3's protocol for tests, with an empty bucket "crashes": s3rver, in this process, or the one that SALVAGE_S3_ENDPOINT names
 * (`http://127.0.0.1:9000`, credentials in AWS_…), which may be any other program.
 */
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
