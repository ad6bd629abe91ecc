/** What sniffing a debug file tells: which format, whose file it is, what it has and what it lacks. */

export type ObjectKind = "breakpad" | "elf" | "pe" | "pdb" | "macho";
export type ObjectFeature = "symbols" | "lines" | "inlines" | "unwind" | "sources";

export type ObjectVerdict = {
  kind: ObjectKind;
  /** Name the file states for itself (MODULE line, PDB name of a PE, SONAME is not read); null when it states none. */
  name: string | null;
  /** Base name of the executable or library that the file states beside its own name, which its code id goes with; null when it states none. */
  codeFile: string | null;
  /** Breakpad form; null when the file carries no usable id. */
  debugId: string | null;
  codeId: string | null;
  /** "amd64", "x86", "arm64", "arm" and so on, as reports name CPUs; null when unknown. */
  cpu: string | null;
  /** "linux", "windows", "macos", "android", "ios"; null when the format does not say. */
  os: string | null;
  features: ObjectFeature[];
  /** Whether buildSymcache makes a lookup file of it. */
  convertible: boolean;
  /** What is missing, each in words for people; empty when nothing is. */
  lacks: string[];
};

/** What a file lacks that ends before the place that its headers name: an upload or a build that broke off. */
export function cutOff(size: number, statedSize: number): string {
  return `its end: it has ${size} of at least ${statedSize} bytes, so it was cut off`;
}
