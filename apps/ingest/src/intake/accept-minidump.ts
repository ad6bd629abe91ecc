/**
 * A post to the minidump endpoint becomes a crash: the body is read to its end, the dump and the other files go into the receipt, the
 * fields into memory. The answer 200 with an id means kept (or, over a limit, dropped and counted).
 */
import type { FoundClientKey } from "@salvage/db/system";
import type { Logger } from "@salvage/telemetry";
import { AppError } from "../http/app-error.ts";
import { tooLarge } from "../http/body.ts";
import { boundaryOf, MultipartError, MultipartReader, type Part } from "../http/multipart.ts";
import { collect, peek } from "../http/pieces.ts";
import { limits } from "../limits.ts";
import { sniff, sniffBytes } from "./dump-bytes.ts";
import { mergeEvent } from "./event.ts";
import { EventFiles, eventFileKind } from "./event-files.ts";
import { type FormField, formEvent } from "./form-fields.ts";
import { openReceipt, type Receipt, type ReceiptPorts } from "./receipt.ts";
import { storable } from "./scrub.ts";

export type MinidumpPost = {
  key: FoundClientKey;
  contentType: string | undefined;
  /** The body with Content-Encoding undone. */
  body: AsyncIterable<Buffer>;
  logger: Logger;
};

/** Name of the part that carries the dump. */
const dumpField = "upload_file_minidump";
/** Types whose body is the dump itself. */
const rawTypes = /^\s*application\/(octet-stream|x-dmp)\s*(;|$)/i;

/** What was read of one post so far. */
type Reading = {
  receipt: Receipt;
  eventFiles: EventFiles;
  fields: FormField[];
  fieldsBytes: number;
  /** Names of the file parts, for the sentence that says which one is missing. */
  fileParts: string[];
};

/**
 * @returns id of the crash; of the first one when this is a repetition
 * @throws AppError for the sender, Dropped over a quota, SenderGone
 */
export async function acceptMinidump(ports: ReceiptPorts, post: MinidumpPost): Promise<{ crashId: string; duplicate: boolean }> {
  const receipt = openReceipt(ports, post);
  const reading: Reading = { receipt, eventFiles: new EventFiles(receipt.note), fields: [], fieldsBytes: 0, fileParts: [] };
  try {
    await readPost(post, reading);
    if (!receipt.hasDump) throw missingMinidump(reading.fileParts);
    const { eventFiles, fields } = reading;
    const said = [...fields.map(({ name, value }) => JSON.stringify(["field", name, value])), ...eventFiles.said];
    return await receipt.commit(mergeEvent([...eventFiles.sources, formEvent(fields)]), said);
  } catch (error) {
    if (!(error instanceof MultipartError)) throw error;
    throw new AppError(400, "malformed_multipart", "invalid multipart data", { causes: [error.message], cause: error });
  } finally {
    await receipt.discard();
  }
}

async function readPost(post: MinidumpPost, reading: Reading): Promise<void> {
  const start = await peek(post.body, sniffBytes);
  if (start.head.length === 0) throw new AppError(400, "empty_body", "the body is empty");
  const boundary = boundaryOf(post.contentType);
  const raw = rawTypes.test(post.contentType ?? "") || (boundary === null && sniff(start.head) !== null);
  if (raw) return await reading.receipt.storeDump({ name: null, fileName: "Minidump", contentType: null, data: start.all });
  if (boundary === null) {
    throw new AppError(400, "malformed_multipart", "invalid multipart data", {
      causes: ["the body is neither multipart/form-data with a boundary nor a minidump"],
    });
  }
  await readParts(reading, new MultipartReader(start.all, boundary, { maxParts: limits.maxParts }));
}

async function readParts(reading: Reading, reader: MultipartReader): Promise<void> {
  const { receipt, eventFiles, fileParts } = reading;
  for (let part = await reader.nextPart(); part !== null; part = await reader.nextPart()) {
    const eventFile = part.fileName === null ? null : eventFileKind(part.name);
    if (eventFile !== null) await eventFiles.take(eventFile, part.name ?? "", part.data);
    else if (part.fileName !== null) {
      if (fileParts.length < 10) fileParts.push(storable(part.name ?? "", 60));
      if (part.name === dumpField) await readDumpPart(receipt, part);
      else await receipt.storeAttachment(part);
    } else if (part.name === dumpField && !receipt.hasDump) {
      // Some senders leave the file name out. What does not begin like a dump is a text field of that name.
      const { head, all } = await peek(part.data, sniffBytes);
      if (sniff(head) !== null) await receipt.storeDump({ ...part, data: all });
      else await readField(reading, dumpField, all, reader);
    } else if (part.name !== null) await readField(reading, part.name, part.data, reader);
  }
  await reader.drain();
}

/**
 * Old Electron on Linux put a whole multipart body into the dump's part: when the content begins with two dashes, its first line is
 * the delimiter of that inner body.
 */
async function readDumpPart(receipt: Receipt, part: Part): Promise<void> {
  const { head, all } = await peek(part.data, 300);
  const boundary = /^(?:\r?\n)*--([^\r\n]{1,256}?)[ \t]*\r?\n/.exec(head.toString("latin1"))?.[1];
  if (boundary === undefined) return await receipt.storeDump({ ...part, data: all });
  const inner = new MultipartReader(all, boundary, { maxParts: limits.maxParts });
  for (let each = await inner.nextPart(); each !== null; each = await inner.nextPart()) {
    if (each.name === dumpField) await receipt.storeDump(each);
  }
}

async function readField(reading: Reading, name: string, data: AsyncIterable<Buffer>, reader: MultipartReader): Promise<void> {
  const left = limits.maxFieldsBytes - reading.fieldsBytes - name.length;
  const bytes = await collect(data, Math.max(0, left), () =>
    tooLarge(`the form fields are larger than the limit of ${limits.maxFieldsBytes} bytes`),
  );
  reading.fieldsBytes += bytes.length + name.length;
  const value = bytes.toString("utf8");
  // Without a terminator the line end before the missing delimiter is still there.
  reading.fields.push({ name, value: reader.unterminated ? value.replace(/\r?\n$/, "") : value });
}

function missingMinidump(fileParts: readonly string[]): AppError {
  const files = fileParts.length > 0 ? `the file parts are named ${fileParts.join(", ")}` : "there is no file part";
  return new AppError(400, "missing_minidump", "missing minidump", { causes: [`a part named ${dumpField} is required; ${files}`] });
}
