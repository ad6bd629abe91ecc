/**
 * What the worker may ask of a child process: the only place where core meets tenants' bytes. Inputs and outputs travel
 * over the child's IPC channel (structured clone), so they are plain data; data keys too, and they are never written down.
 */
import type { Unpacked, UnpackOptions } from "@salvage/archives";
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

/** A file of an image on local disk: its lookup file, or the debug file itself. */
export type ImageFileInput = { path: string; readFrom: "symcache" | "debug file" };

/** All files of one module, oldest first. */
export type ImageFiles = { index: number; files: ImageFileInput[] };

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

export type UnpackOutput = Pick<Unpacked, "members" | "refused" | "next"> & { kind: Unpacked["kind"] | "universal binary" };

/** Files that were unpacked together, by the names they have in their archive: where split debug information is looked for. */
export type Companion = { name: string; path: string };

/** What a file is, as far as a look at its headers tells. */
export type FileFacts = {
  kind: DebugFileKind;
  /** As the file itself says; null when it does not. */
  name: string | null;
  /** Base name of the executable that a symbol file states; null when it states none. */
  codeFile: string | null;
  debugId: string | null;
  codeId: string | null;
  cpu: string | null;
  os: string | null;
  features: DebugFileFeature[];
  /** Whether crashes can use it. */
  convertible: boolean;
  /** What it does not have, in words; why it is not convertible when it is not. */
  lacks: string[];
};

export type ConvertOutput = {
  formatVersion: number;
  sizeBytes: number;
  /** What the lookup file has. */
  features: DebugFileFeature[];
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
  /** The next members of an archive, or the slices of a universal binary; null: it is neither. */
  unpack: { input: { path: string } & UnpackOptions; output: UnpackOutput | null };
  identify: { input: { path: string }; output: FileFacts };
  /** Writes the lookup file of a debug file to `outPath`; what it unpacks on the way lies in `scratchDir`. */
  convert: { input: { path: string; name: string; outPath: string; scratchDir: string; companions: Companion[] }; output: ConvertOutput };
};

export type TaskName = keyof Tasks;

/** How a child answers: failures of the input and of our own code are values, so that a rejection can only mean that the child died. */
export type TaskAnswer<K extends TaskName> =
  | { outcome: "done"; output: Tasks[K]["output"] }
  | { outcome: "bad input"; format: string; offset: number | null; reason: string }
  /** `system`: the operating system refused something (disk full, too many files): no fault of the input or the code. */
  | { outcome: "broken"; message: string; system: boolean };
