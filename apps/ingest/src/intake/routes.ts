/** The routes by which crashes come in. */
import { randomUUID } from "node:crypto";
import { AppError } from "../http/app-error.ts";
import { drain } from "../http/body.ts";
import { sendText } from "../http/respond.ts";
import type { Route, RouteContext } from "../http/router.ts";
import { withBody } from "../http/with-body.ts";
import { limits } from "../limits.ts";
import { acceptMinidump } from "./accept-minidump.ts";
import type { Admission } from "./admission.ts";
import { corsHeaders, preflight, withHeaders } from "./cors.ts";
import { countRefusal } from "./count-refusal.ts";
import { clientKeyOf, projectIdOf } from "./credentials.ts";
import { Dropped } from "./dropped.ts";
import type { ReceiptPorts } from "./receipt.ts";
import type { Refusals } from "./refusals.ts";

export type IntakeRoutePorts = ReceiptPorts & { refusals: Refusals; admission: Admission };

export function intakeRoutes(ports: IntakeRoutePorts): Route[] {
  const { refusals, admission } = ports;
  const minidumpBody = {
    maxBytes: ports.limits.maxRequestBytes,
    knob: "MAX_REQUEST_BYTES" as const,
    maxIdleMs: limits.maxIdleMs,
    maxBodyMs: limits.maxMinidumpBodyMs,
  };

  async function postMinidump(context: RouteContext): Promise<void> {
    const { request, response, params, query } = context;
    let projectId: string | null = null;
    try {
      projectId = projectIdOf(params.project ?? "");
      const key = await admission.admit(projectId, clientKeyOf(request.headers, query));
      const outcome = await withBody(context, minidumpBody, async (body) => {
        try {
          admission.takeCrash(key);
          return await acceptMinidump(ports, { key, contentType: request.headers["content-type"], body, logger: context.logger });
        } catch (error) {
          // The sender must get to the end of its body before it can read that everything is fine.
          if (error instanceof Dropped) await drain(body);
          throw error;
        }
      });
      sendText(response, 200, outcome.crashId, corsHeaders);
    } catch (error) {
      countRefusal(refusals, projectId, error);
      if (error instanceof Dropped) {
        context.logger.info({ projectId, reason: error.reason }, "crash dropped");
        sendText(response, 200, randomUUID(), corsHeaders);
        return;
      }
      throw error instanceof AppError ? withHeaders(error, corsHeaders) : error;
    }
  }

  return [
    { method: "POST", path: "/api/:project/minidump", name: "minidump", handle: postMinidump },
    preflight({ path: "/api/:project/minidump", name: "minidump" }),
  ];
}
