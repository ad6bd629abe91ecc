/**
 * A process of its own that writes the text of a .sym, made of lookup files, to its output. It ends when nobody reads any more.
 * Its one argument is a SymTask as JSON.
 */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { FileSource } from "@salvage/codecs/files";
import { openSymcache, type SymTextModule, symcacheToSym } from "@salvage/core/sym-text";

export type SymTask = { module: SymTextModule; paths: Record<"names" | "unwind" | "windowsFrames", string | null> };

const { module, paths }: SymTask = JSON.parse(process.argv[2] ?? "");
const opened = (path: string | null) => (path === null ? null : openSymcache(new FileSource(path)));
const parts = { names: opened(paths.names), unwind: opened(paths.unwind), windowsFrames: opened(paths.windowsFrames) };
await pipeline(Readable.from(symcacheToSym(module, parts)), process.stdout);
