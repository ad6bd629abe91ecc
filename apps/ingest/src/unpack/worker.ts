/**
 * The thread that unpacks one xz or bzip2 stream (index.ts starts it). It asks for each packed piece (`"want"`, answered with the bytes
 * or null at the end) and waits after each plain piece until it was taken (`"go"`), so that neither side runs ahead.
 */
import { once } from "node:events";
import { parentPort, workerData } from "node:worker_threads";
import xz from "xz-decompress";
import { bunzip2 } from "./bzip2.ts";

export type FromWorker = "want" | "end" | { piece: Uint8Array<ArrayBuffer> } | { error: string };
export type ToWorker = "go" | Uint8Array | null;

const port = parentPort;
if (port === null) throw new Error("worker.ts runs as a worker thread");

async function ask(message: FromWorker): Promise<ToWorker> {
  port?.postMessage(message);
  const [answer] = await once(port as NonNullable<typeof port>, "message");
  return answer as ToWorker;
}

async function* packed(): AsyncGenerator<Uint8Array> {
  for (let piece = await ask("want"); piece instanceof Uint8Array; piece = await ask("want")) yield piece;
}

const plain = workerData === "xz" ? new xz.XzReadableStream(ReadableStream.from(packed())) : bunzip2(packed());
try {
  for await (const piece of plain) await ask({ piece: new Uint8Array(piece) });
  port.postMessage("end" satisfies FromWorker);
} catch (error) {
  port.postMessage({ error: error instanceof Error ? error.message : String(error) } satisfies FromWorker);
}
