/** `salvage symcache`: lookup files made, shown and checked on this machine. */
import { readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { FileSink } from "@salvage/codecs/files";
import {
  buildSymcache,
  checkSymcache,
  FormatError,
  identifyObjects,
  type ObjectVerdict,
  openSymcache,
  ReadableNames,
  type SymcacheHeader,
  type SymcacheSummary,
} from "@salvage/core";
import { CliError, fileProblem } from "../cli-error.ts";
import { companionsOf } from "../companions.ts";
import { FileSource } from "../file-source.ts";
import { ports } from "../ports.ts";
import { Progress } from "../progress.ts";

export type BuildOptions = { out?: string; debugId?: string; json?: boolean };

/** Writes the lookup file of a debug file, of a fat file one for each of its images, and prints what is in it. */
export function build(path: string, { out, debugId, json }: BuildOptions): void {
  const source = new FileSource(path);
  const images = inFile(path, () => identifyObjects(source)).filter((image) => debugId === undefined || image.debugId === debugId);
  if (images.length === 0) throw new CliError(`${path} has no image with the debug id ${debugId}.`);
  if (images.length > 1 && out !== undefined)
    throw new CliError(`${path} holds ${images.length} images: choose one with --debug-id, or leave out --out.`, 2);
  for (const image of images) {
    const target = out ?? `${path}${images.length > 1 ? `.${image.cpu ?? image.debugId}` : ""}.symcache`;
    const summary = buildImage(source, image, target);
    process.stdout.write(
      json ? `${JSON.stringify({ file: path, symcache: target, ...inSnakeCase(summary) })}\n` : summaryText(target, summary),
    );
    for (const need of summary.needs) process.stderr.write(`salvage: ${path} lacks ${need}\n`);
  }
  source.close();
}

/** The file appears under its name when it is whole: until then it has another. */
function buildImage(source: FileSource, image: ObjectVerdict, target: string): SymcacheSummary {
  removeAbandoned(target);
  const unfinished = `${target}.part-${process.pid}`;
  const progress = new Progress(basename(source.path), source.size);
  let sink: FileSink | null = null;
  try {
    const opened = new FileSink(unfinished);
    sink = opened;
    const summary = inFile(source.path, () =>
      buildSymcache(source, opened, {
        debugId: image.debugId,
        ports,
        companion: companionsOf(source.path),
        progress: (done) => progress.update(done),
      }),
    );
    if (summary.features.length === 0) throw new CliError(`${source.path} has neither functions nor unwind rules.`);
    opened.close();
    renameSync(unfinished, target);
    return summary;
  } catch (error) {
    sink?.close();
    rmSync(unfinished, { force: true });
    throw isSystemError(error) ? fileProblem(target, error) : error;
  } finally {
    progress.end();
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && "syscall" in error;
}

/** What killed builds of this file left behind. */
function removeAbandoned(target: string): void {
  const start = `${basename(target)}.part-`;
  for (const name of readdirSync(dirname(target))) {
    if (!name.startsWith(start)) continue;
    if (!isRunning(Number(name.slice(start.length)))) rmSync(join(dirname(target), name), { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Prints the header of a lookup file, and on request every stretch of addresses with what is there. */
export function dump(path: string, options: { ranges?: boolean; json?: boolean }): void {
  const source = new FileSource(path);
  inFile(path, () => {
    const file = openSymcache(source);
    process.stdout.write(options.json ? `${JSON.stringify({ file: path, ...inSnakeCase(file.header) })}\n` : headerText(path, file.header));
    if (!options.ranges) return;
    const readable = new ReadableNames();
    for (const start of file.starts.names) {
      const frames = (file.names?.lookup(start) ?? []).map(({ function: name, ...place }) => ({ ...readable.of(name), ...place }));
      const address = `0x${start.toString(16)}`;
      if (options.json) {
        const shown = frames.map(({ functionAddress: _, ...frame }) => frame);
        process.stdout.write(`${JSON.stringify({ address, frames: shown })}\n`);
      } else {
        const texts = frames.map(
          ({ function: name, file: place, line }) => `${name ?? "??"}${place === null ? "" : ` ${place}:${line ?? "?"}`}`,
        );
        process.stdout.write(`${address.padEnd(10)}  ${texts.join("  ←  ") || "-"}\n`);
      }
    }
  });
  source.close();
}

/** Reads all of a lookup file. Throws CliError for the first damage. */
export function check(path: string, json: boolean): void {
  const source = new FileSource(path);
  const progress = new Progress(basename(path), source.size);
  try {
    const header = inFile(path, () => checkSymcache(source, (done) => progress.update(done)));
    progress.end();
    process.stdout.write(
      json ? `${JSON.stringify({ file: path, ok: true, ...inSnakeCase(header) })}\n` : `${path}: whole, ${partsText(header)}\n`,
    );
  } finally {
    progress.end();
    source.close();
  }
}

function inFile<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof FormatError) throw new CliError(`${path}: ${error.message}`);
    throw error;
  }
}

function summaryText(target: string, summary: SymcacheSummary): string {
  const { damagedLines, damage } = summary;
  const first = damage.slice(0, 3).map(({ offset, reason }) => `\n  at ${offset}: ${reason}`);
  const damaged = damagedLines === 0 ? "" : `${damagedLines} damaged records left out${first.join("")}\n`;
  return `${target}: ${(summary.bytesWritten / 1e6).toFixed(1)} MB from ${(summary.sourceBytes / 1e6).toFixed(1)} MB, ${partsText(summary)}\n${damaged}`;
}

function partsText({
  functionCount,
  symbolCount,
  inlineCount,
  rangeCount,
  rowCount,
  winFrameCount,
}: SymcacheHeader | SymcacheSummary): string {
  const parts: [number, string][] = [
    [functionCount, "functions"],
    [symbolCount, "symbols"],
    [inlineCount, "inlined calls"],
    [rangeCount, "ranges"],
    [rowCount, "unwind rows"],
    [winFrameCount, "frame data"],
  ];
  const some = parts.filter(([count]) => count > 0).map(([count, name]) => `${count} ${name}`);
  return some.join(", ") || "empty";
}

function headerText(path: string, header: SymcacheHeader): string {
  const rows = Object.entries(inSnakeCase(header)).flatMap(([name, value]) => (value === null ? [] : [`  ${name.padEnd(16)}  ${value}\n`]));
  return `${path}\n${rows.join("")}`;
}

/** Field names as all JSON of the command line has them. */
function inSnakeCase(values: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value]),
  );
}
