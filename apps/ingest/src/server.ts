/**
 * The front door: one plain node:http server with a small table of routes; everything else goes to the dashboard. This file knows how
 * a request becomes an answer, a log line and a count; what a crash is, intake/ knows.
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { BlobStore, Keyring } from "@salvage/blobs";
import type { OrgGate } from "@salvage/db";
import type { SystemDb } from "@salvage/db/system";
import type { Lanes } from "@salvage/lanes";
import { createOpsHandler, type Logger, metrics, reportError } from "@salvage/telemetry";
import { AppError, SenderGone } from "./http/app-error.ts";
import { asksToContinue, drain, inflateBody, readBody } from "./http/body.ts";
import { baseName } from "./http/multipart.ts";
import { sendJson, sendRefusal, sendText } from "./http/respond.ts";
import { matchRoute, type Route, type RouteContext, splitUrl } from "./http/router.ts";
import { acceptDebugFile } from "./intake/accept-debug-file.ts";
import { acceptMinidump, Dropped } from "./intake/accept-minidump.ts";
import { createClientKeys } from "./intake/client-keys.ts";
import { clientKeyOf, projectIdOf } from "./intake/credentials.ts";
import { createDiskWatermark } from "./intake/disk.ts";
import { createRateLimiter } from "./intake/rate-limit.ts";
import { createRefusals } from "./intake/refusals.ts";
import { storable } from "./intake/scrub.ts";
import { limits, type OperatorLimits } from "./limits.ts";
import { createProxy, type ProxyOptions } from "./proxy.ts";
import { authorize, notFound } from "./read/authorize.ts";
import { getCrash, getDump } from "./read/crashes.ts";
import { getMissingFiles, getUpload } from "./read/lists.ts";

export type IngestPorts = {
  gate: OrgGate;
  db: SystemDb;
  blobs: BlobStore;
  keyring: Keyring;
  lanes: Pick<Lanes, "pokeIntake" | "startImport">;
  logger: Logger;
};

export type IngestOptions = { limits: OperatorLimits; proxy: ProxyOptions; metricsToken?: string | undefined };

export type Ingest = {
  server: Server;
  /** What it answers itself; a test walks them all with another tenant's ids. */
  routes: readonly Pick<Route, "method" | "path">[];
  /** @param port 0 = chosen by the system. @returns the port */
  listen(port: number, host?: string): Promise<number>;
  /** Takes no new requests, lets those under way finish for up to 10 s, writes the counts that wait. */
  close(): Promise<void>;
};

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

export function createIngest(ports: IngestPorts, options: IngestOptions): Ingest {
  const { gate, db, blobs, keyring, lanes, logger } = ports;
  const clientKeys = createClientKeys(db);
  const rateLimiter = createRateLimiter();
  const refusals = createRefusals(db, logger);
  const disk = createDiskWatermark(blobs, options.limits.minFreeDiskBytes);
  const proxy = createProxy(options.proxy);
  const intakePorts = { blobs, keyring, db, lanes, clientKeys, limits: options.limits };
  const minidumpBody = { maxBytes: options.limits.maxRequestBytes, maxIdleMs: limits.maxIdleMs, maxBodyMs: limits.maxMinidumpBodyMs };
  const debugFileBody = { maxBytes: options.limits.maxDebugFileBytes, maxIdleMs: limits.maxIdleMs, maxBodyMs: limits.maxDebugFileBodyMs };
  const ops = createOpsHandler({
    metricsToken: options.metricsToken,
    ready: async () => {
      const [system, app, free] = await Promise.all([answers(db.ping()), answers(gate.ping()), blobs.freeBytes()]);
      return {
        database: system && app ? null : "the database does not answer",
        disk: free === null || free >= options.limits.minFreeDiskBytes ? null : `${free} bytes are free`,
      };
    },
  });

  async function postMinidump(context: RouteContext): Promise<void> {
    const { request, response, params, query } = context;
    let projectId: string | null = null;
    try {
      projectId = projectIdOf(params.project ?? "");
      const key = await clientKeys.authenticate(projectId, clientKeyOf(request.headers, query));
      await disk.check();
      const outcome = await withBody(context, minidumpBody, async (body) => {
        if (!rateLimiter.take(key.keyId, key.rateLimitPerMinute ?? options.limits.defaultRateLimitPerMinute)) {
          await drain(body);
          throw new Dropped(
            "rate_limited",
            `more than ${key.rateLimitPerMinute ?? options.limits.defaultRateLimitPerMinute} crashes a minute by this client key`,
          );
        }
        try {
          return await acceptMinidump(intakePorts, { key, contentType: request.headers["content-type"], body, logger: context.logger });
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

  async function postDebugFile(context: RouteContext): Promise<void> {
    const { params, query } = context;
    const { db: orgDb, token } = await authorize(gate, context, "debug-file:write");
    if (params.organization !== token.organizationSlug) throw notFound("organization");
    const projectId = await uploadProject(context, orgDb, token.projectId);
    await disk.check();
    const fileName = storable(baseName(query.get("name") ?? ""), 255) || "upload";
    const outcome = await withBody(context, debugFileBody, (body) =>
      acceptDebugFile(
        { blobs, db, lanes },
        { organizationId: token.organizationId, projectId, actor: token.name, fileName, body, logger: context.logger },
      ),
    );
    sendJson(context.response, 201, outcome, { Location: `/api/v1/uploads/${outcome.uploadId}` });
  }

  const routes: Route[] = [
    { method: "POST", path: "/api/:project/minidump", name: "minidump", handle: postMinidump },
    {
      method: "OPTIONS",
      path: "/api/:project/minidump",
      name: "minidump",
      handle: async ({ response }) => sendText(response, 200, "", preflightHeaders),
    },
    { method: "GET", path: "/api/v1/crashes/:crash", name: "crash", handle: (context) => getCrash({ gate, blobs, keyring }, context) },
    { method: "GET", path: "/api/v1/crashes/:crash/dump", name: "dump", handle: (context) => getDump({ gate, blobs, keyring }, context) },
    {
      method: "GET",
      path: "/api/v1/projects/:project/missing-files",
      name: "missing_files",
      handle: (context) => getMissingFiles(gate, context),
    },
    { method: "GET", path: "/api/v1/uploads/:upload", name: "upload", handle: (context) => getUpload(gate, context) },
    { method: "POST", path: "/api/v1/organizations/:organization/debug-files", name: "debug_files", handle: postDebugFile },
  ];

  /** @returns the route's word for metrics */
  async function dispatch(request: IncomingMessage, response: ServerResponse, log: Logger, requestId: string): Promise<string> {
    const { pathname, query } = splitUrl(request.url ?? "/");
    if (await ops(request, response, pathname)) return "ops";
    const match = matchRoute(routes, request.method ?? "GET", pathname);
    if (match !== null && "route" in match) {
      await answer(() => match.route.handle({ request, response, params: match.params, query, logger: log, requestId }), response, log);
      return match.route.name;
    }
    if (match !== null) {
      sendRefusal(response, 405, "method not allowed", [], { Allow: match.allowed.join(", ") });
      return "other";
    }
    // These belong to ingest, whatever the dashboard has there.
    if (/^\/+api\/+(v1|\d+)(\/|$)/.test(pathname)) {
      sendRefusal(response, 404, "there is no such route");
      return "other";
    }
    await proxy.forward(request, response, log, requestId);
    return "web";
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    const log = logger.child({ requestId });
    const startedAt = performance.now();
    metrics.httpInFlight.inc();
    let route = "other";
    response.once("close", () => {
      metrics.httpInFlight.dec();
      // A connection kept for the next request would hold the shutdown up.
      if (closing) setImmediate(() => server.closeIdleConnections());
      const seconds = (performance.now() - startedAt) / 1000;
      const status = response.writableFinished ? String(response.statusCode) : "aborted";
      metrics.httpRequests.observe({ route, status }, seconds);
      const line = { method: request.method, url: request.url, route, status, durationMs: Math.round(seconds * 1000) };
      // The dashboard's own requests are many and say little here.
      if (route === "web" || route === "ops") log.debug(line, "request");
      else log.info(line, "request");
    });
    response.setHeader("X-Request-Id", requestId);
    try {
      route = await dispatch(request, response, log, requestId);
    } catch (error) {
      reportError(log, "http", error);
      if (response.headersSent) response.destroy();
      else sendRefusal(response, 500, "an unexpected error; the request id is in the header X-Request-Id");
    }
  }

  let closing = false;
  const server = createServer({
    connectionsCheckingInterval: limits.maxHeadersMs / 4,
    keepAliveTimeout: limits.keepAliveMs,
    headersTimeout: limits.maxHeadersMs,
    // A slow body is the business of readBody, which knows how large it may be.
    requestTimeout: 0,
  });
  server.on("request", handle);
  // curl asks before it sends a large body: it is told to go on when the body is wanted, after key and limits were looked at.
  server.on("checkContinue", handle);
  server.on("clientError", (_error, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  });
  const flushing = setInterval(
    () => void clientKeys.flush().catch((error: unknown) => logger.warn({ error }, "use of keys not noted")),
    limits.refusalFlushMs * 10,
  ).unref();

  return {
    server,
    routes,
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, host, () => {
          server.off("error", reject);
          resolve((server.address() as AddressInfo).port);
        });
      }),
    async close() {
      closing = true;
      clearInterval(flushing);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), limits.shutdownMs);
      await closed;
      clearTimeout(timer);
      proxy.close();
      await refusals.close();
      await clientKeys.flush().catch((error: unknown) => logger.warn({ error }, "use of keys not noted"));
    },
  };
}

/** Runs `use` on the request's body with its limits and Content-Encoding undone; lets go of the body whatever happens. */
async function withBody<T>(
  { request, response }: RouteContext,
  bodyLimits: Parameters<typeof readBody>[1],
  use: (body: AsyncIterable<Buffer>) => Promise<T>,
): Promise<T> {
  const sent = readBody(request, bodyLimits);
  const body = inflateBody(continued(request, response, sent), request.headers["content-encoding"], bodyLimits.maxBytes)[
    Symbol.asyncIterator
  ]();
  try {
    return await use({ [Symbol.asyncIterator]: () => body });
  } finally {
    // Not awaited: a piece that is being waited for may never come.
    void body.return?.()?.catch(() => undefined);
    void sent.return(undefined).catch(() => undefined);
  }
}

/** Says "100 Continue" when the first piece is asked for, to a sender that waits for it. */
async function* continued(request: IncomingMessage, response: ServerResponse, body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (asksToContinue(request)) response.writeContinue();
  yield* body;
}

/** Runs a route; what it throws becomes the answer. */
async function answer(run: () => Promise<void>, response: ServerResponse, log: Logger): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (error instanceof SenderGone || (response.destroyed && !response.writableFinished)) {
      log.info({ detail: error instanceof Error ? error.message : "" }, "the sender went away");
      response.destroy();
      return;
    }
    if (!(error instanceof AppError)) throw error;
    if (error.status >= 500) log.error({ detail: error.message, causes: error.causes, error: error.cause }, "request failed");
    else log.info({ detail: error.message, causes: error.causes, status: error.status, reason: error.reason }, "request refused");
    sendRefusal(response, error.status, error.message, error.causes, error.headers);
  }
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

const withHeaders = (error: AppError, headers: Readonly<Record<string, string>>) =>
  new AppError(error.status, error.reason, error.message, {
    causes: error.causes,
    headers: { ...headers, ...error.headers },
    cause: error.cause,
  });

/** A ping that fails is a no. */
const answers = (ping: Promise<boolean>) => ping.catch(() => false);
