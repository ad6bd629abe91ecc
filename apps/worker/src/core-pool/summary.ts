/** What is taken out of a report for the crash's row and its missing files. Pure. */
import type { Report, ReportModule } from "@salvage/core";
import { baseName } from "@salvage/core/own-modules";
import type { DumpOutline, LackingModule, ReportSummary } from "./tasks.ts";

export function summaryOf(report: Report): ReportSummary {
  return {
    coreVersion: report.core_version,
    signature: report.signature.title,
    groupingKey: report.signature.grouping_key,
    groupingProvisional: report.signature.provisional,
    crashReason: report.crash_info.type,
    crashAddress: report.crash_info.address,
    os: report.system_info.os,
    cpu: report.system_info.cpu_arch,
    cause: report.cause?.title ?? null,
    reWalked: report.re_walked,
    lacking: report.modules.flatMap((module, index): LackingModule[] => {
      if (module.needs === null) return [];
      return [{ ...idsOf(module), index, needs: module.needs, own: module.own, sampleFrame: sampleFrame(report, index) }];
    }),
  };
}

/** A stored report's modules in the form that inspecting a dump gives. Touched: those that a frame of the report lies in. */
export function outlineOf(report: Report): DumpOutline {
  const touched = new Set<number>();
  for (const thread of report.threads) for (const frame of thread.frames) if (frame.module_index !== null) touched.add(frame.module_index);
  for (const frame of report.crashing_thread?.frames ?? []) if (frame.module_index !== null) touched.add(frame.module_index);
  return {
    mainModule: report.main_module,
    modules: report.modules.map((module, index) => ({ ...idsOf(module), index, touched: touched.has(index) })),
  };
}

function idsOf(module: ReportModule) {
  return { codeFile: module.code_file, debugFile: module.debug_file, debugId: module.debug_id, codeId: module.code_id };
}

/** The first frame in the module as it looks now, the crashing thread's before others': "engine.dll + 0x1a2f". */
function sampleFrame(report: Report, moduleIndex: number): string | null {
  const threads = [...(report.crashing_thread === null ? [] : [report.crashing_thread]), ...report.threads];
  for (const { frames } of threads) {
    for (const frame of frames) {
      if (frame.module_index !== moduleIndex) continue;
      return `${frame.module ?? baseName(report.modules[moduleIndex]?.code_file ?? "?")} + ${(frame.module_offset ?? frame.offset).replace(/^0x0+(?=.)/, "0x")}`;
    }
  }
  return null;
}
