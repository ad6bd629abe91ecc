/**
 * Which of the files that carry an id is the one asked for. A program and its debug file share the id, so kind and content decide; of
 * files that fit alike the newest answers. A .sym that was uploaded comes before one made of lookup files.
 */
import { BlobNotFound, type BlobStore, type RandomAccessBlob } from "@salvage/blobs";
import type { AnsweringFile } from "@salvage/db";
import { type ElfSection, elfSections } from "./elf-sections.ts";
import { symbolLimits } from "./limits.ts";
import { sameBuildId, symNames, type Wanted } from "./paths.ts";

/** Lookup files that a .sym is made of; each part may come of another debug file of the image. */
export type TextParts = Record<"names" | "unwind" | "windowsFrames", AnsweringFile | null>;

export type Chosen =
  /** Bytes of a stored file. */
  | { form: "stored"; file: AnsweringFile; offset: number; size: number }
  | { form: "text"; debugFile: AnsweringFile; debugId: string; parts: TextParts }
  /** Asked by code id: its debug id says where it lies. Relative to the path asked for. */
  | { form: "elsewhere"; location: string }
  /** Its lookup file is being made. */
  | { form: "later" };

/** @param files newest first. @returns null when none is what was asked for */
export async function choose(blobs: BlobStore, wanted: Wanted, files: readonly AnsweringFile[]): Promise<Chosen | null> {
  if (wanted.part === "sym") return chooseSym(files, wanted.debugIds?.[0] ?? null);
  const { buildId } = wanted;
  const fitting = files.filter(
    (file) => wanted.kinds.some((kind) => kind === file.kind) && (buildId === null || sameBuildId(file.codeId, buildId)),
  );
  for (const file of fitting.slice(0, symbolLimits.maxFilesLookedInto)) {
    const place = await inBlob(blobs, file, (blob) => placeIn(blob, file, wanted));
    if (place !== null) return { form: "stored", file, ...place };
  }
  return null;
}

type Place = { offset: number; size: number };

/** What of a file was asked for; null when it is not that. */
async function placeIn(blob: RandomAccessBlob, { kind }: AnsweringFile, { part, section }: Wanted): Promise<Place | null> {
  const whole = { offset: 0, size: blob.size };
  switch (kind) {
    case "pe":
      return part === "executable" ? whole : null;
    case "pdb":
      return part === "debuginfo" ? whole : null;
    case "macho":
      return (await isDsym(blob)) === (part === "debuginfo") ? whole : null;
    case "elf": {
      const sections = (await elfSections(blob)) ?? [];
      if (section !== null) return sections.find(({ name }) => name === section)?.content ?? null;
      return sections.some(part === "executable" ? isProgram : isDebugInformation) ? whole : null;
    }
    case "sourcebundle":
      return part === "sources" ? whole : null;
    case "breakpad":
      return null;
  }
}

const isProgram = ({ executable, content }: ElfSection) => executable && content !== null;
const isDebugInformation = ({ name, content }: ElfSection) => (name === ".debug_info" || name === ".zdebug_info") && content !== null;

const typeDsym = 10;
const littleEndianMagics: readonly number[] = [0xfeedface, 0xfeedfacf];

/** Mach-O, in either order of bytes: the file type is the fourth word. */
async function isDsym(blob: RandomAccessBlob): Promise<boolean> {
  if (blob.size < 16) return false;
  const bytes = await blob.read(0, 16);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return view.getUint32(12, littleEndianMagics.includes(view.getUint32(0, true))) === typeDsym;
}

/** A file that was deleted meanwhile is none. */
async function inBlob<T>(blobs: BlobStore, file: AnsweringFile, look: (blob: RandomAccessBlob) => Promise<T>): Promise<T | null> {
  const blob = await blobs.open(file.sourceBlobKey).catch((error: unknown) => {
    if (error instanceof BlobNotFound) return null;
    throw error;
  });
  if (blob === null) return null;
  try {
    return await look(blob);
  } finally {
    await blob.close();
  }
}

/** @param debugId what the .sym is asked by: a PDB answers to the id that its program states, too, whose age may be another */
function chooseSym(all: readonly AnsweringFile[], debugId: string | null): Chosen | null {
  const files = all.filter(isDebugFile);
  const debugFile = mainDebugFile(files);
  if (debugFile === null) return null;
  const stored = files.find(({ kind }) => kind === "breakpad");
  if (stored !== undefined) return { form: "stored", file: stored, offset: 0, size: stored.sizeBytes };
  const ready = files.filter(({ symcacheBlobKey }) => symcacheBlobKey !== null);
  if (ready.length === 0) return files.some(({ symcacheBeingMade }) => symcacheBeingMade) ? { form: "later" } : null;
  return {
    form: "text",
    debugFile,
    debugId: debugId ?? debugFile.debugId ?? "",
    parts: {
      names: ready.toSorted((a, b) => namesRank(b) - namesRank(a))[0] ?? null,
      unwind: ready.find(({ hasUnwind }) => hasUnwind) ?? null,
      windowsFrames: ready.find(({ kind, cpu }) => kind === "pdb" && cpu === "x86") ?? null,
    },
  };
}

/** Where a .sym lies that was asked by code id. */
export function elsewhere(files: readonly AnsweringFile[]): Chosen | null {
  const debugFile = mainDebugFile(files.filter(isDebugFile));
  if (debugFile === null) return null;
  const [sym = ""] = symNames(debugFile.name);
  return { form: "elsewhere", location: `../../${encodeURIComponent(debugFile.name)}/${debugFile.debugId}/${encodeURIComponent(sym)}` };
}

const isDebugFile = ({ debugId, kind }: AnsweringFile) => debugId !== null && kind !== "sourcebundle";

/** The one that the image's .sym is named after. */
const mainDebugFile = (files: readonly AnsweringFile[]) =>
  files.find(({ kind }) => kind === "pdb" || kind === "breakpad") ?? files[0] ?? null;

/** The better names, as a crash chooses them. */
const namesRank = ({ features }: AnsweringFile) =>
  features.includes("inlines") ? 3 : features.includes("lines") ? 2 : features.includes("symbols") ? 1 : 0;
