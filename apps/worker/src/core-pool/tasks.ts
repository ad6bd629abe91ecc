/**
 * What the worker may ask of a child process: the only place where core meets tenants' bytes. Inputs and outputs travel
 * over the child's IPC channel (structured clone), so they are plain data; data keys too, and they are never written down.
 */
import type { SealContext } from "@salvage/blobs";
import type { DebugFileFeature, DebugFileKind, FileNeed } from "@salvage/contracts";

/** A sealed minidump and what opens it. */
export type DumpInput = { path: string; dataKey: Uint8Array; context: SealContext };

export type ModuleOutline = {
  index: number;
  codeFile: string;
  debugFile: string | null;
  debugId: string | null;
  codeId: string | null;
  /** A register or a word on a stack points into it. */
  touched: boolean;
};

export type DumpOutline = { mainModule: number | null; modules: ModuleOutline[] };

/** Local paths of the lookup files of one module; null = there is none. */
export type ImageFiles = { index: number; names: string | null; unwind: string | null };

/** What a stack touched and lacks, before anybody looked whether a file has come meanwhile. */
export type LackingModule = {
  index: number;
  codeFile: string;
  debugFile: string | null;
  debugId: string | null;
  codeId: string | null;
  needs: FileNeed;
  own: boolean;
  sampleFrame: string | null;
};

/** What the crash's row needs of a report. */
export type ReportSummary = {
  coreVersion: string;
  signature: string;
  groupingKey: string;
  groupingProvisional: boolean;
  crashReason: string | null;
  crashAddress: string | null;
  os: string | null;
  cpu: string | null;
  cause: string | null;
  reWalked: boolean;
  lacking: LackingModule[];
};

/** `gzip`: the report's JSON, compressed, as it is stored. */
export type ReportOutput = { gzip: Uint8Array; summary: ReportSummary };

/** `index`: place in the archive's directory; names may repeat. */
export type ArchiveMember = { index: number; name: string; sizeBytes: number };

export type ConvertOutput = {
  kind: DebugFileKind;
  /** As the file itself says; null when it does not. */
  name: string | null;
  debugId: string | null;
  codeId: string | null;
  cpu: string | null;
  os: string | null;
  features: DebugFileFeature[];
  /** Why no lookup file was written; empty when one was. */
  lacks: string[];
  symcache: { formatVersion: number; sizeBytes: number; names: boolean; unwind: boolean } | null;
};

/** Name of the task → what goes in and what comes out. */
export type Tasks = {
  /** A cheap first look: which modules may a stack touch? */
  inspect: { input: { dump: DumpInput }; output: DumpOutline };
  /** The whole report. `own[i]` tells whether module i is the team's own. */
  process: { input: { dump: DumpInput; images: ImageFiles[]; own: boolean[] }; output: ReportOutput };
  /** The modules of a stored report, for crashes whose dump is gone or need not be walked again. */
  outlineReport: { input: { gzip: Uint8Array }; output: DumpOutline };
  /** New names for a stored report. */
  applyNames: { input: { gzip: Uint8Array; images: ImageFiles[]; own: boolean[] }; output: ReportOutput };
  /** What is in a zip archive; null = it is none. */
  listArchive: { input: { path: string }; output: ArchiveMember[] | null };
  /** Unpacks members of a zip into files; answers in the order of `members`. */
  extract: { input: { path: string; members: { index: number; outPath: string }[] }; output: { sha256: string; sizeBytes: number }[] };
  /** Identifies a debug file and writes its lookup file to `outPath` where it can be converted. */
  convert: { input: { path: string; outPath: string }; output: ConvertOutput };
};

export type TaskName = keyof Tasks;

/** How a child answers: failures of the input and of our own code are values, so that a rejection can only mean that the child died. */
export type TaskAnswer<K extends TaskName> =
  | { outcome: "done"; output: Tasks[K]["output"] }
  | { outcome: "bad input"; format: string; offset: number | null; reason: string }
  /** `system`: the operating system refused something (disk full, too many files): no fault of the input or the code. */
  | { outcome: "broken"; message: string; system: boolean };
