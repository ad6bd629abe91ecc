/** What the server made of each uploaded file, as lines for people and as JSON for scripts. */
import type { UploadVerdict, UploadView } from "@salvage/contracts";
import { fileName } from "./names.ts";

/** `others`: members of a usable archive that are no debug files at all, such as notes beside them. */
export type VerdictCounts = { ready: number; alreadyThere: number; refused: number; others: number };

/**
 * Prints a line (or a JSON object) per file found in an upload.
 * @param held the server had it before this call: nothing was sent
 */
export function printVerdicts(path: string, view: UploadView, json: boolean, held: boolean): VerdictCounts {
  const counts: VerdictCounts = { ready: 0, alreadyThere: 0, refused: 0, others: 0 };
  const usable = view.verdicts.some((verdict) => verdict.state !== "rejected");
  for (const verdict of view.verdicts.length > 0 ? view.verdicts : [verdictOfWhole(view)]) {
    const state = verdict.state === "ready" && held ? "duplicate" : verdict.state;
    if (state === "rejected") counts[usable && verdict.kind === null ? "others" : "refused"]++;
    else counts[state === "ready" ? "ready" : "alreadyThere"]++;
    if (json) process.stdout.write(`${JSON.stringify({ file: path, ...verdict, state, sent: !held })}\n`);
    else process.stdout.write(`${verdictLines({ ...verdict, state }).join("\n")}\n`);
  }
  return counts;
}

/** Prints that the server did not take a file at all. */
export function printRefused(path: string, reason: string, json: boolean): VerdictCounts {
  if (json) process.stdout.write(`${JSON.stringify({ file: path, state: "rejected", reason, sent: false })}\n`);
  else process.stdout.write(`  ${fileName(path)}  rejected: ${reason}\n`);
  return { ready: 0, alreadyThere: 0, refused: 1, others: 0 };
}

/** An upload in which no file was found stands for itself. */
function verdictOfWhole({ fileName, state, reason }: UploadView): UploadVerdict {
  const none = { kind: null, debugId: null, codeId: null, cpu: null, features: [], lacks: [], offset: null, waitingCrashes: 0 };
  return { name: fileName, state: state === "ready" ? "ready" : "rejected", reason, ...none };
}

/** "game.pdb  ready  [pdb  1E9E…0  amd64  symbols+lines]", and what it lacks. */
function verdictLines(verdict: UploadVerdict): string[] {
  const { name, state, kind, debugId, codeId, cpu, features, lacks, reason, offset, waitingCrashes } = verdict;
  if (state === "rejected")
    return [`  ${name}  rejected: ${reason ?? "no reason given"}${offset === null ? "" : ` (at offset 0x${offset.toString(16)})`}`];
  const waiting = waitingCrashes > 0 ? `; ${waitingCrashes} crashes waited for it and are being upgraded` : "";
  const about = [kind, debugId ?? codeId, cpu, features.join("+")].filter(Boolean).join("  ");
  const words = state === "ready" ? `ready${waiting}` : "already there";
  return [`  ${name}  ${words}${about === "" ? "" : `  [${about}]`}`, ...lacks.map((what) => `    lacks ${what}`)];
}
