/**
 * What the dialects of other products' uploaders have in common: the places where they carry a token, the project that an upload is
 * noted with, and refusals in the form that each client reads.
 */
import type { OrgDb, OrgGate } from "@salvage/db";
import { AppError } from "../http/app-error.ts";
import { boundaryOf, MultipartError, MultipartReader } from "../http/multipart.ts";
import { sendJson } from "../http/respond.ts";
import type { Route, RouteContext } from "../http/router.ts";
import { withBody } from "../http/with-body.ts";
import { limits } from "../limits.ts";
import { type AuthorizedRequest, authorizeBearer, basicSecretOf, bearerOf, notFound } from "../read/authorize.ts";
import type { ForeignPorts } from "./routes.ts";

type Scopes = Parameters<typeof authorizeBearer> extends [unknown, unknown, ...infer Rest] ? Rest : never;

/**
 * The API token wherever the client can put it: `Authorization` as Bearer or Basic (password, or user name when that is empty),
 * `X-API-Token` (App Center), `Auth-Token` (Tecken; what follows a hyphen is a label), a path segment, `?key=` (sym-upload-v2).
 */
export function tokenOf({ request, query, params }: RouteContext): string | null {
  const { headers } = request;
  const own = (name: string) => (typeof headers[name] === "string" ? headers[name] : null);
  return (
    bearerOf(request) ??
    basicSecretOf(request) ??
    own("x-api-token") ??
    own("auth-token")?.split("-", 1)[0] ??
    params.token ??
    query.get("key") ??
    query.get("token")
  );
}

/** @throws AppError 401, 403; 404 when the path names another organization than the token's */
export async function authorizeForeign(gate: OrgGate, context: RouteContext, ...scopes: Scopes): Promise<AuthorizedRequest> {
  const authorized = await authorizeBearer(gate, tokenOf(context), ...scopes);
  const { organization } = context.params;
  const { organizationSlug, organizationId } = authorized.token;
  if (organization !== undefined && organization !== organizationSlug && organization !== organizationId) throw notFound("organization");
  return authorized;
}

/** A project by slug or number. @throws AppError 404 */
export async function projectNamed(db: OrgDb, name: string): Promise<{ id: string; slug: string; name: string }> {
  const project = await db.projects.bySlug({ projectSlug: name });
  if (project !== null) return { id: project.id, slug: project.slug, name: project.name };
  const byId = await db.projects.byId({ projectId: name });
  if (byId === null) throw notFound("project");
  return byId;
}

/** The project of `?project=`, null when there is none. @throws AppError 404 */
export async function projectAsked(db: OrgDb, query: URLSearchParams): Promise<string | null> {
  const name = query.get("project") ?? "";
  return name === "" ? null : (await projectNamed(db, name)).id;
}

/**
 * Reads the request's form, within the limits of a debug file.
 * @throws AppError 400 without a boundary and for a malformed form, 503 while the disk is full
 */
export async function readForm<T>(
  ports: Pick<ForeignPorts, "disk" | "limits">,
  context: RouteContext,
  use: (form: MultipartReader) => Promise<T>,
  form: { maxBytes: number; maxParts: number } = { maxBytes: ports.limits.maxDebugFileBytes, maxParts: limits.maxParts },
): Promise<T> {
  const boundary = boundaryOf(context.request.headers["content-type"]);
  if (boundary === null) throw new AppError(400, null, "the body is to be multipart/form-data with a boundary");
  await ports.disk.check();
  const bodyLimits = { maxBytes: form.maxBytes, maxIdleMs: limits.maxIdleMs, maxBodyMs: limits.maxDebugFileBodyMs };
  try {
    return await withBody(context, bodyLimits, (body) => use(new MultipartReader(body, boundary, { maxParts: form.maxParts })));
  } catch (error) {
    throw error instanceof MultipartError ? new AppError(400, null, `malformed form: ${error.message}`, { cause: error }) : error;
  }
}

/** Routes whose refusals look as their clients want them. */
export function withRefusals(answer: (error: AppError) => { status: number; body: unknown }, routes: readonly Route[]): Route[] {
  return routes.map((route) => ({
    ...route,
    async handle(context) {
      try {
        await route.handle(context);
      } catch (error) {
        if (!(error instanceof AppError) || context.response.headersSent) throw error;
        context.logger.info({ detail: error.message, causes: error.causes, status: error.status }, "request refused");
        const { status, body } = answer(error);
        sendJson(context.response, status, body, error.headers);
      }
    },
  }));
}

/** The sentence of a refusal with its causes, for dialects that have one text. */
export const sentenceOf = (error: AppError) => [error.message, ...error.causes].join("; ");
