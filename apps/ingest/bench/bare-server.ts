/**
 * What ingest is measured against: takes a body and writes it as durably as a blob is written (temporary file, flushed, renamed, folder
 * flushed), and does nothing else; with `sealed` it writes the bytes that ingest writes: hashed and sealed, by ingest's own store. Prints its port.
 * usage: node bench/bare-server.ts <folder> [sealed]
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, rename } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { blobKeys, createBlobStore, createDataKey, sealStream } from "@salvage/blobs";

const folder = process.argv[2] ?? "";
await mkdir(join(folder, "tmp"), { recursive: true });
await mkdir(join(folder, "kept"), { recursive: true });

const store = createBlobStore(folder);
const organizationId = randomUUID();

async function* hashed(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const digest = createHash("sha256");
  for await (const piece of bytes) {
    digest.update(piece);
    yield piece;
  }
  digest.digest("hex");
}

async function writeSealed(body: AsyncIterable<Buffer>, id: string): Promise<void> {
  const context = { organizationId, projectId: "1", crashId: id, part: "dump" };
  await store.put(blobKeys.dump(organizationId, id), sealStream(hashed(body), createDataKey(), context));
}

async function writePlain(body: AsyncIterable<Buffer>, id: string): Promise<void> {
  const file = await open(join(folder, "tmp", id), "wx");
  for await (const piece of body) await file.writev([piece]);
  await file.datasync();
  await file.close();
  await rename(join(folder, "tmp", id), join(folder, "kept", id));
  const directory = await open(join(folder, "kept"), "r");
  await directory.sync();
  await directory.close();
}

const write = process.argv[3] === "sealed" ? writeSealed : writePlain;
const server = createServer(async (request, response) => {
  const id = randomUUID();
  await write(request, id);
  response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": id.length });
  response.end(id);
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
