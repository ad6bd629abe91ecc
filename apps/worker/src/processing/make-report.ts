/**
 * From a claimed crash to a report: look at the modules, find the files of those a stack may touch, and let a child
 * make the report. Two ways: `walk` reads the dump, `names` puts new names into the stored report. Writes nothing.
 */
import { type BlobStore, type Keyring, wrapContext } from "@salvage/blobs";
import { FormatError, symcacheVersion } from "@salvage/core";
import { baseName, ownModules } from "@salvage/core/own-modules";
import type { ClaimedCrash, ImageFileRef, MissingFileInput, SealedBlobRef } from "@salvage/db/system";
import { metrics } from "@salvage/telemetry";
import type { CorePool } from "../core-pool/pool.ts";
import type { DumpInput, DumpOutline, ImageFileInput, ImageFiles, LackingModule, ModuleOutline, ReportOutput } from "../core-pool/tasks.ts";
import { LocalFiles } from "../local-files.ts";
import { type BatchContext, keyOfModule } from "./batch-context.ts";

export type MakeReportPorts = { blobs: BlobStore; keyring: Keyring; pool: Pick<CorePool, "run"> };

export type MadeReport = { output: ReportOutput; missing: MissingFileInput[] };

/** A walk may land in a module that no register and no stack word pointed into; its files are looked up and the walk is repeated. */
const maxRounds = 3;

/** Throws what CorePool.run throws, FormatError also for a dump that is gone, BlobNotFound for a lost report, and KeyringError. */
export async function makeReport(
  ports: MakeReportPorts,
  crash: ClaimedCrash,
  way: "walk" | "names",
  context: BatchContext,
): Promise<MadeReport> {
  const local = new LocalFiles(ports.blobs);
  try {
    const source = way === "walk" ? await walkOf(ports, crash, local) : namesOf(ports, crash, await storedReport(ports, crash));
    return await reportOf(crash, way, context, source, local);
  } finally {
    await local.release();
  }
}

async function reportOf(
  crash: ClaimedCrash,
  way: "walk" | "names",
  context: BatchContext,
  source: ReportSource,
  local: LocalFiles,
): Promise<MadeReport> {
  const outline = await timed("inspect", source.outline);
  const own = await ownFlags(crash, outline, context);
  const files = new Map<number, ImageFileRef[]>();
  let wanted = outline.modules.filter((module) => module.touched);
  for (let round = 1; ; round++) {
    const found = await context.resolve(crash.organizationId, wanted);
    for (const [place, module] of wanted.entries()) files.set(module.index, found[place] ?? []);
    const images = await imageFiles(local, files);
    const output = await timed(way === "walk" ? "process" : "names", () => source.report(images, own));
    wanted = output.summary.lacking.filter(({ index }) => !files.has(index)).flatMap(({ index }) => outline.modules[index] ?? []);
    const again = round < maxRounds && wanted.length > 0 && (await anyFound(context, crash.organizationId, wanted));
    if (!again) return { output, missing: missingFiles(output.summary.lacking, files) };
  }
}

type ReportSource = { outline(): Promise<DumpOutline>; report(images: ImageFiles[], own: boolean[]): Promise<ReportOutput> };

async function walkOf(ports: MakeReportPorts, crash: ClaimedCrash, local: LocalFiles): Promise<ReportSource> {
  const dump = await dumpInput(ports, crash, local);
  const how = { alone: crash.alone, of: crash.projectId };
  return {
    outline: () => ports.pool.run("inspect", { dump }, how),
    report: (images, own) => ports.pool.run("process", { dump, images, own }, how),
  };
}

function namesOf(ports: MakeReportPorts, crash: ClaimedCrash, gzip: Uint8Array): ReportSource {
  const how = { alone: crash.alone, of: crash.projectId };
  return {
    outline: () => ports.pool.run("outlineReport", { gzip }, how),
    report: (images, own) => ports.pool.run("applyNames", { gzip, images, own }, how),
  };
}

/** What the report lacks and no ready file has, one entry per file. */
function missingFiles(lacking: readonly LackingModule[], files: ReadonlyMap<number, ImageFileRef[]>): MissingFileInput[] {
  const byKey = new Map<string, MissingFileInput>();
  for (const module of lacking) {
    const fileKey = keyOfModule(module);
    if (fileKey === null || byKey.has(fileKey)) continue;
    // A file that is there and could not be used (its dump is gone, it is damaged) is not missing: asking for it would never end.
    const held = files.get(module.index) ?? [];
    const names = module.needs !== "unwind" && !held.some((file) => file.hasNames);
    const unwind = module.needs !== "names" && !held.some((file) => file.hasUnwind);
    if (!names && !unwind) continue;
    const { codeFile, debugFile, debugId, codeId, own, sampleFrame } = module;
    byKey.set(fileKey, {
      fileKey,
      name: baseName(debugFile === null || debugFile === "" ? codeFile : debugFile),
      needs: names && unwind ? "both" : names ? "names" : "unwind",
      codeFile,
      debugFile,
      debugId,
      codeId,
      own,
      sampleFrame,
    });
  }
  return [...byKey.values()];
}

async function anyFound(context: BatchContext, organizationId: string, modules: readonly ModuleOutline[]): Promise<boolean> {
  return (await context.resolve(organizationId, modules)).some((files) => files.length > 0);
}

async function ownFlags(crash: ClaimedCrash, outline: DumpOutline, context: BatchContext): Promise<boolean[]> {
  const { ownPatterns, notOwnPatterns } = crash;
  return ownModules(outline.modules, outline.mainModule, {
    uploadedStems: await context.ownStems(crash.organizationId),
    ownPatterns,
    notOwnPatterns,
  });
}

function imageFiles(local: LocalFiles, files: ReadonlyMap<number, ImageFileRef[]>): Promise<ImageFiles[]> {
  const found = [...files].filter(([, refs]) => refs.length > 0);
  return Promise.all(found.map(async ([index, refs]) => ({ index, files: await Promise.all(refs.map((ref) => fileInput(local, ref))) })));
}

/** The lookup file; the debug file itself while it has none that this version reads. */
async function fileInput(local: LocalFiles, { symcache, sourceBlobKey }: ImageFileRef): Promise<ImageFileInput> {
  return symcache?.formatVersion === symcacheVersion
    ? { path: await local.path(symcache.blobKey), readFrom: "symcache" }
    : { path: await local.path(sourceBlobKey), readFrom: "debug file" };
}

async function dumpInput({ keyring }: MakeReportPorts, crash: ClaimedCrash, local: LocalFiles): Promise<DumpInput> {
  const dump: SealedBlobRef | null = crash.dump;
  if (dump === null) throw new FormatError("minidump", null, "it was deleted before it was processed");
  const { organizationId, projectId, crashId } = crash;
  return {
    path: await local.path(dump.blobKey),
    dataKey: keyring.unwrap(dump.wrappedKey, wrapContext(organizationId, projectId, crashId)),
    context: { organizationId, projectId, crashId, part: "dump" },
  };
}

async function storedReport({ blobs }: MakeReportPorts, crash: ClaimedCrash): Promise<Uint8Array> {
  if (crash.reportBlobKey === null) throw new Error("new names need a stored report");
  const chunks: Uint8Array[] = [];
  for await (const chunk of blobs.createReadStream(crash.reportBlobKey)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function timed<T>(step: "inspect" | "process" | "names", work: () => Promise<T>): Promise<T> {
  const end = metrics.processSeconds.startTimer({ step });
  try {
    return await work();
  } finally {
    end();
  }
}
