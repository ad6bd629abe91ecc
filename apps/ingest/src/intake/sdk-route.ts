/**
 * What the endpoints of Sentry's SDKs share, beside the minidump endpoint: who sends, cross-origin answers, the count of what comes to
 * nothing, and 429 with its two headers when a limit is reached (these SDKs wait then; uploaders of minidumps would not).
 */
import type { ServerResponse } from "node:http";
import { AppError } from "../http/app-error.ts";
import { sendJson } from "../http/respond.ts";
import type { Route, RouteContext } from "../http/router.ts";
import { corsHeaders, preflight, withHeaders } from "./cors.ts";
import { countRefusal } from "./count-refusal.ts";
import { projectIdOf } from "./credentials.ts";
import { Dropped } from "./dropped.ts";
import type { Refusals } from "./refusals.ts";

/** How long a sender is asked to wait when it is over a limit. */
const waitSeconds = 60;

/** `seconds:categories:scope`, as the SDKs read it. */
export const limitHeaders = {
  "Retry-After": String(waitSeconds),
  "X-Sentry-Rate-Limits": `${waitSeconds}:error;attachment;default;feedback:key`,
} as const;

export type SdkRoute = Pick<Route, "method" | "path" | "name"> & {
  /** The project that the request is about; by default the one in the path. */
  project?(context: RouteContext): Promise<string> | string;
  handle(context: RouteContext, projectId: string): Promise<void>;
};

/** The route, and the preflight of its path where it is a POST. */
export function sdkRoutes({ refusals }: { refusals: Refusals }, { method, path, name, project, handle }: SdkRoute): Route[] {
  async function run(context: RouteContext): Promise<void> {
    let projectId: string | null = null;
    try {
      projectId = project === undefined ? projectIdOf(context.params.project ?? "") : await project(context);
      await handle(context, projectId);
    } catch (error) {
      countRefusal(refusals, projectId, error);
      if (error instanceof Dropped) throw withHeaders(overLimit(error), corsHeaders);
      throw error instanceof AppError ? withHeaders(error, corsHeaders) : error;
    }
  }
  const route: Route = { method, path, name, handle: run };
  return method === "POST" ? [route, preflight(route)] : [route];
}

/** Counted already: it carries no reason. */
const overLimit = (error: Dropped) => new AppError(429, null, error.message, { headers: limitHeaders });

/** The id as these SDKs read it: 32 hex digits. Without one the answer is an empty object. */
export function sendEventId(response: ServerResponse, eventId: string | null, headers: Readonly<Record<string, string>> = {}): void {
  sendJson(response, 200, eventId === null ? {} : { id: eventId.replaceAll("-", "") }, { ...corsHeaders, ...headers });
}
