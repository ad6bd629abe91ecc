/** What goes into and comes out of processing, apart from the report itself: module ids, lookups, options, outline. */
import type { Disassemble } from "./cpu/instruction.ts";
import type { ImageStatus, ReportWarning } from "./report/report.ts";
import type { NameLookup } from "./symbolicate/lookup.ts";
import type { UnwindLookup, WindowsFrameLookup } from "./unwind/rules.ts";

/** How a module names itself. debugId in Breakpad form, codeId as its platform writes it. */
export type ModuleIds = { codeFile: string; debugFile: string | null; debugId: string | null; codeId: string | null };

/** A cheap first look at a dump: which images a stack may touch. */
export type MinidumpOutline = {
  os: string;
  cpu: string;
  /** Index into `modules` of the program itself. */
  mainModule: number | null;
  modules: (ModuleIds & { index: number; base: bigint; size: number /* bytes */; touched: boolean })[];
  warnings: ReportWarning[];
};

/** What is at hand for one image; the statuses say why a part is absent. */
export type ImageLookup = {
  names: NameLookup | null;
  unwind: UnwindLookup | null;
  /** STACK WIN records of 32-bit Windows code; they count as unwind data for `unwindStatus`. */
  windowsFrames?: WindowsFrameLookup | null;
  /** Code of the image as its file has it, by image-relative address; what the dump itself holds comes first. */
  code?: CodeLookup | null;
  /**
   * The names are a symbol table's: functions without files and lines. A file with debug information is still wanted; of a team's own
   * module it keeps the crash waiting.
   */
  bareNames?: boolean;
  namesStatus: ImageStatus;
  unwindStatus: ImageStatus;
};

/** Up to `maxBytes` code bytes from an image-relative address; null where the file has none. Throws FormatError for a damaged file. */
export interface CodeLookup {
  read(relativeAddress: number, maxBytes: number): Uint8Array | null;
}

export type ProcessOptions = {
  /** The lookup files of a module; null: nothing is known, the image is missing. Called at most once per module, when a frame lands in it. */
  image(module: ModuleIds & { index: number }): ImageLookup | null;
  /** Whether the module is the team's own, so that its missing files keep a crash provisional. */
  own(module: ModuleIds & { index: number; isMain: boolean; mainModule: ModuleIds | null }): boolean;
  /** Decodes the faulting instruction; without it the report says all that needs no instruction. */
  disassemble?: Disassemble;
};
