/**
 * Unwind rules of an ELF file, from all tables it has: .eh_frame (with .eh_frame_hdr) and .debug_frame, on 32-bit ARM also .ARM.exidx.
 * Where several describe a function DWARF's tables win, since they know every instruction of it. Tables without section headers are found
 * through the segments. The function a program starts in has no caller, whether its table says so or not.
 */
import type { ByteSource } from "../bytes/byte-source.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { Ports } from "../bytes/ports.ts";
import { type DwarfFrames, type FrameSection, openDwarfFrames, type SectionBytes } from "../dwarf/frame.ts";
import { readPointer } from "../dwarf/pointer.ts";
import { type DwarfRegisters, dwarfRegisters } from "../dwarf/registers.ts";
import type { UnwindSource } from "../unwind/rules.ts";
import { openCodeUnwind } from "./code-unwind.ts";
import { elfDwarfSections } from "./debug-sections.ts";
import { type EhabiUnwind, openEhabi } from "./ehabi.ts";
import { bytesAt, type ElfFile, type ElfLayout, openElf, sectionBytes } from "./elf-file.ts";
import { layered } from "./layered.ts";
import { sectionArmExidx, segmentArmExidx, segmentEhFrame, segmentExecutable, segmentLoad } from "./records.ts";

/** Start-up files leave a table that is no more than its end. */
const smallestTableBytes = 12;

/**
 * Null when the file has neither unwind tables nor code we can read; a packed .debug_frame is read with ports. Throws FormatError for damaged
 * headers.
 */
export function openElfUnwind(source: ByteSource, layout: ElfLayout = "file", ports: Ports | null = null): UnwindSource | null {
  const file = openElf(source, layout);
  const registers = file.cpu === null ? null : dwarfRegisters(file.cpu);
  if (registers === null) return null;
  const frames = openFrames(file, registers, ports);
  const tables = file.cpu === "arm" ? openArmTables(file) : null;
  return layered([frames, openCodeUnwind(file, frames, tables), tables].filter((layer) => layer !== null));
}

function openFrames(file: ElfFile, registers: DwarfRegisters, ports: Ports | null): DwarfFrames | null {
  const sections: FrameSection[] = [];
  const ehFrame = loadedSection(file, ".eh_frame");
  const hdr = loadedSection(file, ".eh_frame_hdr");
  if (ehFrame !== null) sections.push({ kind: "eh_frame", ...ehFrame, ...(hdr === null ? {} : { hdr }) });
  else if (!file.sections.some((section) => section.name === ".eh_frame")) sections.push(...ehFrameBySegment(file));
  const debugFrame = debugFrameOf(file, ports);
  if (debugFrame !== null) sections.push({ kind: "debug_frame", ...debugFrame });
  if (sections.length === 0) return null;
  const textStart = file.sections.find((section) => section.name === ".text")?.address;
  const dataStart = file.sections.find((section) => section.name === ".got")?.address;
  return openDwarfFrames({
    sections,
    registers,
    littleEndian: file.littleEndian,
    addressBytes: file.is64 ? 8 : 4,
    imageBase: file.imageBase,
    ...(textStart === undefined ? {} : { textStart }),
    ...(dataStart === undefined ? {} : { dataStart }),
  });
}

/** A damaged packing leaves the other tables. */
function debugFrameOf(file: ElfFile, ports: Ports | null): SectionBytes | null {
  try {
    const bytes = elfDwarfSections(file, ports).section("frame");
    if (bytes === null || bytes.size < smallestTableBytes) return null;
    const fileOffset = file.sections.find(({ name }) => name === ".debug_frame" || name === ".zdebug_frame")?.offset ?? 0;
    return { bytes, address: 0, fileOffset };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return null;
  }
}

function loadedSection(file: ElfFile, name: string): SectionBytes | null {
  for (const section of file.sections) {
    const bytes = section.name === name ? sectionBytes(file, section) : null;
    if (bytes !== null && bytes.size >= smallestTableBytes) return { bytes, address: section.address, fileOffset: section.offset };
  }
  return null;
}

/** .eh_frame of a file without section headers: the segment of its search table names it, its end is not known. */
function ehFrameBySegment(file: ElfFile): FrameSection[] {
  const segment = file.segments.find(({ type }) => type === segmentEhFrame);
  const table = segment === undefined ? null : bytesAt(file, segment.address);
  if (segment === undefined || table === null) return [];
  const head = table.bytes.read(0, Math.min(table.bytes.size, 32));
  const cursor = new Cursor(head, "elf: .eh_frame_hdr", table.fileOffset, file.littleEndian);
  cursor.skip(1);
  const encoding = cursor.u8();
  cursor.skip(2);
  const bases = { addressBytes: file.is64 ? 8 : 4, imageBase: file.imageBase, text: null, data: segment.address } as const;
  const address = readPointer(cursor, encoding, bases, segment.address).relative;
  const frames = bytesAt(file, address);
  if (frames === null) return [];
  const hdr = { ...table, address: segment.address };
  return [{ kind: "eh_frame", ...frames, address, hdr, stopsAtTerminator: true }];
}

function openArmTables(file: ElfFile): EhabiUnwind | null {
  const section = file.sections.find(({ type, name }) => type === sectionArmExidx || name === ".ARM.exidx");
  const segment = file.segments.find(({ type }) => type === segmentArmExidx);
  const inSection = section === undefined ? null : sectionBytes(file, section);
  const inSegment = inSection === null && section === undefined && segment !== undefined ? bytesAt(file, segment.address) : null;
  const found =
    inSection !== null && section !== undefined
      ? { bytes: inSection, address: section.address, fileOffset: section.offset }
      : inSegment !== null && segment !== undefined
        ? {
            bytes: new BufferSource(inSegment.bytes.read(0, Math.min(segment.size, inSegment.bytes.size))),
            address: segment.address,
            fileOffset: inSegment.fileOffset,
          }
        : null;
  if (found === null) return null;
  let codeEnd = 0;
  for (const { type, flags, address, memorySize } of file.segments) {
    if (type === segmentLoad && (flags & segmentExecutable) !== 0) codeEnd = Math.max(codeEnd, address + memorySize);
  }
  return openEhabi({
    index: found.bytes,
    address: found.address,
    fileOffset: found.fileOffset,
    littleEndian: file.littleEndian,
    codeEnd,
    bytesAt: (address) => bytesAt(file, address)?.bytes ?? null,
  });
}
