/** The report for a terminal: the cause first, then the crashing thread, the other threads, what is missing, the modules. */
import { baseName } from "../bytes/text.ts";
import { COLOURS, NO_COLOURS, type Paint, printable } from "./paint.ts";
import type { Report, ReportFrame, ReportModule, ReportThread, WalkEnd } from "./report.ts";

/** `colours`: with SGR sequences, for a terminal. */
export function reportToText(report: Report, { colours = false }: { colours?: boolean } = {}): string {
  const paint = colours ? COLOURS : NO_COLOURS;
  const lines: string[] = [];
  if (report.cause) {
    const { title, confidence } = report.cause;
    lines.push(`${paint.alarm(printable(title))} ${paint.faint(`(${confidence})`)}`);
    for (const evidence of report.cause.evidence) lines.push(`  ${printable(evidence)}`);
    lines.push("");
  }
  for (const [label, value] of summaryOf(report)) lines.push(`${paint.heading(`${label}:`.padEnd(12))} ${printable(value)}`);
  if (!report.re_walked) lines.push(paint.warning("Not re-walked: unwind data arrived after the dump was deleted."));
  lines.push("");
  const crashing = report.crashing_thread;
  if (crashing) {
    lines.push(...threadLines(crashing, crashing.threads_index, true, paint), "");
    const registers = registerLines(crashing, paint);
    if (registers.length > 0) lines.push(paint.heading("Registers:"), ...registers, "");
  }
  report.threads.forEach((thread, i) => {
    if (i !== crashing?.threads_index) lines.push(...threadLines(thread, i, false, paint), "");
  });
  const wanted = report.modules.filter((m) => m.needs !== null);
  if (wanted.length > 0) {
    lines.push(paint.heading("Missing debug files:"));
    for (const module of wanted) lines.push(`  ${missingLine(module, paint)}`);
    lines.push("");
  }
  lines.push(paint.heading("Modules:"));
  for (const m of report.modules) {
    const file = paint.name(printable(m.filename));
    lines.push(
      `  ${paint.faint(`${m.base_addr} - ${m.end_addr}`)}  ${file}  ${printable(m.debug_id ?? m.code_id ?? "no id")}  ${m.status}`,
    );
  }
  for (const warning of report.warnings) {
    const at = warning.offset === null ? "" : ` at 0x${warning.offset.toString(16)}`;
    lines.push(`${paint.warning("Warning:")} ${printable(`${warning.stream}${at}: ${warning.message}`)}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Label and value of each line that the report has something for. */
function summaryOf(report: Report): [string, string][] {
  const { system_info: system, crash_info: crash } = report;
  const lines: [string, string | null | undefined][] = [
    ["Signature", `${report.signature.title}${report.signature.provisional ? " (provisional)" : ""}`],
    ["Crash", `${crash.type ?? "no exception"}${crash.address === null ? "" : ` at ${crash.address}`}`],
    ["Instruction", crash.instruction],
    ["Accesses", accessText(report)],
    ["Called by", crash.call_instruction],
    ["System", `${words(system.os, system.os_ver)}, ${[system.cpu_arch, system.cpu_info].filter(Boolean).join(", ")}`],
    ["Distribution", report.lsb_release?.description],
    ["Comment", report.comment],
    ["Assertion", crash.assertion],
  ];
  return lines.flatMap(([label, value]) => (value ? [[label, value]] : []));
}

function accessText({ crash_info: crash }: Report): string | null {
  const parts = (crash.memory_accesses ?? []).map(({ access_type: type, size, address, is_likely_guard_page: guard }) =>
    words(type ?? "access", size === null ? null : `of ${size} bytes`, `at ${address}`, guard ? "(guard page)" : null),
  );
  return parts.length === 0 ? null : parts.join(", ");
}

function words(...parts: (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== "").join(" ");
}

function threadLines(thread: ReportThread, index: number, crashed: boolean, paint: Paint): string[] {
  const name = thread.thread_name === null ? "" : ` ${printable(thread.thread_name)}`;
  const lines = [`${paint.heading(`Thread ${index}${name}`)} (id ${thread.thread_id})${crashed ? paint.alarm(" crashed") : ""}`];
  let expected = 0;
  for (const frame of thread.frames) {
    if (frame.frame > expected) lines.push(paint.faint(`     … ${frame.frame - expected} frames left out …`));
    expected = frame.frame + 1;
    lines.push(...frameLines(frame, paint));
  }
  lines.push(paint.faint(`     ${END_TEXT[thread.walk_end]}`));
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

function frameLines(frame: ReportFrame, paint: Paint): string[] {
  const number = paint.faint(String(frame.frame).padStart(3));
  const module = printable(frame.module ?? "");
  const inlines = (frame.inlines ?? []).map(
    (f) => `${number}  ${module}!${paint.name(printable(f.function ?? "?"))}${place(f.file, f.line)}  ${paint.faint("(inlined)")}`,
  );
  const trust = frame.trust === "scan" ? paint.warning("(scan)") : paint.faint(`(${frame.trust})`);
  return [...inlines, `${number}  ${where(frame, paint)}${place(frame.file, frame.line)}  ${trust}`];
}

function where(frame: ReportFrame, paint: Paint): string {
  if (frame.module === null) {
    const gone = frame.unloaded_modules?.[0];
    return gone ? `${frame.offset} (in ${printable(gone.module)}, which was unloaded)` : frame.offset;
  }
  const module = printable(frame.module);
  const short = (value: string | null): string => `0x${BigInt(value ?? "0x0").toString(16)}`;
  if (frame.function === null) return `${module} + ${short(frame.module_offset)}`;
  return `${module}!${paint.name(printable(frame.function))} + ${short(frame.function_offset)}`;
}

function place(file: string | null, line: number | null): string {
  return file === null ? "" : ` [${printable(baseName(file))}${line === null ? "" : `:${line}`}]`;
}

const REGISTERS_A_LINE = 4;

/** Those of the innermost frame; the register to blame stands out in the cause. */
function registerLines(thread: ReportThread, paint: Paint): string[] {
  const registers = Object.entries(thread.frames[0]?.registers ?? {});
  const width = Math.max(0, ...registers.map(([name]) => name.length));
  const lines: string[] = [];
  for (let i = 0; i < registers.length; i += REGISTERS_A_LINE) {
    const row = registers.slice(i, i + REGISTERS_A_LINE).map(([name, value]) => `${paint.faint(name.padStart(width))} ${value}`);
    lines.push(`  ${row.join("  ")}`);
  }
  return lines;
}

function missingLine(module: ReportModule, paint: Paint): string {
  const brings = module.needs === "both" ? "names and unwind data" : module.needs === "unwind" ? "unwind data" : "names";
  const id = module.debug_id ? `debug id ${module.debug_id}` : module.code_id ? `code id ${module.code_id}` : "no id";
  const file = paint.name(printable(module.debug_file ?? module.filename));
  return `${file}  ${printable(id)}  would bring ${brings}${module.own ? "" : "  (not the team's own)"}`;
}
