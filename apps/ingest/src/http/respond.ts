/**
 * Answers. Every one has a Content-Length and no redirect ever leaves this file: uploaders do not follow them.
 * An answer that comes before the body was read keeps the connection for a while and swallows the rest, since a sender that is
 * reset while it sends never sees the answer.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { finished } from "node:stream/promises";

/** How long the rest of a refused body is swallowed. */
const maxLingerMs = 5_000;

const commonHeaders = { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" } as const;

export function sendText(response: ServerResponse, status: number, body: string, headers: Readonly<Record<string, string>> = {}): void {
  send(response, status, "text/plain", body, headers);
}

export function sendJson(response: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
  send(response, status, "application/json", typeof body === "string" ? body : JSON.stringify(body), headers);
}

/** The form of every refusal: `causes` only when there are any. */
export function sendRefusal(
  response: ServerResponse,
  status: number,
  detail: string,
  causes: readonly string[] = [],
  headers: Readonly<Record<string, string>> = {},
): void {
  sendJson(response, status, causes.length > 0 ? { detail, causes } : { detail }, headers);
}

export function send(
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return;
  const request = response.req;
  const unread = !request.complete && !request.destroyed && hasBody(request);
  response.writeHead(status, {
    ...commonHeaders,
    "Content-Type": type,
    "Content-Length": Buffer.byteLength(body),
    ...(unread ? { Connection: "close" } : {}),
    ...headers,
  });
  const content = request.method === "HEAD" ? "" : body;
  if (!unread) {
    response.end(content);
    return;
  }
  // The whole answer goes out now; the end of the response, which closes the connection, waits for the body.
  if (content !== "") response.write(content);
  else response.flushHeaders();
  const timer = setTimeout(() => request.destroy(), maxLingerMs);
  request.resume();
  finished(request)
    .catch(() => undefined)
    .finally(() => {
      clearTimeout(timer);
      response.end();
    });
}

/** True when the request announces a body. */
export const hasBody = (request: IncomingMessage) =>
  request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0;
