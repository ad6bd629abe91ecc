/** tRPC over HTTP: who asks, out of the request's cookie; changes only by POST and only from our own origin. */
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { cookiesOf, readSessionId } from "./auth/session-cookie.ts";
import { createContext } from "./context.ts";
import { logProcedureError } from "./log-error.ts";
import { readBody } from "./read-body.ts";
import { appRouter } from "./routers/index.ts";
import { isSameOrigin } from "./same-origin.ts";
import type { Services } from "./services.ts";

/** Form inputs are small; uploads never come this way. */
const maxBodyBytes = 1024 * 1024;
/** More calls than a page makes at once. */
const maxBatchSize = 30;

/**
 * Answers one request of /api/trpc. tRPC itself refuses a change that comes by GET.
 * @param request as it came through ingest
 */
export async function handleTrpc(request: Request, services: Services): Promise<Response> {
  if (request.method === "POST") {
    if (!isSameOrigin(request.headers, services.publicUrl)) return refuse(403, "Changes are taken from pages of this server only");
    const body = await readBody(request, maxBodyBytes);
    if (body === null) return refuse(413, "The request is too large");
    request = new Request(request.url, { method: "POST", headers: request.headers, body });
  }
  const response = await fetchRequestHandler({
    endpoint: "/api/trpc",
    req: request,
    router: appRouter,
    allowBatching: true,
    maxBatchSize,
    createContext: async () =>
      createContext(services, {
        sessionId: await readSessionId(cookiesOf(request.headers.get("cookie") ?? ""), services),
        requestId: request.headers.get("x-request-id"),
      }),
    onError: ({ error, path, ctx }) => logProcedureError(ctx?.logger ?? services.logger, path, error),
  });
  // Answers are about one signed-in user: nothing in between may keep them.
  response.headers.set("cache-control", "no-store");
  return response;
}

function refuse(status: number, message: string): Response {
  return Response.json({ error: { message } }, { status, headers: { "cache-control": "no-store" } });
}
