/**
 * Addresses of other collectors of Breakpad dumps, so that programs in the field are moved here by their host name alone:
 *
 *   POST /submit          Socorro (Mozilla): answers `CrashID=bp-<crash id>`, or `Discarded=1` over a limit
 *   POST /crashreports    simple-breakpad-server: answers the bare crash id
 *   POST /post            mini-breakpad-server: the same
 *
 * Body and fields are those of the minidump endpoint. These programs know no project: the client key names it, carried as there, or as a
 * further segment of the path (`/submit/<key>`), which a reverse proxy can add where the address in the program cannot be changed.
 */
import { randomUUID } from "node:crypto";
import type { Route } from "../../http/router.ts";
import { clientKeyOf } from "../credentials.ts";
import { type IntakeRoutePorts, type MinidumpDialect, minidumpRoutes } from "../routes.ts";

export function plainRoutes(ports: IntakeRoutePorts): Route[] {
  const publicKey: MinidumpDialect["publicKey"] = ({ request, params, query }) => {
    const headers = params.key === undefined ? request.headers : { "x-sentry-auth": `Sentry sentry_key=${encodeURIComponent(params.key)}` };
    return clientKeyOf(headers, query);
  };
  const project: MinidumpDialect["project"] = (context) => ports.clientKeys.projectOf(publicKey(context));
  const bare = { project, publicKey, kept: (crashId: string) => crashId, dropped: () => randomUUID() };
  const socorro = { project, publicKey, kept: (crashId: string) => `CrashID=bp-${crashId}\n`, dropped: () => "Discarded=1\n" };
  return [
    ...["/submit", "/submit/:key"].flatMap((path) => minidumpRoutes(ports, { ...socorro, path })),
    ...["/crashreports", "/crashreports/:key", "/post", "/post/:key"].flatMap((path) => minidumpRoutes(ports, { ...bare, path })),
  ];
}
