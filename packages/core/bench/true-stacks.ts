/**
 * Scores stack walks against true call stacks: of every case, how many physical frames (module and offset) are right from the top on, and
 * how many were walked beyond the true end.
 *
 * A case is a folder with expected.json (threads with their true frames), game.dmp, and the binaries of the program beside them.
 *
 * With --symcaches the binaries are converted first and only their lookup files are asked, as on the server.
 *
 * usage: node bench/true-stacks.ts FOLDER_OF_CASES [--frames] [--symcaches] [CASE_NAME_PREFIX...]
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FileSource } from "@salvage/codecs/files";
import { SymbolFolders } from "../../cli/src/symbols.ts";
import { walkFiles } from "../../cli/src/walk.ts";
import {
  BufferSource,
  buildSymcache,
  FormatError,
  type ImageFile,
  type ImageLookup,
  identifyObjects,
  imageLookup,
  type ModuleIds,
  openSymcache,
  processMinidump,
  type Report,
} from "../src/index.ts";
import { MemorySink } from "../test/memory-sink.ts";

type Expected = {
  arch: string;
  threads: {
    id: number;
    name: string;
    total_frames: number;
    frames: { address: string; module: string | null; offset: string | null }[];
  }[];
};
type Thread = Report["threads"][number];

/** How far an address of ours may lie before the return address: within the call. */
const callBytes = 4n;

/** Right frames from the top, and frames beyond the true end. */
function score(expected: Expected["threads"][number], found: Thread | undefined): { right: number; surplus: number } {
  let right = 0;
  for (const [i, frame] of expected.frames.entries()) {
    const ours = found?.frames[i];
    if (ours === undefined) break;
    const back = BigInt(frame.address) - BigInt(ours.offset);
    const near = i === 0 ? back === 0n : back > 0n && back <= callBytes;
    if (!near || (ours.module ?? null) !== (frame.module ?? null)) break;
    right++;
  }
  return { right, surplus: Math.max(0, (found?.total_frames ?? 0) - expected.total_frames) };
}

/** The lookup files of a module's files in a folder. */
function convertedImage(dir: string, module: ModuleIds): ImageLookup | null {
  const files: ImageFile[] = [];
  for (const path of walkFiles(dir)) {
    const source = new FileSource(path);
    try {
      if (!identifyObjects(source).some((image) => image.debugId === module.debugId)) continue;
      const sink = new MemorySink();
      buildSymcache(source, sink, { debugId: module.debugId });
      const { header, names, unwind, windowsFrames } = openSymcache(new BufferSource(sink.bytes()));
      files.push({ names, unwind, windowsFrames, hasLines: header.hasLines, hasInlines: header.hasInlines });
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
  }
  return files.length === 0 ? null : imageLookup(files, false);
}

const [folder, ...rest] = process.argv.slice(2);
if (folder === undefined)
  throw new Error("usage: node bench/true-stacks.ts FOLDER_OF_CASES [--frames] [--symcaches] [CASE_NAME_PREFIX...]");
const throughSymcaches = rest.includes("--symcaches");
const showFrames = rest.includes("--frames");
const prefixes = rest.filter((word) => !word.startsWith("--"));
let total = { right: 0, expected: 0, surplus: 0 };
for (const name of readdirSync(folder).sort()) {
  const dir = join(folder, name);
  if (!existsSync(join(dir, "expected.json")) || (prefixes.length > 0 && !prefixes.some((prefix) => name.startsWith(prefix)))) continue;
  const expected = JSON.parse(readFileSync(join(dir, "expected.json"), "utf8")) as Expected;
  const symbols = new SymbolFolders([dir]);
  const image = (module: ModuleIds) => (throughSymcaches ? convertedImage(dir, module) : symbols.image(module));
  const report = processMinidump(new FileSource(join(dir, "game.dmp")), { image, own: (m) => m.isMain });
  const cells: string[] = [];
  for (const thread of expected.threads) {
    const found = report.threads.find((t) => t.thread_id === thread.id);
    const { right, surplus } = score(thread, found);
    total = { right: total.right + right, expected: total.expected + thread.frames.length, surplus: total.surplus + surplus };
    const bad = right < thread.frames.length || surplus > 0;
    cells.push(`${thread.name} ${right}/${thread.frames.length}${surplus > 0 ? ` +${surplus}` : ""}${bad ? " WRONG" : ""}`);
    if (showFrames && bad) {
      for (let i = 0; i < Math.max(thread.frames.length, found?.frames.length ?? 0); i++) {
        const ours = found?.frames[i];
        const theirs = thread.frames[i];
        cells.push(
          `\n    ${i} true ${theirs?.module ?? "-"} ${theirs?.offset ?? "-"}  ours ${ours?.module ?? "-"} ${ours?.module_offset ?? ours?.offset ?? "-"} ${ours?.trust ?? ""}`,
        );
      }
      cells.push(`\n    end: ${found?.walk_end ?? "-"}`);
    }
  }
  console.log(`${name.padEnd(32)} ${cells.join("  ")}`);
}
console.log(`${total.right} of ${total.expected} frames right, ${total.surplus} surplus`);
