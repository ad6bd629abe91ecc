/** `salvage lookup`: names at addresses of one image, from its debug file or a folder with its files. */
import { createInterface } from "node:readline";
import { bestNames, FormatError, type ImageFile, identifyObject, type NameLookup, openSym, ReadableNames } from "@salvage/core";
import { CliError } from "../cli-error.ts";
import { FileSource } from "../file-source.ts";
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

function openImage(path: string): Image {
  const files: ImageFile[] = [];
  /** Debug id to the first file that has it: one image has one id. */
  const images = new Map<string, string>();
  const problems: string[] = [];
  for (const file of walkFiles(path)) {
    const source = new FileSource(file);
    try {
      const opened = openSym(source);
      if (opened.names !== null) {
        files.push(opened);
        if (!images.has(opened.module.id)) images.set(opened.module.id, file);
        continue;
      }
      problems.push(`${file}: has no names`);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      problems.push(`${file}: ${why(source, error)}`);
    }
    source.close();
  }
  if (images.size > 1) throw new CliError(`${path} holds files of ${images.size} images; name one: ${[...images.values()].join(", ")}.`);
  const names = bestNames(files);
  // A .sym states addresses relative to its image.
  if (names !== null) return { names, imageBase: 0n };
  const shown = problems.slice(0, 5).join("\n  ");
  throw new CliError(problems.length === 0 ? `${path}: there is no file in this folder.` : `no names could be read:\n  ${shown}`);
}

/** A known kind that cannot be read yet says so; anything else says why it is no debug file. */
function why(source: FileSource, error: FormatError): string {
  try {
    const verdict = identifyObject(source);
    return verdict.kind === "breakpad" ? error.message : verdict.lacks.join("; ") || `names cannot be read from ${verdict.kind} files yet`;
  } catch (identified) {
    return identified instanceof Error ? identified.message : String(identified);
  }
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
    const name = readable.of(stated).function;
    const place = file === null ? "" : `  ${file}${line === null ? "" : `:${line}`}`;
    return `${index === 0 ? hex : " ".repeat(hex.length)}  ${index < found.length - 1 ? `${name} (inline)` : name}${place}`;
  });
  return `${lines.join("\n")}\n`;
}
