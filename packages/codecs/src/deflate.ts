/** deflate in its three wrappings, unpacked piece by piece: for results that are too large for memory. */
import { type ByteSource, FormatError } from "@salvage/core";
import { Gunzip, Inflate, Unzlib } from "fflate";
import { pieceBytes } from "./byte-reader.ts";
import type { Output } from "./sink.ts";

const decoders = { zlib: Unzlib, deflate: Inflate, gzip: Gunzip } as const;

export type DeflateForm = keyof typeof decoders;

/** Throws FormatError for damaged data; checksums are not compared, sizes are (by the caller, where they are known). */
export function unpackDeflate(form: DeflateForm, packed: ByteSource, output: Output): void {
  const decoder = new decoders[form]((bytes) => output.write(bytes));
  try {
    for (let at = 0; at < packed.size; at += pieceBytes) {
      const length = Math.min(pieceBytes, packed.size - at);
      decoder.push(packed.read(at, length), at + length === packed.size);
    }
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(form, null, error instanceof Error ? error.message : "damaged data");
  }
}
