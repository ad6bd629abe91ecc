/**
 * Resumable uploads: the core of the TUS protocol 1.0 with the extensions "creation" (and creation with the first bytes) and
 * "termination". sentry-native sends files of 100 MiB and more this way, and then an envelope whose attachment names the address.
 *
 *   POST   /api/<project>/upload/        Upload-Length           → 201, Location
 *   HEAD   <Location>                                            → 200, Upload-Offset
 *   PATCH  <Location>                    Upload-Offset and bytes → 204, Upload-Offset
 *   DELETE <Location>                                            → 204; its bytes are gone
 *
 * An upload belongs to its project and client key; somebody else's answers as an absent one. A file is there when all its bytes are;
 * one that nobody goes on with for a day is forgotten.
 */
import { randomUUID } from "node:crypto";
import type { FoundClientKey, ResumableUpload } from "@salvage/db/system";
import { deleteBlobs } from "../../blobs.ts";
import { AppError } from "../../http/app-error.ts";
import { tooLarge } from "../../http/body.ts";
import type { Route, RouteContext } from "../../http/router.ts";
import { withBody } from "../../http/with-body.ts";
import { limits, type OperatorLimits } from "../../limits.ts";
import type { Admission } from "../admission.ts";
import { asked } from "../asked.ts";
import { corsHeaders } from "../cors.ts";
import { storageOf } from "../crash-limits.ts";
import { clientKeyOf } from "../credentials.ts";
import { checkStorage } from "../receipt.ts";
import type { Refusals } from "../refusals.ts";
import { sdkRoutes } from "../sdk-route.ts";
import { findUpload, newUploadKey, openUpload, type ResumablePorts, receiveParts } from "./parts.ts";

export type ResumableRoutePorts = ResumablePorts & {
  refusals: Refusals;
  admission: Admission;
  limits: OperatorLimits;
  /** Path of the public address, without a slash at its end: senders take a Location relative to the host. */
  publicPath: string;
};

const version = "1.0.0";
const bytesType = /^\s*application\/offset\+octet-stream\s*(;|$)/i;
const bodyLimits = { maxBytes: limits.maxResumableBytes, maxIdleMs: limits.maxIdleMs, maxBodyMs: limits.maxDebugFileBodyMs };

export function resumableRoutes(ports: ResumableRoutePorts): Route[] {
  const { admission, db } = ports;
  const admit = ({ request, query }: RouteContext, projectId: string) => admission.admit(projectId, clientKeyOf(request.headers, query));

  async function create(context: RouteContext, projectId: string): Promise<void> {
    const { request, query } = context;
    const key = await admit(context, projectId);
    checkVersion(context);
    const sizeBytes = wholeNumber(request.headers["upload-length"], "Upload-Length");
    if (sizeBytes === 0) throw new AppError(400, null, "Upload-Length is 0: there is nothing to send");
    const most = Math.min(limits.maxResumableBytes, key.maxDumpBytes ?? limits.maxResumableBytes);
    if (sizeBytes > most) throw tooLarge(`Upload-Length is ${sizeBytes} bytes, the limit is ${most}`);
    checkStorage(key, storageOf(ports.limits, key), sizeBytes);
    const upload = await begin(key, sizeBytes);
    const offset = bytesType.test(request.headers["content-type"] ?? "") ? await receive(context, upload) : 0;
    // The key stands in the address, so that it can be used as it is.
    const publicKey = clientKeyOf(request.headers, query);
    const location = `${ports.publicPath}/api/${projectId}/upload/${upload.id}/?sentry_key=${publicKey}`;
    answer(context, 201, { Location: location, "Upload-Offset": String(offset) });
  }

  async function begin({ organizationId, projectId, keyId: clientKeyId }: FoundClientKey, sizeBytes: number): Promise<ResumableUpload> {
    const id = randomUUID();
    const wrapped = newUploadKey(ports.keyring, { id, organizationId, projectId });
    return await openUpload(db, { id, organizationId, projectId, clientKeyId, sizeBytes, ...wrapped, waitsFor: null });
  }

  const receive = (context: RouteContext, upload: ResumableUpload) =>
    withBody(context, bodyLimits, (body) => receiveParts(ports, upload, body, context.logger));

  async function find(context: RouteContext, projectId: string): Promise<ResumableUpload> {
    const key = await admit(context, projectId);
    checkVersion(context);
    const upload = await findUpload(db, key, context.params.upload ?? "");
    if (upload === null) throw new AppError(404, null, "there is no such upload");
    return upload;
  }

  async function head(context: RouteContext, projectId: string): Promise<void> {
    const upload = await find(context, projectId);
    answer(context, 200, {
      "Upload-Offset": String(upload.receivedBytes),
      "Upload-Length": String(upload.sizeBytes),
      "Content-Length": "0",
    });
  }

  async function patch(context: RouteContext, projectId: string): Promise<void> {
    const { headers } = context.request;
    const upload = await find(context, projectId);
    if (!bytesType.test(headers["content-type"] ?? ""))
      throw new AppError(415, null, "the Content-Type must be application/offset+octet-stream");
    const offset = wholeNumber(headers["upload-offset"], "Upload-Offset");
    if (offset !== upload.receivedBytes) {
      const has = { "Upload-Offset": String(upload.receivedBytes) };
      throw new AppError(409, null, `the upload has ${upload.receivedBytes} bytes, not ${offset}`, { headers: has });
    }
    answer(context, 204, { "Upload-Offset": String(await receive(context, upload)) });
  }

  async function terminate(context: RouteContext, projectId: string): Promise<void> {
    const { id } = await find(context, projectId);
    await deleteBlobs(ports.blobs, await asked(db.resumables.remove(id)), context.logger);
    answer(context, 204, {});
  }

  const options: Route = {
    method: "OPTIONS",
    path: "/api/:project/upload",
    name: "resumable",
    handle: async (context) =>
      answer(context, 204, {
        ...{
          "Tus-Version": version,
          "Tus-Extension": "creation,creation-with-upload,termination",
          "Tus-Max-Size": String(limits.maxResumableBytes),
        },
        ...{ "Access-Control-Allow-Methods": "POST, HEAD, PATCH, DELETE", "Access-Control-Max-Age": "3600" },
        "Access-Control-Allow-Headers":
          "x-sentry-auth, authorization, content-type, tus-resumable, upload-length, upload-offset, upload-metadata",
      }),
  };
  const one = "/api/:project/upload/:upload";
  return [
    ...sdkRoutes(ports, { method: "POST", path: "/api/:project/upload", name: "resumable", handle: create }).filter(
      (route) => route.method !== "OPTIONS",
    ),
    ...sdkRoutes(ports, { method: "GET", path: one, name: "resumable", handle: head }),
    ...sdkRoutes(ports, { method: "PATCH", path: one, name: "resumable", handle: patch }),
    ...sdkRoutes(ports, { method: "DELETE", path: one, name: "resumable", handle: terminate }),
    options,
    { ...options, path: one },
  ];
}

function checkVersion({ request }: RouteContext): void {
  const sent = request.headers["tus-resumable"];
  if (sent !== version)
    throw new AppError(412, null, `the header Tus-Resumable must be ${version}`, { headers: { "Tus-Version": version } });
}

function wholeNumber(header: string | string[] | undefined, name: string): number {
  if (typeof header !== "string" || !/^\d{1,15}$/.test(header))
    throw new AppError(400, null, `the header ${name} must be a number of bytes`);
  return Number(header);
}

/** An answer without a body; 204 has no Content-Length either. */
function answer({ response }: RouteContext, status: number, headers: Readonly<Record<string, string>>): void {
  const length = status === 201 ? { "Content-Length": "0" } : {};
  const expose = { "Access-Control-Expose-Headers": "location, tus-resumable, upload-offset, upload-length" };
  response
    .writeHead(status, { ...corsHeaders, ...expose, "Cache-Control": "no-store", "Tus-Resumable": version, ...length, ...headers })
    .end();
}
