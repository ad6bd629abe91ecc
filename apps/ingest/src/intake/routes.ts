/** The routes by which crashes come in. */
import { randomUUID } from "node:crypto";
import { AppError } from "../http/app-error.ts";
import { drain } from "../http/pieces.ts";
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

/** What differs between the addresses that take a minidump as a form or as the body. */
export type MinidumpDialect = {
  path: string;
  /** The project that the post is for: known first, so that whatever is refused after it is counted there. */
  project(context: RouteContext): Promise<string> | string;
  publicKey(context: RouteContext): string;
  /** The answer for a crash that is kept, by its id. */
  kept(crashId: string): string;
  /** The answer for one over a limit. */
  dropped(): string;
};

export function intakeRoutes(ports: IntakeRoutePorts): Route[] {
  return minidumpRoutes(ports, {
    path: "/api/:project/minidump",
    project: ({ params }) => projectIdOf(params.project ?? ""),
    publicKey: ({ request, query }) => clientKeyOf(request.headers, query),
    kept: (crashId) => crashId,
    dropped: () => randomUUID(),
  });
}

export function minidumpRoutes(ports: IntakeRoutePorts, dialect: MinidumpDialect): Route[] {
  const { refusals, admission } = ports;
  const minidumpBody = {
    maxBytes: ports.limits.maxRequestBytes,
    knob: "MAX_REQUEST_BYTES" as const,
    maxIdleMs: limits.maxIdleMs,
    maxBodyMs: limits.maxMinidumpBodyMs,
  };

  async function postMinidump(context: RouteContext): Promise<void> {
    const { request, response } = context;
    let projectId: string | null = null;
    try {
      projectId = await dialect.project(context);
      const key = await admission.admit(projectId, dialect.publicKey(context));
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
      sendText(response, 200, dialect.kept(outcome.crashId), corsHeaders);
    } catch (error) {
      countRefusal(refusals, projectId, error);
      if (error instanceof Dropped) {
        // The sender is told that all is well: by then the count is written. Those dropped at once share a write.
        await refusals.flush();
        context.logger.info({ projectId, reason: error.reason }, "crash dropped");
        sendText(response, 200, dialect.dropped(), corsHeaders);
        return;
      }
      throw error instanceof AppError ? withHeaders(error, corsHeaders) : error;
    }
  }

  const route = { method: "POST", path: dialect.path, name: "minidump", handle: postMinidump } as const;
  return [route, preflight(route)];
}
