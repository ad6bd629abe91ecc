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
import { sendRefusal } from "./http/respond.ts";
import { matchRoute, type Route, splitUrl, withoutPrefix } from "./http/router.ts";
import { answerUnreadable } from "./http/unreadable.ts";
import { createAdmission } from "./intake/admission.ts";
import { appCenterRoutes } from "./intake/app-center/routes.ts";
import { createClientKeys } from "./intake/client-keys.ts";
import { createDatabaseRoom, createDiskWatermark } from "./intake/disk.ts";
import { envelopeRoutes } from "./intake/envelope/routes.ts";
import { eventAttachmentRoutes } from "./intake/event-attachments/routes.ts";
import { plainRoutes } from "./intake/plain/routes.ts";
import { createRefusals } from "./intake/refusals.ts";
import { resumableRoutes } from "./intake/resumable/routes.ts";
import { intakeRoutes } from "./intake/routes.ts";
import { limits, type OperatorLimits } from "./limits.ts";
import { createProxy, type ProxyOptions } from "./proxy.ts";
import { readRoutes } from "./read/routes.ts";
import { symbolServerRoutes } from "./symbol-server/routes.ts";
import { symbolicateRoutes } from "./symbolicate/routes.ts";
import { uploadRoutes } from "./uploads/routes.ts";

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

/** These belong to ingest, whatever the dashboard has there: of our API, of project ids, of sentry-cli's API, and of the symbol server. */
const ownPaths = /^\/+(api\/+(v1|\d+)|symbols|symbolicate|symupload|symbol-uploads|v0\.1)(\/|$)/;

export function createIngest(ports: IngestPorts, options: IngestOptions): Ingest {
  const { gate, blobs, keyring, lanes, logger } = ports;
  const { origin, pathname: publicPathname } = new URL(options.proxy.publicUrl);
  const publicPath = publicPathname.replace(/\/+$/, "");
  const room = createDatabaseRoom();
  const { crashes, uploads } = ports.db;
  const db: SystemDb = {
    ...ports.db,
    crashes: { ...crashes, insertReceived: room.watch(crashes.insertReceived) },
    uploads: { ...uploads, insertReceived: room.watch(uploads.insertReceived) },
  };
  const clientKeys = createClientKeys(db);
  const refusals = createRefusals(db, logger);
  const disk = createDiskWatermark(blobs, options.limits.minFreeDiskBytes);
  const admission = createAdmission({ clientKeys, disk, limits: options.limits });
  const proxy = createProxy(options.proxy);
  const ops = createOpsHandler({
    metricsToken: options.metricsToken,
    ready: async () => {
      const [system, app, free] = await Promise.all([answers(db.ping()), answers(gate.ping()), blobs.freeBytes()]);
      return {
        database: room.problem() ?? (system && app ? null : "the database does not answer"),
        disk: free === null || free >= options.limits.minFreeDiskBytes ? null : `${free} bytes are free`,
      };
    },
  });

  const crashPorts = { db, blobs, keyring, lanes, clientKeys, refusals, admission, limits: options.limits };
  const routes: Route[] = [
    ...intakeRoutes(crashPorts),
    ...envelopeRoutes(crashPorts),
    ...resumableRoutes({ ...crashPorts, publicPath }),
    ...eventAttachmentRoutes(crashPorts),
    ...appCenterRoutes(crashPorts),
    ...plainRoutes(crashPorts),
    ...uploadRoutes({ gate, db, blobs, lanes, disk, limits: options.limits, publicUrl: origin }),
    ...symbolServerRoutes({ gate, blobs }),
    ...symbolicateRoutes({ gate, db, blobs }),
    ...readRoutes({ gate, blobs, keyring, limits: options.limits, publicUrl: origin, trustProxy: options.proxy.trustProxy }),
  ];

  /** @returns the route's word for metrics */
  async function dispatch(request: IncomingMessage, response: ServerResponse, log: Logger, requestId: string): Promise<string> {
    const { pathname: asked, query } = splitUrl(request.url ?? "/");
    const pathname = withoutPrefix(asked, publicPath);
    if (await ops(request, response, pathname)) return "ops";
    const match = matchRoute(routes, request.method ?? "GET", pathname);
    if (match !== null && "route" in match) {
      await answer(() => match.route.handle({ request, response, params: match.params, query, logger: log, requestId }), response, log);
      return match.route.name;
    }
    if (ownPaths.test(pathname)) {
      if (match === null) sendRefusal(response, 404, "there is no such route");
      else sendRefusal(response, 405, "method not allowed", [], { Allow: match.allowed.join(", ") });
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
    // A browser that came by TLS once shall not come without it; uploaders know nothing of this header.
    if (options.proxy.publicUrl.startsWith("https:")) response.setHeader("Strict-Transport-Security", "max-age=31536000");
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
  answerUnreadable(server);
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

/** A ping that fails is a no. */
const answers = (ping: Promise<boolean>) => ping.catch(() => false);
