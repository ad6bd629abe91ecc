/** GET /api/v1/projects/<slug>/missing-files and GET /api/v1/uploads/<id>: views of the contracts as JSON. */
import { missingFilesFilter } from "@salvage/contracts";
import type { OrgGate } from "@salvage/db";
import { AppError } from "../http/app-error.ts";
import { sendJson } from "../http/respond.ts";
import type { RouteContext } from "../http/router.ts";
import { authorize, notFound } from "./authorize.ts";

const maxPageSize = 200;

/** Query: `filter` (blocking by default), `limit` (up to 200), `cursor` (the `next` of the page before). */
export async function getMissingFiles(gate: OrgGate, context: RouteContext): Promise<void> {
  const { db } = await authorize(gate, context, "crash:read");
  const filter = missingFilesFilter.safeParse(context.query.get("filter") ?? "blocking");
  if (!filter.success) throw new AppError(400, null, `filter must be one of ${missingFilesFilter.options.join(", ")}`);
  const limitText = context.query.get("limit");
  if (limitText !== null && !(/^\d{1,4}$/.test(limitText) && Number(limitText) >= 1 && Number(limitText) <= maxPageSize)) {
    throw new AppError(400, null, `limit must be a number from 1 to ${maxPageSize}`);
  }
  const page = await db.missingFiles.list({
    projectSlug: context.params.project ?? "",
    filter: filter.data,
    cursor: context.query.get("cursor"),
    ...(limitText === null ? {} : { limit: Number(limitText) }),
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
