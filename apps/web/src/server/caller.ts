/**
 * The way server components read: the same router in-process, with one context (one session check) per request.
 * README.md in this folder shows how pages use it.
 */

import { TRPCError } from "@trpc/server";
import { createTRPCOptionsProxy } from "@trpc/tanstack-react-query";
import { cookies, headers } from "next/headers";
import { notFound, redirect } from "next/navigation";
import { cache } from "react";
import { readSessionId } from "./auth/session-cookie.ts";
import { createContext, type SessionUser } from "./context.ts";
import { logProcedureError } from "./log-error.ts";
import { makeQueryClient } from "./query-client.ts";
import { appRouter } from "./routers/index.ts";
import { services } from "./services.ts";
import { createCallerFactory } from "./trpc.ts";

const context = cache(async () => {
  const [cookieJar, headerList] = await Promise.all([cookies(), headers()]);
  const all = services();
  const sessionId = await readSessionId(Object.fromEntries(cookieJar.getAll().map(({ name, value }) => [name, value])), all);
  return createContext(all, { sessionId, requestId: headerList.get("x-request-id") });
});

/** The router in-process: `await api.issues.list({ orgSlug, projectSlug })`. Rejects with TRPCError. */
export const api = createCallerFactory(appRouter)(context, {
  onError: ({ error, path, ctx }) => {
    if (ctx !== undefined) logProcedureError(ctx.logger, path, error);
  },
});

/** The query cache of this request; what is put in it reaches client components through `HydrateClient`. */
export const getQueryClient = cache(makeQueryClient);

/** Options for queries of this request's cache: `prefetch(trpc.issues.list.queryOptions({ … }))`. */
export const trpc = createTRPCOptionsProxy({ ctx: context, router: appRouter, queryClient: getQueryClient });

/** The signed-in user or null. Checked against the session's row, once per request. */
export async function currentUser(): Promise<SessionUser | null> {
  return (await context()).user();
}

/** The signed-in user; anyone else is sent to sign in and comes back to `path` afterwards. */
export async function requireUser(path = "/"): Promise<SessionUser> {
  const user = await currentUser();
  if (user === null) redirect(signInPath(path));
  return user;
}

/**
 * Reads what a page shows, and answers the refusals that have a page of their own: not found (also for an address whose ids cannot be
 * ids) and not signed in. FORBIDDEN and everything else go on to the error boundary.
 *
 * @param path of the page, to come back to after signing in
 */
export async function pageData<T>(read: () => Promise<T>, path = "/"): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof TRPCError) {
      if (error.code === "NOT_FOUND" || error.code === "BAD_REQUEST") notFound();
      if (error.code === "UNAUTHORIZED") redirect(signInPath(path));
    }
    throw error;
  }
}

/** The public origin, for what people copy: minidump addresses, DSNs, commands. No trailing slash. */
export function publicUrl(): string {
  return services().publicUrl;
}

function signInPath(path: string): string {
  return path === "/" ? "/sign-in" : `/sign-in?callbackUrl=${encodeURIComponent(path)}`;
}
