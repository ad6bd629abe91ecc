/**
 * Small files of every format that core reads: what the runs of mutants damage and the fuzzer starts from. Our own fixtures and bytes built
 * here; with SALVAGE_CORPUS, that folder's small files as well.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BufferSource, objectKind } from "../src/index.ts";
import { buildSymcache } from "../src/symcache/build.ts";
import { dumpSeeds } from "./dump-seeds.ts";
import { MemorySink } from "./memory-sink.ts";

export const formats = ["minidump", "microdump", "sym", "elf", "pe", "pdb", "macho", "symcache"] as const;
export type Format = (typeof formats)[number];

const own = ["../../../fixtures/", "compare/recorded/"].map((folder) => fileURLToPath(new URL(folder, import.meta.url)));

/** Files below a folder of at most so many bytes, in the same order everywhere. */
function filesOf(folder: string, maxBytes: number): Uint8Array[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .filter((path) => statSync(path).size <= maxBytes)
    .map((path) => new Uint8Array(readFileSync(path)));
}

/** Null for what none of the readers would take. */
function formatOf(bytes: Uint8Array): Format | null {
  const start = Buffer.from(bytes.subarray(0, 64)).toString("latin1");
  if (start.startsWith("MDMP") || start.startsWith("PMDM")) return "minidump";
  if (start.includes("-----BEGIN BREAKPAD MICRODUMP")) return "microdump";
  if (start.startsWith("MODULE ")) return "sym";
  const kind = objectKind(new BufferSource(bytes));
  return kind === "elf" || kind === "pe" || kind === "pdb" || kind === "macho" ? kind : null;
}

function symcacheOf(bytes: Uint8Array): Uint8Array | null {
  const sink = new MemorySink();
  try {
    buildSymcache(new BufferSource(bytes), sink);
    return sink.bytes();
  } catch {
    return null;
  }
}

const microdump = [
  "-----BEGIN BREAKPAD MICRODUMP-----",
  "V app:1.0",
  "O A arm64 08 aarch64 x",
  "R 0000000B SIGSEGV 0",
  "S 0 0000007FE0001000 0000007FE0001000 00001000",
  `S 0000007FE0001000 ${"0010E07F00000000".repeat(20)}`,
  `C 0600008000000000${"0010E07F00000000".repeat(98)}`,
  "M 0000005500000000 0000000000000000 0000000000010000 0123456789ABCDEF0123456789ABCDEF0 a.so",
  "-----END BREAKPAD MICRODUMP-----\n",
].join("\n");

/** By format. `corpus`: a folder of which files of at most `maxBytes` are taken too. */
export function seedsOf(corpus: string | undefined, maxBytes: number): Record<Format, Uint8Array[]> {
  const seeds: Record<Format, Uint8Array[]> = {
    minidump: dumpSeeds(),
    microdump: [new Uint8Array(Buffer.from(microdump))],
    sym: [],
    elf: [],
    pe: [],
    pdb: [],
    macho: [],
    symcache: [],
  };
  const folders = [...own, ...(corpus !== undefined && existsSync(corpus) ? [corpus] : [])];
  for (const bytes of folders.flatMap((folder) => filesOf(folder, maxBytes))) {
    const format = formatOf(bytes);
    if (format === null) continue;
    seeds[format].push(bytes);
    const lookupFile = format === "minidump" || format === "microdump" ? null : symcacheOf(bytes);
    if (lookupFile !== null) seeds.symcache.push(lookupFile);
  }
  return seeds;
}
