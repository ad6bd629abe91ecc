/**
 * `POST /api/<project>/envelope/` and the older `/store/` of Sentry's SDKs. The body of the first is an envelope whatever its
 * Content-Type says; that of the second one event, as JSON or packed as base64 of (deflated) JSON, or an envelope by its type. Where
 * nothing can be posted, `GET /store/?sentry_data=…` carries the event and is answered with a picture of one pixel.
 *
 * The client key comes with the request as for minidumps, or in the envelope's header as `dsn`; both must agree.
 */
import { inflateSync } from "node:zlib";
import type { FoundClientKey } from "@salvage/db/system";
import { AppError } from "../../http/app-error.ts";
import { tooLarge } from "../../http/body.ts";
import { collect } from "../../http/pieces.ts";
import { send } from "../../http/respond.ts";
import type { Route, RouteContext } from "../../http/router.ts";
import { withBody } from "../../http/with-body.ts";
import { limits } from "../../limits.ts";
import { corsHeaders } from "../cors.ts";
import { clientKeyOf } from "../credentials.ts";
import { normalizeEventId } from "../event.ts";
import { type Json, parseObject } from "../json.ts";
import { limitHeaders, sdkRoutes, sendEventId } from "../sdk-route.ts";
import { acceptEnvelope, type EnvelopeOutcome, type EnvelopePorts } from "./accept-envelope.ts";
import { EnvelopeError, EnvelopeReader } from "./reader.ts";

const envelopeType = /^\s*application\/x-sentry-envelope\s*(;|$)/i;
/** A transparent GIF of one pixel. */
const pixel = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==", "base64");
const readerLimits = { maxItems: limits.maxItems, maxHeaderBytes: limits.maxItemHeaderBytes };

export function envelopeRoutes(ports: EnvelopePorts): Route[] {
  const bodyLimits = {
    ...{ maxBytes: ports.limits.maxRequestBytes, knob: "MAX_REQUEST_BYTES" as const },
    ...{ maxIdleMs: limits.maxIdleMs, maxBodyMs: limits.maxMinidumpBodyMs },
  };

  async function postEnvelope(context: RouteContext, projectId: string): Promise<void> {
    const carried = carriedKey(context);
    const early = carried === null ? null : await ports.admission.admit(projectId, carried);
    const outcome = await withBody(context, bodyLimits, async (body) => {
      const reader = new EnvelopeReader(body, readerLimits);
      try {
        const header = await reader.header();
        const key = early ?? (await ports.admission.admit(projectId, keyOfDsn(header, projectId)));
        if (early !== null) checkDsn(header, projectId, carried);
        return await acceptEnvelope(ports, { key, reader, header, logger: context.logger });
      } catch (error) {
        if (!(error instanceof EnvelopeError)) throw error;
        throw new AppError(400, "malformed_body", "invalid envelope", { causes: [error.message], cause: error });
      }
    });
    answer(context, outcome);
  }

  function answer({ response }: RouteContext, { eventId, limited }: EnvelopeOutcome): void {
    // Counted already, as the limit that it is.
    if (limited === "everything") throw new AppError(429, null, "over a limit; nothing was kept", { headers: limitHeaders });
    sendEventId(response, eventId, limited === "partly" ? { "X-Sentry-Rate-Limits": limitHeaders["X-Sentry-Rate-Limits"] } : {});
  }

  async function postStore(context: RouteContext, projectId: string): Promise<void> {
    if (envelopeType.test(context.request.headers["content-type"] ?? "")) return await postEnvelope(context, projectId);
    const key = await ports.admission.admit(projectId, clientKeyOf(context.request.headers, context.query));
    const event = await withBody(context, bodyLimits, async (body) => {
      const bytes = await collect(body, limits.maxEventBytes, () =>
        tooLarge(`the event is larger than the limit of ${limits.maxEventBytes} bytes`),
      );
      return eventOf(bytes);
    });
    dropEvent(key, event);
    sendEventId(context.response, normalizeEventId(event.event_id));
  }

  async function getStore({ request, response, query }: RouteContext, projectId: string): Promise<void> {
    const key = await ports.admission.admit(projectId, clientKeyOf(request.headers, query));
    const data = query.get("sentry_data") ?? "";
    // A plus sign of base64 is a blank where the query was not escaped.
    dropEvent(key, eventOf(Buffer.from(data.startsWith("{") ? data : data.replaceAll(" ", "+"))));
    send(response, 200, "image/gif", pixel, corsHeaders);
  }

  /** An event that is alone has no dump. */
  function dropEvent(key: FoundClientKey, event: Json): void {
    const platform = typeof event.platform === "string" ? event.platform : "unknown";
    ports.refusals.count(key.projectId, "event_without_minidump", `an event of platform ${platform} without a minidump`);
    ports.clientKeys.used(key.keyId);
  }

  const projectOfKey = ({ request, query }: RouteContext) => ports.clientKeys.projectOf(clientKeyOf(request.headers, query));

  return [
    ...sdkRoutes(ports, { method: "POST", path: "/api/:project/envelope", name: "envelope", handle: postEnvelope }),
    ...sdkRoutes(ports, { method: "POST", path: "/api/:project/store", name: "store", handle: postStore }),
    ...sdkRoutes(ports, { method: "GET", path: "/api/:project/store", name: "store", handle: getStore }),
    ...sdkRoutes(ports, { method: "POST", path: "/api/store", name: "store", project: projectOfKey, handle: postStore }),
    ...sdkRoutes(ports, { method: "GET", path: "/api/store", name: "store", project: projectOfKey, handle: getStore }),
  ];
}

/** The key that came beside the body; null when none did. */
function carriedKey({ request, query }: RouteContext): string | null {
  try {
    return clientKeyOf(request.headers, query);
  } catch (error) {
    if (error instanceof AppError && error.reason === "missing_credentials") return null;
    throw error;
  }
}

/** `https://<key>@host/<any prefix>/<project>`. */
function readDsn(header: Json): { key: string; projectId: string } | null {
  if (typeof header.dsn !== "string" || header.dsn === "") return null;
  const match = /^https?:\/\/([0-9a-f]{32})(?::[^@/]*)?@[^/?#]+(?:\/[^?#]*)?\/(\d{1,19})\/?$/i.exec(header.dsn.trim());
  if (match === null) throw new AppError(400, "wrong_key", "the dsn in the envelope's header cannot be read");
  return { key: (match[1] ?? "").toLowerCase(), projectId: match[2] ?? "" };
}

function keyOfDsn(header: Json, projectId: string): string {
  const dsn = readDsn(header);
  if (dsn === null) throw new AppError(401, "missing_credentials", "missing authorization information");
  checkDsn(header, projectId, dsn.key);
  return dsn.key;
}

function checkDsn(header: Json, projectId: string, key: string | null): void {
  const dsn = readDsn(header);
  if (dsn === null || (dsn.key === key && BigInt(dsn.projectId) === BigInt(projectId))) return;
  throw new AppError(400, "conflicting_credentials", "the dsn in the envelope's header is not the one of the address");
}

/** JSON, or base64 of JSON, or base64 of zlib data of JSON. */
function eventOf(bytes: Buffer): Json {
  const text = bytes.toString("latin1").trim();
  const plain = text.startsWith("{") ? bytes : unpacked(text);
  const event = plain === null ? null : parseObject(plain.toString("utf8"));
  if (event === null) throw new AppError(400, "malformed_body", "invalid event", { causes: ["it is no JSON object, plain or in base64"] });
  return event;
}

function unpacked(text: string): Buffer | null {
  if (!/^[A-Za-z0-9+/\s]+={0,2}$/.test(text)) return null;
  const bytes = Buffer.from(text, "base64");
  if (bytes[0] === 0x7b) return bytes;
  try {
    return inflateSync(bytes, { maxOutputLength: limits.maxEventBytes });
  } catch {
    return null;
  }
}
