/**
 * What ingest is measured against: takes a body and writes it as durably as a blob is written (temporary file, flushed, renamed, folder
 * flushed), and does nothing else; with `sealed` it also hashes and seals the bytes, which no crash is kept without. Prints its port.
 * usage: node bench/bare-server.ts <folder> [sealed]
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, open, rename } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createDataKey, sealStream } from "@salvage/blobs";

const folder = process.argv[2] ?? "";
await mkdir(join(folder, "tmp"), { recursive: true });
await mkdir(join(folder, "kept"), { recursive: true });

const sealed = process.argv[3] === "sealed";
async function* hashed(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const digest = createHash("sha256");
  for await (const piece of bytes) {
    digest.update(piece);
    yield piece;
  }
  digest.digest("hex");
}

const server = createServer(async (request, response) => {
  const id = randomUUID();
  const file = await open(join(folder, "tmp", id), "wx");
  const context = { organizationId: id, projectId: "1", crashId: id, part: "dump" };
  const pieces = sealed ? sealStream(hashed(request), createDataKey(), context) : (request as AsyncIterable<Uint8Array>);
  for await (const piece of pieces) await file.writev([piece]);
  await file.datasync();
  await file.close();
  await rename(join(folder, "tmp", id), join(folder, "kept", id));
  const directory = await open(join(folder, "kept"), "r");
  await directory.sync();
  await directory.close();
  response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": id.length });
  response.end(id);
});
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
