/**
 * `salvage check`: a gate before a release. Every executable and library in the build folder is asked for on the server: would a crash in it have
 * names, and could its stack be walked exactly?
 */
import { type CoverageView, coverageView, maxAsked } from "@salvage/contracts";
import { CliError } from "../cli-error.ts";
import { identifyFile } from "../server/choose-files.ts";
import { ApiClient } from "../server/client.ts";
import { fileName, matchesPattern } from "../server/names.ts";
import { findTarget, type ServerOptions } from "../server/target.ts";
import { walkFiles } from "../walk.ts";

export type CheckOptions = ServerOptions & { ignore: readonly string[]; json?: boolean };

/** An image that the build ships. */
type Binary = { path: string; name: string; kind: string; debugId: string | null; codeId: string | null };

/** Exit code 1 when a binary lacks names or unwind data on the server, or when there is no binary at all. */
export async function check(paths: readonly string[], options: CheckOptions): Promise<void> {
  const client = new ApiClient({ ...findTarget(options), patient: true });
  const binaries = findBinaries(paths, options.ignore);
  if (binaries.length === 0) throw new CliError(`there is no executable and no library with an id in ${paths.join(", ")}.`);
  const path = await client.ofOrganization("/debug-files/coverage");
  let incomplete = 0;
  for (let from = 0; from < binaries.length; from += maxAsked) {
    const batch = binaries.slice(from, from + maxAsked);
    const images = batch.map(({ debugId, codeId, name }) => ({ debugId, codeId, name }));
    const answer = await client.json(path, coverageView, { body: { images } });
    for (const [index, binary] of batch.entries()) {
      const has = answer.images[index] ?? { names: false, unwind: false };
      if (!has.names || !has.unwind) incomplete++;
      print(binary, has, options.json === true);
    }
  }
  const all = `${binaries.length} ${binaries.length === 1 ? "binary" : "binaries"}`;
  if (incomplete > 0) throw new CliError(`${incomplete} of ${all} would crash without a full stack: upload their debug files.`);
  process.stderr.write(`${all}: the server has names and unwind data for each.\n`);
}

/** Executables and libraries, one for each id: a file and the debug file beside it are the same image. */
function findBinaries(paths: readonly string[], ignored: readonly string[]): Binary[] {
  const found = new Map<string, Binary>();
  for (const path of paths) {
    for (const file of walkFiles(path)) {
      const name = fileName(file);
      if (ignored.some((pattern) => matchesPattern(pattern, name))) continue;
      for (const { kind, debugId, codeId } of identifyFile(file)) {
        const id = debugId ?? (codeId === null ? null : `${codeId} ${name}`);
        if (id === null || !["elf", "pe", "macho"].includes(kind) || found.has(id)) continue;
        found.set(id, { path: file, name, kind, debugId, codeId });
      }
    }
  }
  return [...found.values()];
}

function print(binary: Binary, has: CoverageView["images"][number], json: boolean): void {
  const { path, kind, debugId, codeId } = binary;
  if (json) {
    process.stdout.write(`${JSON.stringify({ file: path, kind, debugId, codeId, ...has })}\n`);
    return;
  }
  const lacks = [has.names ? [] : ["names"], has.unwind ? [] : ["unwind data"]].flat();
  const words = lacks.length === 0 ? "ok" : `lacks ${lacks.join(" and ")}`;
  process.stdout.write(`${words.padEnd(27)}  ${debugId ?? codeId}  ${path}\n`);
}
