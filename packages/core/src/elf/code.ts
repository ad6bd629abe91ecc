/** The code of an ELF file by image-relative address, for those who look at instructions. */
import type { ByteSource } from "../bytes/byte-source.ts";
import { executableStretches } from "./code-rules.ts";
import { bytesAt, openElf } from "./elf-file.ts";

export type ElfCode = { read(relativeAddress: number, maxBytes: number): Uint8Array | null };

/** Null when the file holds no code, as a file of debug information. Throws FormatError for damaged headers. */
export function openElfCode(source: ByteSource): ElfCode | null {
  const file = openElf(source);
  const stretches = executableStretches(file);
  if (stretches.length === 0) return null;
  return {
    read(relativeAddress, maxBytes) {
      const stretch = stretches.find(({ start, end }) => relativeAddress >= start && relativeAddress < end);
      const found = stretch === undefined ? null : bytesAt(file, relativeAddress);
      if (stretch === undefined || found === null) return null;
      return found.bytes.read(0, Math.min(maxBytes, found.bytes.size, stretch.end - relativeAddress));
    },
  };
}
