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
import { pdbFile } from "./pdb-file.ts";
import { end, functionId, inlinees, lines, namesPdb, proc, site, siteEnd } from "./pdb-names-file.ts";
import { randomSym } from "./random-sym.ts";
import { synthFat } from "./synth-macho.ts";

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

/** Two functions, one inlined into the other; and frame data of 32-bit Windows. */
function smallPdbs(): Uint8Array[] {
  const names = namesPdb({
    files: ["c:\\a.cpp", "c:\\b.h"],
    types: [],
    ids: [functionId(0, "f")],
    modules: [
      {
        symbols: [proc("g", 0, 0x40), site(0x1000, 3, 8, 6, 6, 3, 8, 4, 0x10), siteEnd(), end(), proc("h", 0x90, 0x10), end()],
        lines: [inlinees([0x1000, 8, 100]), lines(0, 0x40, [[0, [[0, 10]]]])],
      },
    ],
    contributions: [[1, 0, 0x110, 0]],
    publics: [["?g@@YAXXZ", 0]],
  });
  const program = "$T0 .raSearch = $eip $T0 ^ = $esp $T0 4 + =";
  const frames = pdbFile(
    [{ start: 0x1000, size: 0x40, locals: 0, parameters: 8, saved: 0, program }],
    [{ start: 0x2000, size: 0x20, locals: 3, parameters: 2, bits: 0x1205 }],
  );
  return [names, frames];
}

/** By format. `corpus`: a folder of which files of at most `maxBytes` are taken too. */
export function seedsOf(corpus: string | undefined, maxBytes: number): Record<Format, Uint8Array[]> {
  const seeds: Record<Format, Uint8Array[]> = {
    minidump: dumpSeeds(),
    microdump: [new Uint8Array(Buffer.from(microdump))],
    sym: Array.from({ length: 20 }, (_, seed) => new Uint8Array(Buffer.from(randomSym(seed).text))),
    elf: [],
    pe: [],
    pdb: smallPdbs(),
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
  const [thin] = seeds.macho;
  if (thin !== undefined) seeds.macho.push(synthFat([{ cpuType: 0x0100000c, bytes: thin }]));
  return seeds;
}
