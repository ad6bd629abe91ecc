/**
 * The files of images as a child process keeps them open, because crashes of one program ask for the same ones again and again: lookup files, and
 * debug files that have none yet. From all files of an image the best part of each kind is used.
 */
import { FileSource } from "@salvage/codecs/files";
import { FormatError, type ImageFile, type ImageLookup, imageLookup, openDebugFile, openSymcache, rememberNames } from "@salvage/core";
import type { ImageFileInput } from "./tasks.ts";

/** Open files and their page caches; a program seldom has more modules of its own. */
const maxOpenFiles = 64;

type OpenFile = { source: FileSource; file: ImageFile };
type Unusable = "missing" | "malformed";

const openFiles = new Map<string, OpenFile>();

/** What the files of one image offer together. A file that does not open is a status of its image, not the crash's fault. */
export function lookupOf(inputs: readonly ImageFileInput[]): ImageLookup {
  const opened = inputs.map(open);
  return imageLookup(
    opened.filter((file) => typeof file !== "string"),
    opened.includes("malformed"),
  );
}

function open({ path, readFrom }: ImageFileInput): ImageFile | Unusable {
  const known = openFiles.get(path);
  if (known !== undefined) {
    // Most recently used last.
    openFiles.delete(path);
    openFiles.set(path, known);
    return known.file;
  }
  let source: FileSource;
  try {
    source = new FileSource(path);
  } catch {
    return "missing"; // deleted between the look-up and now
  }
  try {
    const file = readFrom === "symcache" ? symcacheFile(source) : openDebugFile(source);
    const remembered = { ...file, names: file.names && rememberNames(file.names) };
    openFiles.set(path, { source, file: remembered });
    return remembered;
  } catch (error) {
    source.close();
    if (error instanceof FormatError) return "malformed";
    throw error;
  }
}

function symcacheFile(source: FileSource): ImageFile {
  const { header, names, unwind, windowsFrames } = openSymcache(source);
  return {
    names,
    unwind,
    windowsFrames,
    hasLines: header.hasLines,
    hasInlines: header.hasInlines,
    fromSym: header.sourceKind === "breakpad",
  };
}

/** Between tasks only: a task may hold on to every file it opened. */
export function closeStaleFiles(): void {
  for (const [oldest, { source }] of openFiles) {
    if (openFiles.size <= maxOpenFiles) return;
    openFiles.delete(oldest);
    source.close();
  }
}
