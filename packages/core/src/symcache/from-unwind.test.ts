/** Unwind rules of any source, read back from a symcache: the same at every address. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MemorySink } from "../../test/memory-sink.ts";
import { randomFrom } from "../../test/random.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import type { RegisterRule, UnwindRange, UnwindRow, UnwindSource, WindowsFrame } from "../unwind/rules.ts";
import { convertUnwind, convertWindowsFrames } from "./from-unwind.ts";
import { openSymcache, type Symcache } from "./reader.ts";
import { SymcacheWriter } from "./writer.ts";

function written(work: (writer: SymcacheWriter) => void, onlyAtCalls = false): Symcache {
  const sink = new MemorySink();
  const writer = new SymcacheWriter(sink, 1000);
  work(writer);
  const none = { debugId: null, codeId: null, debugFile: null, codeFile: null, cpu: null, os: null };
  writer.finish({ ...none, sourceKind: "pe", sourceBytes: 1000 }, 0, onlyAtCalls);
  return openSymcache(new BufferSource(sink.bytes()));
}

function randomRule(random: (below: number) => number): RegisterRule {
  const offset = random(64) * 8 - 256;
  const rules: RegisterRule[] = [
    { kind: "undefined" },
    { kind: "same" },
    { kind: "cfaOffset", offset },
    { kind: "valCfaOffset", offset },
    { kind: "register", register: `r${random(4)}`, offset },
    { kind: "expression", program: `$rsp ${random(3)} + ^` },
  ];
  return rules[random(rules.length)]!;
}

test("200 random sources of rules: the same row at every address", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = randomFrom(seed);
    const ranges: UnwindRange[] = [];
    let at = random(10);
    for (let i = 0; i < 25; i++) {
      const registers = new Map<string, RegisterRule>();
      for (let k = random(4); k > 0; k--) registers.set(`r${random(5)}`, randomRule(random));
      const row: UnwindRow = { cfa: randomRule(random), returnAddress: randomRule(random), registers };
      const kept = random(5) === 0 ? null : random(4) === 0 ? { ...row, interrupted: true as const } : row;
      const length = 1 + random(9);
      ranges.push({ start: at, length, row: random(4) === 0 ? (ranges.at(-1)?.row ?? null) : kept });
      at += length + (random(2) === 0 ? 0 : random(6));
    }
    const find = (address: number) => ranges.find(({ start, length }) => start <= address && address < start + length)?.row ?? null;
    const source: UnwindSource = { find, ranges: () => ranges };
    const cache = written((writer) => convertUnwind(source, writer, at, () => {}), seed % 2 === 0);
    assert.equal(cache.unwind?.onlyAtCalls, seed % 2 === 0);
    for (let address = 0; address < at + 5; address++)
      assert.deepEqual(cache.unwind?.find(address) ?? null, find(address), `seed ${seed}, ${address}`);
  }
});

test("200 random tables of frame data: FrameData before FPO, the record that starts last", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = randomFrom(seed);
    const frames = Array.from({ length: random(14) }, (_, i): WindowsFrame => {
      const kind = random(2) === 0 ? "fpo" : "frameData";
      return {
        kind,
        address: random(60),
        codeSize: random(25),
        prologueSize: i,
        epilogueSize: 0,
        parameterSize: random(9),
        savedRegisterSize: 4,
        localSize: 8,
        maxStackSize: 0,
        program: kind === "fpo" || random(4) === 0 ? null : "$T0 $ebp = ",
        allocatesBasePointer: kind === "fpo" && random(2) === 0,
      };
    });
    const find = (address: number) => {
      const best = (kind: string) =>
        frames
          .filter((frame) => frame.kind === kind && frame.address <= address && address < frame.address + frame.codeSize)
          .reduce<WindowsFrame | null>((found, frame) => (found === null || frame.address > found.address ? frame : found), null);
      return best("frameData") ?? best("fpo");
    };
    const cache = written((writer) => convertWindowsFrames({ find, records: () => frames }, writer));
    for (let address = 0; address < 100; address++)
      assert.deepEqual(cache.windowsFrames?.find(address) ?? null, find(address), `seed ${seed}, ${address}\n${JSON.stringify(frames)}`);
  }
});

test("progress follows the addresses", () => {
  const row: UnwindRow = {
    cfa: { kind: "register", register: "rsp", offset: 8 },
    returnAddress: { kind: "cfaOffset", offset: -8 },
    registers: new Map(),
  };
  const ranges = Array.from({ length: 10_000 }, (_, i) => ({ start: 4 * i, length: 4, row: i % 2 === 0 ? row : null }));
  const seen: number[] = [];
  written((writer) => convertUnwind({ find: () => null, ranges: () => ranges }, writer, 40_000, (share) => seen.push(share)));
  assert.deepEqual(
    seen.map((share) => share.toFixed(2)),
    ["0.41", "0.82", "1.00"],
  );
});
