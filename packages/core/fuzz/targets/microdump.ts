/** A microdump: the same as a dump, by its text form. */
import { fuzz as fuzzDump } from "./minidump.ts";

const firstLine = Buffer.from("-----BEGIN BREAKPAD MICRODUMP-----\n");

export function fuzz(bytes: Uint8Array): void {
  fuzzDump(Buffer.concat([firstLine, bytes]));
}
