/** The multipart reader: the documented odd forms, each split at every byte, and bodies that only look like delimiters. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { giveBack, lend } from "@salvage/blobs";
import { boundaryOf, MultipartError, MultipartReader, partHead } from "./multipart.ts";

type Read = { name: string | null; fileName: string | null; contentType: string | null; content: string };

/** Lent, each in memory of its own, as a body comes. */
async function* pieces(body: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < body.length; at += size) yield lend(new Uint8Array(body.subarray(at, at + size)));
}

/** @param returns whether the content's memory is given back at once, by who reads it */
async function read(body: string | Buffer, boundary: string, size = 1 << 16, returns = size % 2 === 0): Promise<Read[]> {
  const bytes = typeof body === "string" ? Buffer.from(body, "latin1") : body;
  const reader = new MultipartReader(pieces(bytes, size), boundary, { maxParts: 50 });
  const parts: Read[] = [];
  for (let part = await reader.nextPart(); part !== null; part = await reader.nextPart()) {
    const content: Buffer[] = [];
    for await (const piece of part.data) {
      content.push(returns ? Buffer.from(piece) : piece);
      if (returns) giveBack(piece);
    }
    parts.push({
      name: part.name,
      fileName: part.fileName,
      contentType: part.contentType,
      content: Buffer.concat(content).toString("latin1"),
    });
  }
  return parts;
}

const long = "---------------------------0123456789abcdef";
const field = (name: string, value: string) => `--${long}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}`;
const file = (content: string) =>
  `--${long}\r\nContent-Disposition: form-data; name="upload_file_minidump"; filename="x.dmp"\r\nContent-Type: application/octet-stream\r\n\r\n${content}`;
const dump = "MDMP\x00\r\n--not-it\r\n\xff\r\n-";

/** Reads the body cut into pieces of every small size, and checks that the outcome never changes. */
async function readAnyhow(body: string, boundary = long): Promise<Read[]> {
  const whole = await read(body, boundary);
  for (let size = 1; size <= 70; size++) assert.deepEqual(await read(body, boundary, size), whole, `in pieces of ${size}`);
  return whole;
}

test("fields before and after the file", async () => {
  const parts = await readAnyhow(`${field("prod", "a")}\r\n${file(dump)}\r\n${field("ver", "1\r\n2")}\r\n--${long}--\r\n`);
  assert.deepEqual(
    parts.map((part) => [part.name, part.fileName, part.content]),
    [
      ["prod", null, "a"],
      ["upload_file_minidump", "x.dmp", dump],
      ["ver", null, "1\r\n2"],
    ],
  );
  assert.equal(parts[1]?.contentType, "application/octet-stream");
});

test("no CRLF before a delimiter: Breakpad on Windows and macOS", async () => {
  for (const [between, last] of [
    ["", ""],
    ["", "\r\n"],
    ["\r\n", ""],
  ]) {
    const parts = await readAnyhow(`${field("prod", "a")}\r\n${file(dump)}${between}${file("log")}${last}--${long}--`);
    assert.deepEqual(
      parts.map((part) => part.content),
      ["a", dump, "log"],
    );
  }
});

test("absent or half terminator", async () => {
  for (const end of [
    "",
    `\r\n--${long}`,
    `\r\n--${long}-`,
    `\r\n--${long}--`,
    `\r\n--${long}--\r\nepilogue --${long}\r\n`,
    `\r\n--${long}  `,
  ]) {
    const parts = await readAnyhow(`${field("a", "1")}\r\n${file(dump)}${end}`);
    assert.deepEqual(
      parts.map((part) => part.content),
      ["1", dump],
      JSON.stringify(end),
    );
  }
});

test("preamble, LF as line end, blanks after the boundary, folded and odd-cased headers", async () => {
  assert.deepEqual(
    (await readAnyhow(`hello\r\n\r\n${field("a", "1")}\r\n--${long}--`)).map((part) => part.content),
    ["1"],
  );
  const lfOnly = `--${long} \t\nCONTENT-disposition: form-data;\n name=a\n\nline\n\n--${long}\nContent-Disposition: form-data; name=b\n\n\n--${long}--\n`;
  assert.deepEqual(
    (await readAnyhow(lfOnly)).map((part) => [part.name, part.content]),
    [
      ["a", "line\n"],
      ["b", ""],
    ],
  );
});

test("empty parts, empty form, parts without a header or a name", async () => {
  assert.deepEqual(
    (await readAnyhow(`${field("a", "")}\r\n--${long}\r\n\r\nno header\r\n--${long}--`)).map((part) => [part.name, part.content]),
    [
      ["a", ""],
      [null, "no header"],
    ],
  );
  assert.deepEqual(await readAnyhow(`--${long}--\r\n`), []);
});

test("a text that only begins like the delimiter stays content", async () => {
  const content = `--${long.slice(0, -1)}\r\n--${long}x\r\n--${long}-x\r\n-`;
  assert.deepEqual(
    (await readAnyhow(`${file(content)}\r\n--${long}--`)).map((part) => part.content),
    [content],
  );
});

test("a short boundary needs its CRLF", async () => {
  const parts = await readAnyhow("--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx--b--\r\ny\r\n--b--", "b");
  assert.deepEqual(
    parts.map((part) => part.content),
    ["x--b--\r\ny"],
  );
});

test("a binary file of many pieces comes out byte for byte; unread data is skipped", async () => {
  const bytes = randomBytes(700_000);
  const body = Buffer.concat([Buffer.from(file(""), "latin1"), bytes, Buffer.from(`\r\n${field("after", "x")}\r\n--${long}--`, "latin1")]);
  const parts = await read(body, long, 65_536);
  assert.ok(Buffer.from(parts[0]?.content ?? "", "latin1").equals(bytes));
  const reader = new MultipartReader(pieces(body, 1000), long, { maxParts: 5 });
  const first = await reader.nextPart();
  for await (const _ of first?.data ?? []) break;
  assert.equal((await reader.nextPart())?.name, "after");
  assert.equal(await reader.nextPart(), null);
});

test("long pieces, cut anywhere around delimiters and headers", async () => {
  const random = (length: number) => randomBytes(length).toString("latin1");
  const wide = `--${long}\r\nX-Filler: ${"f".repeat(6000)}\r\nContent-Disposition: form-data; name="wide"\r\n\r\nw`;
  const almost = `\r\n--${long.slice(0, -1)}`;
  const body = [
    field("a", random(2500)),
    file(random(5000) + almost + random(900) + almost),
    wide,
    field("b", ""),
    field("c", random(3100)),
  ];
  const text = `${body.join("\r\n")}\r\n--${long}--\r\n`;
  const whole = await read(text, long);
  assert.deepEqual(
    whole.map((part) => part.content.length),
    [2500, 5900 + 2 * almost.length, 1, 0, 3100],
  );
  for (let size = 1000; size < text.length; size += size < 6000 ? 7 : 97)
    assert.deepEqual(await read(text, long, size), whole, `in pieces of ${size}`);
});

test("what cannot be read says why", async () => {
  await assert.rejects(read("just text", long), /no delimiter in the body/);
  await assert.rejects(read(Buffer.alloc(0), long), /no delimiter/);
  await assert.rejects(read(`--${long}\r\nContent-Disposition: x`, long), /ends within its headers/);
  await assert.rejects(read(`--${long}\r\nX: ${"y".repeat(20_000)}\r\n\r\n`, long), /headers of more than 16384 bytes/);
  await assert.rejects(read(`${field("a", "1")}\r\n`.repeat(51), long), /more than 50 parts/);
  assert.throws(() => new MultipartReader(pieces(Buffer.alloc(0), 1), "", { maxParts: 1 }), MultipartError);
});

test("a hundred thousand fields cost no more than the first few", async () => {
  const body = Buffer.from(field("a", "1").concat("\r\n").repeat(100_000), "latin1");
  let pulled = 0;
  async function* counted() {
    for await (const piece of pieces(body, 65_536)) {
      pulled += piece.length;
      yield piece;
    }
  }
  const reader = new MultipartReader(counted(), long, { maxParts: 2_000 });
  await assert.rejects(async () => {
    while ((await reader.nextPart()) !== null);
  }, /more than 2000 parts/);
  assert.ok(pulled < 400_000);
});

test("names and file names as the clients write them", () => {
  const fileName = (disposition: string) => partHead([`Content-Disposition: form-data; ${disposition}`]).fileName;
  assert.equal(fileName('name="f"; filename="C:\\dir\\x y.dmp"'), "x y.dmp");
  assert.equal(fileName('filename="C:\\dir\\"; name="f"'), "");
  assert.equal(fileName('name="f"; filename="/tmp/a;b.dmp"'), "a;b.dmp");
  assert.equal(fileName('name="f"; filename="a\\"b.dmp"'), 'a"b.dmp');
  assert.equal(fileName('name="f"; filename="a%22b%41.dmp"'), 'a"b%41.dmp');
  assert.equal(fileName("name=f; filename=x.dmp"), "x.dmp");
  assert.equal(fileName("name=f; filename*=UTF-8''%C3%A4.dmp; filename=a.dmp"), "ä.dmp");
  assert.equal(fileName('name="filename"'), null);
  assert.equal(fileName('name="f"; filename=""'), "");
  const head = partHead(['content-disposition: FORM-DATA; filename="x"; NAME="sentry[tags][a]"', "content-TYPE: text/plain"]);
  assert.deepEqual(head, { name: "sentry[tags][a]", fileName: "x", contentType: "text/plain" });
});

test("boundaries", () => {
  assert.equal(boundaryOf("multipart/form-data; boundary=abc; charset=utf-8"), "abc");
  assert.equal(boundaryOf('Multipart/Form-Data;charset=x;BOUNDARY="a b;c"'), "a b;c");
  assert.equal(boundaryOf("multipart/form-data"), null);
  assert.equal(boundaryOf("text/plain; boundary=x"), null);
  assert.equal(boundaryOf(undefined), null);
});

test("any parts, written in any of the tolerated ways and cut anywhere, read back the same", async () => {
  let state = 12_345;
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  // Content made of what a delimiter is made of, but never the whole of one, nor ending like the line end that one may lack.
  const alphabet = ["-", "--", "\r", "\n", "\r\n", long.slice(0, -1), `--${long.slice(0, -1)}x`, "a", "\u0000", "MDMP", " "];
  for (let round = 0; round < 300; round++) {
    const safe = Array.from({ length: 1 + random(5) }, () => {
      const content = Array.from({ length: random(12) }, () => alphabet[random(alphabet.length)]).join("");
      return content.replace(/[\r\n]+$/, "") || "q";
    });
    let body = random(3) === 0 ? "preamble\r\n" : "";
    for (const [i, content] of safe.entries()) {
      body += `${body === "" || body.endsWith("\r\n") ? "" : random(2) === 0 ? "\r\n" : ""}--${long}${" ".repeat(random(3))}\r\nContent-Disposition: form-data; name="n${i}"\r\n\r\n${content}`;
    }
    body += ["", `\r\n--${long}--`, `--${long}--\r\n`, `\r\n--${long}`][random(4)];
    const parts = await read(body, long, 1 + random(200));
    assert.deepEqual(
      parts.map((part) => part.content),
      safe,
      JSON.stringify(body),
    );
  }
});

test("what follows the terminator is let go piece by piece, however much it is", async () => {
  const sent: Uint8Array[] = [];
  async function* body() {
    yield Buffer.from(`${field("prod", "a")}\r\n--${long}--\r\n`, "latin1");
    for (let n = 0; n < 40; n++) {
      sent.push(lend(new Uint8Array(60_000)));
      yield sent[n] as Uint8Array;
      if (n >= 2) assert.equal(sent[n - 2]?.byteLength, 0, `piece ${n - 2} when piece ${n} was read`);
    }
  }
  const reader = new MultipartReader(body(), long, { maxParts: 5 });
  while ((await reader.nextPart()) !== null);
  await reader.drain();
  assert.deepEqual([...new Set(sent.map((piece) => piece.byteLength))], [0]);
});
