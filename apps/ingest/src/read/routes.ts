/** The routes by which machines read. */
import type { Route } from "../http/router.ts";
import { type CrashPorts, getCrash, getDump } from "./crashes.ts";
import { getMissingFiles, getUpload } from "./lists.ts";

export function readRoutes(ports: CrashPorts): Route[] {
  const { gate } = ports;
  return [
    { method: "GET", path: "/api/v1/crashes/:crash", name: "crash", handle: (context) => getCrash(ports, context) },
    { method: "GET", path: "/api/v1/crashes/:crash/dump", name: "dump", handle: (context) => getDump(ports, context) },
    {
      method: "GET",
      path: "/api/v1/projects/:project/missing-files",
      name: "missing_files",
      handle: (context) => getMissingFiles(gate, context),
    },
    { method: "GET", path: "/api/v1/uploads/:upload", name: "upload", handle: (context) => getUpload(gate, context) },
  ];
}
