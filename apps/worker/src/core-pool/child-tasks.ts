/**
 * The tasks as a child process carries them out. Stateless but for the lookup files it keeps open, because crashes of one
 * program ask for the same ones again and again.
 */
import { gunzipSync, gzipSync } from "node:zlib";
import {
  applyNames,
  FormatError,
  type ImageLookup,
  inspectMinidump,
  type NameLookup,
  openSymcache,
  type ProcessOptions,
  processMinidump,
  type Report,
  rememberNames,
  type UnwindLookup,
  type WindowsFrameLookup,
} from "@salvage/core";
import { convert, extract, listArchive } from "./child-imports.ts";
import { FileSource, withDump } from "./sources.ts";
import { outlineOf, summaryOf } from "./summary.ts";
import type { ImageFiles, ReportOutput, TaskAnswer, TaskName, Tasks } from "./tasks.ts";

/** Open files and their page caches; a program seldom has more modules of its own. */
const maxOpenSymcaches = 48;
/** Speed over size: a report is read seldom and written for every crash. */
const gzipLevel = 4;

type OpenSymcache = { source: FileSource; names: NameLookup | null; unwind: UnwindLookup | null; windowsFrames: WindowsFrameLookup | null };
const openSymcaches = new Map<string, OpenSymcache>();

const tasks: { [K in TaskName]: (input: Tasks[K]["input"]) => Tasks[K]["output"] | Promise<Tasks[K]["output"]> } = {
  inspect: ({ dump }) =>
    withDump(dump, (source) => {
      const { mainModule, modules } = inspectMinidump(source);
      return {
        mainModule,
        modules: modules.map(({ index, codeFile, debugFile, debugId, codeId, touched }) => ({
          index,
          codeFile,
          debugFile,
          debugId,
          codeId,
          touched,
        })),
      };
    }),
  process: ({ dump, images, own }) => withDump(dump, (source) => written(processMinidump(source, options(images, own)))),
  outlineReport: ({ gzip }) => outlineOf(parsed(gzip)),
  applyNames: ({ gzip, images, own }) => written(applyNames(parsed(gzip), options(images, own))),
  listArchive,
  extract,
  convert,
};

/** Runs one task; never throws. */
export async function runTask<K extends TaskName>(task: K, input: Tasks[K]["input"]): Promise<TaskAnswer<K>> {
  closeStaleSymcaches();
  try {
    return { outcome: "done", output: await tasks[task](input) };
  } catch (error) {
    if (error instanceof FormatError) return { outcome: "bad input", format: error.format, offset: error.offset, reason: error.reason };
    if (!(error instanceof Error)) return { outcome: "broken", message: String(error), system: false };
    return { outcome: "broken", message: `${error.name}: ${error.message}`, system: "syscall" in error };
  }
}

function options(images: readonly ImageFiles[], own: readonly boolean[]): ProcessOptions {
  const byIndex = new Map(images.map((image) => [image.index, image]));
  return {
    image: ({ index }) => {
      const files = byIndex.get(index);
      return files === undefined ? null : lookup(files);
    },
    own: ({ index }) => own[index] ?? false,
  };
}

/** Opens the best part of each kind. A lookup file that does not open is a status of its image, not the crash's fault. */
function lookup(files: ImageFiles): ImageLookup {
  const names = files.names === null ? "missing" : open(files.names);
  const unwind = files.unwind === null ? "missing" : open(files.unwind);
  return {
    names: typeof names === "string" ? null : names.names,
    namesStatus: typeof names === "string" ? names : "found",
    unwind: typeof unwind === "string" ? null : unwind.unwind,
    windowsFrames: typeof unwind === "string" ? null : unwind.windowsFrames,
    unwindStatus: typeof unwind === "string" ? unwind : "found",
  };
}

function open(path: string): OpenSymcache | "missing" | "malformed" {
  const known = openSymcaches.get(path);
  if (known !== undefined) {
    // Most recently used last.
    openSymcaches.delete(path);
    openSymcaches.set(path, known);
    return known;
  }
  let source: FileSource;
  try {
    source = new FileSource(path);
  } catch {
    return "missing"; // deleted between the look-up and now
  }
  try {
    const { names, unwind, windowsFrames } = openSymcache(source);
    const opened = { source, names: names && rememberNames(names), unwind, windowsFrames };
    openSymcaches.set(path, opened);
    return opened;
  } catch (error) {
    source.close();
    if (error instanceof FormatError) return "malformed";
    throw error;
  }
}

/** Between tasks only: a task may hold on to every file it opened. */
function closeStaleSymcaches(): void {
  for (const [oldest, { source }] of openSymcaches) {
    if (openSymcaches.size <= maxOpenSymcaches) return;
    openSymcaches.delete(oldest);
    source.close();
  }
}

function parsed(gzip: Uint8Array): Report {
  return JSON.parse(gunzipSync(gzip).toString("utf8")) as Report;
}

function written(report: Report): ReportOutput {
  return { gzip: gzipSync(JSON.stringify(report), { level: gzipLevel }), summary: summaryOf(report) };
}
