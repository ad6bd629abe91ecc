/** Debug file in, symcache out: the one door for the import and the command line. */
import type { ByteSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import type { Ports } from "../bytes/ports.ts";
import { breakpadVerdict } from "../object/breakpad-identity.ts";
import { identifyObjects, objectKind } from "../object/identify.ts";
import { type OpenNamesOptions, openNames } from "../object/open-names.ts";
import { type OpenedUnwind, openUnwind } from "../object/open-unwind.ts";
import type { ObjectFeature, ObjectVerdict } from "../object/verdict.ts";
import { convertBreakpad } from "./from-breakpad.ts";
import { convertNames } from "./from-names.ts";
import { convertUnwind, convertWindowsFrames } from "./from-unwind.ts";
import { symcacheVersion } from "./layout.ts";
import type { SymcacheSink } from "./page-writer.ts";
import { type SymcacheCounts, type SymcacheIds, SymcacheWriter } from "./writer.ts";

export type SymcacheOptions = OpenNamesOptions & {
  /** Receives a growing count that ends at source.size. It may throw to end the conversion; what the sink then holds is no symcache. */
  progress?: (bytesDone: number) => void;
};

export type SymcacheSummary = SymcacheIds &
  SymcacheCounts & {
    formatVersion: number;
    /** Size of the lookup file. */
    bytesWritten: number;
    features: ObjectFeature[];
    /** Lines or records that could not be used: all counted, the first few with their place. */
    damagedLines: number;
    damage: readonly { offset: number; reason: string }[];
    /** Files that would have to be at hand for more: each in words for people. */
    needs: string[];
  };

/** The share of progress that names take; the rest is unwind rules. */
const namesShare = 0.8;

/**
 * Converts a debug file of any kind. Memory stays bounded whatever its size, given ports. Of a file with several images it converts the one
 * with `debugId`, else the first. Throws FormatError for unknown content and where nothing can be read; damaged parts are left out and counted.
 */
export function buildSymcache(source: ByteSource, sink: SymcacheSink, options: SymcacheOptions = {}): SymcacheSummary {
  const writer = new SymcacheWriter(sink, source.size);
  const made = objectKind(source) === "breakpad" ? fromBreakpad(source, writer, options) : fromBinary(source, writer, options);
  const { ids, damage, needs } = made;
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
    needs,
  };
}

type Made = { ids: SymcacheIds; damage: { count: number; first: readonly { offset: number; reason: string }[] }; needs: string[] };

function fromBreakpad(source: ByteSource, writer: SymcacheWriter, { progress = () => {} }: SymcacheOptions): Made {
  const { module, damage } = convertBreakpad(source, writer, progress);
  const ids = { ...idsOf(breakpadVerdict(module), source), codeFile: module.codeFile };
  writer.finish(ids, damage.count);
  return { ids, damage, needs: [] };
}

function fromBinary(source: ByteSource, writer: SymcacheWriter, options: SymcacheOptions): Made {
  const { progress = () => {}, debugId = null, ports = null } = options;
  const images = identifyObjects(source);
  const verdict = images.find((image) => image.debugId === debugId) ?? images[0]!;
  const opened = openNames(source, options);
  const names = opened?.names ?? null;
  const needs: string[] = [];
  const rules = unwindOf(source, debugId, ports, names !== null, needs);
  const unwind = rules?.unwind ?? null;
  const forNames = unwind === null ? 1 : names === null ? 0 : namesShare;
  if (names !== null) convertNames(names, writer, ports, source.size, (done) => progress(Math.floor(done * forNames)));
  const fromHere = Math.floor(source.size * forNames);
  if (unwind !== null)
    convertUnwind(unwind, writer, source.size, (share) => progress(fromHere + Math.floor((source.size - fromHere) * share)));
  if (rules?.windowsFrames) convertWindowsFrames(rules.windowsFrames, writer);
  progress(source.size);
  const ids = idsOf(verdict, source);
  const damage = names?.damage ?? { count: 0, first: [] };
  writer.finish(ids, damage.count, unwind?.onlyAtCalls ?? false);
  return { ids, damage, needs: [...(opened?.needs ?? []), ...needs] };
}

/** Damaged unwind tables do not cost a file its names: `needs` says so. */
function unwindOf(
  source: ByteSource,
  debugId: string | null,
  ports: Ports | null,
  hasNames: boolean,
  needs: string[],
): OpenedUnwind | null {
  try {
    return openUnwind(source, debugId, ports);
  } catch (error) {
    if (!(error instanceof FormatError) || !hasNames) throw error;
    needs.push(`undamaged unwind tables: ${error.message}`);
    return null;
  }
}

function idsOf({ kind, name, debugId, codeId, cpu, os }: ObjectVerdict, source: ByteSource): SymcacheIds {
  return { sourceKind: kind, sourceBytes: source.size, debugId, codeId, debugFile: name, codeFile: null, cpu, os };
}
