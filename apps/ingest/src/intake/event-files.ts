/**
 * Event data in files: sentry-native's Crashpad backend writes an event before the crash (`__sentry-event`, a MessagePack map) and keeps
 * breadcrumbs in two files in turn (`__sentry-breadcrumb1`, `…2`, MessagePack maps one after the other), which its handler sends beside the
 * dump. In envelopes they are attachments of the types `event.payload` and `event.breadcrumbs`. A damaged file costs what cannot be read
 * of it, never the crash.
 */
import { createHash } from "node:crypto";
import { collect, drain } from "../http/pieces.ts";
import { limits } from "../limits.ts";
import { timeOf } from "./event.ts";
import { asObject, type Json } from "./json.ts";
import { MessagePackError, readMessagePack } from "./message-pack.ts";

export type EventFileKind = "event" | "breadcrumbs";

const kinds: Readonly<Record<string, EventFileKind>> = {
  "__sentry-event": "event",
  "__sentry-breadcrumb1": "breadcrumbs",
  "__sentry-breadcrumb2": "breadcrumbs",
};

/** @param name of the form's field. @returns null for any other file */
export const eventFileKind = (name: string | null): EventFileKind | null =>
  name !== null && Object.hasOwn(kinds, name) ? (kinds[name] ?? null) : null;

export class EventFiles {
  readonly #note: (sentence: string) => void;
  readonly #events: Json[] = [];
  readonly #breadcrumbs: Json[][] = [];
  readonly #said: string[] = [];

  /** @param note is told what could not be read */
  constructor(note: (sentence: string) => void) {
    this.#note = note;
  }

  /** Reads one file to its end. */
  async take(kind: EventFileKind, name: string, data: AsyncIterable<Buffer>): Promise<void> {
    if (this.#said.length >= limits.maxEventFiles) {
      this.#note(`${name}: left out, more than ${limits.maxEventFiles} files with event data`);
      return await drain(data);
    }
    const tooLong = new Error(`${name}: left out, larger than ${limits.maxEventFileBytes} bytes`);
    const source = data[Symbol.asyncIterator]();
    const rest = { [Symbol.asyncIterator]: () => ({ next: () => source.next() }) };
    try {
      const bytes = await collect(rest, limits.maxEventFileBytes, () => tooLong);
      this.#said.push(JSON.stringify(["event", kind, createHash("sha256").update(bytes).digest("hex")]));
      this.#read(kind, name, bytes);
    } catch (error) {
      if (error !== tooLong) throw error;
      this.#note(tooLong.message);
      await drain(rest);
    }
  }

  /** Sources for mergeEvent: after the event of an envelope, before form fields. */
  get sources(): Json[] {
    const breadcrumbs = joinBreadcrumbs(this.#breadcrumbs);
    return breadcrumbs.length > 0 ? [{ breadcrumbs }, ...this.#events] : this.#events;
  }

  /** Texts that tell this crash from another with the same dump. */
  get said(): readonly string[] {
    return this.#said;
  }

  #read(kind: EventFileKind, name: string, bytes: Buffer): void {
    const values: unknown[] = [];
    try {
      readMessagePack(bytes, values);
    } catch (error) {
      if (!(error instanceof MessagePackError)) throw error;
      const kept = kind === "breadcrumbs" ? `; ${values.length} before it are kept` : "";
      this.#note(`${name}: ${error.message}${kept}`);
    }
    const maps = values.map(asObject).filter((value) => value !== null);
    if (kind === "breadcrumbs") this.#breadcrumbs.push(maps);
    else if (maps[0] !== undefined) this.#events.push(maps[0]);
  }
}

/** The file whose last crumb is older comes first; as many are kept as the longer file has, since the other one was being overwritten. */
function joinBreadcrumbs(files: readonly Json[][]): Json[] {
  const lastAt = (file: Json[]) => timeOf(file.at(-1)?.timestamp) ?? "";
  const joined = files.toSorted((a, b) => (lastAt(a) < lastAt(b) ? -1 : lastAt(a) > lastAt(b) ? 1 : 0)).flat();
  const longest = Math.max(0, ...files.map((file) => file.length));
  return joined.slice(Math.max(0, joined.length - longest));
}
