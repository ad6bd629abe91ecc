/**
 * `POST /logs?api-version=1.0.0` of App Center's SDKs, so that programs that cannot be rebuilt can be sent here by their log URL. The
 * header App-Secret carries the client key written as a UUID; it names the project as well. The answer is App Center's.
 */
import { randomUUID } from "node:crypto";
import { AppError } from "../../http/app-error.ts";
import { sendJson } from "../../http/respond.ts";
import type { Route, RouteContext } from "../../http/router.ts";
import { withBody } from "../../http/with-body.ts";
import { limits } from "../../limits.ts";
import { corsHeaders } from "../cors.ts";
import { normalizeEventId } from "../event.ts";
import { sdkRoutes } from "../sdk-route.ts";
import { type AppCenterPorts, acceptLogs } from "./accept-logs.ts";

export function appCenterRoutes(ports: AppCenterPorts): Route[] {
  const bodyLimits = {
    ...{ maxBytes: ports.limits.maxRequestBytes, knob: "MAX_REQUEST_BYTES" as const },
    ...{ maxIdleMs: limits.maxIdleMs, maxBodyMs: limits.maxMinidumpBodyMs },
  };

  const project = ({ request }: RouteContext) => ports.clientKeys.projectOf(secretOf(request.headers["app-secret"]));

  async function postLogs(context: RouteContext, projectId: string): Promise<void> {
    const { headers } = context.request;
    const key = await ports.admission.admit(projectId, secretOf(headers["app-secret"]));
    const installId = normalizeEventId(headers["install-id"]);
    const { valid, throttled } = await withBody(context, bodyLimits, (body) =>
      acceptLogs(ports, { key, body, installId, logger: context.logger }),
    );
    const answer = { status: "Success", validDiagnosticsIds: valid, throttledDiagnosticsIds: throttled, correlationId: randomUUID() };
    sendJson(context.response, 200, answer, corsHeaders);
  }

  return sdkRoutes(ports, { method: "POST", path: "/logs", name: "app_center_logs", project, handle: postLogs });
}

/** The client key that a secret is: a UUID's 32 hex digits. */
function secretOf(header: string | string[] | undefined): string {
  if (typeof header !== "string" || header === "") throw new AppError(401, "missing_credentials", "the header App-Secret is missing");
  const hex = header.replaceAll("-", "").toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(hex)) throw new AppError(400, "wrong_key", "the App-Secret is no UUID");
  return hex;
}
