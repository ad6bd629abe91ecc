/** Organizations, lists of a project's crashes and missing files, and uploads: views of the contracts as JSON. */
import { crashState, missingFilesFilter, rowId } from "@salvage/contracts";
import type { OrgGate } from "@salvage/db";
import { AppError } from "../http/app-error.ts";
import { sendJson } from "../http/respond.ts";
import type { RouteContext } from "../http/router.ts";
import { authorize, notFound } from "./authorize.ts";

const maxPageSize = 200;

/** The organization with its projects; names and ids only. */
export async function getOrganization(gate: OrgGate, context: RouteContext): Promise<void> {
  const { db, token } = await authorize(gate, context, "project:read");
  if (context.params.organization !== token.organizationSlug) throw notFound("organization");
  const projects = (await db.projects.list()).map(({ id, slug, name }) => ({ id, slug, name }));
  sendJson(context.response, 200, { slug: db.organization.slug, name: db.organization.name, projects });
}

/** Query: `state`, `issue` (its id), `search` (in signature, release, user and id), `limit`, `cursor`. Newest first. */
export async function getCrashes(gate: OrgGate, context: RouteContext): Promise<void> {
  const { db } = await authorize(gate, context, "crash:read");
  const { query } = context;
  const state = crashState.optional().safeParse(query.get("state") ?? undefined);
  if (!state.success) throw new AppError(400, null, `state must be one of ${crashState.options.join(", ")}`);
  const issueId = query.get("issue");
  if (issueId !== null && !rowId.safeParse(issueId).success) throw new AppError(400, null, "issue must be an issue's id");
  const page = await db.crashes.list({
    projectSlug: context.params.project ?? "",
    ...(state.data === undefined ? {} : { state: state.data }),
    ...(issueId === null ? {} : { issueId }),
    search: query.get("search")?.trim().slice(0, 200) ?? "",
    ...pageOf(query),
  });
  if (page === null) throw notFound("project");
  sendJson(context.response, 200, page);
}

/** Query: `filter` (blocking by default), `limit` (up to 200), `cursor` (the `next` of the page before). */
export async function getMissingFiles(gate: OrgGate, context: RouteContext): Promise<void> {
  const { db } = await authorize(gate, context, "crash:read");
  const filter = missingFilesFilter.safeParse(context.query.get("filter") ?? "blocking");
  if (!filter.success) throw new AppError(400, null, `filter must be one of ${missingFilesFilter.options.join(", ")}`);
  const page = await db.missingFiles.list({
    projectSlug: context.params.project ?? "",
    filter: filter.data,
    ...pageOf(context.query),
  });
  if (page === null) throw notFound("project");
  sendJson(context.response, 200, page);
}

/** Who uploaded wants to know how it ended, so the scope for writing is enough. */
export async function getUpload(gate: OrgGate, context: RouteContext): Promise<void> {
  const { db } = await authorize(gate, context, "debug-file:read", "debug-file:write");
  const upload = await db.uploads.byId({ uploadId: context.params.upload ?? "" });
  if (upload === null) throw notFound("upload");
  sendJson(context.response, 200, upload);
}

/** `limit` and `cursor` of a query. @throws AppError 400 */
function pageOf(query: URLSearchParams): { cursor: string | null; limit?: number } {
  const text = query.get("limit");
  if (text !== null && !(/^\d{1,4}$/.test(text) && Number(text) >= 1 && Number(text) <= maxPageSize)) {
    throw new AppError(400, null, `limit must be a number from 1 to ${maxPageSize}`);
  }
  return { cursor: query.get("cursor"), ...(text === null ? {} : { limit: Number(text) }) };
}
