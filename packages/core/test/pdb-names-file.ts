/**
 * Hand-built PDBs with names, for tests: modules with functions, lines and inline records, ids and types, public symbols, contributions, section
 * headers and OMAP. Each part is stated as a test means it; sizes and offsets are worked out here.
 */
import { encodeUtf8 } from "../src/bytes/utf8.ts";
import { msfFile } from "./pdb-file.ts";

type Bytes = readonly number[];

const u8 = (value: number): number[] => [value & 255];
export const u16 = (...values: number[]): number[] => values.flatMap((v) => [v & 255, (v >>> 8) & 255]);
export const u32 = (...values: number[]): number[] => values.flatMap((v) => [v & 255, (v >>> 8) & 255, (v >>> 16) & 255, v >>> 24]);
const text = (value: string): number[] => [...encodeUtf8(value), 0];
const padded = (bytes: Bytes): number[] => [...bytes, ...new Array(-bytes.length & 3).fill(0)];

/** A symbol or type record: length, kind, body, padded. */
export function record(kind: number, ...body: Bytes[]): number[] {
  const bytes = padded([...u16(0, kind), ...body.flat()]);
  return [...u16(bytes.length - 2), ...bytes.slice(2)];
}

export const proc = (name: string, offset: number, size: number, section = 1, kind = 0x1110): number[] =>
  record(kind, u32(0, 0, 0, size, 0, 0, 0, offset), u16(section), u8(0), text(name));
export const thunk = (name: string, offset: number, size: number): number[] =>
  record(0x1102, u32(0, 0, 0, offset), u16(1, size), u8(0), text(name));
export const trampoline = (offset: number, size: number, target: number): number[] =>
  record(0x112c, u16(0, size), u32(offset, target), u16(1, 1));
export const separated = (offset: number, size: number, parent: number, section = 1): number[] =>
  record(0x1132, u32(0, 0, size, 0, offset, parent), u16(section, 1));
export const block = (): number[] => record(0x1103, u32(0, 0, 1, 0), u16(1), text(""));
export const end = (): number[] => record(0x0006);
export const site = (id: number, ...annotations: number[]): number[] => record(0x114d, u32(0, 0, id), annotations);
export const site2 = (id: number, ...annotations: number[]): number[] => record(0x115d, u32(0, 0, id, 1), annotations);
export const siteEnd = (): number[] => record(0x114e);

/** Lines of one fragment: per file (offset in the checksums) pairs of offset and line. */
export function lines(
  offset: number,
  size: number,
  files: [file: number, pairs: [offset: number, line: number][]][],
  section = 1,
): number[] {
  const body = files.flatMap(([file, pairs]) => [
    ...u32(file, pairs.length, 12 + 8 * pairs.length),
    ...pairs.flatMap(([at, line]) => u32(at, (line | 0x80000000) >>> 0)),
  ]);
  return subsection(0xf2, [...u32(offset), ...u16(section, 0), ...u32(size), ...body]);
}
export const inlinees = (...entries: [id: number, file: number, line: number][]): number[] =>
  subsection(0xf6, [...u32(0), ...entries.flatMap((entry) => u32(...entry))]);
export function subsection(kind: number, body: Bytes): number[] {
  return padded([...u32(kind, body.length), ...body]);
}

export type TestModule = { name?: string; symbols: Bytes[]; lines?: Bytes[] };
export type TestPdb = {
  modules: TestModule[];
  /** [section, offset, bytes, module]; "none": the part is empty. */
  contributions: [number, number, number, number][] | "none";
  /** Sections of code: [address, bytes]. */
  sections?: [address: number, bytes: number][];
  originalSections?: [address: number, bytes: number][];
  omap?: [from: number, to: number][];
  publics?: [name: string, offset: number][];
  withoutAddressMap?: boolean;
  /** Records from index 0x1000 on. */
  types?: Bytes[];
  ids?: Bytes[];
  withoutIndexOffsets?: boolean;
  /** Paths of the source files; file k has checksum offset 8 * k in every module. */
  files?: string[];
  flags?: number;
  machine?: number;
  marks?: number[];
};

/** LF_FUNC_ID, LF_MFUNC_ID, LF_STRING_ID, LF_STRUCTURE. */
export const functionId = (scope: number, name: string): number[] => record(0x1601, u32(scope, 0), text(name));
export const memberId = (type: number, name: string): number[] => record(0x1602, u32(type, 0), text(name));
export const stringId = (value: string): number[] => record(0x1605, u32(0), text(value));
export const structure = (name: string): number[] => record(0x1505, u16(0, 0), u32(0, 0, 0), u16(0x8002, 500), text(name));

const namesStream = 5;
const sectionStream = 6;
const recordStream = 7;
const publicsStream = 8;
const omapStream = 9;
const originalStream = 10;
const typeHashStream = 11;
const idHashStream = 12;
const firstModuleStream = 13;
const fpoStreams = 11;

/** The offset in the string table of each text. */
function stringTable(values: readonly string[]): { bytes: number[]; offsets: number[] } {
  const bytes = [0];
  const offsets: number[] = [];
  for (const value of values) {
    offsets.push(bytes.length);
    bytes.push(...text(value));
  }
  return { bytes, offsets };
}

/** Where the k-th file's path lies in "/names". */
export function fileOffset(pdb: TestPdb, file: number): number {
  return stringTable(pdb.files ?? []).offsets[file]!;
}

function moduleName(module: TestModule, index: number): string {
  return module.name ?? `part${index}.obj`;
}

function typeStream(records: readonly Bytes[], hash: number): number[] {
  const body = records.flat();
  return [
    ...u32(20040203, 56, 0x1000, 0x1000 + records.length, body.length),
    ...u16(hash, 0xffff),
    ...u32(4, 0, 0, 0, 0, 8, 0, 0),
    ...body,
  ];
}

function sectionHeaders(sections: readonly (readonly [number, number])[]): number[] {
  return sections.flatMap(([address, bytes]) => [
    ...new Array(8).fill(0x2e),
    ...u32(bytes, address, bytes, 0, 0, 0),
    ...u16(0, 0),
    ...u32(0x60000020),
  ]);
}

export function namesPdb(pdb: TestPdb): Uint8Array {
  const files = pdb.files ?? [];
  const strings = stringTable(files);
  const checksums =
    files.length === 0
      ? []
      : subsection(
          0xf4,
          files.flatMap((_, i) => [...u32(strings.offsets[i]!), 0, 0, 0, 0]),
        );
  const moduleStreams = pdb.modules.map((module) => {
    const symbols = [...u32(4), ...module.symbols.flat()];
    const lineBytes = [...(module.lines ?? []).flat(), ...checksums];
    return { symbols, lineBytes };
  });
  const moduleList = pdb.modules.flatMap((module, i) => {
    const { symbols, lineBytes } = moduleStreams[i]!;
    const head = [
      ...new Array(34).fill(0),
      ...u16(firstModuleStream + i),
      ...u32(symbols.length, 0, lineBytes.length),
      ...new Array(16).fill(0),
    ];
    return padded([...head, ...text(moduleName(module, i)), ...text("lib")]);
  });
  const contributions =
    pdb.contributions === "none"
      ? []
      : [
          ...u32(0xeffe0000 + 19970605),
          ...pdb.contributions.flatMap(([section, offset, bytes, module]) => [
            ...u16(section, 0),
            ...u32(offset, bytes, 0x60000020),
            ...u16(module, 0),
            ...u32(0, 0),
          ]),
        ];
  const hasOmap = pdb.omap !== undefined;
  const debugHeader = Array.from({ length: fpoStreams }, (_, i) =>
    i === 4 && hasOmap ? omapStream : i === 5 ? sectionStream : i === 10 && hasOmap ? originalStream : 0xffff,
  );
  const dbi = [
    ...u32(0xffffffff, 19990903, 3),
    ...u16(0xffff, 0, publicsStream, 0, recordStream, 0),
    ...u32(moduleList.length, contributions.length, 0, 0, 0, 0, 2 * fpoStreams, 0),
    ...u16(pdb.flags ?? 0, pdb.machine ?? 0x8664),
    ...u32(0),
    ...moduleList,
    ...contributions,
    ...u16(...debugHeader),
  ];
  const records: number[] = [];
  const publics = (pdb.publics ?? []).map(([name, offset]) => {
    const at = records.length;
    records.push(...record(0x110e, u32(2, offset), u16(1), text(name)));
    return { at, offset };
  });
  const map = pdb.withoutAddressMap ? [] : u32(...publics.toSorted((a, b) => a.offset - b.offset).map(({ at }) => at));
  const name = text("/names");
  const info = [
    ...u32(20000404, 1, 7),
    ...new Array(16).fill(0xab),
    ...u32(name.length),
    ...name,
    ...u32(1, 1, 1, 1, 0, 0, namesStream),
    ...u32(...(pdb.marks ?? [20140508])),
  ];
  const indexOffsets = pdb.withoutIndexOffsets ? [] : u32(0x1000, 0);
  const streams: (number[] | undefined)[] = [
    undefined,
    info,
    typeStream(pdb.types ?? [], pdb.withoutIndexOffsets ? 0xffff : typeHashStream),
    dbi,
    typeStream(pdb.ids ?? [], pdb.withoutIndexOffsets ? 0xffff : idHashStream),
    [...u32(0xeffeeffe, 1, strings.bytes.length), ...strings.bytes],
    sectionHeaders(pdb.sections ?? [[0x1000, 0x1000]]),
    records,
    [...u32(0, map.length, 0, 0, 0, 0, 0), ...map],
    hasOmap ? u32(...pdb.omap!.flat()) : undefined,
    hasOmap ? sectionHeaders(pdb.originalSections ?? [[0x1000, 0x1000]]) : undefined,
    indexOffsets,
    indexOffsets,
    ...moduleStreams.map(({ symbols, lineBytes }) => [...symbols, ...lineBytes]),
  ];
  return msfFile(streams.map((stream) => (stream === undefined ? undefined : Uint8Array.from(stream))));
}
