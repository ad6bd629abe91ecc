/** Whose connection it is, for limits per address. */
import type { IncomingMessage } from "node:http";

/** @param trustProxy a reverse proxy stands in front and has added the client to X-Forwarded-For, last (TRUST_PROXY) */
export function clientAddress(request: IncomingMessage, trustProxy: boolean): string {
  const forwarded = trustProxy ? request.headers["x-forwarded-for"] : undefined;
  const last = [forwarded ?? []].flat().join(",").split(",").at(-1)?.trim() ?? "";
  return last || (request.socket.remoteAddress ?? "");
}
