/**
 * Names for a stored report, without the dump: recomputes what names decide (functions, lines, inlines, needs, signature) and leaves
 * what only a walk can decide. Frames keep their addresses; a file that would have changed the walk makes `re_walked` false.
 */
import { FormatError } from "../bytes/format-error.ts";
import type { ImageLookup, ModuleIds, ProcessOptions } from "../process-types.ts";
import { needsOf, overallStatus } from "./needs.ts";
import { ReadableNames } from "./readable-names.ts";
import type { Report, ReportFrame, ReportModule } from "./report.ts";
import { signatureOf } from "./signature.ts";
import { frameNames } from "./symbolicate-frame.ts";

export function applyNamesToReport(report: Report, options: ProcessOptions): Report {
  const touched = new Set(report.threads.flatMap((t) => t.frames.map((f) => f.module_index)).filter((i) => i !== null));
  const ids = report.modules.map(
    (m): ModuleIds => ({ codeFile: m.code_file, debugFile: m.debug_file, debugId: m.debug_id, codeId: m.code_id }),
  );
  const lookups = new Map<number, ImageLookup>();
  for (const index of touched) {
    const module = ids[index];
    const lookup = module && options.image({ ...module, index });
    if (lookup) lookups.set(index, lookup);
  }

  const lacksNames = new Set<number>();
  const readable = new ReadableNames();
  const rename = (frame: ReportFrame): ReportFrame => {
    if (frame.module_index === null || frame.module_offset === null) return frame;
    const index = frame.module_index;
    const lookup = lookups.get(index);
    if (!lookup || (lookup.names === null && lookup.namesStatus !== "malformed")) {
      // Nothing new is known; names from an earlier file stay.
      const module = report.modules[index];
      if (wantsNames(module) || (frame.function === null && module?.names_status !== "found")) lacksNames.add(index);
      return withReadableNames(frame, readable);
    }
    const relative = Number(frame.module_offset);
    const digits = frame.module_offset.length - 2;
    const found = safely(lookup, relative);
    if (found === "damaged") {
      lookups.set(index, { ...lookup, names: null, namesStatus: "malformed" });
      if (frame.function === null) lacksNames.add(index);
      return withReadableNames(frame, readable);
    }
    if (lookup.bareNames || (found === null && lookup.namesStatus !== "found")) lacksNames.add(index);
    return { ...frame, ...frameNames(found, relative, lookup.namesStatus, digits, readable) };
  };

  const threads = report.threads.map((thread) => ({ ...thread, frames: thread.frames.map(rename) }));
  const crashing = report.crashing_thread && { ...report.crashing_thread, frames: report.crashing_thread.frames.map(rename) };
  let walkOutdated = false;
  const main = ids[report.main_module ?? 0];
  const modules = report.modules.map((module, index): ReportModule => {
    const lookup = lookups.get(index);
    const names = lookup && (lookup.namesStatus === "found" || module.names_status !== "found") ? lookup.namesStatus : module.names_status;
    const hadUnwindNeed = module.needs === "unwind" || module.needs === "both";
    const unwindArrived = hadUnwindNeed && lookup?.unwindStatus === "found";
    if (unwindArrived) walkOutdated = true;
    const unwind = unwindArrived ? "found" : module.unwind_status;
    return {
      ...module,
      loaded_symbols: names === "found",
      missing_symbols: names === "missing",
      corrupt_symbols: names === "malformed" || unwind === "malformed",
      names_status: names,
      unwind_status: unwind,
      status: overallStatus(names, unwind),
      own: options.own({ ...ids[index]!, index, isMain: index === report.main_module, mainModule: main ?? null }),
      // Rules that arrived after the dump was gone are no longer missing; they just cannot be used for this crash.
      needs: needsOf(ids[index]!, { names: lacksNames.has(index), unwind: hadUnwindNeed && !unwindArrived }),
    };
  });
  return {
    ...report,
    signature: signatureOf(crashing, modules, report.crash_info.type),
    modules,
    threads,
    crashing_thread: crashing,
    re_walked: report.re_walked && !walkOutdated,
  };
}

/** Whether the report still lacked names, or had bare ones only. */
function wantsNames(module: ReportModule | undefined): boolean {
  return module?.names_status === "found" && (module.needs === "names" || module.needs === "both");
}

/** Earlier reports have names as the debug file stated them. */
function withReadableNames(frame: ReportFrame, readable: ReadableNames): ReportFrame {
  if (frame.function === null || frame.function_mangled !== undefined) return frame;
  const inlines =
    frame.inlines?.map((inline) => (inline.function === null ? inline : { ...inline, ...readable.of(inline.function) })) ?? null;
  return { ...frame, ...readable.of(frame.function), inlines };
}

function safely(lookup: ImageLookup, relative: number): ReturnType<NonNullable<ImageLookup["names"]>["lookup"]> | "damaged" {
  try {
    return lookup.names?.lookup(relative) ?? null;
  } catch (error) {
    if (error instanceof FormatError) return "damaged";
    throw error;
  }
}
