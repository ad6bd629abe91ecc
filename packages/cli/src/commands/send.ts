/** `salvage send`: posts a minidump as a crash uploader would, with the public client key of a DSN or a minidump URL. */
import { createReadStream, statSync } from "node:fs";
import { Readable } from "node:stream";
import { CliError, fileProblem } from "../cli-error.ts";
import { unreachable } from "../server/client.ts";
import { fileName } from "../server/names.ts";

export type SendOptions = { dsn?: string; field: readonly string[]; attach: readonly string[]; json?: boolean };

/** Prints the crash's id. */
export async function send(dump: string, options: SendOptions): Promise<void> {
  const given = options.dsn ?? process.env.SALVAGE_DSN;
  if (given === undefined || given === "")
    throw new CliError("where to? Give --dsn (or set SALVAGE_DSN): the DSN or minidump URL of a client key.", 2);
  const url = minidumpUrl(given);
  const parts = [
    ...options.field.map(fieldPart),
    ...options.attach.map((path) => filePart(fileName(path), path)),
    filePart("upload_file_minidump", dump),
  ];
  const boundary = `salvage-${crypto.randomUUID()}`;
  const end = Buffer.from(`--${boundary}--\r\n`);
  const heads = parts.map(({ head }) => Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`));
  const length = parts.reduce((sum, part, index) => sum + (heads[index]?.length ?? 0) + part.bytes + 2, end.length);
  async function* body(): AsyncGenerator<Buffer> {
    for (const [index, part] of parts.entries()) {
      yield heads[index] ?? Buffer.alloc(0);
      yield* part.content();
      yield Buffer.from("\r\n");
    }
    yield end;
  }
  const init: RequestInit & { duplex: "half" } = {
    method: "POST",
    headers: { "content-type": `multipart/form-data; boundary=${boundary}`, "content-length": String(length) },
    body: Readable.toWeb(Readable.from(body(), { objectMode: false })) as unknown as ReadableStream,
    duplex: "half",
    redirect: "error",
  };
  const response = await fetch(url, init).catch((error: unknown) => {
    throw unreachable(url, error);
  });
  const text = (await response.text()).trim();
  if (response.status !== 200) {
    const detail = /"detail":\s*("(?:[^"\\]|\\.)*")/.exec(text)?.[1];
    const words = detail === undefined ? text.slice(0, 200) : String(JSON.parse(detail));
    throw new CliError(`the server answered ${response.status}${words === "" ? "" : `: ${words}`}.`, response.status >= 500 ? 3 : 1);
  }
  process.stdout.write(options.json === true ? `${JSON.stringify({ crash: text })}\n` : `${text}\n`);
}

/** Of a DSN (`https://<key>@host[/prefix]/<project id>`) the minidump URL; any other address as it is. Throws CliError (2). */
export function minidumpUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:/i.test(text)) throw new CliError(`"${text}" is neither a DSN nor a minidump URL.`, 2);
  const url = new URL(text);
  if (url.username === "") return text;
  const [, prefix, project] = /^(.*)\/(\d+)\/?$/.exec(url.pathname) ?? [];
  if (project === undefined) throw new CliError(`the DSN "${text}" names no project: its path ends in a number.`, 2);
  return `${url.protocol}//${url.host}${prefix}/api/${project}/minidump/?sentry_key=${url.username}`;
}

type Part = { head: string; bytes: number; content(): AsyncIterable<Buffer> };

function fieldPart(text: string): Part {
  const equals = text.indexOf("=");
  if (equals <= 0) throw new CliError(`--field takes name=value, not "${text}".`, 2);
  const value = Buffer.from(text.slice(equals + 1));
  async function* content() {
    yield value;
  }
  return { head: `Content-Disposition: form-data; name="${quoted(text.slice(0, equals))}"`, bytes: value.length, content };
}

function filePart(name: string, path: string): Part {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new CliError(`${path}: no such file or folder.`);
  if (!stats.isFile()) throw new CliError(`${path} is not a file.`);
  const bytes = stats.size;
  async function* content(): AsyncGenerator<Buffer> {
    if (bytes === 0) return;
    try {
      // The length was announced: what is written to the file meanwhile is not sent.
      yield* createReadStream(path, { end: bytes - 1 }) as AsyncIterable<Buffer>;
    } catch (error) {
      throw fileProblem(path, error);
    }
  }
  const head = `Content-Disposition: form-data; name="${quoted(name)}"; filename="${quoted(fileName(path))}"\r\nContent-Type: application/octet-stream`;
  return { head, bytes, content };
}

/** As browsers write names in forms: HTML standard, multipart/form-data. */
const quoted = (name: string) => name.replaceAll("\n", "%0A").replaceAll("\r", "%0D").replaceAll('"', "%22");
