/** Identity of a Mach-O file, thin or fat, dSYM or binary: UUID, CPU, what it has. Of a fat file the first slice is described. */
import type { ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import { decodeUtf8, toHex } from "../bytes/text.ts";
import { normalizeDebugId } from "../ids/debug-id.ts";
import type { ObjectVerdict } from "./verdict.ts";

const maxCommandBytes = 16 << 20;
/** Java class files share the fat magic; their next word is a version above this. */
export const maxFatSlices = 30;

const commandSymtab = 0x2;
const commandSegment = 0x1;
const commandSegment64 = 0x19;
const commandUuid = 0x1b;
const commandVersionMinMacos = 0x24;
const commandVersionMinIos = 0x25;
const commandBuildVersion = 0x32;
const fileTypeDsym = 10;

const platforms: Readonly<Record<number, string>> = { 1: "macos", 2: "ios", 3: "tvos", 4: "watchos", 6: "macos", 7: "ios" };

function cpuOf(type: number): string | null {
  switch (type) {
    case 7:
      return "x86";
    case 12:
      return "arm";
    case 18:
      return "ppc";
    case 0x01000007:
      return "amd64";
    case 0x0100000c:
      return "arm64";
    case 0x0200000c:
      return "arm64_32";
    case 0x01000012:
      return "ppc64";
    default:
      return null;
  }
}

export function identifyFatMachO(source: ByteSource, is64: boolean): ObjectVerdict {
  const head = new Cursor(source.read(0, 8), "mach-o: fat header", 0, false);
  head.skip(4);
  const count = head.u32();
  if (count === 0 || count > maxFatSlices) throw new FormatError("mach-o: fat header", 4, `${count} slices`);
  const entryBytes = is64 ? 32 : 20;
  const table = new Cursor(source.read(8, entryBytes * count), "mach-o: fat header", 8, false);
  const slices: { cpu: string; offset: number; size: number }[] = [];
  for (let i = 0; i < count; i++) {
    table.seek(entryBytes * i);
    const cpu = cpuOf(table.u32()) ?? "unknown CPU";
    table.skip(4);
    const offset = is64 ? table.u64AsNumber() : table.u32();
    const size = is64 ? table.u64AsNumber() : table.u32();
    slices.push({ cpu, offset, size });
  }
  const verdict = identifyMachO(source, slices[0]!.offset);
  if (count > 1) {
    const others = slices.slice(1).map((slice) => slice.cpu);
    verdict.lacks.push(
      `the other architectures of this fat file (${others.join(", ")}): only its first, ${verdict.cpu ?? "unknown"}, is described`,
    );
  }
  return verdict;
}

/** A thin file, or the slice of a fat file that starts at `start`. */
export function identifyMachO(source: ByteSource, start = 0): ObjectVerdict {
  const magic = new Cursor(source.read(start, 4), "mach-o: header", start, false).u32();
  const littleEndian = magic === 0xcefaedfe || magic === 0xcffaedfe;
  const is64 = magic === 0xcffaedfe || magic === 0xfeedfacf;
  if (!littleEndian && magic !== 0xfeedface && magic !== 0xfeedfacf)
    throw new FormatError("mach-o: header", start, "slice has no Mach-O magic");
  const headerBytes = is64 ? 32 : 28;
  const header = new Cursor(source.read(start, headerBytes), "mach-o: header", start, littleEndian);
  header.skip(4);
  const cpu = cpuOf(header.u32());
  header.skip(4);
  const fileType = header.u32();
  const commandCount = header.u32();
  const commandsBytes = header.u32();
  if (commandsBytes > maxCommandBytes) throw new FormatError("mach-o: header", start + 20, `${commandsBytes} bytes of load commands`);

  const commands = new Cursor(source.read(start + headerBytes, commandsBytes), "mach-o: load command", start + headerBytes, littleEndian);
  let uuid: string | null = null;
  let os: string | null = null;
  let symbols = 0;
  const sections = new Set<string>();
  for (let i = 0; i < commandCount && commands.left >= 8; i++) {
    const at = commands.pos;
    const command = commands.u32();
    const size = commands.u32();
    if (size < 8 || size > commands.left + 8) commands.fail(`command of ${size} bytes`);
    if (command === commandUuid) uuid = toHex(commands.bytes(16)).toUpperCase();
    else if (command === commandVersionMinMacos) os ??= "macos";
    else if (command === commandVersionMinIos) os ??= "ios";
    else if (command === commandBuildVersion) os = platforms[commands.u32()] ?? os;
    else if (command === commandSymtab) {
      commands.skip(4);
      symbols = commands.u32();
    } else if (command === commandSegment || command === commandSegment64) {
      readSections(commands, at, size, command === commandSegment64, sections);
    }
    commands.seek(at + size);
  }

  const verdict: ObjectVerdict = {
    kind: "macho",
    name: null,
    debugId: uuid === null ? null : normalizeDebugId(`${uuid}0`),
    codeId: uuid?.toLowerCase() ?? null,
    cpu,
    os: os ?? "macos",
    features: [],
    convertible: false,
    lacks: ["reading names from Mach-O/DWARF is not supported yet: convert with dump_syms"],
  };
  if (symbols > 0) verdict.features.push("symbols");
  else verdict.lacks.push("a symbol table");
  if (sections.has("__debug_info")) verdict.features.push("lines", "inlines");
  else verdict.lacks.push("debug information: it is in the dSYM");
  if (fileType !== fileTypeDsym && (sections.has("__unwind_info") || sections.has("__eh_frame"))) verdict.features.push("unwind");
  else if (sections.has("__debug_frame")) verdict.features.push("unwind");
  else verdict.lacks.push("unwind data: it is in the binary");
  if (uuid === null) verdict.lacks.push("a UUID, so no crash can ever match the file");
  return verdict;
}

function readSections(commands: Cursor, at: number, size: number, is64: boolean, names: Set<string>): void {
  const headBytes = is64 ? 72 : 56;
  const sectionBytes = is64 ? 80 : 68;
  if (size < headBytes) return;
  commands.seek(at + headBytes - 8);
  const count = Math.min(commands.u32(), Math.floor((size - headBytes) / sectionBytes));
  for (let i = 0; i < count; i++) {
    commands.seek(at + headBytes + i * sectionBytes);
    names.add(decodeUtf8(commands.bytes(16)));
  }
}
