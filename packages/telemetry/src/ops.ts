/**
 * /health, /ready and /metrics: the same answers on every process that serves HTTP.
 * health = the process runs; ready = it can do its work now; metrics = Prometheus text, for loopback or the bearer of METRICS_TOKEN.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { metricsRegistry } from "./metrics.ts";

/** One line per thing that the process needs; null = fine, otherwise what is wrong in words. */
export type Readiness = Record<string, string | null>;

export type OpsOptions = {
  ready(): Promise<Readiness>;
  /** Brings gauges up to date that are asked for rather than counted, before /metrics is answered. */
  measure?(): Promise<void>;
  /** Lets a scraper from another machine read /metrics with `Authorization: Bearer …`. Without it only loopback may. */
  metricsToken?: string | undefined;
};

export type OpsHandler = (request: IncomingMessage, response: ServerResponse, pathname: string) => Promise<boolean>;

/** @returns a handler that answers the three paths and says false for every other one. */
export function createOpsHandler({ ready, measure, metricsToken }: OpsOptions): OpsHandler {
  return async (request, response, pathname) => {
    if (pathname !== "/health" && pathname !== "/ready" && pathname !== "/metrics") return false;
    if (request.method !== "GET" && request.method !== "HEAD") {
      answer(response, 405, "application/json", JSON.stringify({ detail: "method not allowed" }), { Allow: "GET, HEAD" });
    } else if (pathname === "/health") {
      answer(response, 200, "application/json", JSON.stringify({ status: "ok" }));
    } else if (pathname === "/ready") {
      const checks = await ready().catch((error: unknown): Readiness => ({ check: error instanceof Error ? error.message : "failed" }));
      const fine = Object.values(checks).every((problem) => problem === null);
      answer(response, fine ? 200 : 503, "application/json", JSON.stringify({ status: fine ? "ready" : "not ready", checks }));
    } else if (!mayReadMetrics(request, metricsToken)) {
      answer(response, 404, "application/json", JSON.stringify({ detail: "not found" }));
    } else {
      // What cannot be measured now keeps its last value; /ready says what is wrong.
      await measure?.().catch(() => undefined);
      answer(response, 200, metricsRegistry.contentType, await metricsRegistry.metrics());
    }
    return true;
  };
}

/** Starts a server of its own for the three paths (the worker has no other). Port 0 = chosen by the system. */
export async function startOpsServer(
  options: OpsOptions & { port: number; host?: string },
): Promise<{ server: Server; port: number; close(): Promise<void> }> {
  const handle = createOpsHandler(options);
  const server = createServer((request, response) => {
    const pathname = (request.url ?? "/").split("?", 1)[0] ?? "/";
    handle(request, response, pathname).then(
      (done) => done || answer(response, 404, "application/json", JSON.stringify({ detail: "not found" })),
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host ?? "127.0.0.1", resolve);
  });
  return {
    server,
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function mayReadMetrics(request: IncomingMessage, metricsToken: string | undefined): boolean {
  const given = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (metricsToken !== undefined && given !== undefined) return timingSafeEqual(digest(given), digest(metricsToken));
  // A request that came through a reverse proxy is not local, whatever its socket says.
  if (request.headers["x-forwarded-for"] !== undefined || request.headers.forwarded !== undefined) return false;
  return /^(::1|(::ffff:)?127\.\d+\.\d+\.\d+)$/.test(request.socket.remoteAddress ?? "");
}

const digest = (text: string) => createHash("sha256").update(text).digest();

function answer(response: ServerResponse, status: number, type: string, body: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "Content-Type": type, "Content-Length": Buffer.byteLength(body), "Cache-Control": "no-store", ...headers });
  response.end(response.req.method === "HEAD" ? undefined : body);
}
