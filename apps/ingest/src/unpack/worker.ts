/**
 * The thread that unpacks one xz or bzip2 stream (index.ts starts it). It asks for each packed piece (`"want"`, answered with the bytes
 * or null at the end) and waits after each plain piece until it was taken (`"go"`), so that neither side runs ahead. Both may be open at
 * once: a decoder reads on while its last piece is being taken.
 */
import { parentPort, workerData } from "node:worker_threads";
import xz from "xz-decompress";
import { bunzip2 } from "./bzip2.ts";

export type FromWorker = "want" | "end" | { piece: Uint8Array<ArrayBuffer> } | { error: string };
export type ToWorker = "go" | Uint8Array | null;

const port = parentPort;
if (port === null) throw new Error("worker.ts runs as a worker thread");
const tell = (message: FromWorker) => port.postMessage(message);
let taken = Promise.withResolvers<void>();
let packedPiece = Promise.withResolvers<Uint8Array | null>();
port.on("message", (message: ToWorker) => {
  if (message === "go") taken.resolve();
  else packedPiece.resolve(message);
});

async function* packed(): AsyncGenerator<Uint8Array> {
  for (;;) {
    packedPiece = Promise.withResolvers();
    tell("want");
    const piece = await packedPiece.promise;
    if (piece === null) return;
    yield piece;
  }
}

const plain = workerData === "xz" ? new xz.XzReadableStream(ReadableStream.from(packed())) : bunzip2(packed());
try {
  for await (const piece of plain) {
    taken = Promise.withResolvers();
    tell({ piece: new Uint8Array(piece) });
    await taken.promise;
  }
  tell("end");
} catch (error) {
  tell({ error: error instanceof Error ? error.message : String(error) });
}
port.close();
