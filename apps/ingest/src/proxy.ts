/**
 * Forwards what ingest does not answer itself to the dashboard, so that there is one public origin. Bodies stream both ways; nothing
 * is read, changed or followed but the headers that belong to a connection.
 */
import {
  Agent,
  request as forward,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from "node:http";
import { pipeline } from "node:stream/promises";
import { type Logger, metrics } from "@salvage/telemetry";
import { asksToContinue } from "./http/body.ts";
import { hasBody, send } from "./http/respond.ts";

export type ProxyOptions = {
  webUrl: string;
  publicUrl: string;
  /** A reverse proxy stands in front and its X-Forwarded-* headers are true. */
  trustProxy: boolean;
};

export type Proxy = {
  forward(request: IncomingMessage, response: ServerResponse, logger: Logger, requestId: string): Promise<void>;
  close(): void;
};

/** Headers that belong to one connection; RFC 9110 7.6.1. What Connection names is dropped as well. */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
]);
/** Says where a request came from; only a trusted proxy may. */
const forwardedHeaders = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-real-ip"];

export function createProxy({ webUrl, publicUrl, trustProxy }: ProxyOptions): Proxy {
  const target = new URL(webUrl);
  const publicOrigin = new URL(publicUrl);
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 32 });

  function requestHeaders(request: IncomingMessage, requestId: string): OutgoingHttpHeaders {
    const headers = endToEnd(request.headers);
    const given = trustProxy ? request.headers : {};
    const address = request.socket.remoteAddress ?? "";
    for (const name of forwardedHeaders) if (!trustProxy) delete headers[name];
    headers["x-forwarded-for"] = given["x-forwarded-for"] === undefined ? address : `${given["x-forwarded-for"]}, ${address}`;
    headers["x-forwarded-host"] = given["x-forwarded-host"] ?? request.headers.host ?? publicOrigin.host;
    headers["x-forwarded-proto"] = given["x-forwarded-proto"] ?? publicOrigin.protocol.slice(0, -1);
    headers["x-request-id"] = requestId;
    // A body of unknown length keeps its chunked form; one of known length its length.
    if (request.headers["transfer-encoding"] !== undefined) delete headers["content-length"];
    return headers;
  }

  /** Sends the request on. @returns the dashboard's answer when its headers have come */
  async function ask(request: IncomingMessage, response: ServerResponse, requestId: string): Promise<IncomingMessage> {
    const outgoing = forward({
      agent,
      host: target.hostname,
      port: target.port || 80,
      method: request.method ?? "GET",
      // Only a path goes out, whatever form the request line had.
      path: (request.url ?? "/").replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "") || "/",
      headers: requestHeaders(request, requestId),
    });
    outgoing.on("error", () => undefined);
    // The browser went away: the dashboard need not go on.
    response.once("close", () => outgoing.destroy());
    const bodiless = (request.method === "GET" || request.method === "HEAD") && !hasBody(request);
    if (bodiless) outgoing.end();
    else pipeline(request.iterator({ destroyOnReturn: false }), outgoing).catch(() => undefined);
    try {
      return await new Promise<IncomingMessage>((resolve, reject) => {
        outgoing.once("response", resolve);
        outgoing.once("error", reject);
        outgoing.once("close", () => reject(new Error("the connection closed before an answer came")));
      });
    } catch (error) {
      // The dashboard ended an idle connection just as it was used again: that says nothing about the dashboard.
      if (bodiless && outgoing.reusedSocket && !response.destroyed) return await ask(request, response, requestId);
      throw error;
    }
  }

  return {
    async forward(request, response, logger, requestId) {
      if (asksToContinue(request)) response.writeContinue();
      try {
        const incoming = await ask(request, response, requestId);
        response.writeHead(incoming.statusCode ?? 502, { ...endToEnd(incoming.headers), "x-request-id": requestId });
        await pipeline(incoming, response);
      } catch (error) {
        if (response.destroyed && !response.writableFinished) return;
        metrics.proxyFailures.inc();
        logger.warn({ error }, "the dashboard could not be reached");
        if (response.headersSent) response.destroy();
        else send(response, 502, "text/html; charset=utf-8", downPage, downHeaders);
      }
    },
    close: () => agent.destroy(),
  };
}

/** Headers without those of the connection. */
function endToEnd(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const named = String(headers.connection ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase());
  return Object.fromEntries(
    Object.entries(headers).filter(([name, value]) => value !== undefined && !hopByHop.has(name) && !named.includes(name)),
  );
}

const downHeaders = {
  "Retry-After": "5",
  "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
};
const downPage = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Salvage: the dashboard is not answering</title>
<meta http-equiv="refresh" content="5"><meta name="viewport" content="width=device-width">
<style>body{font:16px/1.5 system-ui,sans-serif;margin:15vh auto;max-width:34rem;padding:0 1rem;color-scheme:light dark}</style>
<h1>The dashboard is not answering</h1>
<p>It is starting, or it has stopped. Crashes are still being received and kept; nothing is lost.</p>
<p>This page tries again every 5 seconds. If it stays, look at the dashboard's log on the server.</p></html>
`;
