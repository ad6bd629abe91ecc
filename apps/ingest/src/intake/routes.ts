/** The routes by which crashes come in. */
import { randomUUID } from "node:crypto";
import { AppError, SenderGone } from "../http/app-error.ts";
import { drain } from "../http/body.ts";
import { sendText } from "../http/respond.ts";
import type { Route, RouteContext } from "../http/router.ts";
import { withBody } from "../http/with-body.ts";
import { limits } from "../limits.ts";
import { acceptMinidump } from "./accept-minidump.ts";
import type { Admission } from "./admission.ts";
import { clientKeyOf, projectIdOf } from "./credentials.ts";
import { Dropped } from "./dropped.ts";
import type { ReceiptPorts } from "./receipt.ts";
import type { Refusals } from "./refusals.ts";

export type IntakeRoutePorts = ReceiptPorts & { refusals: Refusals; admission: Admission };

/** What a browser on another origin may do with the minidump endpoint. */
const corsHeaders = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Expose-Headers": "x-sentry-error, x-sentry-rate-limits, retry-after",
} as const;
const preflightHeaders = {
  ...corsHeaders,
  "Access-Control-Allow-Methods": "POST",
  "Access-Control-Allow-Headers":
    "x-sentry-auth, x-requested-with, x-forwarded-for, origin, referer, accept, content-type, authentication, authorization, content-encoding, transfer-encoding",
  "Access-Control-Max-Age": "3600",
} as const;

export function intakeRoutes(ports: IntakeRoutePorts): Route[] {
  const { refusals, admission } = ports;
  const minidumpBody = { maxBytes: ports.limits.maxRequestBytes, maxIdleMs: limits.maxIdleMs, maxBodyMs: limits.maxMinidumpBodyMs };

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
      if (error instanceof Dropped) {
        refusals.count(projectId, error.reason, error.message);
        context.logger.info({ projectId, reason: error.reason }, "crash dropped");
        sendText(response, 200, randomUUID(), corsHeaders);
        return;
      }
      if (error instanceof SenderGone) refusals.count(projectId, "aborted", error.message);
      else if (error instanceof AppError && error.reason !== null)
        refusals.count(projectId, error.reason, [error.message, ...error.causes].join(": "));
      throw error instanceof AppError ? withHeaders(error, corsHeaders) : error;
    }
  }

  return [
    { method: "POST", path: "/api/:project/minidump", name: "minidump", handle: postMinidump },
    {
      method: "OPTIONS",
      path: "/api/:project/minidump",
      name: "minidump",
      handle: async ({ response }) => sendText(response, 200, "", preflightHeaders),
    },
  ];
}

const withHeaders = (error: AppError, headers: Readonly<Record<string, string>>) =>
  new AppError(error.status, error.reason, error.message, {
    causes: error.causes,
    headers: { ...headers, ...error.headers },
    cause: error.cause,
  });
