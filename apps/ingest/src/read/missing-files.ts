/** POST /api/v1/projects/<slug>/missing-files/ignore: crashes stop waiting for files that will never come. */
import { missingFilesIgnore } from "@salvage/contracts";
import type { OrgGate } from "@salvage/db";
import { readJson } from "../http/json-body.ts";
import { sendJson } from "../http/respond.ts";
import type { RouteContext } from "../http/router.ts";
import { authorize, notFound } from "./authorize.ts";

/** Two hundred ids. */
const maxBodyBytes = 64 * 1024;

/** By ids, by a pattern on the name (* and ?), or all of a version; pattern and version stay as rules for later files. */
export async function ignoreMissingFiles(gate: OrgGate, context: RouteContext): Promise<void> {
  const { db } = await authorize(gate, context, "crash:write");
  const projectSlug = context.params.project ?? "";
  if ((await db.missingFiles.count({ projectSlug })) === null) throw notFound("project");
  const what = await readJson(context, missingFilesIgnore, maxBodyBytes);
  const done = await db.missingFiles.ignore("ids" in what ? { missingFileIds: what.ids } : { projectSlug, ...what });
  sendJson(context.response, 200, done === "not found" ? { ignored: 0 } : done);
}
