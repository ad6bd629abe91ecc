/** The part of App Center's API that brings symbols: for frozen CI scripts whose `APPCENTER_ENDPOINT` or URL is pointed here. */
import type { Route, RouteContext } from "../../http/router.ts";
import { sentenceOf, withRefusals } from "../foreign.ts";
import type { ForeignPorts } from "../routes.ts";
import { getGroup, getGroups, getGroupsInfo, ignoreSymbol } from "./missing-symbols.ts";
import { deleteUpload, getUpload, getUploads, patchUpload, postUpload } from "./symbol-uploads.ts";

type Handler = (ports: ForeignPorts, context: RouteContext) => Promise<void>;

export function appCenterUploadRoutes(ports: ForeignPorts): Route[] {
  const route = (method: Route["method"], path: string, handle: Handler): Route => ({
    method,
    path: `/v0.1/apps/:organization/:app${path}`,
    name: "app_center_symbols",
    handle: (context) => handle(ports, context),
  });
  return withRefusals(
    (error) => {
      const message = sentenceOf(error);
      return { status: error.status, body: { message, error: { code: codes[error.status] ?? "InternalServerError", message } } };
    },
    [
      route("POST", "/symbol_uploads", postUpload),
      route("GET", "/symbol_uploads", getUploads),
      route("GET", "/symbol_uploads/:upload", getUpload),
      route("PATCH", "/symbol_uploads/:upload", patchUpload),
      route("DELETE", "/symbol_uploads/:upload", deleteUpload),
      route("POST", "/symbols/:symbol/ignore", ignoreSymbol),
      route("GET", "/diagnostics/symbol_groups", getGroups),
      route("GET", "/diagnostics/symbol_groups/:group", getGroup),
      route("GET", "/diagnostics/symbol_groups_info", getGroupsInfo),
    ],
  );
}

const codes: Readonly<Record<number, string>> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
};
