/** Bodies: limits on size and time, and the connection after each. */
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { type TestContext, test } from "node:test";
import { gzipSync } from "node:zlib";
import { AppError, SenderGone } from "./app-error.ts";
import { type BodyLimits, inflateBody, readBody } from "./body.ts";
import { sendRefusal, sendText } from "./respond.ts";
import { matchRoute, type Route, splitUrl } from "./router.ts";

/** A server that reads bodies with these limits; its last error is kept. */
async function serve(t: TestContext, limits: BodyLimits) {
  const seen: { error: unknown; bytes: number } = { error: null, bytes: 0 };
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    try {
      for await (const piece of readBody(request, limits)) seen.bytes += piece.length;
      sendText(response, 200, "read");
    } catch (error) {
      seen.error = error;
      if (error instanceof AppError) sendRefusal(response, error.status, error.message);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { seen, port: (server.address() as AddressInfo).port };
}

function open(port: number, head: string) {
  const socket = connect(port, "127.0.0.1");
  const state = { text: "", closed: false };
  socket.on("data", (bytes) => {
    state.text += bytes.toString();
  });
  socket.on("close", () => {
    state.closed = true;
  });
  socket.on("error", () => undefined);
  socket.write(`POST / HTTP/1.1\r\nHost: h\r\n${head}\r\n\r\n`);
  return { socket, state };
}

/** Waits for what another process of the machine may delay. */
async function until(what: string, met: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; await sleep(10)) if (met()) return;
  assert.fail(`did not happen: ${what}`);
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("a sender that pauses too long gets 408, one that trickles for too long as well", async (t) => {
  const { seen, port } = await serve(t, { maxBytes: 1000, maxIdleMs: 150, maxBodyMs: 400 });
  const pausing = open(port, "Content-Length: 100");
  pausing.socket.write("abc");
  await until("408 for a pause", () => /^HTTP\/1\.1 408 /.test(pausing.state.text));
  pausing.socket.destroy();
  const trickling = open(port, "Content-Length: 100");
  for (let i = 0; i < 8; i++) {
    trickling.socket.write("x");
    await sleep(80);
  }
  await until("408 for a trickle", () => /^HTTP\/1\.1 408 /.test(trickling.state.text));
  assert.ok(seen.error instanceof AppError && seen.error.reason === "aborted");
  trickling.socket.destroy();
});

test("too large by its length, and while it is read: 413 with the connection closed after the rest was swallowed", async (t) => {
  const { port, seen } = await serve(t, { maxBytes: 1000, maxIdleMs: 1000, maxBodyMs: 1000 });
  const declared = open(port, "Content-Length: 2000");
  await until("an answer", () => declared.state.text.includes("the limit is"));
  assert.match(declared.state.text, /^HTTP\/1\.1 413 [\s\S]*Connection: close[\s\S]*the body is 2000 bytes, the limit is 1000/);
  assert.equal(declared.state.closed, false, "the sender is still sending");
  declared.socket.write(Buffer.alloc(2000));
  await until("closed", () => declared.state.closed);
  const chunked = open(port, "Transfer-Encoding: chunked");
  chunked.socket.write(`5dc\r\n${"x".repeat(1500)}\r\n`);
  await until("413", () => /^HTTP\/1\.1 413 /.test(chunked.state.text));
  chunked.socket.write("0\r\n\r\n");
  await until("closed", () => chunked.state.closed);
  assert.equal(seen.bytes, 0);
});

test("a connection that ends within the body, and chunks that are no chunks", async (t) => {
  const { port, seen } = await serve(t, { maxBytes: 1000, maxIdleMs: 1000, maxBodyMs: 1000 });
  const { socket } = open(port, "Content-Length: 100");
  socket.write("abc");
  await sleep(50);
  socket.destroy();
  await until("noticed", () => seen.error instanceof SenderGone);
  seen.error = null;
  open(port, "Transfer-Encoding: chunked").socket.write("zz\r\n");
  await until("noticed", () => seen.error instanceof SenderGone);
});

async function* from(...pieces: (string | Buffer)[]): AsyncGenerator<Buffer> {
  for (const piece of pieces) yield Buffer.from(piece);
}

test("an error of the source passes through inflating", async () => {
  async function* failing() {
    yield gzipSync("hello").subarray(0, 10);
    throw new SenderGone("gone");
  }
  await assert.rejects(Array.fromAsync(inflateBody(failing(), "gzip", 100)), SenderGone);
  await assert.rejects(
    Array.fromAsync(inflateBody(from("no gzip"), "gzip", 100)),
    (error) => error instanceof AppError && error.status === 400,
  );
  assert.throws(() => inflateBody(from(), "gzip, gzip, gzip", 100), /3 codings/);
});

test("routes: folded slashes, parameters, wrong method, bad escapes", () => {
  const route = (method: Route["method"], path: string): Route => ({ method, path, name: path, handle: async () => undefined });
  const routes = [route("POST", "/api/:project/minidump"), route("GET", "/api/v1/crashes/:crash")];
  const match = matchRoute(routes, "POST", "//api/4%32//minidump/");
  assert.ok(match !== null && "route" in match);
  assert.deepEqual(match.params, { project: "42" });
  assert.deepEqual(matchRoute(routes, "GET", "/api/42/minidump"), { allowed: ["POST"] });
  assert.ok("route" in (matchRoute(routes, "HEAD", "/api/v1/crashes/x") ?? {}));
  assert.equal(matchRoute(routes, "POST", "/api/%zz/minidump"), null);
  assert.equal(matchRoute(routes, "GET", "/api/v1/crashes"), null);
  assert.equal(splitUrl("http://h:1/a/b?x=1").pathname, "/a/b");
  assert.equal(splitUrl("http://h").pathname, "/");
  assert.equal(splitUrl("/a?x=1&x=2#f").query.getAll("x").length, 2);
  assert.equal(splitUrl("*").pathname, "/*");
});
