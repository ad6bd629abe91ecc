/** sentry-cli's picture of a debug file ("dif"), and debug ids in its form. */
import type { DebugFileFeature } from "@salvage/contracts";

export type DebugInformation = {
  id: string;
  name: string;
  kind: string;
  /** Breakpad form. */
  debugId: string | null;
  codeId: string | null;
  cpu: string | null;
  features: readonly string[];
  sizeBytes: number;
  /** Null where the file was never named by it. */
  sha1: string | null;
  createdAt: string;
};

/** What the client reads must be texts; it fails on null. */
export function debugInformation(file: DebugInformation) {
  const debugId = file.debugId === null ? "" : hyphenated(file.debugId);
  const features = file.features.map((feature) => featureWords[feature as DebugFileFeature]).filter((word) => word !== undefined);
  return {
    id: file.id,
    uuid: debugId.slice(0, 36),
    debugId,
    codeId: file.codeId,
    cpuName: file.cpu ?? "any",
    objectName: file.name,
    symbolType: file.kind,
    headers: { "Content-Type": contentTypes[file.kind] ?? "application/octet-stream" },
    size: file.sizeBytes,
    sha1: file.sha1 ?? "",
    dateCreated: file.createdAt,
    data: { type: file.features.includes("lines") ? "dbg" : "none", features: [...new Set(features)] },
  };
}

const featureWords: Readonly<Record<DebugFileFeature, string>> = {
  symbols: "symtab",
  lines: "debug",
  inlines: "debug",
  unwind: "unwind",
  sources: "sources",
};

const contentTypes: Readonly<Record<string, string>> = {
  breakpad: "text/x-breakpad",
  elf: "application/x-elf-binary",
  macho: "application/x-mach-binary",
  pdb: "application/x-ms-pdb",
  pe: "application/x-dosexec",
  sourcebundle: "application/x-sentry-bundle+zip",
};

/** Breakpad form (32 upper-case hex digits and the age) as a UUID in lower case with the age behind it unless that is 0. */
export function hyphenated(debugId: string): string {
  const hex = debugId.slice(0, 32).toLowerCase();
  const age = debugId.slice(32);
  const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  return age === "" || age === "0" ? uuid : `${uuid}-${age}`;
}

/** Breakpad form of a debug id as clients write it, with or without hyphens, in any case; null when it is none. */
export function breakpadDebugId(text: string): string | null {
  const match = /^([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})(?:-?([0-9a-f]{1,8}))?$/i.exec(text);
  if (match === null) return null;
  return `${match.slice(1, 6).join("").toUpperCase()}${(Number.parseInt(match[6] ?? "0", 16) >>> 0).toString(16)}`;
}
