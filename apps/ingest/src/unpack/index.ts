/**
 * xz and bzip2, which Node has no decoders for, as streams. Each stream has a thread of its own, since unpacking takes long and the
 * event loop serves everybody; a few at a time, the others wait.
 */
import { on } from "node:events";
import { Worker } from "node:worker_threads";
import type { LimitKnob } from "@salvage/contracts";
import { AppError } from "../http/app-error.ts";
import { metBy, tooLarge } from "../http/body.ts";
import type { FromWorker, ToWorker } from "./worker.ts";

export type PackedKind = "xz" | "bzip2";

/** Each has up to 64 MiB of dictionary, the most that xz's own presets ask for, beside its own 30 MiB. */
const maxThreads = 4;
let running = 0;
const waiting: (() => void)[] = [];

/**
 * @param what begins the sentence of an error: "the minidump is larger than …"
 * @throws AppError 413 beyond `maxBytes`, 400 for damaged data
 */
export async function* unpack(
  source: AsyncIterable<Buffer>,
  kind: PackedKind,
  maxBytes: number,
  what: string,
  knob?: LimitKnob,
): AsyncGenerator<Buffer> {
  await takeThread();
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: kind, resourceLimits: { maxOldGenerationSizeMb: 64 } });
  const tell = (message: ToWorker) => worker.postMessage(message);
  const pieces = source[Symbol.asyncIterator]();
  let bytes = 0;
  try {
    for await (const [message] of on(worker, "message", { close: ["exit"] }) as AsyncIterable<[FromWorker]>) {
      if (message === "end") return;
      if (message === "want") {
        let { done, value } = await pieces.next();
        // The xz decoder takes two empty pieces for the end of the data.
        while (!done && value.length === 0) ({ done, value } = await pieces.next());
        tell(done ? null : new Uint8Array(value));
      } else if ("error" in message) {
        throw new AppError(400, "invalid_compression", "invalid compression container", { causes: [`${kind}: ${message.error}`] });
      } else {
        bytes += message.piece.length;
        if (bytes > maxBytes) throw tooLarge(`${what} is larger than the limit of ${maxBytes} bytes`, metBy({ maxBytes, knob }, bytes));
        yield Buffer.from(message.piece.buffer);
        tell("go");
      }
    }
    throw new AppError(400, "invalid_compression", "invalid compression container", { causes: [`${kind}: the decoder ended early`] });
  } finally {
    giveThread();
    void worker.terminate();
    void pieces.return?.().catch(() => undefined);
  }
}

async function takeThread(): Promise<void> {
  if (running < maxThreads) running++;
  else await new Promise<void>((resolve) => waiting.push(resolve));
}

/** Hands the thread's place on. */
function giveThread(): void {
  const next = waiting.shift();
  if (next === undefined) running--;
  else next();
}
