/** The three things core does with a dump: look at it, make its report, put late names on a report. */
import type { ByteSource } from "./bytes/byte-source.ts";
import type { CpuName } from "./cpu/cpu.ts";
import { readCpu, readDump } from "./minidump/read-dump.ts";
import { touchedModules } from "./minidump/touched.ts";
import type { MinidumpOutline, ProcessOptions } from "./process-types.ts";
import { applyNamesToReport } from "./report/apply-names.ts";
import { assembleReport } from "./report/assemble.ts";
import type { Report } from "./report/report.ts";

/** A cheap first look: which images a stack may touch, so that their lookup files can be fetched. Throws FormatError for no minidump. */
export function inspectMinidump(source: ByteSource): MinidumpOutline {
  const dump = readDump(source);
  const touched = touchedModules(dump);
  return {
    os: dump.system.osTitle,
    cpu: dump.system.cpuTitle,
    mainModule: dump.modules.length === 0 ? null : 0,
    modules: dump.modules.map(({ index, base, size, codeFile, debugFile, debugId, codeId }) => ({
      index,
      base,
      size,
      codeFile,
      debugFile,
      debugId,
      codeId,
      touched: touched[index] ?? false,
    })),
    warnings: dump.warnings.list,
  };
}

/** The processor of a dump, before anything else of it is read; "unknown" where it does not tell. Throws FormatError for no minidump. */
export function cpuOfMinidump(source: ByteSource): CpuName {
  return readCpu(source);
}

/** Dump to report. Damaged streams become warnings; throws FormatError only when the bytes are no minidump at all. */
export function processMinidump(source: ByteSource, options: ProcessOptions): Report {
  return assembleReport(readDump(source), options);
}

/** Names-only upgrade of a stored report; the dump is not needed. See report/apply-names.ts. */
export function applyNames(report: Report, options: ProcessOptions): Report {
  return applyNamesToReport(report, options);
}
