/**
 * A folder of dumps, given by SALVAGE_CORPUS, with `.sym` files and expected outputs beside them. Skipped when it is not set.
 *
 * For every dump: a report that satisfies the schema (or a FormatError when it does not start with the magic), the same twice, and no frame in
 * a module that the outline did not name as touched. Where `expected/stackwalk.machine.txt` lies beside a dump, the crashing thread is compared
 * with it; where `expected.json` does, every thread is scored against the true stack. The counts are printed.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { reportSchema } from "@salvage/contracts";
import {
  BufferSource,
  FormatError,
  type ImageLookup,
  inspectMinidump,
  openSym,
  type ProcessOptions,
  processMinidump,
  type Report,
} from "../src/index.ts";

const folder = process.env.SALVAGE_CORPUS;

function find(root: string, suffix: string): string[] {
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(suffix))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Every .sym below a folder by its debug id; those beside the dump win. */
function symbolsFor(all: ReadonlyMap<string, string[]>, near: string): ProcessOptions {
  const opened = new Map<string, ImageLookup | null>();
  return {
    image: ({ debugId }) => {
      if (debugId === null) return null;
      const known = opened.get(debugId);
      if (known !== undefined) return known;
      const files = all.get(debugId) ?? [];
      const path = files.find((file) => file.startsWith(near)) ?? files[0];
      const sym = path === undefined ? null : openSym(new BufferSource(readFileSync(path)));
      const lookup: ImageLookup | null = sym && {
        names: sym.names,
        unwind: sym.unwind,
        windowsFrames: sym.windowsFrames,
        namesStatus: sym.names ? "found" : "missing",
        unwindStatus: sym.unwind || sym.windowsFrames ? "found" : "missing",
      };
      opened.set(debugId, lookup);
      return lookup;
    },
    own: (m) => m.isMain,
  };
}

type TrueStacks = { threads: { id: number; total_frames: number; frames: { module: string | null; offset: string | null }[] }[] };

/** Frames from the top that agree with the truth; callers may be the return address or up to 4 bytes before it. */
function scoreTruth(report: Report, truth: TrueStacks): { right: number; all: number } {
  let right = 0;
  let all = 0;
  for (const want of truth.threads) {
    all += want.frames.length;
    const got = report.threads.find((t) => t.thread_id === want.id)?.frames ?? [];
    for (let i = 0; i < want.frames.length; i++) {
      const a = got[i];
      const b = want.frames[i];
      const behind =
        b?.offset && a?.module_offset
          ? Number(BigInt(b.offset) - BigInt(a.module_offset))
          : b?.offset === null && a?.module === null
            ? 0
            : -1;
      if (a?.module !== b?.module || behind < 0 || behind > 4) break;
      right++;
    }
  }
  return { right, all };
}

test("a folder of dumps", { skip: folder === undefined ? "SALVAGE_CORPUS is not set" : false }, (t) => {
  const root = folder ?? "";
  const symbols = new Map<string, string[]>();
  for (const path of find(root, ".sym")) {
    const id = /^MODULE \S+ \S+ (\S+) /.exec(readFileSync(path).subarray(0, 400).toString("latin1"))?.[1];
    if (id) symbols.set(id, [...(symbols.get(id) ?? []), path]);
  }
  const counts = { dumps: 0, reports: 0, refused: 0, framesCompared: 0, framesEqual: 0, trueFrames: 0, trueFramesRight: 0 };
  for (const path of find(root, ".dmp")) {
    counts.dumps++;
    const bytes = readFileSync(path);
    const name = relative(root, path);
    let report: Report;
    try {
      report = processMinidump(new BufferSource(bytes), symbolsFor(symbols, dirname(path)));
    } catch (error) {
      assert.ok(error instanceof FormatError, `${name}: ${String(error)}`);
      assert.notEqual(bytes.toString("latin1", 0, 4), "MDMP", `${name}: ${error.message}`);
      counts.refused++;
      continue;
    }
    counts.reports++;
    reportSchema.strict().parse(report);
    assert.equal(
      JSON.stringify(processMinidump(new BufferSource(bytes), symbolsFor(symbols, dirname(path)))),
      JSON.stringify(report),
      name,
    );
    const touched = inspectMinidump(new BufferSource(bytes)).modules;
    for (const frame of report.threads.flatMap((thread) => thread.frames)) {
      if (frame.module_index !== null)
        assert.ok(touched[frame.module_index]?.touched, `${name}: ${frame.module} is in a stack, but was not called touched`);
    }
    const machine = join(dirname(path), "expected", "stackwalk.machine.txt");
    if (existsSync(machine)) compareMachine(report, readFileSync(machine, "utf8"), counts);
    const truth = join(dirname(path), "expected.json");
    if (existsSync(truth)) {
      const score = scoreTruth(report, JSON.parse(readFileSync(truth, "utf8")) as TrueStacks);
      counts.trueFrames += score.all;
      counts.trueFramesRight += score.right;
    }
  }
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.dumps > 0, "the folder has dumps");
});

/** The crashing thread's frames, as far as ours are not scanned, against `thread|frame|module|function|file|line|offset`. */
function compareMachine(report: Report, text: string, counts: { framesCompared: number; framesEqual: number }): void {
  const crashing = report.crashing_thread;
  if (!crashing) return;
  const theirs = text
    .split("\n")
    .map((line) => line.split("|"))
    .filter((fields) => fields[0] === String(crashing.threads_index) && fields.length >= 7);
  // Inlined functions are lines of their own there, and names are as .sym files state them.
  const trusted = crashing.frames.slice(0, crashing.frames.findIndex((frame) => frame.trust === "scan") >>> 0);
  const ours = trusted.flatMap((frame) =>
    [...(frame.inlines ?? []), frame].map((f) => ({ module: frame.module ?? "", function: f.function_mangled ?? f.function })),
  );
  ours.slice(0, theirs.length).forEach((frame, i) => {
    const other = theirs[i];
    counts.framesCompared++;
    if (other?.[2] === frame.module && (frame.function === null || other[3] === "" || other[3] === frame.function)) counts.framesEqual++;
    else if (process.env.SALVAGE_CORPUS_VERBOSE) console.log(i, frame, other);
  });
}
