/**
 * Sections in which a file of any container names its companions.
 *
 *   .gnu_debuglink     name, 0, padding to 4 bytes, crc32 u32: the file of debug information that was split off
 *   .gnu_debugaltlink  name, 0, build id: the supplementary file that dwz moved common debug information to
 *   .debug_sup         version u16, "is itself supplementary" u8, name, 0, checksum bytes ULEB128, checksum (its build id): DWARF 5's form
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { shortText } from "../bytes/short-text.ts";
import { toHex } from "../bytes/text.ts";
import { uleb } from "./leb128.ts";

const maxSectionBytes = 8192;
const maxBuildIdBytes = 64;

/** Name of the file that holds the debug information, from .gnu_debuglink; null when there is none. */
export function debugLinkName(section: ByteSource | null): string | null {
  const bytes = start(section);
  const end = bytes.indexOf(0);
  return end <= 0 ? null : shortText(bytes, 0, end);
}

export type Supplementary = {
  name: string;
  /** Lower hex; null when it is not stated. */
  buildId: string | null;
};

/** The supplementary file that .gnu_debugaltlink or .debug_sup names; null when neither does. */
export function supplementaryFile(altLink: ByteSource | null, sup: ByteSource | null): Supplementary | null {
  const link = start(altLink);
  const end = link.indexOf(0);
  if (end > 0) return { name: shortText(link, 0, end), buildId: buildIdOf(link.subarray(end + 1)) };
  const bytes = start(sup);
  const nameEnd = bytes.indexOf(0, 3);
  if (bytes[2] !== 0 || nameEnd <= 3) return null;
  const cursor = new Cursor(bytes, "dwarf: .debug_sup");
  cursor.seek(nameEnd + 1);
  const size = cursor.left === 0 ? 0 : Math.min(uleb(cursor), cursor.left);
  return { name: shortText(bytes, 3, nameEnd), buildId: buildIdOf(cursor.bytes(size)) };
}

function start(section: ByteSource | null): Uint8Array {
  return section === null ? new Uint8Array(0) : section.read(0, Math.min(section.size, maxSectionBytes));
}

function buildIdOf(bytes: Uint8Array): string | null {
  return bytes.length === 0 || bytes.length > maxBuildIdBytes ? null : toHex(bytes);
}
