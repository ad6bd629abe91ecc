/**
 * Who may fetch: a token with `debug-file:read`. Debuggers can send no header, so the token may stand in the path in place of the
 * organization, `/symbols/<token>/…`; others send it as bearer, or as the password of `https://any:<token>@host/symbols/<organization>/…`.
 */
import type { OrgDb, OrgGate } from "@salvage/db";
import { AppError } from "../http/app-error.ts";
import type { RouteContext } from "../http/router.ts";
import { basicSecretOf, bearerOf } from "../read/authorize.ts";

export type Reader = { db: OrgDb; tokenId: string; tokenName: string };

/** Tokens are longer than any organization's name in addresses. */
const maxSlugLength = 40;

/** @throws AppError 401 without a usable token, 403 when it may not read debug files, 404 for another organization */
export async function authorizeReader(gate: OrgGate, { request, params }: Pick<RouteContext, "request" | "params">): Promise<Reader> {
  const access = params.access ?? "";
  const inPath = access.length > maxSlugLength;
  const bearer = inPath ? access : (bearerOf(request) ?? basicSecretOf(request));
  // A program that asks its user for a password must not do so for each token that ends.
  if (bearer === null) throw unauthorized("a token is required: in the path, as bearer or as password", 'Basic realm="salvage"');
  const answer = await gate.authorizeToken(bearer, "debug-file:read");
  if (answer === null) throw unauthorized("the API token is unknown, expired or revoked", 'Bearer realm="salvage"');
  if (answer === "forbidden") throw new AppError(403, null, "the API token lacks the scope debug-file:read");
  if (!inPath && answer.db.organization.slug !== access) throw new AppError(404, null, "there is no such organization");
  return { db: answer.db, tokenId: answer.token.tokenId, tokenName: answer.token.name };
}

const unauthorized = (detail: string, challenge: string) => new AppError(401, null, detail, { headers: { "WWW-Authenticate": challenge } });
