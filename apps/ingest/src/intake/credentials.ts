/**
 * Who sends: the client key of a minidump post. Four carriers: X-Sentry-Auth, Authorization (Sentry or Basic), the query. Two at
 * once are accepted when they agree on the key. A client key is 32 hex digits and public; it opens nothing but intake.
 */
import type { IncomingHttpHeaders } from "node:http";
import { AppError } from "../http/app-error.ts";

const keyForm = /^[0-9a-f]{32}$/;
const maxProjectId = 2n ** 63n - 1n;

/**
 * @returns the key, lower case
 * @throws AppError 401 without a carrier, for two that differ, or for one that cannot be read; 400 for a key of another form or an
 *   unknown protocol version
 */
export function clientKeyOf(headers: IncomingHttpHeaders, query: URLSearchParams): string {
  const carriers: Map<string, string>[] = [];
  const sentry = headers["x-sentry-auth"];
  if (sentry !== undefined) carriers.push(sentryPairs(String(sentry)));
  const authorization = headers.authorization;
  if (authorization !== undefined && /^sentry\s/i.test(authorization)) carriers.push(sentryPairs(authorization));
  else if (authorization !== undefined && /^basic\s/i.test(authorization)) carriers.push(basicPairs(authorization));
  if ([...query.keys()].some((name) => name.startsWith("sentry_"))) carriers.push(new Map(query));

  if (carriers.length === 0) throw new AppError(401, "missing_credentials", "missing authorization information");
  const keys = new Set(
    carriers.map((carrier) => carrier.get("sentry_key")?.toLowerCase()).filter((key) => key !== undefined && key !== ""),
  );
  if (keys.size > 1) throw new AppError(401, "conflicting_credentials", "multiple authorization payloads detected");
  const [key] = keys;
  if (key === undefined)
    throw new AppError(401, "missing_credentials", "missing authorization information", { causes: ["there is no sentry_key"] });
  if (!keyForm.test(key)) throw new AppError(400, "wrong_key", "invalid client key", { causes: ["a client key is 32 hex digits"] });
  for (const carrier of carriers) {
    const version = carrier.get("sentry_version");
    if (version !== undefined && version !== "" && !/^[1-8](\.0)?$/.test(version)) {
      throw new AppError(400, null, `protocol version ${version.slice(0, 20)} is not supported`, { causes: ["clients send 7"] });
    }
  }
  return key;
}

/** @returns the id as it is stored. @throws AppError 400 when it is not a decimal number */
export function projectIdOf(segment: string): string {
  if (/^\d{1,19}$/.test(segment) && BigInt(segment) <= maxProjectId) return BigInt(segment).toString();
  throw new AppError(400, null, "invalid project id", { causes: ["a project id is a decimal number"] });
}

/** `Sentry sentry_key=K, sentry_version=7`: names as written, values may be percent-encoded. */
function sentryPairs(header: string): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const pair of header.replace(/^\s*sentry\s+/i, "").split(",")) {
    const equals = pair.indexOf("=");
    if (equals === -1) throw unreadable(["a pair of the header has no ="]);
    const value = pair.slice(equals + 1).trim();
    try {
      pairs.set(pair.slice(0, equals).trim(), decodeURIComponent(value));
    } catch {
      throw unreadable(["a value of the header is not percent-encoded text"]);
    }
  }
  return pairs;
}

/** `Basic base64("K:")`; the password is ignored. */
function basicPairs(header: string): Map<string, string> {
  const encoded = header.replace(/^\s*basic\s+/i, "").trim();
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(encoded)) throw unreadable(["not base64"]);
  const text = Buffer.from(encoded, "base64").toString("utf8");
  return new Map([["sentry_key", text.split(":", 1)[0] ?? ""]]);
}

const unreadable = (causes: string[]) => new AppError(401, "missing_credentials", "the authorization header cannot be read", { causes });
