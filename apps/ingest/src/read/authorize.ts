/**
 * Who reads or uploads by machine: an API token or an upload ticket, as `Authorization: Bearer …`, and for browsers as `?ticket=`.
 * Rows of another organization answer as absent (404); a token without the scope is told so (403).
 */
import type { IncomingMessage } from "node:http";
import type { TokenScope } from "@salvage/contracts";
import type { OrgGate } from "@salvage/db";
import { AppError } from "../http/app-error.ts";
import type { RouteContext } from "../http/router.ts";

export type AuthorizedRequest = Extract<Awaited<ReturnType<OrgGate["authorizeToken"]>>, { db: unknown }>;

/**
 * @param scopes any one of them is enough
 * @throws AppError 401 without a usable token, 403 when it holds none of the scopes
 */
export function authorize(gate: OrgGate, { request, query }: RouteContext, ...scopes: Scopes): Promise<AuthorizedRequest> {
  return authorizeBearer(gate, bearerOf(request) ?? query.get("ticket"), ...scopes);
}

type Scopes = [TokenScope, ...TokenScope[]];

export function bearerOf(request: IncomingMessage): string | null {
  return /^Bearer\s+(\S+)\s*$/i.exec(request.headers.authorization ?? "")?.[1] ?? null;
}

/** The secret that a client sends as `Authorization: Basic`: the password, or the user name where that is empty. */
export function basicSecretOf(request: IncomingMessage): string | null {
  const encoded = /^Basic\s+([A-Za-z0-9+/=]+)\s*$/i.exec(request.headers.authorization ?? "")?.[1];
  if (encoded === undefined) return null;
  const [user = "", ...password] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  return password.join(":") || user || null;
}

/** As authorize, for a token that came another way. */
export async function authorizeBearer(gate: OrgGate, bearer: string | null, ...scopes: Scopes): Promise<AuthorizedRequest> {
  if (bearer === null) throw unauthorized("an API token is required: Authorization: Bearer <token>");
  for (const scope of scopes) {
    const answer = await gate.authorizeToken(bearer, scope);
    if (answer === null) throw unauthorized("the API token is unknown, expired or revoked");
    if (answer !== "forbidden") return answer;
  }
  throw new AppError(403, null, `the API token lacks the scope ${scopes.join(" or ")}`);
}

export function notFound(what: string): AppError {
  return new AppError(404, null, `there is no such ${what}`);
}

const unauthorized = (detail: string) => new AppError(401, null, detail, { headers: { "WWW-Authenticate": 'Bearer realm="salvage"' } });
