/** Google Breakpad's symbol uploads. The protocol has no place for a token but the address: `?key=`, userinfo, or a path segment. */
import type { Route, RouteContext } from "../../http/router.ts";
import { sentenceOf, withRefusals } from "../foreign.ts";
import type { ForeignPorts } from "../routes.ts";
import { postSymbols } from "./version-1.ts";
import { checkStatus, completeUpload, createUpload } from "./version-2.ts";

type Handler = (ports: ForeignPorts, context: RouteContext) => Promise<void>;

export function symuploadRoutes(ports: ForeignPorts): Route[] {
  const route = (method: Route["method"], path: string, handle: Handler): Route => ({
    method,
    path,
    name: "symupload",
    handle: (context) => handle(ports, context),
  });
  const routes = ["/symupload", "/symupload/:token", "/symfiles"].map((path) => route("POST", path, postSymbols));
  for (const base of ["/symupload", "/symupload/:project"]) {
    routes.push(
      route("GET", `${base}/v1/symbols/:file/:id`, checkStatus),
      route("POST", `${base}/v1/uploads:create`, createUpload),
      route("POST", `${base}/v1/uploads/:upload`, completeUpload),
    );
  }
  return withRefusals((error) => ({ status: error.status, body: { error: sentenceOf(error) } }), routes);
}
