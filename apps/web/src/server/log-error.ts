/** How a procedure's failure is logged: a refusal (4xx) as information, anything else through the error seam, with its cause. */
import { type Logger, reportError } from "@salvage/telemetry";
import type { TRPCError } from "@trpc/server";
import { getHTTPStatusCodeFromError } from "@trpc/server/http";

export function logProcedureError(logger: Logger, path: string | undefined, error: TRPCError): void {
  const status = getHTTPStatusCodeFromError(error);
  if (status < 500) logger.info({ procedure: path, code: error.code }, "refused");
  else reportError(logger, "procedure", error.cause ?? error, { procedure: path });
}
