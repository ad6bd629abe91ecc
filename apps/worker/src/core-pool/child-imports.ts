/**
 * The tasks about uploaded debug files: unpacking archives and universal binaries, identifying a file, writing its lookup file. Everything is
 * bounded, here and by the watchdog.
 */
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { unpack } from "@salvage/archives";
import { createPorts } from "@salvage/codecs";
import { FileSink, FileSource } from "@salvage/codecs/files";
import { buildSymcache, type CompanionNeed, FormatError, identifyObject, machOSlices } from "@salvage/core";
import { baseName } from "@salvage/core/own-modules";
import { identifySourceBundle } from "./source-bundle.ts";
import type { Companion, FileFacts, Tasks, UnpackOutput } from "./tasks.ts";

/** Unpacked sections kept in memory; larger ones go to scratch files. */
const portsMemoryBytes = 64 * 1024 * 1024;
const copyBytes = 4 * 1024 * 1024;

export async function unpackAny({ path, ...options }: Tasks["unpack"]["input"]): Promise<UnpackOutput | null> {
  return (await unpack(path, options)) ?? splitUniversal(path, options);
}

/** A universal binary is an archive of images: each slice becomes a file of its own, so that the rest of the import knows thin files only. */
function splitUniversal(path: string, { name, folder }: Omit<Tasks["unpack"]["input"], "path">): UnpackOutput | null {
  const source = new FileSource(path);
  try {
    const slices = machOSlices(source);
    if (slices === null || (slices.length === 1 && slices[0]?.size === source.size)) return null;
    const members = slices.map(({ cpu, offset, size }, index) => {
      const outPath = join(folder, String(index));
      return {
        index,
        name: `${name} (${cpu ?? "other processor"})`,
        path: outPath,
        sizeBytes: size,
        sha256: copyRange(source, offset, size, outPath),
      };
    });
    return { kind: "universal binary", members, refused: [], next: null };
  } finally {
    source.close();
  }
}

function copyRange(source: FileSource, offset: number, size: number, outPath: string): string {
  const sink = new FileSink(outPath, 0o600);
  const hash = createHash("sha256");
  try {
    for (let done = 0; done < size; done += copyBytes) {
      const bytes = source.read(offset + done, Math.min(copyBytes, size - done));
      hash.update(bytes);
      sink.write(bytes);
    }
    return hash.digest("hex");
  } finally {
    sink.close();
  }
}

export async function identify({ path }: Tasks["identify"]["input"]): Promise<FileFacts> {
  const sources = await identifySourceBundle(path);
  if (sources !== null) return sources;
  const source = new FileSource(path);
  try {
    return identifyObject(source);
  } finally {
    source.close();
  }
}

export function convert({ path, name, outPath, scratchDir, companions }: Tasks["convert"]["input"]): Tasks["convert"]["output"] {
  const opened: FileSource[] = [];
  const open = (file: string) => {
    const source = new FileSource(file);
    opened.push(source);
    return source;
  };
  const companion = (need: CompanionNeed) => {
    const found = companionOf(need, name, companions);
    return found === null ? null : open(found.path);
  };
  const ports = createPorts({ scratchDir, memoryBytes: portsMemoryBytes });
  const sink = new FileSink(outPath, 0o600);
  let done = false;
  try {
    const { formatVersion, features, bytesWritten } = buildSymcache(open(path), sink, { ports, companion });
    if (features.length === 0) throw new FormatError("symcache", null, "it has neither functions nor unwind rules");
    done = true;
    return { formatVersion, features, sizeBytes: bytesWritten };
  } finally {
    sink.close();
    ports.close();
    for (const source of opened) source.close();
    if (!done) rmSync(outPath, { force: true });
  }
}

/**
 * Split debug information is asked for by the path it had when it was built; in an archive it lies anywhere, under its own name. A package of
 * split units (.dwp) is called like the file it belongs to.
 */
function companionOf(need: CompanionNeed, own: string, companions: readonly Companion[]): Companion | null {
  const wanted = need.kind === "split-package" ? packageNames(baseName(own)) : [baseName(need.name ?? "")];
  return companions.find(({ name }) => wanted.includes(baseName(name))) ?? null;
}

/** "libgame.so" → "libgame.so.dwp", as the linkers' tools write it, and "libgame.dwp". */
function packageNames(own: string): string[] {
  return [`${own}.dwp`, `${own.replace(/\.[^.]*$/, "")}.dwp`];
}
