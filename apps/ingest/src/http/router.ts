/**
 * A table of routes. Ingest needs the raw request of each, so a framework would only stand in between: its body
 * parsing, its error pages and its redirects are what the uploaders cannot cope with. Paths are matched after folding doubled
 * slashes (SDKs build `//api/…`), with and without a slash at the end, and never redirected.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "@salvage/telemetry";

export type RouteContext = {
  request: IncomingMessage;
  response: ServerResponse;
  /** What stood in the place of `:name`, percent-decoded. */
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  /** Carries the request id. */
  logger: Logger;
  requestId: string;
};

export type Route = {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";
  /** `/api/:project/minidump`; a segment that begins with a colon matches one segment, a last one `*name` all that are left. */
  path: string;
  /** Word for metrics and logs. */
  name: string;
  handle(context: RouteContext): Promise<void>;
};

export type RouteMatch = { route: Route; params: Record<string, string> };

/** @returns the route; "method" with the allowed ones when only the method is wrong; null when no path matches */
export function matchRoute(routes: readonly Route[], method: string, pathname: string): RouteMatch | { allowed: string[] } | null {
  const segments = splitPath(pathname);
  const allowed: string[] = [];
  for (const route of routes) {
    const params = matchSegments(splitPath(route.path), segments);
    if (params === null) continue;
    if (route.method === method || (route.method === "GET" && method === "HEAD")) return { route, params };
    allowed.push(route.method);
  }
  return allowed.length > 0 ? { allowed } : null;
}

/** Path and query of a request line, absolute form included (`GET http://host/path`). */
export function splitUrl(url: string): { pathname: string; query: URLSearchParams } {
  const path = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "");
  const mark = path.indexOf("?");
  const pathname = (mark === -1 ? path : path.slice(0, mark)).replace(/#.*$/, "");
  return {
    pathname: pathname.startsWith("/") ? pathname : `/${pathname}`,
    query: new URLSearchParams(mark === -1 ? "" : path.slice(mark + 1)),
  };
}

/**
 * A path without what the public address has before `/api/…`: `/crashes/api/1/minidump/` is `/api/1/minidump/` behind
 * `https://host/crashes`. Any other path stays as it is.
 * @param prefix path of the public address, empty when it has none
 */
export function withoutPrefix(pathname: string, prefix: string): string {
  const before = splitPath(prefix);
  const segments = splitPath(pathname);
  if (before.length === 0 || before.some((segment, i) => segment !== segments[i])) return pathname;
  return `/${segments.slice(before.length).join("/")}`;
}

const splitPath = (pathname: string) => pathname.split("/").filter((segment) => segment !== "");

function matchSegments(pattern: readonly string[], segments: readonly string[]): Record<string, string> | null {
  const rest = pattern.at(-1)?.startsWith("*") === true;
  if (rest ? segments.length < pattern.length : pattern.length !== segments.length) return null;
  const params: Record<string, string> = {};
  for (const [i, expected] of pattern.entries()) {
    const segment = expected.startsWith("*") ? segments.slice(i).join("/") : (segments[i] ?? "");
    if (!/^[:*]/.test(expected)) {
      if (segment !== expected) return null;
      continue;
    }
    try {
      params[expected.slice(1)] = decodeURIComponent(segment);
    } catch {
      return null;
    }
  }
  return params;
}
