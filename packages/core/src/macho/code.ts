/** The code of a Mach-O file by image-relative address, for those who look at instructions. */
import type { ByteSource } from "../bytes/byte-source.ts";
import { chooseMachO, readImage } from "./headers.ts";

export type MachOCode = { read(relativeAddress: number, maxBytes: number): Uint8Array | null };

/** Null when the file holds no code, as a dSYM; `debugId` chooses among the images of a universal file. Throws FormatError for damaged headers. */
export function openMachOCode(source: ByteSource, debugId: string | null): MachOCode | null {
  const image = chooseMachO(source, debugId);
  const stretches = image?.sections.filter((section) => section.hasInstructions && section.fileOffset !== null) ?? [];
  if (image === null || stretches.length === 0) return null;
  return {
    read(relativeAddress, maxBytes) {
      const stretch = stretches.find(({ start, size }) => relativeAddress >= start && relativeAddress - start < size);
      if (stretch === undefined) return null;
      const bytes = readImage(image, relativeAddress, Math.min(maxBytes, stretch.start + stretch.size - relativeAddress));
      return bytes.length === 0 ? null : bytes;
    },
  };
}
