/** The routes by which debug files come in. */
import type { OrgGate } from "@salvage/db";
import type { SystemDb } from "@salvage/db/system";
import { baseName } from "../http/multipart.ts";
import { sendJson } from "../http/respond.ts";
import type { Route, RouteContext } from "../http/router.ts";
import { withBody } from "../http/with-body.ts";
import type { DiskWatermark } from "../intake/disk.ts";
import { storable } from "../intake/scrub.ts";
import { limits, type OperatorLimits } from "../limits.ts";
import { authorize, notFound } from "../read/authorize.ts";
import { acceptDebugFile, type UploadPorts } from "./accept-debug-file.ts";
import { appCenterUploadRoutes } from "./app-center/routes.ts";
import { assembleFile } from "./assemble-file.ts";
import { sentryCliRoutes } from "./sentry-cli/routes.ts";
import { symuploadRoutes } from "./symupload/routes.ts";
import { teckenRoutes } from "./tecken/upload.ts";
import { transferRoutes } from "./transfers.ts";

/** What the dialects of other products' uploaders need. */
export type ForeignPorts = UploadPorts & {
  db: Pick<SystemDb, "uploads" | "chunks" | "transfers">;
  gate: OrgGate;
  disk: DiskWatermark;
  limits: OperatorLimits;
  /** The address by which clients reach this server, without a slash at its end. */
  publicUrl: string;
};

export function uploadRoutes(ports: ForeignPorts): Route[] {
  const { gate, disk } = ports;
  const debugFileBody = { maxBytes: ports.limits.maxDebugFileBytes, maxIdleMs: limits.maxIdleMs, maxBodyMs: limits.maxDebugFileBodyMs };

  async function postDebugFile(context: RouteContext): Promise<void> {
    const { params, query } = context;
    const { db: orgDb, token } = await authorize(gate, context, "debug-file:write");
    if (params.organization !== token.organizationSlug) throw notFound("organization");
    const projectId = await uploadProject(context, orgDb, token.projectId);
    await disk.check();
    const fileName = storable(baseName(query.get("name") ?? ""), 255) || "upload";
    const outcome = await withBody(context, debugFileBody, (body) =>
      acceptDebugFile(ports, {
        organizationId: token.organizationId,
        projectId,
        actor: token.name,
        fileName,
        body,
        logger: context.logger,
      }),
    );
    sendJson(context.response, 201, outcome, { Location: `/api/v1/uploads/${outcome.uploadId}` });
  }

  return [
    { method: "POST", path: "/api/v1/organizations/:organization/debug-files", name: "debug_files", handle: postDebugFile },
    {
      method: "POST",
      path: "/api/v1/organizations/:organization/debug-files/assemble",
      name: "debug_files_assemble",
      handle: (context) => assembleFile(ports, context),
    },
    ...sentryCliRoutes(ports),
    ...symuploadRoutes(ports),
    ...teckenRoutes(ports),
    ...appCenterUploadRoutes(ports),
    ...transferRoutes(ports),
  ];
}

/** The project that an upload is noted with: the ticket's own, else the one in the query. */
async function uploadProject(
  { query }: RouteContext,
  orgDb: Awaited<ReturnType<typeof authorize>>["db"],
  ticketProject: string | null,
): Promise<string | null> {
  const slug = query.get("project");
  if (slug === null || slug === "") return ticketProject;
  const project = await orgDb.projects.bySlug({ projectSlug: slug });
  if (project === null) throw notFound("project");
  return project.id;
}
