/** `salvage crashes list` and `salvage crashes show`: a project's crashes, and one of them with its report. */
import { type CrashSummary, crashDetail, crashSummary, reportSchema } from "@salvage/contracts";
import { type Report, reportToText } from "@salvage/core";
import { CliError } from "../cli-error.ts";
import { ApiClient } from "../server/client.ts";
import { printable } from "../server/printable.ts";
import { findTarget, type ServerOptions } from "../server/target.ts";

export type CrashListOptions = ServerOptions & {
  project: string;
  state?: string;
  issue?: string;
  search?: string;
  limit: number;
  json?: boolean;
};

const maxPage = 200;

/** Newest first, as many as `limit`; pages are fetched as needed. */
export async function listCrashes(options: CrashListOptions): Promise<void> {
  const client = new ApiClient(findTarget(options));
  const { project, state, issue, search, limit } = options;
  const filters = Object.fromEntries(
    Object.entries({ state, issue, search }).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const query = { ...filters, limit: String(Math.min(limit, maxPage)) };
  let left = limit;
  for await (const crash of client.list(`/api/v1/projects/${encodeURIComponent(project)}/crashes`, query, crashSummary, { project })) {
    process.stdout.write(options.json === true ? `${JSON.stringify(crash)}\n` : crashLine(crash));
    if (--left === 0) return;
  }
}

function crashLine({ id, receivedAt, state, signature, crashReason, release, missingFiles }: CrashSummary): string {
  const about = [signature ?? crashReason ?? "", release ?? ""].filter((text) => text !== "").join("  ");
  const missing = missingFiles > 0 ? `  (${missingFiles} files missing)` : "";
  return `${id}  ${receivedAt.slice(0, 19)}  ${state.padEnd(11)}  ${printable(about)}${missing}\n`;
}

/** The report as text, or everything that the server says of the crash as JSON. */
export async function showCrash(crashId: string, options: ServerOptions & { json?: boolean; colours: boolean }): Promise<void> {
  const client = new ApiClient(findTarget(options));
  const shown = crashDetail.extend({ report: reportSchema.nullable() });
  const crash = await client.json(`/api/v1/crashes/${encodeURIComponent(crashId)}`, shown, { names: { crash: crashId } });
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify(crash, null, 2)}\n`);
    return;
  }
  process.stderr.write(`${crash.state}, revision ${crash.revision}, received ${crash.receivedAt}\n`);
  if (crash.rejection !== null) throw new CliError(`the crash was rejected: ${crash.rejection.reason}`);
  if (crash.report === null) throw new CliError("there is no report yet.");
  process.stdout.write(reportToText(crash.report as Report, { colours: options.colours }));
}
