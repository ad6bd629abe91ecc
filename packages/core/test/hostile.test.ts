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
  for (const cpu of ["amd64", "x86", "arm64", "arm64_old", "arm", "mips", "riscv64", "ppc64"] as const) {
    const wordBytes = cpu === "x86" || cpu === "arm" || cpu === "mips" ? 4 : 8;
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
      mips: ["pc", "sp", "fp"],
      riscv64: ["pc", "sp", "fp"],
      ppc64: ["srr0", "r1", "r31"],
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
          .crashpadModule({ moduleIndex: 0, list: ["a", "b"], simple: { c: "d" }, objects: { e: "f" } })
          .memoryInfo([{ start: 0x400000n, size: 0x10000n, state: 0x1000, protection: 0x20 }])
          .linuxText("maps", "7ffe0000-7fff0000 rw-p 00000000 00:00 0 [stack]\n")
          .linuxText("lsbRelease", "ID=a\nVERSION_ID=1\n")
          .handles([{ type: "File" }, { type: "Event" }])
          .macCrashInfo([{ version: 5, numbers: [1n, 2n, 3n], texts: ["a", "b", "c", "d", "e"] }])
          .macBootArgs("-v")
          .threadInfo([{ id: 7, startAddress: 1n }])
          .stream(21, new Uint8Array(150))
          .stream(22, new Uint8Array(150))
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

test("every truncation of one dump: a report as soon as system, modules or exception are there", () => {
  const seed = seeds()[0] ?? new Uint8Array();
  const view = new DataView(seed.buffer, seed.byteOffset, seed.byteLength);
  const [moduleList, exception, systemInfo] = [4, 6, 7];
  const ends: number[] = [];
  for (let index = 0; index < view.getUint32(8, true); index++) {
    const entry = view.getUint32(12, true) + index * 12;
    if ([moduleList, exception, systemInfo].includes(view.getUint32(entry, true)))
      ends.push(view.getUint32(entry + 4, true) + view.getUint32(entry + 8, true));
  }
  const beginsAt = Math.min(...ends);
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

test("microdumps: lines cut, changed and repeated give a report or a FormatError", () => {
  const random = randomFrom(7);
  const lines = [
    "-----BEGIN BREAKPAD MICRODUMP-----",
    "O A arm64 08 aarch64 x",
    "R 0000000B SIGSEGV 0",
    "S 0 0000007FE0001000 0000007FE0001000 00001000",
    `S 0000007FE0001000 ${"0010E07F00000000".repeat(20)}`,
    `C 0600008000000000${"0010E07F00000000".repeat(98)}`,
    "M 0000005500000000 0000000000000000 0000000000010000 0123456789ABCDEF0123456789ABCDEF0 a.so",
    "-----END BREAKPAD MICRODUMP-----",
  ];
  for (let i = 0; i < MUTANTS / 3; i++) {
    const mutant = [...lines];
    for (let change = random(4); change >= 0; change--) {
      const at = random(mutant.length);
      const line = mutant[at] ?? "";
      const cut = random(line.length + 1);
      const replaced = [line.slice(0, cut), `${line.slice(0, cut)}F${line.slice(cut + 1)}`, "", `${line} ${line}`][random(4)] ?? "";
      mutant.splice(at, random(2), replaced);
    }
    const source = new BufferSource(new TextEncoder().encode(`google-breakpad: \n${mutant.join("\n")}`));
    try {
      const report = processMinidump(source, lookups);
      if (i % SCHEMA_EVERY === 0) reportSchema.strict().parse(report);
    } catch (error) {
      assert.ok(error instanceof FormatError, String(error));
    }
  }
});
