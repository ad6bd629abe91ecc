/** `salvage missing list` and `salvage missing ignore`: the debug files that a project's crashes wait for. */
import { type MissingFileView, missingFilesIgnored, missingFileView } from "@salvage/contracts";
import { CliError } from "../cli-error.ts";
import { ApiClient } from "../server/client.ts";
import { matchesPattern } from "../server/names.ts";
import { printable } from "../server/printable.ts";
import { findTarget, type ServerOptions } from "../server/target.ts";

export type MissingListOptions = ServerOptions & { project: string; filter: string; json?: boolean };
export type MissingIgnoreOptions = ServerOptions & { project: string; pattern?: string; release?: string; json?: boolean };

/** As many ids as one request takes. */
const maxIds = 200;

export async function listMissing(options: MissingListOptions): Promise<void> {
  const client = new ApiClient(findTarget(options));
  for await (const file of missingFiles(client, options.project, options.filter)) {
    if (options.json === true) process.stdout.write(`${JSON.stringify(file)}\n`);
    else {
      const waiting = `${file.waitingCrashes} waiting`.padStart(12);
      process.stdout.write(
        `${waiting}  ${(file.debugId ?? file.codeId ?? "no id").padEnd(33)}  ${printable(file.name)}  needs ${file.needs}\n`,
      );
    }
  }
}

/** By names (or ids) of open files, by a pattern that stays as a rule, or all of a release. */
export async function ignoreMissing(names: readonly string[], options: MissingIgnoreOptions): Promise<void> {
  const { project, pattern, release } = options;
  if ([names.length > 0, pattern !== undefined, release !== undefined].filter(Boolean).length !== 1)
    throw new CliError("say what to ignore in one way: names, --pattern, or --release.", 2);
  const client = new ApiClient(findTarget(options));
  const send = (body: unknown) =>
    client.json(`/api/v1/projects/${encodeURIComponent(project)}/missing-files/ignore`, missingFilesIgnored, { body, names: { project } });
  let ignored = 0;
  if (pattern !== undefined) ({ ignored } = await send({ pattern }));
  else if (release !== undefined) ({ ignored } = await send({ version: release }));
  else {
    const ids = await idsOf(client, project, names);
    for (let from = 0; from < ids.length; from += maxIds) ignored += (await send({ ids: ids.slice(from, from + maxIds) })).ignored;
  }
  process.stdout.write(options.json === true ? `${JSON.stringify({ ignored })}\n` : `${ignored} missing files ignored.\n`);
}

/** Throws CliError when a name is no open missing file's. */
async function idsOf(client: ApiClient, project: string, names: readonly string[]): Promise<string[]> {
  const open: MissingFileView[] = [];
  for (const filter of ["blocking", "other"]) for await (const file of missingFiles(client, project, filter)) open.push(file);
  const ids = new Set<string>();
  for (const name of names) {
    const found = open.filter((file) => file.id === name || file.debugId === name || matchesPattern(name, file.name));
    if (found.length === 0) throw new CliError(`no crash of "${project}" waits for ${name}.`);
    for (const { id } of found) ids.add(id);
  }
  return [...ids];
}

function missingFiles(client: ApiClient, project: string, filter: string): AsyncGenerator<MissingFileView> {
  return client.list(`/api/v1/projects/${encodeURIComponent(project)}/missing-files`, { filter, limit: "200" }, missingFileView, {
    project,
  });
}
