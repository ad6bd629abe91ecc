/** The bucket store against a real server of the protocol; settings; copies for child processes. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { CreateMultipartUploadCommand, S3Client } from "@aws-sdk/client-s3";
import { startTestS3, type TestS3 } from "@salvage/testkit/s3";
import { createLocalCopies } from "./local-copies.ts";
import { createS3BlobStore, parseS3Url } from "./s3.ts";
import { storeCases } from "./store-cases.ts";

let server: TestS3;
let dir: string;
let stores = 0;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), "salvage-copies-"));
  server = await startTestS3();
});

after(async () => {
  await server?.stop();
  await rm(dir, { recursive: true, force: true });
});

function open(prefix = `store-${stores++}`): ReturnType<typeof createS3BlobStore> {
  return createS3BlobStore(parseS3Url(server.url(prefix)), { folder: join(dir, "copies"), maxBytes: 1_000 });
}

storeCases("a bucket", async (_t: TestContext) => open());

test("two prefixes of one bucket are two stores", async () => {
  const [a, b] = [open("a"), open("ab")];
  await a.put("org/a/dump/c", [Buffer.from("a")]);
  assert.equal(await b.exists("org/a/dump/c"), false);
  assert.deepEqual(await Array.fromAsync(b.list("")), []);
  assert.deepEqual(
    (await Array.fromAsync(a.list(""))).map(({ key }) => key),
    ["org/a/dump/c"],
  );
});

test("a list goes on past the first page, of a thousand names", async () => {
  const store = open();
  const keys = Array.from({ length: 1_005 }, (_, n) => `org/a/dump/${String(n).padStart(4, "0")}`);
  for (let at = 0; at < keys.length; at += 67) await Promise.all(keys.slice(at, at + 67).map((key) => store.put(key, [Buffer.from("a")])));
  assert.deepEqual((await Array.fromAsync(store.list("org/a/"))).map(({ key }) => key).toSorted(), keys);
});

test("a deletion is one request", async (t) => {
  const methods: (string | undefined)[] = [];
  const bucket = createServer((request, response) => {
    methods.push(request.method);
    response.writeHead(204).end();
  }).listen(0, "127.0.0.1");
  await once(bucket, "listening");
  t.after(() => void bucket.close().closeAllConnections());
  const { port } = bucket.address() as AddressInfo;
  const location = { bucket: "b", prefix: "", region: "us-east-1", endpoint: `http://127.0.0.1:${port}` };
  const store = createS3BlobStore(location, { folder: join(dir, "copies"), maxBytes: 1_000 });
  await store.delete("org/a/dump/c");
  assert.deepEqual(methods, ["DELETE"]);
});

test("a blob of several parts comes back whole", async () => {
  const store = open();
  const piece = Buffer.from(Array.from({ length: 1 << 20 }, (_, i) => (i * 31) & 255));
  assert.deepEqual(
    await store.put(
      "org/a/upload/u",
      Array.from({ length: 20 }, () => piece),
    ),
    { size: 20 << 20 },
  );
  const blob = await store.open("org/a/upload/u");
  assert.deepEqual(Buffer.from(await blob.read((19 << 20) - 5, 10)), Buffer.concat([piece.subarray(-5), piece.subarray(0, 5)]));
  assert.equal(await store.freeBytes(), null);
});

test("uploads that nobody finished are taken back once they are old", async (t) => {
  if (server.limited) return t.skip("this server cannot list uploads under way; SALVAGE_S3_ENDPOINT names another");
  const client = new S3Client({ region: "us-east-1", endpoint: server.endpoint, forcePathStyle: true });
  const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket: "crashes", Key: "left/org/a/dump/c" }));
  assert.ok(UploadId);
  assert.equal(await open("left").removeStaleTemporaryFiles(60_000), 0);
  assert.equal(await open("left").removeStaleTemporaryFiles(-60_000), 1);
  assert.equal(await open("left").removeStaleTemporaryFiles(-60_000), 0);
});

test("settings: bucket, prefix, region, endpoint; everything else is refused in one sentence", () => {
  assert.deepEqual(parseS3Url("s3://crashes"), { bucket: "crashes", prefix: "", region: "us-east-1", endpoint: null });
  assert.deepEqual(parseS3Url("s3://crashes/a/b/?region=eu-west-1&endpoint=https://minio:9000"), {
    bucket: "crashes",
    prefix: "a/b/",
    region: "eu-west-1",
    endpoint: "https://minio:9000",
  });
  for (const [url, reason] of [
    ["crashes", /no URL/],
    ["https://crashes", /it is https/],
    ["s3://key:secret@crashes", /credentials belong into/],
    ["s3://crashes?zone=1", /"zone" is not known/],
    ["s3://crashes?endpoint=minio", /the endpoint is minio/],
  ] as const)
    assert.throws(() => parseS3Url(url), reason, url);
});

test("copies: fetched once for all who ask at a time, bounded, the longest unused go first, a dump's goes at once", async () => {
  const folder = join(dir, "bounded");
  const fetched: string[] = [];
  async function* fetch(key: string) {
    fetched.push(key);
    if (key.endsWith("broken")) throw new Error("connection reset");
    yield Buffer.alloc(400, key.at(-1));
  }
  const copies = createLocalCopies(fetch, { folder, maxBytes: 1_000 });
  const files = async () => (await readdir(folder, { recursive: true })).filter((name) => name.includes("/")).length;
  const [first, second] = await Promise.all([copies.take("org/a/symcache/1.2"), copies.take("org/a/symcache/1.2")]);
  assert.equal(first.path, second.path);
  assert.deepEqual(fetched, ["org/a/symcache/1.2"]);
  assert.deepEqual(await readFile(first.path), Buffer.alloc(400, "2"));
  await first.release();
  await first.release();
  const others = await Promise.all(["2.2", "3.2", "4.2"].map((id) => copies.take(`org/a/symcache/${id}`)));
  assert.equal(await files(), 4, "what is held stays, over the limit too");
  for (const other of others) await other.release();
  assert.ok(existsSync(second.path), "still held by the second");
  assert.equal(await files(), 2);
  await second.release();
  const again = await copies.take("org/a/symcache/4.2");
  assert.equal(fetched.length, 4, "the last one used is still there");
  await copies.forget("org/a/symcache/4.2");
  assert.ok(existsSync(again.path));
  await again.release();
  assert.equal(existsSync(again.path), false);
  const dump = await copies.take("org/a/dump/c");
  await dump.release();
  assert.equal(existsSync(dump.path), false);
  const before = await files();
  await assert.rejects(copies.take("org/a/symcache/broken"), /connection reset/);
  await assert.rejects(copies.take("org/a/symcache/broken"), /connection reset/, "tried anew");
  assert.equal(await files(), before);
  await (await copies.take("org/a/symcache/5.2")).release();
  assert.equal(await copies.removeLeftovers(), 0, "this process lives");
  await mkdir(join(folder, `${hostname()}-${process.pid}-another-life`));
  await mkdir(join(folder, `another-host-${process.pid}-its-life`));
  assert.equal(await copies.removeLeftovers(), 1, "an earlier process of this host had the same id, as in a container started again");
  assert.ok(existsSync(join(folder, `another-host-${process.pid}-its-life`)), "nobody here knows whether it lives");
  assert.ok((await files()) > 0);
});
