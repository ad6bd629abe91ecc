/** The routes by which debuggers fetch debug files. */
import type { Route } from "../http/router.ts";
import { createSymbolServer, type SymbolServerPorts } from "./serve.ts";

export function symbolServerRoutes(ports: SymbolServerPorts): Route[] {
  const server = createSymbolServer(ports);
  return [{ method: "GET", path: "/symbols/:access/*path", name: "symbols", handle: server.get }];
}
