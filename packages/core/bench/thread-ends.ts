/**
 * Lists where the stacks of dumps end, for cases without true stacks: whether every thread reaches `main` or the function its thread was
 * started with, by which trust, and why the walk stopped.
 *
 * A case is a folder with one dump (*.dmp) and the debug files of its program. "sym" uses its .sym files and leaves binaries out,
 * "binaries" the other way round, "all" everything; the folders of --symbols are used whole.
 *
 * usage: node bench/thread-ends.ts FOLDER_OF_CASES [--symbols FOLDER]... [--with sym|binaries|all] [--frames] [CASE_NAME_PREFIX...]
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { FileSource } from "@salvage/codecs/files";
import { SymbolFolders } from "../../cli/src/symbols.ts";
import { type ImageLookup, identifyObject, type ModuleIds, processMinidump, type Report } from "../src/index.ts";

/** Functions that a thread's own code begins in, or that only start it. */
const ENTRY =
  /^(_?main|wmain|_?WinMain|wWinMain|_start|__libc_start_(main|call_main).*|__libc_start_main_impl|start_thread|clone3?|__clone3?|thread_start|_?RtlUserThreadStart|_?BaseThreadInitThunk|mainCRTStartup|__scrt_common_main_seh|invoke_main|.*[Ww]orker.*|thread_main|thread_func.*)(\(|$)/;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    symbols: { type: "string", multiple: true, default: [] },
    with: { type: "string", default: "all" },
    frames: { type: "boolean", default: false },
  },
});
const [folder, ...prefixes] = positionals;
if (folder === undefined)
  throw new Error("usage: node bench/thread-ends.ts FOLDER_OF_CASES [--symbols FOLDER]... [--with sym|binaries|all]");

type Thread = Report["threads"][number];
type Frame = Thread["frames"][number];

const nameOf = (frame: Frame): string => frame.function ?? `${frame.module ?? "?"}+${frame.module_offset ?? frame.offset}`;

/** An entry by its name; else the system's code that the program was called from, where the walk found nothing above it. */
function reached(thread: Thread, program: number | null): string | null {
  const found = thread.frames.findLast((frame) => frame.function !== null && ENTRY.test(frame.function));
  if (found !== undefined) return nameOf(found);
  const outermost = thread.frames.findLastIndex((frame) => frame.module_index === program);
  const start = thread.frames[outermost + 1];
  return outermost < 0 || start === undefined || start.module === null || thread.walk_end !== "end_of_stack"
    ? null
    : `${nameOf(start)} of the system`;
}

/** Debug files of the chosen kinds, folder by folder. */
function chosen(files: readonly string[]): (module: ModuleIds) => ImageLookup | null {
  const symbols = new SymbolFolders(files);
  return (module) => symbols.image(module);
}

/** Files under a folder that are .sym files, or that are not. */
function filesUnder(root: string, which: string): string[] {
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !/\.(dmp|json|txt)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => which === "all" || (kindOf(path) === "breakpad") === (which === "sym"));
}

function kindOf(path: string): string | null {
  try {
    return identifyObject(new FileSource(path)).kind;
  } catch {
    return null;
  }
}

const system = values.symbols.flatMap((root) => filesUnder(root, "all"));
const totals = { threads: 0, reached: 0 };
for (const name of readdirSync(folder).sort()) {
  const dir = join(folder, name);
  if (prefixes.length > 0 && !prefixes.some((prefix) => name.startsWith(prefix))) continue;
  const dump = existsSync(dir) && readdirSync(dir).find((file) => file.endsWith(".dmp"));
  if (!dump) continue;
  const image = chosen([...filesUnder(dir, values.with), ...system]);
  const report = processMinidump(new FileSource(join(dir, dump)), { image, own: (m) => m.isMain });
  for (const [i, thread] of report.threads.entries()) {
    const entry = reached(thread, report.main_module);
    totals.threads++;
    if (entry !== null) totals.reached++;
    const trusts = [...new Set(thread.frames.map((frame) => frame.trust))].join(" ");
    const last = thread.frames.at(-1);
    const verdict = entry === null ? `ENDS in ${last === undefined ? "nothing" : nameOf(last)}` : `reaches ${entry}`;
    console.log(
      `${name.padEnd(30)} thread ${i}  ${String(thread.total_frames).padStart(4)} frames  ${verdict}  (${trusts}; ${thread.walk_end})`,
    );
    if (values.frames)
      for (const frame of thread.frames) console.log(`    ${frame.frame}  ${frame.trust}  ${frame.module}!${nameOf(frame)}`);
  }
}
console.log(`${totals.reached} of ${totals.threads} threads reach main or their entry`);
