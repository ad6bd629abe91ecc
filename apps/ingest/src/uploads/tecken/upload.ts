/**
 * Mozilla Tecken's upload: a form with one zip, whatever its field is called, or the address of one (refused: this server fetches nothing for
 * its clients). The zip's members are `<module>/<debug id>/<file>`; one of another form makes the whole upload 400, as there. What is in
 * them the import finds out.
 */
import type { RandomAccessBlob } from "@salvage/blobs";
import { AppError } from "../../http/app-error.ts";
import { peek } from "../../http/pieces.ts";
import { sendJson } from "../../http/respond.ts";
import type { Route, RouteContext } from "../../http/router.ts";
import { storable } from "../../intake/scrub.ts";
import { acceptDebugFile } from "../accept-debug-file.ts";
import { authorizeForeign, projectAsked, readForm, sentenceOf, withRefusals } from "../foreign.ts";
import type { ForeignPorts } from "../routes.ts";
import { ZipError, type ZipName, zipNames } from "./zip-names.ts";

/** A build's scripts read the status: 403 stops them, 413, 429 and 5xx are tried again. */
export function teckenRoutes(ports: ForeignPorts): Route[] {
  return withRefusals(
    (error) => ({ status: error.status === 401 ? 403 : error.status, body: { error: sentenceOf(error) } }),
    [{ method: "POST", path: "/upload", name: "tecken", handle: (context) => postZip(ports, context) }],
  );
}

async function postZip(ports: ForeignPorts, context: RouteContext): Promise<void> {
  const { token, db } = await authorizeForeign(ports.gate, context, "debug-file:write");
  const projectId = await projectAsked(db, context.query);
  const accepted = await readForm(ports, context, async (form) => {
    let zip: { uploadId: string; fileName: string; bytes: number } | null = null;
    for (let part = await form.nextPart(); part !== null; part = await form.nextPart()) {
      const fileName = part.fileName === null ? null : storable(part.fileName, 255);
      if (fileName === null) continue;
      if (zip !== null) throw new AppError(400, null, "one zip at a time");
      if (!/\.zip$/i.test(fileName)) throw new AppError(400, null, `unrecognized archive file extension of ${fileName}: send a .zip`);
      const { head, all } = await peek(part.data, 4);
      if (!head.toString("latin1").startsWith("PK")) throw new AppError(400, null, `${fileName} is not a zip`);
      const counter = { bytes: 0 };
      const { uploadId } = await acceptDebugFile(ports, {
        organizationId: token.organizationId,
        projectId,
        actor: token.name,
        fileName,
        body: counted(all, counter),
        check: (blob) => checkMembers(fileName, blob),
        logger: context.logger,
      });
      zip = { uploadId, fileName, bytes: counter.bytes };
    }
    return zip;
  });
  if (accepted === null) throw new AppError(400, null, "must be a multipart form with a zip file; addresses are not fetched");
  const upload = {
    id: accepted.uploadId,
    size: accepted.bytes,
    filename: accepted.fileName,
    bucket: token.organizationSlug,
    region: null,
    download_url: null,
    try_symbols: false,
    redirect_urls: [],
    completed_at: null,
    created_at: new Date().toISOString(),
    user: token.name,
    skipped_keys: [],
  };
  sendJson(context.response, 201, { upload });
}

const memberForm = /^[^/]+\/[0-9a-f]+\/[^/]+$/i;
/** What builds leave beside the symbols, and folders. */
const ignored = /(-symbols\.txt|\.DS_Store|\/)$/;

/** @throws AppError 400 */
async function checkMembers(fileName: string, blob: RandomAccessBlob): Promise<void> {
  const names = await zipNames(blob).catch((error: unknown): ZipName[] => {
    throw error instanceof ZipError ? new AppError(400, null, `${fileName} is not a zip: ${error.message}`, { cause: error }) : error;
  });
  const members = names.filter(({ name }) => !ignored.test(name));
  if (members.length === 0) throw new AppError(400, null, `${fileName} has no symbol files`);
  const sizes = new Map<string, number>();
  for (const { name, sizeBytes } of members) {
    const told = storable(name, 200);
    if (!memberForm.test(name)) throw new AppError(400, null, `unrecognized file pattern of ${told}: it must be <module>/<hex id>/<file>`);
    if ((sizes.get(name) ?? sizeBytes) !== sizeBytes) throw new AppError(400, null, `${told} is there twice, with different sizes`);
    sizes.set(name, sizeBytes);
  }
}

async function* counted(pieces: AsyncIterable<Buffer>, counter: { bytes: number }): AsyncGenerator<Buffer> {
  for await (const piece of pieces) {
    counter.bytes += piece.length;
    yield piece;
  }
}
