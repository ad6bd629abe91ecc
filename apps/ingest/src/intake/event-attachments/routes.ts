/**
 * `POST /api/<project>/events/<event id>/attachments/`: files for a crash that is there already. Multipart, each file part one
 * attachment; the answer is 201 without a body. The id is the event's own, or the one that the sender of the dump was answered.
 *
 * The files follow the crash's dump: sealed like it, deleted with it. Limits count what the crash has already.
 */
import { AppError } from "../../http/app-error.ts";
import { boundaryOf, MultipartError, MultipartReader } from "../../http/multipart.ts";
import { send } from "../../http/respond.ts";
import type { Route, RouteContext } from "../../http/router.ts";
import { withBody } from "../../http/with-body.ts";
import { limits } from "../../limits.ts";
import type { Admission } from "../admission.ts";
import { asked } from "../asked.ts";
import { corsHeaders } from "../cors.ts";
import { clientKeyOf } from "../credentials.ts";
import type { SentFile } from "../receipt.ts";
import { sdkRoutes } from "../sdk-route.ts";
import { type AddFilesPorts, addFiles } from "./add-files.ts";

export type EventAttachmentPorts = AddFilesPorts & { admission: Admission };

export function eventAttachmentRoutes(ports: EventAttachmentPorts): Route[] {
  const bodyLimits = {
    ...{ maxBytes: ports.limits.maxRequestBytes, knob: "MAX_REQUEST_BYTES" as const },
    ...{ maxIdleMs: limits.maxIdleMs, maxBodyMs: limits.maxMinidumpBodyMs },
  };

  async function post(context: RouteContext, projectId: string): Promise<void> {
    const { request, response, params, query, logger } = context;
    const key = await ports.admission.admit(projectId, clientKeyOf(request.headers, query));
    const crash = await asked(ports.db.crashes.findByEvent(projectId, params.event ?? ""));
    if (crash === null) throw new AppError(404, "file_without_crash", "there is no such crash");
    ports.admission.takeCrash(key);
    const boundary = boundaryOf(request.headers["content-type"]);
    if (boundary === null) throw malformed("the Content-Type is not multipart with a boundary");
    await withBody(context, bodyLimits, async (body) => {
      try {
        await addFiles(ports, key, crash, parts(new MultipartReader(body, boundary, { maxParts: limits.maxParts })), logger);
      } catch (error) {
        throw error instanceof MultipartError ? malformed(error.message) : error;
      }
    });
    send(response, 201, "text/plain", "", corsHeaders);
  }

  const path = "/api/:project/events/:event/attachments";
  return sdkRoutes(ports, { method: "POST", path, name: "event_attachments", handle: post });
}

async function* parts(reader: MultipartReader): AsyncGenerator<SentFile> {
  for (let part = await reader.nextPart(); part !== null; part = await reader.nextPart()) if (part.fileName !== null) yield part;
  await reader.drain();
}

const malformed = (cause: string) => new AppError(400, "malformed_multipart", "invalid multipart data", { causes: [cause] });
