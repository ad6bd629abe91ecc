/** Debug file in, symcache out: the one door for the import and the command line. */
import type { ByteSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import { breakpadVerdict } from "../object/breakpad-identity.ts";
import { identifyObject } from "../object/identify.ts";
import type { ObjectFeature } from "../object/verdict.ts";
import { convertBreakpad } from "./from-breakpad.ts";
import { symcacheVersion } from "./layout.ts";
import type { SymcacheSink } from "./page-writer.ts";
import { type SymcacheCounts, type SymcacheIds, SymcacheWriter } from "./writer.ts";

export type SymcacheSummary = SymcacheIds &
  SymcacheCounts & {
    formatVersion: number;
    /** Size of the lookup file. */
    bytesWritten: number;
    features: ObjectFeature[];
    /** Lines that could not be used: all counted, the first few with their place. */
    damagedLines: number;
    damage: { offset: number; reason: string }[];
  };

/**
 * Converts a debug file. Memory stays bounded whatever its size; `progress` receives a growing count that ends at source.size.
 * Throws FormatError for content that is unknown or that cannot be converted yet; damaged lines are left out and counted.
 */
export function buildSymcache(source: ByteSource, sink: SymcacheSink, progress: (bytesDone: number) => void = () => {}): SymcacheSummary {
  if (!startsWithModule(source)) {
    const verdict = identifyObject(source);
    throw new FormatError(`symcache: ${verdict.kind}`, null, verdict.lacks.join("; "));
  }
  const writer = new SymcacheWriter(sink, source.size);
  const { module, damage } = convertBreakpad(source, writer, progress);
  const verdict = breakpadVerdict(module);
  const ids: SymcacheIds = {
    sourceKind: "breakpad",
    sourceBytes: source.size,
    debugId: verdict.debugId,
    codeId: verdict.codeId,
    debugFile: verdict.name,
    codeFile: module.codeFile,
    cpu: verdict.cpu,
    os: verdict.os,
  };
  writer.finish(ids, damage.count);
  const features: ObjectFeature[] = [];
  if (writer.counts.rangeCount > 0) features.push("symbols");
  if (writer.hasLines) features.push("lines");
  if (writer.counts.inlineCount > 0) features.push("inlines");
  if (writer.counts.rowCount > 0 || writer.counts.winFrameCount > 0) features.push("unwind");
  return {
    ...ids,
    ...writer.counts,
    formatVersion: symcacheVersion,
    bytesWritten: writer.bytesWritten,
    features,
    damagedLines: damage.count,
    damage: damage.first,
  };
}

function startsWithModule(source: ByteSource): boolean {
  const start = source.read(0, Math.min(source.size, 7));
  return String.fromCharCode(...start) === "MODULE ";
}
