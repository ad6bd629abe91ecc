/** What a page of another origin may do with the endpoints by which crashes come in. */
import { AppError } from "../http/app-error.ts";
import { sendText } from "../http/respond.ts";
import type { Route } from "../http/router.ts";

export const corsHeaders = {
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

/** Answers the browser's question before it posts. */
export function preflight({ path, name }: Pick<Route, "path" | "name">): Route {
  return { method: "OPTIONS", path, name, handle: async ({ response }) => sendText(response, 200, "", preflightHeaders) };
}

/** The error with these headers; its own win. */
export const withHeaders = (error: AppError, headers: Readonly<Record<string, string>>) =>
  new AppError(error.status, error.reason, error.message, {
    causes: error.causes,
    headers: { ...headers, ...error.headers },
    cause: error.cause,
  });
