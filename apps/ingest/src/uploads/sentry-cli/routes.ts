/**
 * Sentry's web API as far as sentry-cli 2 and 3 use it for native programs. Refusals are `{"detail"}` of media type application/json,
 * which the client prints. A status of the 4xx ends the command; 502 to 504 and 507 are tried again for half a minute: so a full quota
 * is told as 413, and a server that is not ready as 503.
 */
import type { Route, RouteContext } from "../../http/router.ts";
import { sentenceOf, withRefusals } from "../foreign.ts";
import type { ForeignPorts } from "../routes.ts";
import {
  deleteRelease,
  echoRelease,
  getInfo,
  getNothing,
  getOrganizations,
  getProjects,
  getRegions,
  getRelease,
  postDeploy,
} from "./account.ts";
import { assemble } from "./assemble.ts";
import { getChunkOptions, postChunks } from "./chunk-upload.ts";
import { deleteFile, getFiles, getMissing, postFiles } from "./files.ts";

type Handler = (ports: ForeignPorts, context: RouteContext) => Promise<void>;

export function sentryCliRoutes(ports: ForeignPorts): Route[] {
  const route = (method: Route["method"], path: string, handle: Handler): Route => ({
    method,
    path: `/api/0${path}`,
    name: "sentry_cli",
    handle: (context) => handle(ports, context),
  });
  const organization = "/organizations/:organization";
  const project = "/projects/:organization/:project";
  const routes = [
    route("GET", "/", getInfo),
    route("GET", "/organizations", getOrganizations),
    route("GET", "/users/me/regions", getRegions),
    route("GET", `${organization}/projects`, getProjects),
    route("GET", `${organization}/chunk-upload`, getChunkOptions),
    route("POST", `${organization}/chunk-upload`, postChunks),
    route("POST", `${project}/files/difs/assemble`, assemble),
    route("GET", `${project}/files/dsyms/unknown`, getMissing),
    route("GET", `${project}/files/dsyms`, getFiles),
    route("POST", `${project}/files/dsyms`, postFiles),
    route("DELETE", `${project}/files/dsyms`, deleteFile),
    route("GET", `${organization}/repos`, getNothing),
  ];
  for (const owner of [organization, project]) {
    routes.push(
      route("GET", `${owner}/releases`, getNothing),
      route("POST", `${owner}/releases`, echoRelease),
      route("GET", `${owner}/releases/:version`, getRelease),
      route("PUT", `${owner}/releases/:version`, echoRelease),
      route("DELETE", `${owner}/releases/:version`, deleteRelease),
      route("GET", `${owner}/releases/:version/deploys`, getNothing),
      route("POST", `${owner}/releases/:version/deploys`, postDeploy),
    );
  }
  return withRefusals(
    (error) => ({ status: error.status === 507 ? 413 : error.status === 429 ? 503 : error.status, body: { detail: sentenceOf(error) } }),
    routes,
  );
}
