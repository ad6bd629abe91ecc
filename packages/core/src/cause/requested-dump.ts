/** No crash at all: the program asked for a dump of itself. */

import type { ReportCause } from "../report/report.ts";
import type { CauseInput } from "./cause.ts";

export function recogniseRequestedDump(input: CauseInput): ReportCause | null {
  if (input.reason === null) {
    if (input.crashed) return null;
    return { title: "Dump without a crash", evidence: ["the dump has no exception"], confidence: "likely" };
  }
  if (/^(Simulated Exception|DUMP_REQUESTED|unknown 0x00000000 \/ 0x00000000)/.test(input.reason)) {
    return { title: "Dump requested by the program", evidence: [input.reason], confidence: "certain" };
  }
  return null;
}
