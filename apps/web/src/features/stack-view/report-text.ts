/** A crash as plain text, to paste into a ticket or a chat. */
import type { Report, ReportThread } from "@salvage/contracts";
import { shortHex } from "../../ui/format.ts";
import { callRows, sourceOf } from "./frames.ts";

/** @param link address of the crash's page, put on the last line */
export function reportText(report: Report, link: string): string {
  const { crash_info: crash, system_info: system } = report;
  const lines: string[] = [];
  if (report.cause !== null) lines.push(report.cause.title);
  const where = crash.address === null ? "" : ` at ${shortHex(crash.address)}`;
  if (crash.type !== null) lines.push(`${crash.type}${where}`);
  if (crash.assertion !== null) lines.push(`Assertion: ${crash.assertion}`);
  lines.push([system.os, system.os_ver, system.cpu_arch].filter((part) => part !== null && part !== "").join(" "), "");
  if (report.crashing_thread !== null) lines.push(...threadText(report.crashing_thread, report, " (crashed)"));
  lines.push("", link);
  return `${lines.join("\n")}\n`;
}

function threadText(thread: ReportThread, report: Report, mark: string): string[] {
  const name = thread.thread_name === null ? "" : ` "${thread.thread_name}"`;
  const calls = callRows(thread, report.modules).map((row) => {
    const number = row.number === null ? "   " : String(row.number).padStart(3);
    const source = sourceOf(row);
    const tail = [
      source === null ? null : `[${source}]`,
      row.function === null ? null : row.module,
      row.inline ? "inline" : row.frame.trust,
    ];
    return `${number}  ${row.function ?? row.place}  ${tail.filter((part) => part !== null).join("  ")}`;
  });
  const cut = thread.frames_truncated ? [`     … ${thread.total_frames - thread.frame_count} frames left out`] : [];
  return [`Thread ${thread.thread_id}${name}${mark}`, ...calls, ...cut];
}
