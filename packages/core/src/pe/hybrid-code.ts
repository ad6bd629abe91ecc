/**
 * Code of another processor inside an x64 image: programs for ARM64 Windows mix both kinds (ARM64EC), and the load configuration says where
 * which is. Unwind rules of x64 must not be applied to the other kind, above all not those of functions without unwind data.
 *
 *   load configuration (directory 10)   200 address of the metadata u64
 *   metadata                            0 version u32 · 4 map of the code u32 · 8 its entries u32
 *   map entry                           0 start, with the kind in the lowest two bits: 0 ARM64, 1 ARM64EC, 2 x64 · 4 length u32
 */
import { FormatError } from "../bytes/format-error.ts";
import { directoryLoadConfig, type PeImage } from "./image.ts";
import type { CodeGap } from "./ranges.ts";

const what = "pe: hybrid metadata";
const metadataPointerAt = 200;
const kindX64 = 2;
/** One entry per run of code of one kind; linkers make a handful. */
const maxEntries = 1 << 16;

/** Stretches of code that are not x64, ascending. Throws FormatError for damaged metadata. */
export function foreignCode(image: PeImage): CodeGap[] {
  const config = image.directory(directoryLoadConfig);
  if (config === null) return [];
  const head = image.upTo(config.address, metadataPointerAt + 8);
  if (head.length < metadataPointerAt + 8 || viewOf(head).getUint32(0, true) < metadataPointerAt + 8) return [];
  const pointer = viewOf(head).getBigUint64(metadataPointerAt, true);
  if (pointer <= image.imageBase || pointer - image.imageBase > 0xffffffffn) return [];
  const metadata = viewOf(image.read(Number(pointer - image.imageBase), 12, what));
  const count = metadata.getUint32(8, true);
  if (count > maxEntries) throw new FormatError(what, null, `${count} stretches of code`);
  const map = viewOf(image.read(metadata.getUint32(4, true), 8 * count, what));
  const found: CodeGap[] = [];
  for (let i = 0; i < count; i++) {
    const start = map.getUint32(8 * i, true);
    const length = map.getUint32(8 * i + 4, true);
    if ((start & 3) !== kindX64) found.push({ start: (start & ~3) >>> 0, end: ((start & ~3) >>> 0) + length });
  }
  return found.sort((a, b) => a.start - b.start);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
