/** The routes by which machines read, ask, and decide about missing files. */
import type { Route } from "../http/router.ts";
import type { OperatorLimits } from "../limits.ts";
import { type CrashPorts, getAttachment, getCrash, getDump } from "./crashes.ts";
import { type DeviceCodePorts, deviceCodeRoutes } from "./device-codes.ts";
import { getCrashes, getMissingFiles, getOrganization, getUpload } from "./lists.ts";
import { ignoreMissingFiles } from "./missing-files.ts";
import { askCoverage, askHeld } from "./questions.ts";
import { serverLimitsRoute } from "./server-limits.ts";
import { deleteToken, getToken } from "./token.ts";

export function readRoutes(ports: CrashPorts & DeviceCodePorts & { limits: OperatorLimits }): Route[] {
  const { gate } = ports;
  const organization = "/api/v1/organizations/:organization";
  const project = "/api/v1/projects/:project";
  return [
    { method: "GET", path: "/api/v1/crashes/:crash", name: "crash", handle: (context) => getCrash(ports, context) },
    { method: "GET", path: "/api/v1/crashes/:crash/dump", name: "dump", handle: (context) => getDump(ports, context) },
    {
      method: "GET",
      path: "/api/v1/crashes/:crash/attachments/:attachment",
      name: "attachment",
      handle: (context) => getAttachment(ports, context),
    },
    { method: "GET", path: `${project}/crashes`, name: "crashes", handle: (context) => getCrashes(gate, context) },
    { method: "GET", path: `${project}/missing-files`, name: "missing_files", handle: (context) => getMissingFiles(gate, context) },
    {
      method: "POST",
      path: `${project}/missing-files/ignore`,
      name: "missing_files_ignore",
      handle: (context) => ignoreMissingFiles(gate, context),
    },
    { method: "GET", path: "/api/v1/uploads/:upload", name: "upload", handle: (context) => getUpload(gate, context) },
    { method: "GET", path: organization, name: "organization", handle: (context) => getOrganization(gate, context) },
    { method: "POST", path: `${organization}/debug-files/held`, name: "debug_files_held", handle: (context) => askHeld(gate, context) },
    {
      method: "POST",
      path: `${organization}/debug-files/coverage`,
      name: "debug_files_coverage",
      handle: (context) => askCoverage(gate, context),
    },
    { method: "GET", path: "/api/v1/token", name: "token", handle: (context) => getToken(gate, context) },
    { method: "DELETE", path: "/api/v1/token", name: "token", handle: (context) => deleteToken(gate, context) },
    serverLimitsRoute(ports.limits),
    ...deviceCodeRoutes(ports),
  ];
}
