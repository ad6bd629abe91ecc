/** GET and DELETE /api/v1/token: what the token at hand is, and the end of a login. */
import { type TokenScope, tokenScope } from "@salvage/contracts";
import type { OrgGate } from "@salvage/db";
import { AppError } from "../http/app-error.ts";
import { sendJson } from "../http/respond.ts";
import type { RouteContext } from "../http/router.ts";
import { authorize } from "./authorize.ts";

/** Any token may ask what it is, whatever its scopes. */
export async function getToken(gate: OrgGate, context: RouteContext): Promise<void> {
  const { db, token } = await authorize(gate, context, ...(tokenScope.options as [TokenScope, ...TokenScope[]]));
  const { slug, name } = db.organization;
  sendJson(context.response, 200, { name: token.name, scopes: token.scopes, organization: { slug, name } });
}

/** A login ends itself; an API token, which many machines may share, is revoked in the dashboard. */
export async function deleteToken(gate: OrgGate, context: RouteContext): Promise<void> {
  const bearer = /^Bearer\s+(\S+)\s*$/i.exec(context.request.headers.authorization ?? "")?.[1] ?? "";
  if (!(await gate.endLogin(bearer)))
    throw new AppError(401, null, "only a login ends itself: an API token is revoked under Organization, API tokens");
  sendJson(context.response, 200, { ended: true });
}
