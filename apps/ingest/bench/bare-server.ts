/**
 * What ingest is measured against: takes a body and writes it as durably as a blob is written (temporary file, flushed, renamed, folder
 * flushed), and does nothing else. Prints its port. usage: node bench/bare-server.ts <folder>
 */
import { randomUUID } from "node:crypto";
import { mkdir, open, rename } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

const folder = process.argv[2] ?? "";
await mkdir(join(folder, "tmp"), { recursive: true });
await mkdir(join(folder, "kept"), { recursive: true });

const server = createServer(async (request, response) => {
  const id = randomUUID();
  const file = await open(join(folder, "tmp", id), "wx");
  for await (const piece of request) await file.writev([piece]);
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
