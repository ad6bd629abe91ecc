/**
 * What App Center calls missing symbols: crashes of an app that lack files, in groups by version, each file by its debug id; and ignoring
 * one, after which its crashes count as complete without it.
 */
import type { MissingFileView } from "@salvage/contracts";
import { sendJson } from "../../http/respond.ts";
import type { RouteContext } from "../../http/router.ts";
import { notFound } from "../../read/authorize.ts";
import { authorizeForeign, projectNamed } from "../foreign.ts";
import type { ForeignPorts } from "../routes.ts";
import { breakpadDebugId, hyphenated } from "../sentry-cli/dif.ts";

/** Pages of missing files that are looked through; the ranking puts what matters first. */
const maxPages = 20;

/** `GET …/diagnostics/symbol_groups`: one group per missing file, whose version is the newest that wants it. */
export async function getGroups(ports: ForeignPorts, context: RouteContext): Promise<void> {
  const { files, projectId } = await missingFiles(ports, context);
  const groups = files.map((file) => group(file, projectId));
  const top = Math.max(1, Number(context.query.get("top")) || groups.length);
  sendJson(context.response, 200, { total_crash_count: sum(files), groups: groups.slice(0, top) });
}

export async function getGroup(ports: ForeignPorts, context: RouteContext): Promise<void> {
  const { files, projectId } = await missingFiles(ports, context);
  const file = files.find((each) => each.id === context.params.group);
  if (file === undefined) throw notFound("symbol group");
  sendJson(context.response, 200, group(file, projectId));
}

export async function getGroupsInfo(ports: ForeignPorts, context: RouteContext): Promise<void> {
  const { files } = await missingFiles(ports, context);
  sendJson(context.response, 200, { total_crash_count: sum(files) });
}

/** `POST …/symbols/<id>/ignore`, by the id in a group. */
export async function ignoreSymbol(ports: ForeignPorts, context: RouteContext): Promise<void> {
  const { files, db, projectId } = await missingFiles(ports, context, "crash:write");
  const asked = context.params.symbol ?? "";
  const debugId = breakpadDebugId(asked);
  const chosen = files.filter((file) => file.id === asked || (debugId !== null && file.debugId?.slice(0, 32) === debugId.slice(0, 32)));
  if (chosen.length === 0) throw notFound("symbol");
  await db.missingFiles.ignore({ missingFileIds: chosen.map((file) => file.id) });
  sendJson(context.response, 200, {
    symbol_id: asked,
    type: "Breakpad",
    app_id: projectId,
    platform: chosen[0]?.os ?? "",
    url: "",
    origin: "User",
    alternate_symbol_ids: [],
    status: "ignored",
  });
}

async function missingFiles(ports: ForeignPorts, context: RouteContext, scope: "crash:read" | "crash:write" = "crash:read") {
  const { db } = await authorizeForeign(ports.gate, context, scope);
  const project = await projectNamed(db, context.params.app ?? "");
  const files: MissingFileView[] = [];
  let cursor: string | null = null;
  for (let count = 0; count < maxPages; count++) {
    const page = await db.missingFiles.list({ projectSlug: project.slug, filter: "blocking", cursor });
    files.push(...(page?.items ?? []));
    cursor = page?.next ?? null;
    if (cursor === null) break;
  }
  return { db, projectId: project.id, files };
}

const sum = (files: readonly MissingFileView[]) => files.reduce((all, file) => all + file.waitingCrashes, 0);

function group(file: MissingFileView, projectId: string) {
  const symbolId = file.debugId === null ? file.id : hyphenated(file.debugId);
  return {
    symbol_group_id: file.id,
    crash_count: file.waitingCrashes,
    error_count: 0,
    app_id: projectId,
    app_ver: file.versions[0] ?? "",
    app_build: "",
    last_modified: file.lastSeenAt,
    missing_symbols: [{ symbol_id: symbolId, name: file.name, platform: file.os ?? "", status: "missing" }],
    status: "active",
  };
}
