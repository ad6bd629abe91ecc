/**
 * Hostile input: mutants of PE images and PDBs. Opening, asking and listing give a value or a FormatError, nothing else, and quickly.
 * SALVAGE_MUTANTS sets how many (default 3000).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { BufferSource, FormatError, openUnwind } from "../src/index.ts";
import { machineAmd64, machineArm64 } from "../src/pe/image.ts";
import { pdbFile } from "./pdb-file.ts";
import { codeAddress, dataAddress, hex, peImage, tableAddress, words } from "./pe-image.ts";
import { randomFrom } from "./random.ts";

const MUTANTS = Number(process.env.SALVAGE_MUTANTS ?? 3000);
/** Far above what any of these takes; a hang or a quadratic step is above it. */
const MAX_MS = 1000;
const MAX_RANGES = 100_000;

/** A file and the places where a changed byte changes its meaning. */
const seeds: { bytes: Uint8Array; spots: [number, number][] }[] = [
  {
    // A plain function, one chained to it, one of version 2 and one with a machine frame.
    bytes: peImage(
      machineAmd64,
      hex("56 4154 4883ec40 90 4883c440 415c 5e c3 9090 53 90 5b c3"),
      hex(
        "01070300 0772 03c0 0160 0000 21050200 0564 0800 00100000 10100000 00200000 02070500 0416 1406 0732 03e0 0130 0000 01000200 0032 000a",
      ),
      [
        codeAddress,
        codeAddress + 16,
        dataAddress,
        codeAddress + 16,
        codeAddress + 20,
        dataAddress + 12,
        codeAddress + 0x20,
        codeAddress + 0x60,
        dataAddress + 32,
        codeAddress + 0x60,
        codeAddress + 0x80,
        dataAddress + 48,
      ],
    ),
    spots: [
      [0x80, 0x220],
      [codeAddress, codeAddress + 24],
      [dataAddress, dataAddress + 60],
      [tableAddress, tableAddress + 48],
    ],
  },
  {
    bytes: peImage(
      machineArm64,
      [],
      [
        ...words(0x18400014 >>> 0, 4, 8 | (1 << 22)),
        ...hex("04 e1 c802 83 e4 e6 24 e7 54 02 e4"),
        ...words(0x1000, 1 | (1 << 16), 0x800),
        ...hex("01 e4 e3 e3"),
      ],
      [
        codeAddress,
        dataAddress,
        codeAddress + 0x100,
        0x04e31079,
        codeAddress + 0x200,
        dataAddress + 24,
        codeAddress + 0x300,
        tableAddress + 3,
      ],
    ),
    spots: [
      [0x80, 0x220],
      [dataAddress, dataAddress + 44],
      [tableAddress, tableAddress + 32],
    ],
  },
  {
    bytes: pdbFile(
      [
        { start: 0x1000, size: 0x40, locals: 0, parameters: 8, saved: 0, program: "$T0 .raSearch = $eip $T0 ^ = $esp $T0 4 + =" },
        { start: 0x1001, size: 0x3f, locals: 4, parameters: 8, saved: 4, program: "$T0 .raSearch =" },
      ],
      [{ start: 0x2000, size: 0x20, locals: 3, parameters: 2, bits: 0x1205 }],
    ),
    spots: [
      [32, 60],
      [0x600, 0x610],
      [0x800, 0x1200],
    ],
  },
];

const interesting = [0, 1, 2, 3, 7, 0x7f, 0x80, 0xff];

function ask(bytes: Uint8Array): void {
  const opened = openUnwind(new BufferSource(bytes));
  for (let address = codeAddress - 1; address < codeAddress + 0x400; address += 7) {
    tolerate(() => opened?.unwind?.find(address));
    tolerate(() => opened?.windowsFrames?.find(address));
  }
  tolerate(() => {
    let ranges = 0;
    let end = 0;
    for (const { start, length } of opened?.unwind?.ranges() ?? []) {
      assert.ok(start >= end && length > 0, "ranges ascend");
      end = start + length;
      if (++ranges > MAX_RANGES) break;
    }
  });
}

function tolerate(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
}

test(`${MUTANTS} mutants of PE images and PDBs`, () => {
  const random = randomFrom(41);
  for (let i = 0; i < MUTANTS; i++) {
    const { bytes, spots } = seeds[i % seeds.length]!;
    let mutant = bytes.slice();
    for (let n = 1 + random(3); n > 0; n--) {
      const [from, to] = spots[random(spots.length)]!;
      mutant[from + random(to - from)] = random(2) === 0 ? interesting[random(interesting.length)]! : random(256);
    }
    if (random(10) === 0) mutant = mutant.slice(0, random(mutant.length));
    const start = performance.now();
    tolerate(() => ask(mutant));
    assert.ok(performance.now() - start < MAX_MS, `mutant ${i} took ${performance.now() - start} ms`);
  }
});
