/**
 * Hostile input: mutants of synthetic dumps. Allowed outcomes are a report that satisfies the schema, or a FormatError; nothing else may be
 * thrown, and no dump may take long. SALVAGE_MUTANTS sets how many (default 3000).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { reportSchema } from "@salvage/contracts";
import { ref, synthDump, synthStack } from "@salvage/testkit/synth-dump";
import { BufferSource, FormatError, inspectMinidump, type ProcessOptions, processMinidump } from "../src/index.ts";
import { randomFrom } from "./random.ts";

const MUTANTS = Number(process.env.SALVAGE_MUTANTS ?? 3000);
/** Far above what any of these takes; a hang or a quadratic step is above it. */
const MAX_MS = 1000;
const SCHEMA_EVERY = 20;

function seeds(): Uint8Array[] {
  const made: Uint8Array[] = [];
  for (const cpu of ["amd64", "x86", "arm64", "arm64_old", "arm"] as const) {
    const wordBytes = cpu === "x86" || cpu === "arm" ? 4 : 8;
    const stack = synthStack(0x7ffe0000n, wordBytes)
      .label("a")
      .word(ref("b"))
      .word(0x401234n)
      .label("b")
      .word(ref("c"))
      .word(0x402234n)
      .label("c")
      .words(40, 0x401000n);
    const [ip, sp, fp] = {
      amd64: ["rip", "rsp", "rbp"],
      x86: ["eip", "esp", "ebp"],
      arm64: ["pc", "sp", "fp"],
      arm64_old: ["pc", "sp", "fp"],
      arm: ["pc", "sp", "r11"],
    }[cpu] as [string, string, string];
    const registers = { [ip]: 0x401000n, [sp]: 0x7ffe0000n, [fp]: ref("a") };
    for (const make of [
      () => synthDump().linux({ cpu }),
      () => synthDump().windows({ cpu }).asMemory64(),
      () => synthDump({ littleEndian: false }).macos({ cpu }),
    ]) {
      made.push(
        make()
          .writtenAt(1_700_000_000)
          .module({ name: "/home/ann/app", base: 0x400000n, size: 0x10000, buildId: "00112233445566778899aabbccddeeff" })
          .module({
            name: "C:\\b.dll",
            base: 0x500000n,
            size: 0x10000,
            timestamp: 5,
            pdb: { guid: "00112233445566778899aabbccddeeff", age: 1, file: "b.pdb" },
            version: [1, 2, 3, 4],
          })
          .unloadedModule({ name: "old.dll", base: 0x600000n, size: 0x1000, timestamp: 7 })
          .thread({ id: 7, name: "main", registers, stack })
          .thread({ id: 8, registers: { [ip]: 0x401000n, [sp]: 0x7ffe0010n } })
          .exception({ threadId: 7, code: 11, flags: 1, address: 0x10n, information: [1n, 2n], registers })
          .misc({ pid: 1, createTimeSeconds: 2 })
          .breakpadInfo({ dumpThreadId: 8, requestingThreadId: 7 })
          .crashpadAnnotations({ key: "value" })
          .memory(0x10000n, new Uint8Array(64))
          .build(),
      );
    }
  }
  return made;
}

const INTERESTING = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

function mutate(seed: Uint8Array, other: Uint8Array, random: (limit: number) => number): Uint8Array {
  let bytes = seed.slice();
  const changes = 1 + random(6);
  for (let i = 0; i < changes; i++) {
    const view = new DataView(bytes.buffer);
    const size = bytes.length;
    if (size < 8) return bytes;
    switch (random(6)) {
      case 0:
        bytes = bytes.slice(0, random(size));
        break;
      case 1:
        bytes[random(size)] = random(256);
        break;
      case 2: // Counts, offsets, sizes: mostly in the header, the directory and the records' starts.
        view.setUint32(
          (random(2) === 0 ? random(Math.min(size, 200) - 4) : random(size - 4)) & ~3,
          INTERESTING[random(INTERESTING.length)] ?? 0,
          random(2) === 0,
        );
        break;
      case 3:
        view.setUint32(random(size - 4) & ~3, random(size * 2), true);
        break;
      case 4: {
        const length = random(Math.min(size, other.length, 256));
        bytes.set(other.subarray(random(other.length - length), other.length).subarray(0, length), random(size - length));
        break;
      }
      default: {
        const from = random(size);
        bytes.copyWithin(random(size), from, from + random(128));
      }
    }
  }
  return bytes;
}

const lookups: ProcessOptions = {
  image: (m) =>
    m.index % 2 === 0
      ? {
          names: { lookup: (at) => (at % 3 === 0 ? null : [{ function: "f", functionAddress: at - (at % 16), file: null, line: null }]) },
          unwind: {
            find: (at) =>
              at % 2 === 0
                ? null
                : {
                    cfa: { kind: "register", register: "rsp", offset: (at % 64) - 16 },
                    returnAddress: { kind: "cfaOffset", offset: -8 },
                    registers: new Map(),
                  },
          },
          namesStatus: "found",
          unwindStatus: "found",
        }
      : null,
  own: (m) => m.isMain,
};

test(`${MUTANTS} mutants: a report or a FormatError, in bounded time`, () => {
  const all = seeds();
  const random = randomFrom(20240917);
  let reports = 0;
  let refused = 0;
  let slowest = 0;
  for (let i = 0; i < MUTANTS; i++) {
    const bytes = mutate(all[random(all.length)] ?? new Uint8Array(), all[random(all.length)] ?? new Uint8Array(), random);
    const started = performance.now();
    try {
      inspectMinidump(new BufferSource(bytes));
      const report = processMinidump(new BufferSource(bytes), lookups);
      if (i % SCHEMA_EVERY === 0) reportSchema.strict().parse(report);
      reports++;
    } catch (error) {
      assert.ok(error instanceof FormatError, `mutant ${i}: ${error instanceof Error ? error.stack : String(error)}`);
      refused++;
    }
    slowest = Math.max(slowest, performance.now() - started);
    assert.ok(slowest < MAX_MS, `mutant ${i} took ${slowest} ms`);
  }
  assert.ok(reports > MUTANTS / 2, `most mutants still give a report (${reports} of ${MUTANTS}, ${refused} refused)`);
});

test("every truncation of one dump: a report as soon as one stream begins", () => {
  const seed = seeds()[0] ?? new Uint8Array();
  const view = new DataView(seed.buffer, seed.byteOffset, seed.byteLength);
  /** Size from which a cut file still lists a stream that begins within it. */
  const beginsAt = Math.min(
    ...Array.from({ length: view.getUint32(8, true) }, (_, index) => {
      const entry = view.getUint32(12, true) + index * 12;
      return Math.max(entry + 12, view.getUint32(entry + 8, true) + 1);
    }),
  );
  for (let size = 0; size < seed.length; size += 7) {
    try {
      processMinidump(new BufferSource(seed.subarray(0, size)), lookups);
    } catch (error) {
      assert.ok(error instanceof FormatError && size < beginsAt, `cut at ${size}: ${String(error)}`);
    }
  }
});

test("one stack shown to thousands of threads", () => {
  const stack = synthStack(0x7ffe0000n);
  const links = 4000;
  for (let i = 0; i < links; i++)
    stack
      .label(`${i}`)
      .word(i + 1 < links ? ref(`${i + 1}`) : 0n)
      .word(0x401234n);
  const dump = synthDump()
    .linux()
    .module({ name: "a", base: 0x400000n, size: 0x10000 })
    .thread({ id: 0, registers: { rip: 0x401000n, rsp: 0x7ffe0000n, rbp: ref("0") }, stack });
  for (let id = 1; id < 3000; id++) dump.thread({ id, registers: { rip: 0x401000n, rsp: 0x7ffe0000n, rbp: 0x7ffe0000n } });
  const source = new BufferSource(dump.build());
  const started = performance.now();
  const report = processMinidump(source, { image: () => null, own: () => false });
  inspectMinidump(source);
  assert.ok(performance.now() - started < 10 * MAX_MS, `took ${performance.now() - started} ms`);
  assert.ok(report.threads.some((t) => t.walk_end === "limit" && t.frames.length === 0));
  assert.ok(report.warnings.some((w) => /too many frames/.test(w.message)));
});
