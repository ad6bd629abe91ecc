/**
 * What a hostile or broken sender does to the endpoints that take crashes, and the answer that it must get. Ingest's tests run them against a server
 * of their own, `pnpm bench:abuse` against a whole installation, with memory and time.
 */
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { brotliCompressSync, constants, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { raw } from "./raw-http.ts";

export type HostilePost = {
  name: string;
  /** Why it cannot run here; null when it can. */
  skip: string | null;
  expect: RegExp;
  /** Crashes that it makes. */
  crashes: number;
  /**
   * @param path of the minidump endpoint, with the client key in its query
   * @returns status and body of the answer
   */
  run(port: number, path: string): Promise<string>;
};

const boundary = "---------------------------00112233445566778899";
const dumpHead = `--${boundary}\r\nContent-Disposition: form-data; name="upload_file_minidump"; filename="x.dmp"\r\n\r\n`;
const end = `\r\n--${boundary}--\r\n`;
const field = (name: string, value: string) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const form = (...parts: (string | Buffer)[]) =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : part)));
const distinct = (seed: string) => `MDMP ${seed} `.padEnd(200, "z");

async function send(port: number, path: string, body: Buffer, headers: Record<string, string> = {}): Promise<string> {
  const lines = {
    Host: "h",
    Connection: "close",
    "Content-Type": `multipart/form-data; boundary=${boundary}`,
    "Content-Length": String(body.length),
    ...headers,
  };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
  return await answer(port, [`POST ${path} HTTP/1.1\r\n${head.join("")}\r\n`, body]);
}

/** "413 {…}": status and body of what came back. */
async function answer(port: number, pieces: readonly (string | Buffer)[]): Promise<string> {
  const [head = "", ...body] = (await raw(port, pieces)).split("\r\n\r\n");
  return `${/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? "no answer"} ${body.join("")}`;
}

function packedBy(program: string, bytes: () => Buffer): { skip: string | null; packed(): Buffer } {
  const absent = spawnSync(program, ["--version"], { stdio: "ignore" }).error !== undefined;
  return {
    skip: absent ? `${program} is not installed` : null,
    packed: () => spawnSync(program, ["-c"], { input: bytes(), maxBuffer: 1 << 28 }).stdout,
  };
}

const asEnvelope = { "Content-Type": "application/x-sentry-envelope" };
const envelope = (path: string) => path.replace("/minidump/", "/envelope/");
const appCenter = (path: string) => ({
  "Content-Type": "application/json",
  "App-Secret": new URLSearchParams(path.split("?")[1]).get("sentry_key") ?? "",
});

/** @param bombBytes what the bombs unpack to: more than the server's limits */
export function hostilePosts(bombBytes: number): HostilePost[] {
  const zeroes = () => Buffer.concat([Buffer.from("MDMP"), Buffer.alloc(bombBytes)]);
  const asDump = { "Content-Type": "application/x-dmp" };
  const brotli = (bytes: Buffer) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } });
  const simple = (name: string, expect: RegExp, run: HostilePost["run"], crashes = 0): HostilePost => ({
    name,
    skip: null,
    expect,
    crashes,
    run,
  });
  const wholeBody = (coding: string, pack: (bytes: Buffer) => Buffer) =>
    simple(`a ${coding} bomb as the body`, /^413 .*larger than the limit of/, (port, path) =>
      send(port, path, pack(zeroes()), { ...asDump, "Content-Encoding": coding }),
    );
  const inPart = (name: string, pack: (bytes: Buffer) => Buffer) =>
    simple(`a ${name} bomb in the part`, /^413 .*minidump is larger than the limit of/, (port, path) =>
      send(port, path, form(dumpHead, pack(zeroes()), end)),
    );
  const programBomb = (program: string): HostilePost => {
    const { skip, packed } = packedBy(program, zeroes);
    const run: HostilePost["run"] = (port, path) => send(port, path, form(dumpHead, packed(), end));
    return { name: `a ${program} bomb in the part`, skip, expect: /^413 .*minidump is larger than the limit of/, crashes: 0, run };
  };
  return [
    wholeBody("gzip", gzipSync),
    wholeBody("deflate", deflateSync),
    wholeBody("br", brotli),
    wholeBody("zstd", zstdCompressSync),
    inPart("gzip", gzipSync),
    inPart("zstd", zstdCompressSync),
    programBomb("xz"),
    programBomb("bzip2"),
    simple("a gzip bomb inside a gzip bomb", /^413 .*larger than the limit of/, (port, path) =>
      send(port, path, gzipSync(gzipSync(zeroes())), { ...asDump, "Content-Encoding": "gzip, gzip" }),
    ),
    simple("a gzip bomb in the part of a zstd body", /^413 .*larger than the limit of/, (port, path) =>
      send(port, path, zstdCompressSync(form(dumpHead, gzipSync(zeroes()), end)), { "Content-Encoding": "zstd" }),
    ),
    simple("three codings", /^415 .*3 codings, 2 are the limit/, (port, path) =>
      send(port, path, Buffer.from("x"), { "Content-Encoding": "gzip, gzip, gzip" }),
    ),
    simple(
      "a bomb in an attachment: kept as it came, never unpacked",
      /^200 [0-9a-f-]{36}$/,
      (port, path) => {
        const attachment = `\r\n--${boundary}\r\nContent-Disposition: form-data; name="log"; filename="log"\r\n\r\n`;
        return send(port, path, form(dumpHead, distinct("attachment"), attachment, gzipSync(zeroes()), end));
      },
      1,
    ),
    simple("a hundred thousand fields", /^400 .*more than 2000 parts/, (port, path) =>
      send(port, path, form(field("a", "1").repeat(100_000), dumpHead, distinct("fields"), end)),
    ),
    simple("fields of more than 1 MiB", /^413 .*form fields are larger than the limit of 1048576/, (port, path) =>
      send(port, path, form(field("a", "x".repeat(2_000_000)), dumpHead, distinct("large fields"), end)),
    ),
    simple("a part's header of 64 KB", /^400 .*headers of more than 16384 bytes/, (port, path) =>
      send(port, path, form(`--${boundary}\r\nX: ${"y".repeat(65_536)}\r\n\r\n1${end}`)),
    ),
    simple("a request header of 64 KB", /^4(00|31) /, (port, path) => send(port, path, Buffer.from("x"), { "X-Long": "y".repeat(65_536) })),
    simple("no terminator", /^200 [0-9a-f-]{36}$/, (port, path) => send(port, path, form(dumpHead, distinct("no terminator"))), 1),
    simple(
      "the boundary inside the data, not at a line's end",
      /^200 [0-9a-f-]{36}$/,
      (port, path) => send(port, path, form(dumpHead, `${distinct("inside")}--${boundary}xyz`, end)),
      1,
    ),
    simple("a thousand multipart bodies inside each other: only the first inner one is opened", /^400 .*invalid minidump/, (port, path) => {
      const inner = Array.from(
        { length: 1000 },
        (_, i) => `--inner-boundary-${i}\r\nContent-Disposition: form-data; name="upload_file_minidump"; filename="x"\r\n\r\n`,
      );
      return send(port, path, form(dumpHead, inner.join(""), end));
    }),
    simple(
      "the same field a thousand times: the first counts",
      /^200 [0-9a-f-]{36}$/,
      (port, path) => send(port, path, form(field("sentry[release]", "r").repeat(1000), dumpHead, distinct("duplicates"), end)),
      1,
    ),
    simple(
      "a thousand dumps in one form",
      /^200 [0-9a-f-]{36}$/,
      (port, path) => send(port, path, form(`${dumpHead}${distinct("many")}\r\n`.repeat(1000), end.slice(2))),
      1,
    ),
    simple(
      "JSON nested a hundred thousand times",
      /^200 [0-9a-f-]{36}$/,
      (port, path) =>
        send(
          port,
          path,
          form(field("sentry", `{"extra":${"[".repeat(100_000)}`), field("sentry[extra]", "x"), dumpHead, distinct("deep"), end),
        ),
      1,
    ),
    simple(
      "MessagePack that claims four billion values",
      /^200 [0-9a-f-]{36}$/,
      (port, path) => {
        const file = `--${boundary}\r\nContent-Disposition: form-data; name="__sentry-event"; filename="e"\r\n\r\n`;
        return send(port, path, form(file, Buffer.from("dfffffffff", "hex"), "\r\n", dumpHead, distinct("claims"), end));
      },
      1,
    ),
    simple(
      "a Content-Length below the body: the first request is answered, what follows is none",
      /^400 .*invalid minidump/,
      (port, path) => send(port, path, form(dumpHead, distinct("short"), end), { ...asDump, "Content-Length": "10" }),
    ),
    simple("a Content-Length of a petabyte", /^413 .*the body is 1125899906842624 bytes/, (port, path) =>
      send(port, path, Buffer.from("x"), { "Content-Length": "1125899906842624" }),
    ),
    simple("a Content-Length that is no number, and two that differ", /^400 /, async (port, path) => {
      await send(port, path, Buffer.from("x"), { "Content-Length": "ten" });
      return await send(port, path, Buffer.from("x"), { "Content-Length": "1\r\nContent-Length: 2" });
    }),
    simple("chunks that are no chunks", /^400 /, async (port, path) => {
      const head = `POST ${path} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n`;
      return await answer(port, [`${head}zz\r\nxx\r\n`]);
    }),
    simple("Content-Length and chunks at once", /^400 /, (port, path) =>
      send(port, path, Buffer.from("1\r\nx\r\n0\r\n\r\n"), { "Content-Length": "1", "Transfer-Encoding": "chunked" }),
    ),
    simple("an envelope that is a gzip bomb", /^413 .*larger than the limit of/, (port, path) =>
      send(port, envelope(path), gzipSync(Buffer.concat([Buffer.from('{}\n{"type":"attachment"}\n'), zeroes()])), {
        ...asEnvelope,
        "Content-Encoding": "gzip",
      }),
    ),
    simple("an envelope whose minidump is a zstd bomb", /^413 .*larger than the limit of/, (port, path) => {
      const item = `{"type":"attachment","attachment_type":"event.minidump","filename":"x.dmp"}\n`;
      const eventId = randomUUID().replaceAll("-", "");
      return send(
        port,
        envelope(path),
        Buffer.concat([Buffer.from(`{"event_id":"${eventId}"}\n${item}`), zstdCompressSync(zeroes())]),
        asEnvelope,
      );
    }),
    simple("an envelope of a hundred thousand items", /^400 .*more than 500 items/, (port, path) =>
      send(port, envelope(path), Buffer.from(`{}\n${'{"type":"session","length":2}\n{}\n'.repeat(100_000)}`), asEnvelope),
    ),
    simple("an envelope's item that claims a petabyte", /^400 /, (port, path) =>
      send(port, envelope(path), Buffer.from('{}\n{"type":"attachment","length":1125899906842624}\nx'), asEnvelope),
    ),
    simple("an envelope's header of a megabyte", /^400 .*longer than 65536 bytes/, (port, path) =>
      send(port, envelope(path), Buffer.from(`{"x":"${"y".repeat(1_000_000)}"}\n`), asEnvelope),
    ),
    simple("a resumable upload of a terabyte", /^413 /, (port, path) =>
      send(port, path.replace("/minidump/", "/upload/"), Buffer.alloc(0), {
        ...{ "Content-Type": "application/octet-stream", "Content-Length": "0" },
        ...{ "Tus-Resumable": "1.0.0", "Upload-Length": "1099511627776" },
      }),
    ),
    simple("App Center's logs as a gzip bomb", /^4(00|13) /, (port, path) =>
      send(port, "/logs?api-version=1.0.0", gzipSync(Buffer.concat([Buffer.from('{"logs":[{"x":"'), Buffer.alloc(bombBytes, "x")])), {
        ...appCenter(path),
        "Content-Encoding": "gzip",
      }),
    ),
    simple("App Center's logs nested a hundred thousand times", /^400 .*nested/, (port, path) =>
      send(port, "/logs?api-version=1.0.0", Buffer.from(`{"logs":[{"x":${"[".repeat(100_000)}`), appCenter(path)),
    ),
  ];
}
