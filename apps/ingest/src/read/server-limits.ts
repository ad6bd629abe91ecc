/** GET /api/v1/limits: what this server takes of anybody, by the setting that says so. Asked by the dashboard's page of limits. */
import type { ServerLimits } from "@salvage/contracts";
import { sendJson } from "../http/respond.ts";
import type { Route } from "../http/router.ts";
import type { OperatorLimits } from "../limits.ts";

export function serverLimitsRoute(limits: OperatorLimits): Route {
  const answer: ServerLimits = {
    MAX_DUMP_BYTES: limits.maxDumpBytes,
    MAX_REQUEST_BYTES: limits.maxRequestBytes,
    MAX_ATTACHMENT_BYTES: limits.maxAttachmentBytes,
    MAX_ATTACHMENTS: limits.maxAttachments,
    MAX_DEBUG_FILE_BYTES: limits.maxDebugFileBytes,
    ORGANIZATION_STORAGE_BYTES: limits.organizationStorageBytes || null,
    DEFAULT_RATE_LIMIT_PER_MINUTE: limits.defaultRateLimitPerMinute,
    PROJECT_RATE_LIMIT_PER_MINUTE: limits.projectRateLimitPerMinute || null,
    ORGANIZATION_RATE_LIMIT_PER_MINUTE: limits.organizationRateLimitPerMinute || null,
  };
  return {
    method: "GET",
    path: "/api/v1/limits",
    name: "limits",
    handle: async ({ response }) => sendJson(response, 200, answer),
  };
}
