/**
 * The calls around uploads that CI scripts make: who am I, lists of organizations and projects, and releases. Salvage learns releases
 * from crashes, so those calls are answered with what the script said and change nothing.
 */
import { type TokenScope, tokenScope } from "@salvage/contracts";
import { z } from "zod";
import { readJson } from "../../http/json-body.ts";
import { send, sendJson } from "../../http/respond.ts";
import type { RouteContext } from "../../http/router.ts";
import { limits } from "../../limits.ts";
import { authorizeForeign } from "../foreign.ts";
import type { ForeignPorts } from "../routes.ts";
import { pageLink } from "./files.ts";

const [readCrashes, ...otherScopes] = tokenScope.options as [TokenScope, ...TokenScope[]];
const anyone = (ports: ForeignPorts, context: RouteContext) => authorizeForeign(ports.gate, context, readCrashes, ...otherScopes);

/** `sentry-cli info` and `login`. */
export async function getInfo(ports: ForeignPorts, context: RouteContext): Promise<void> {
  const { token } = await anyone(ports, context);
  sendJson(context.response, 200, { version: "0", auth: { scopes: token.scopes }, user: null });
}

export async function getOrganizations(ports: ForeignPorts, context: RouteContext): Promise<void> {
  const { db } = await anyone(ports, context);
  const { id, slug, name } = db.organization;
  const organization = { id, slug, name, dateCreated: new Date(0).toISOString(), isEarlyAdopter: false, require2FA: false };
  sendJson(context.response, 200, [{ ...organization, requireEmailVerification: false, features: [] }], pageLink(context, null));
}

/** One server is one region: the address that the client came by. */
export async function getRegions(ports: ForeignPorts, context: RouteContext): Promise<void> {
  await anyone(ports, context);
  sendJson(context.response, 200, { regions: [] });
}

export async function getProjects(ports: ForeignPorts, context: RouteContext): Promise<void> {
  const { db } = await authorizeForeign(ports.gate, context, "project:read");
  const projects = (await db.projects.list()).map(({ id, slug, name }) => ({ id, slug, name, team: null }));
  sendJson(context.response, 200, projects, pageLink(context, null));
}

const releaseInput = z.object({ version: z.string().max(250).optional(), projects: z.array(z.string().max(100)).max(100).optional() });

/** `releases new`, `finalize`, `set-commits`, `archive`: what was said, as if it had been done. */
export async function echoRelease(ports: ForeignPorts, context: RouteContext): Promise<void> {
  await anyone(ports, context);
  const input = await readJson(context, releaseInput, limits.maxJsonBytes);
  const status = context.request.method === "POST" ? 201 : 200;
  sendJson(context.response, status, release(input.version ?? context.params.version ?? "", input.projects ?? []));
}

export async function getRelease(ports: ForeignPorts, context: RouteContext): Promise<void> {
  await anyone(ports, context);
  sendJson(context.response, 200, release(context.params.version ?? "", []));
}

export async function deleteRelease(ports: ForeignPorts, context: RouteContext): Promise<void> {
  await anyone(ports, context);
  send(context.response, 204, "application/json", "");
}

const deployInput = z.object({
  environment: z.string().max(250),
  name: z.string().max(250).nullish(),
  url: z.string().max(2000).nullish(),
});

export async function postDeploy(ports: ForeignPorts, context: RouteContext): Promise<void> {
  await anyone(ports, context);
  const { environment, name = null, url = null } = await readJson(context, deployInput, limits.maxJsonBytes);
  const now = new Date().toISOString();
  sendJson(context.response, 201, { id: "1", environment, name, url, dateStarted: now, dateFinished: now });
}

/** Releases, deploys and repositories: none are kept. */
export async function getNothing(ports: ForeignPorts, context: RouteContext): Promise<void> {
  await anyone(ports, context);
  sendJson(context.response, 200, [], pageLink(context, null));
}

function release(version: string, projects: readonly string[]) {
  const dateCreated = new Date().toISOString();
  return {
    version,
    shortVersion: version,
    url: null,
    dateCreated,
    dateReleased: null,
    lastEvent: null,
    newGroups: 0,
    projects: projects.map((slug) => ({ slug, name: slug })),
  };
}
