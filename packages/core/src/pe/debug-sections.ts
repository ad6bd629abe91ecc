/** DWARF sections of a PE file, as MinGW writes them: `.debug_info` and so on, packed ones as `.zdebug_info` (dwarf/packed-section.ts). */
import type { Ports } from "../bytes/ports.ts";
import { unpackOldSection } from "../dwarf/packed-section.ts";
import type { DwarfSections } from "../dwarf/sections.ts";
import type { PeImage } from "./image.ts";

export function peDwarfSections(image: PeImage, ports: Ports | null): DwarfSections {
  return {
    section(name) {
      const packedName = `.zdebug_${name}`;
      const packed = image.sectionBytes(packedName);
      if (packed !== null) return unpackOldSection(packed.bytes, ports, `pe: ${packedName}`, packed.fileOffset);
      return image.sectionBytes(`.debug_${name}`)?.bytes ?? null;
    },
    littleEndian: true,
    addressBytes: image.is64 ? 8 : 4,
    imageBase: image.imageBase,
    codeRanges: image.sections
      .filter(({ executable, size }) => executable && size > 0)
      .map(({ address, size }) => ({ start: address, end: address + size })),
  };
}
