/**
 * POST /api/v1/organizations/<org>/debug-files/assemble: a large file of our command line, whose chunks come by sentry-cli's endpoint. Answers the
 * upload that they make, or which chunks are missing.
 */
import { type AssembleView, assembleInput } from "@salvage/contracts";
import { readJson } from "../http/json-body.ts";
import { sendJson } from "../http/respond.ts";
import type { RouteContext } from "../http/router.ts";
import { limits } from "../limits.ts";
import { authorize, notFound } from "../read/authorize.ts";
import { projectNamed } from "./foreign.ts";
import { putTogether } from "./put-together.ts";
import type { ForeignPorts } from "./routes.ts";

export async function assembleFile(ports: ForeignPorts, context: RouteContext): Promise<void> {
  const { db, token } = await authorize(ports.gate, context, "debug-file:write");
  if (context.params.organization !== token.organizationSlug) throw notFound("organization");
  const { name, sha256, chunks, project } = await readJson(context, assembleInput, limits.maxAssembleBytes);
  const projectId = project === undefined ? token.projectId : (await projectNamed(db, project)).id;
  const { organizationId, name: actor } = token;
  const made = await putTogether(ports, { organizationId, projectId, actor, name, sha256, chunks, logger: context.logger });
  const answer: AssembleView = { uploadId: null, missingChunks: [], ...made };
  sendJson(context.response, answer.uploadId === null ? 200 : 201, answer);
}
