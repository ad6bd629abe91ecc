/** Where a debug file says that its image begins: what turns an address as the file states it into an image-relative one. */
import type { ByteSource } from "../bytes/byte-source.ts";
import { openElf } from "../elf/elf-file.ts";
import { chooseMachO } from "../macho/headers.ts";
import { PeImage } from "../pe/image.ts";
import { objectKind } from "./identify.ts";

/** Null for files that state addresses relative to the image (.sym, PDB), and for content that is no debug file. Throws FormatError for damaged headers. */
export function imageBaseOf(source: ByteSource, debugId: string | null = null): bigint | null {
  switch (objectKind(source)) {
    case "elf":
      return openElf(source).imageBase;
    case "pe":
      return new PeImage(source).imageBase;
    case "macho":
      return chooseMachO(source, debugId)?.baseAddress ?? null;
    default:
      return null;
  }
}
