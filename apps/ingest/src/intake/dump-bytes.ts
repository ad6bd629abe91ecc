/**
 * From the bytes that were sent to the bytes of a minidump: unpacks a dump that was compressed inside its part or as the raw body,
 * and checks the magic on the first bytes. Nothing else of the format is looked at here.
 */
import { AppError } from "../http/app-error.ts";
import { inflate, metBy, tooLarge } from "../http/body.ts";
import { bounded, peek } from "../http/pieces.ts";
import { unpack } from "../unpack/index.ts";
import type { Limit } from "./crash-limits.ts";

/** Leading bytes of a dump (little-endian, big-endian) and of the containers that senders wrap it in. */
const magics = [
  { kind: "dump", bytes: Buffer.from("MDMP", "latin1") },
  { kind: "dump", bytes: Buffer.from("PMDM", "latin1") },
  { kind: "gzip", bytes: Buffer.of(0x1f, 0x8b) },
  { kind: "zstd", bytes: Buffer.of(0x28, 0xb5, 0x2f, 0xfd) },
  { kind: "xz", bytes: Buffer.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00) },
  { kind: "bzip2", bytes: Buffer.from("BZh", "latin1") },
] as const;

export type SniffedKind = (typeof magics)[number]["kind"];
/** Bytes that sniffing needs. */
export const sniffBytes = 6;

/** @returns what the first bytes are; null for anything else */
export function sniff(head: Buffer): SniffedKind | null {
  return magics.find(({ bytes }) => head.subarray(0, bytes.length).equals(bytes))?.kind ?? null;
}

/**
 * @param sent the part's content or the raw body
 * @param limit of the plain bytes
 * @throws AppError before the first byte when it is no dump; later when it grows too large or the compressed data is damaged
 */
export async function dumpBytes(sent: AsyncIterable<Buffer>, limit: Limit): Promise<AsyncIterable<Buffer>> {
  const outer = await peek(sent, sniffBytes);
  if (outer.head.length === 0) throw new AppError(400, "empty_body", "the minidump is empty");
  const kind = sniff(outer.head);
  if (kind === "dump") return limited(outer.all, limit);
  if (kind === null) throw notADump(outer.head, "begins with");
  const plain =
    kind === "xz" || kind === "bzip2"
      ? unpack(outer.all, kind, limit.value, "the minidump", limit.knob)
      : inflate(outer.all, kind, limit.value, "the minidump", limit.knob);
  const inner = await peek(plain, sniffBytes);
  if (sniff(inner.head) !== "dump") throw notADump(inner.head, `is ${kind} data that begins with`);
  return inner.all;
}

function limited(bytes: AsyncIterable<Buffer>, { value, knob }: Limit): AsyncIterable<Buffer> {
  const tooMany = (seen: number) =>
    tooLarge(`the minidump is larger than the limit of ${value} bytes`, metBy({ maxBytes: value, knob }, seen));
  return bounded(bytes, value, tooMany);
}

function notADump(head: Buffer, how: string): AppError {
  return new AppError(400, "invalid_minidump", "invalid minidump", {
    causes: [`a minidump begins with "MDMP"; this file ${how} ${head.length === 0 ? "nothing" : `0x${head.toString("hex")}`}`],
  });
}
