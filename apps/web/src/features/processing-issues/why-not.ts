/** Why a held debug file is not the one that crashes wait for, as a word and a sentence. Pure. */
import type { CrashDetail, DebugFileKind, FileNeed, NearFile, NearFilesView } from "@salvage/contracts";
import { cpuName } from "../../ui/cpu-name.ts";

export type WhyNot = { word: string; sentence: string };

/** The missing file, and who waits for it: all crashes of a project, or one. */
export type Wanted = { debugId: string | null; cpu: string | null; needs: FileNeed };
export type Waiting = Pick<NearFilesView, "waitingCrashes" | "waitingWithoutDump">;

export function whyNot(wanted: Wanted, held: NearFile, waiting: Waiting): WhyNot {
  if (isOtherCpu(wanted.cpu, held.cpu)) {
    const [theirs, ours] = [cpuName(held.cpu ?? ""), cpuName(wanted.cpu ?? "")];
    return { word: "Wrong CPU", sentence: `It is for ${theirs}, the crash is of a build for ${ours}.` };
  }
  if (held.match === "same_guid") return otherAge(wanted.debugId, held.debugId);
  if (held.match === "same_name") {
    return { word: "Another build", sentence: "It has the same name but another id: it was made by another build." };
  }
  const needsNames = wanted.needs !== "unwind";
  const needsUnwind = wanted.needs !== "names";
  if (needsNames && !held.hasNames) return { word: "No lines", sentence: lacksNames(held) };
  if (needsUnwind && !held.hasUnwind) return { word: "No unwind data", sentence: `${unwindIsElsewhere[held.kind]}.` };
  if (needsUnwind && waiting.waitingWithoutDump > 0) return { word: "Too late", sentence: tooLate(waiting) };
  return { word: "Held", sentence: "It has what is needed; the waiting crashes are being upgraded." };
}

/** The words of one crash: it waits alone, and its dump is there or not. */
export function waitingOf(crash: Pick<CrashDetail, "dump">): Waiting {
  return { waitingCrashes: 1, waitingWithoutDump: crash.dump.state === "deleted" ? 1 : 0 };
}

function isOtherCpu(wanted: string | null, held: string | null): boolean {
  if (wanted === null || held === null || wanted === "unknown" || held === "unknown") return false;
  return cpuName(wanted) !== cpuName(held);
}

function otherAge(wanted: string | null, held: string | null): WhyNot {
  const [theirs, ours] = [ageOf(held), ageOf(wanted)];
  const link = theirs > ours ? "a later link" : "an earlier link";
  return {
    word: "Other age",
    sentence: `Its age is ${theirs}, the crash asks for age ${ours}: it was written by ${link} of the same program.`,
  };
}

/** The digits after the GUID. */
function ageOf(debugId: string | null): number {
  return Number.parseInt(debugId?.slice(32) ?? "", 16) || 0;
}

const namesAreElsewhere: Readonly<Record<DebugFileKind, string>> = {
  elf: "it is stripped, so files and lines are in the unstripped file or its .debug file",
  pe: "it is the program, files and lines are in its PDB",
  pdb: "it is a stripped PDB, files and lines are in the full one",
  macho: "it is the binary, files and lines are in its dSYM",
  breakpad: "it was made from a binary without debug information",
  sourcebundle: "it holds sources only",
};

const unwindIsElsewhere: Readonly<Record<DebugFileKind, string>> = {
  elf: "Exact callers need the program itself: its debug file has no unwind data",
  pe: "This program has no unwind data",
  pdb: "Exact callers need the exe or dll: a PDB has no unwind data for this CPU",
  macho: "Exact callers need the binary: a dSYM has no unwind data",
  breakpad: "It has no STACK records: make it from the file that has the unwind data",
  sourcebundle: "Sources have no unwind data",
};

function lacksNames(held: NearFile): string {
  const has = held.features.includes("symbols") ? "It has function names only" : "It has unwind data only";
  return `${has}: ${namesAreElsewhere[held.kind]}.`;
}

function tooLate({ waitingCrashes, waitingWithoutDump }: Waiting): string {
  const who =
    waitingCrashes === 1
      ? "the dump was deleted before it came"
      : `the dumps of ${waitingWithoutDump === waitingCrashes ? "all" : waitingWithoutDump.toLocaleString("en-US")} waiting crashes were deleted before it came`;
  return `It has what is needed, but ${who}: what is deleted cannot be walked again.`;
}
