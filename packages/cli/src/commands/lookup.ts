/** `salvage lookup`: names at addresses of one image, from its debug file or a folder with its files. */
import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import {
  FormatError,
  type ImageFile,
  identifyObjects,
  imageBaseOf,
  imageLookup,
  type NameLookup,
  type ObjectKind,
  ReadableNames,
} from "@salvage/core";
import { CliError } from "../cli-error.ts";
import { FileSource } from "../file-source.ts";
import { openLocal } from "../symbols.ts";
import { walkFiles } from "../walk.ts";

/** A name lookup and the address at which the file says its image begins. */
type Image = { names: NameLookup; imageBase: bigint };

/** Prints one line (or, in text form, one block) per address, in the order given. */
export async function lookup(path: string, addresses: readonly string[], json: boolean): Promise<void> {
  const fromInput = addresses.includes("-");
  if (fromInput && addresses.length > 1)
    throw new CliError('"-" stands alone: addresses come either from the command line or from standard input.', 2);
  const parsed = fromInput ? null : addresses.map(parseAddress);
  const image = openImage(path);
  if (parsed !== null) {
    let text = "";
    for (const address of parsed) text += answer(image, address, json);
    process.stdout.write(text);
    return;
  }
  await lookupLines(image, json);
}

/** Answers each line of standard input as it comes, so that a program may write one and wait. A line that is no address is told and passed over. */
async function lookupLines(image: Image, json: boolean): Promise<void> {
  let text = "";
  let flushIsDue = false;
  const flush = () => {
    flushIsDue = false;
    const ready = process.stdout.write(text);
    text = "";
    return ready;
  };
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === "") continue;
    try {
      text += answer(image, parseAddress(line.trim()), json);
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      process.stderr.write(`salvage: ${error.message}\n`);
      process.exitCode = 1;
    }
    // Lines that came together are answered together.
    if (!flushIsDue) setImmediate(flush);
    flushIsDue = true;
    if (text.length >= 64 * 1024 && !flush()) await new Promise((resolve) => process.stdout.once("drain", resolve));
  }
  flush();
}

/** Hexadecimal with or without 0x, as tools print addresses. */
export function parseAddress(text: string): bigint {
  const digits = text.replace(/^0x/i, "").replaceAll("`", "");
  if (!/^[0-9a-f]{1,16}$/i.test(digits)) throw new CliError(`"${text}" is no address: write it in hexadecimal, for example 0x1a2b.`, 2);
  return BigInt(`0x${digits}`);
}

/** What one file of an image is and gives. */
type File = { path: string; debugId: string | null; kind: ObjectKind; file: ImageFile; imageBase: bigint | null };

/**
 * All files of a folder, or one file. To one that knows no lines those beside it with the same debug id are added, as a stripped library's
 * .debug; a PDB takes its image base from the exe beside it.
 */
function openImage(path: string): Image {
  const problems: string[] = [];
  const files = [...walkFiles(path)].flatMap((file) => openFiles(file, problems));
  const ids = new Map(files.filter(({ file }) => file.names !== null).map(({ debugId, path: of }) => [debugId, of]));
  if (ids.size > 1) throw new CliError(`${path} holds files of ${ids.size} images; name one: ${[...ids.values()].join(", ")}.`);
  const [first] = files;
  if (first !== undefined && statSync(path).isFile() && needsOthers(first)) files.push(...besides(first));
  const { names } = imageLookup(
    files.map(({ file }) => file),
    false,
  );
  if (names !== null) return { names, imageBase: files.find(({ imageBase }) => imageBase !== null)?.imageBase ?? 0n };
  const shown = problems.slice(0, 5).join("\n  ");
  throw new CliError(problems.length === 0 ? `${path}: there is no file in this folder.` : `no names could be read:\n  ${shown}`);
}

/** The images in a file; what it is or lacks is added to `problems` when there is none with names. */
function openFiles(path: string, problems: string[]): File[] {
  const source = new FileSource(path);
  try {
    return identifyObjects(source).map(({ debugId, kind, lacks }) => {
      const file = openLocal(path, debugId);
      if (file.names === null) problems.push(`${path}: ${lacks.join("; ") || "has no names"}`);
      return { path, debugId, kind, file, imageBase: imageBaseOf(source, debugId) };
    });
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    problems.push(`${path}: ${error.message}`);
    return [];
  } finally {
    source.close();
  }
}

function needsOthers({ kind, file }: File): boolean {
  return kind === "pdb" || (kind !== "breakpad" && !file.hasLines);
}

/** Files beside this one with its debug id. Of a PDB only the exe or dll, for the image base. */
function besides({ path, debugId, kind }: File): File[] {
  if (debugId === null) return [];
  const folder = dirname(path);
  const others: File[] = [];
  for (const name of readdirSync(folder).sort()) {
    const other = join(folder, name);
    if (name === basename(path) || !statSync(other, { throwIfNoEntry: false })?.isFile()) continue;
    others.push(...openFiles(other, []).filter((file) => file.debugId === debugId && (kind !== "pdb" || file.kind === "pe")));
  }
  return others;
}

/** Both spellings of a name: readable, and as the debug file states it. */
const readable = new ReadableNames();

function answer(image: Image, address: bigint, json: boolean): string {
  const relative = address - image.imageBase;
  const found = relative >= 0n && relative <= 0xffff_ffffn ? (image.names.lookup(Number(relative)) ?? []) : [];
  const hex = `0x${address.toString(16)}`;
  if (json) {
    const frames = found.map(({ function: name, file, line }) => ({ ...readable.of(name), file, line }));
    return `${JSON.stringify({ address: hex, frames })}\n`;
  }
  if (found.length === 0) return `${hex}  ??\n`;
  const lines = found.map(({ function: stated, file, line }, index) => {
    const name = readable.of(stated).function ?? "??";
    const place = file === null ? "" : `  ${file}${line === null ? "" : `:${line}`}`;
    return `${index === 0 ? hex : " ".repeat(hex.length)}  ${index < found.length - 1 ? `${name} (inline)` : name}${place}`;
  });
  return `${lines.join("\n")}\n`;
}
