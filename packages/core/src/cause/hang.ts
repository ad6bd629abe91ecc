/** The program did not crash but stopped responding, and something took a dump of it. */
import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";

const REASON = /^(STATUS_APPLICATION_HANG|EXCEPTION_POSSIBLE_DEADLOCK|SIGQUIT)/;
const KEY = /^(hang|is_?hang|hang[-_]?(type|report|duration.*)|app[-_]?hang.*|anr.*)$/i;
const NO = /^(0|false|no|)$/i;

export function recogniseHang(input: CauseInput): ReportCause | null {
  const title = "Hang: the program did not respond";
  if (input.reason !== null && REASON.test(input.reason)) return { title, evidence: [input.reason], confidence: "certain" };
  // Without a fault, an annotation of the watchdog decides; beside a fault it says nothing.
  if (input.reason !== null && !/^(Simulated Exception|DUMP_REQUESTED|unknown 0x00000000)/.test(input.reason)) return null;
  const note = input.notes.find(({ key, text }) => KEY.test(key) && !NO.test(text));
  if (note === undefined) return null;
  return { title, evidence: [...(input.reason === null ? [] : [input.reason]), `${note.key}: ${note.text}`], confidence: "likely" };
}
