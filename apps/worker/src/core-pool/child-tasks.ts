/**
 * The tasks as a child process carries them out. Stateless but for the files of open-files.ts.
 */
import { gunzipSync, gzipSync } from "node:zlib";
import { applyNames, cpuOfMinidump, FormatError, inspectMinidump, type ProcessOptions, processMinidump, type Report } from "@salvage/core";
import { openDisassembler } from "@salvage/disassembler";
import { convert, identify, unpackAny } from "./child-imports.ts";
import { closeStaleFiles, lookupOf } from "./open-files.ts";
import { withDump } from "./sources.ts";
import { outlineOf, summaryOf } from "./summary.ts";
import type { ImageFiles, ReportOutput, TaskAnswer, TaskName, Tasks } from "./tasks.ts";

/** Speed over size: a report is read seldom and written for every crash. */
const gzipLevel = 4;

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
  process: async ({ dump, images, own }) => {
    const disassemble = await openDisassembler(withDump(dump, cpuOfMinidump));
    return withDump(dump, (source) => written(processMinidump(source, { ...options(images, own), disassemble })));
  },
  outlineReport: ({ gzip }) => outlineOf(parsed(gzip)),
  applyNames: ({ gzip, images, own }) => written(applyNames(parsed(gzip), options(images, own))),
  unpack: unpackAny,
  identify,
  convert,
};

/** Runs one task; never throws. */
export async function runTask<K extends TaskName>(task: K, input: Tasks[K]["input"]): Promise<TaskAnswer<K>> {
  closeStaleFiles();
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
      return files === undefined ? null : lookupOf(files.files);
    },
    own: ({ index }) => own[index] ?? false,
  };
}

function parsed(gzip: Uint8Array): Report {
  return JSON.parse(gunzipSync(gzip).toString("utf8")) as Report;
}

function written(report: Report): ReportOutput {
  return { gzip: gzipSync(JSON.stringify(report), { level: gzipLevel }), summary: summaryOf(report) };
}
