/** Text of short byte ranges that are nearly always ASCII: names, paths, rule texts. */
import { decodeUtf8 } from "./text.ts";

const maxDirectLength = 4096;

/** The same text as decodeUtf8 of [start, end), several times faster for plain ASCII. */
export function shortText(bytes: Uint8Array, start: number, end: number): string {
  let plain = end - start <= maxDirectLength;
  for (let i = start; i < end && plain; i++) {
    const byte = bytes[i]!;
    plain = byte > 0 && byte < 0x80;
  }
  const part = bytes.subarray(start, end);
  return plain ? (String.fromCharCode.apply(null, part as unknown as number[]) as string) : decodeUtf8(part);
}
