/** The report for a terminal: the cause first, then the crashing thread, the other threads, what is missing, the modules. */
import { baseName } from "../bytes/text.ts";
import type { Report, ReportFrame, ReportModule, ReportThread, WalkEnd } from "./report.ts";

export function reportToText(report: Report): string {
  const lines: string[] = [];
  if (report.cause) {
    lines.push(`${report.cause.title} (${report.cause.confidence})`);
    for (const evidence of report.cause.evidence) lines.push(`  ${evidence}`);
    lines.push("");
  }
  const { system_info: system, crash_info: crash } = report;
  lines.push(`Signature: ${report.signature.title}${report.signature.provisional ? " (provisional)" : ""}`);
  lines.push(`Crash:     ${crash.type ?? "no exception"}${crash.address === null ? "" : ` at ${crash.address}`}`);
  lines.push(
    `System:    ${[system.os, system.os_ver].filter(Boolean).join(" ")}, ${[system.cpu_arch, system.cpu_info].filter(Boolean).join(", ")}`,
  );
  if (report.lsb_release?.description) lines.push(`           ${report.lsb_release.description}`);
  if (report.comment) lines.push(`Comment:   ${report.comment}`);
  if (crash.assertion !== null) lines.push(`Assertion: ${crash.assertion}`);
  if (!report.re_walked) lines.push("Not re-walked: unwind data arrived after the dump was deleted.");
  lines.push("");
  const crashing = report.crashing_thread;
  if (crashing) lines.push(...threadLines(crashing, crashing.threads_index, true), "");
  report.threads.forEach((thread, i) => {
    if (i !== crashing?.threads_index) lines.push(...threadLines(thread, i, false), "");
  });
  const wanted = report.modules.filter((m) => m.needs !== null);
  if (wanted.length > 0) {
    lines.push("Missing debug files:");
    for (const module of wanted) lines.push(`  ${missingLine(module)}`);
    lines.push("");
  }
  lines.push("Modules:");
  for (const m of report.modules) {
    lines.push(`  ${m.base_addr} - ${m.end_addr}  ${m.filename}  ${m.debug_id ?? m.code_id ?? "no id"}  ${m.status}`);
  }
  for (const warning of report.warnings) {
    lines.push(`Warning: ${warning.stream}${warning.offset === null ? "" : ` at 0x${warning.offset.toString(16)}`}: ${warning.message}`);
  }
  return `${lines.join("\n")}\n`;
}

function threadLines(thread: ReportThread, index: number, crashed: boolean): string[] {
  const name = thread.thread_name === null ? "" : ` ${thread.thread_name}`;
  const lines = [`Thread ${index}${name} (id ${thread.thread_id})${crashed ? " crashed" : ""}`];
  let expected = 0;
  for (const frame of thread.frames) {
    if (frame.frame > expected) lines.push(`     … ${frame.frame - expected} frames left out …`);
    expected = frame.frame + 1;
    lines.push(...frameLines(frame));
  }
  lines.push(`     ${END_TEXT[thread.walk_end]}`);
  return lines;
}

const END_TEXT: Readonly<Record<WalkEnd, string>> = {
  end_of_stack: "end of stack",
  no_progress: "stopped: the next frame would not lie further up the stack",
  stack_not_captured: "stopped: the dump does not hold the rest of the stack",
  limit: "stopped: too many frames",
  no_context: "not walked: the dump holds no registers that can be read",
  not_walked: "not walked: this thread wrote the dump",
};

function frameLines(frame: ReportFrame): string[] {
  const number = String(frame.frame).padStart(3);
  const inlines = (frame.inlines ?? []).map((f) => `${number}  ${frame.module}!${f.function ?? "?"}${place(f.file, f.line)}  (inlined)`);
  return [...inlines, `${number}  ${where(frame)}${place(frame.file, frame.line)}  (${frame.trust})`];
}

function where(frame: ReportFrame): string {
  if (frame.module === null) {
    const gone = frame.unloaded_modules?.[0];
    return gone ? `${frame.offset} (in ${gone.module}, which was unloaded)` : frame.offset;
  }
  const short = (value: string | null): string => `0x${BigInt(value ?? "0x0").toString(16)}`;
  if (frame.function === null) return `${frame.module} + ${short(frame.module_offset)}`;
  return `${frame.module}!${frame.function} + ${short(frame.function_offset)}`;
}

function place(file: string | null, line: number | null): string {
  return file === null ? "" : ` [${baseName(file)}${line === null ? "" : `:${line}`}]`;
}

function missingLine(module: ReportModule): string {
  const brings = module.needs === "both" ? "names and unwind data" : module.needs === "unwind" ? "unwind data" : "names";
  const id = module.debug_id ? `debug id ${module.debug_id}` : module.code_id ? `code id ${module.code_id}` : "no id";
  return `${module.debug_file ?? module.filename}  ${id}  would bring ${brings}${module.own ? "" : "  (not the team's own)"}`;
}
