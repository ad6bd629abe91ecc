/**
 * The head of a PDB's DBI stream: age, processor, how it was linked, and which other streams and parts hold what.
 *
 *   signature i32, version u32, age u32 at 8, globals stream u16, build u16, publics stream u16 at 16, dll version u16, symbol records' stream u16
 *   at 20, …
 *   at 24 the bytes of the parts that follow the 64 bytes of the header: modules, contributions, section map, files, types of servers;
 *   at 48 the bytes of the optional debug header, at 52 those of edit-and-continue; flags u16 at 56, machine u16 at 58
 *   the optional debug header comes last: stream numbers u16 by index (0xffff: none)
 *
 * Specification: "The PDB DBI Stream" in LLVM's documentation.
 */
import { Cursor } from "../bytes/cursor.ts";
import { dbiStream, type Msf, noStream } from "./msf.ts";

const headerBytes = 64;
/** Eleven are known. */
const maxDebugStreams = 64;
const strippedFlag = 2;

/** Indices in the optional debug header. */
export const debugStreamFpo = 0;
export const debugStreamOmapFromSource = 4;
export const debugStreamSections = 5;
export const debugStreamFrameData = 9;
export const debugStreamOriginalSections = 10;

/** A part of the DBI stream. */
export type DbiPart = { offset: number; bytes: number };

export type Dbi = {
  age: number;
  machine: number;
  /** Private symbols, lines and types were left out (/PDBSTRIPPED). */
  stripped: boolean;
  publicsStream: number | null;
  /** The records that the publics and globals streams sort. */
  symbolRecordStream: number | null;
  modules: DbiPart;
  contributions: DbiPart;
  /** The stream that the optional debug header names at an index; null when it names none. */
  debugStream(index: number): number | null;
};

/** Null when the PDB has no DBI stream. Throws FormatError for a damaged container. */
export function readDbi(msf: Msf): Dbi | null {
  const bytes = msf.streamBytes(dbiStream);
  if (bytes < headerBytes) return null;
  const c = new Cursor(msf.stream(dbiStream, 0, headerBytes), "pdb: DBI stream");
  c.skip(8);
  const age = c.u32();
  c.skip(4);
  const publics = c.u16();
  c.skip(2);
  const symbolRecords = c.u16();
  c.seek(24);
  const parts = [c.u32(), c.u32(), c.u32(), c.u32(), c.u32()];
  c.seek(48);
  const debugHeaderBytes = c.u32();
  const editAndContinueBytes = c.u32();
  const flags = c.u16();
  const machine = c.u16();

  const at = headerBytes + parts.reduce((sum, part) => sum + part, 0) + editAndContinueBytes;
  const count = Math.min(Math.floor(debugHeaderBytes / 2), maxDebugStreams);
  const streams: number[] = [];
  if (at + 2 * count <= bytes) {
    const list = new Cursor(msf.stream(dbiStream, at, 2 * count), "pdb: optional debug header");
    for (let i = 0; i < count; i++) streams.push(list.u16());
  }
  return {
    age,
    machine,
    stripped: (flags & strippedFlag) !== 0,
    publicsStream: publics === noStream ? null : publics,
    symbolRecordStream: symbolRecords === noStream ? null : symbolRecords,
    modules: { offset: headerBytes, bytes: parts[0]! },
    contributions: { offset: headerBytes + parts[0]!, bytes: parts[1]! },
    debugStream: (index) => {
      const stream = streams[index] ?? noStream;
      return stream === noStream ? null : stream;
    },
  };
}
