/** Connections whose request cannot be read, each with what it is told. */
import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { answerUnreadable } from "./unreadable.ts";

const limits = { headersTimeout: 300, connectionsCheckingInterval: 50, keepAliveTimeout: 60_000, maxHeaderSize: 8_192 };

/** @returns what the server says to these bytes until it closes */
async function serve(t: TestContext, handler: RequestListener): Promise<(sent: string) => Promise<string>> {
  const server = createServer(limits, handler);
  server.on("checkContinue", handler);
  answerUnreadable(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return async (sent) => {
    const socket = connect(port, "127.0.0.1");
    if (sent !== "") socket.write(sent);
    const pieces = await Array.fromAsync(socket as AsyncIterable<Buffer>);
    return Buffer.concat(pieces).toString();
  };
}

const firstLine = (answer: string) => answer.split("\r\n")[0];

test("silence is answered by silence; half a request, too long a header and nonsense by their status", async (t) => {
  const told = await serve(t, (_request, response) => response.end("read"));
  assert.equal(await told(""), "", "a connection opened ahead of need");
  assert.equal(firstLine(await told("GET / HTTP/1.1\r\nHost: h\r\n")), "HTTP/1.1 408 Request Timeout");
  assert.equal(
    firstLine(await told(`GET / HTTP/1.1\r\nHost: h\r\nX: ${"x".repeat(20_000)}\r\n\r\n`)),
    "HTTP/1.1 431 Request Header Fields Too Large",
  );
  assert.equal(firstLine(await told("nonsense\r\n\r\n")), "HTTP/1.1 400 Bad Request");
});

const post = "POST / HTTP/1.1\r\nHost: h\r\n";

test("what follows a whole request does not take its answer's place, whether that has begun or not", async (t) => {
  for (const [begins, header] of [
    ["later", ""],
    ["at once", ""],
    ["later", "Expect: 100-continue\r\n"],
  ]) {
    const told = await serve(t, async (request, response) => {
      for await (const _ of request);
      if (begins === "at once") response.writeHead(200, { "Content-Length": 5 }).flushHeaders();
      await sleep(100);
      response.end("taken");
    });
    const answer = await told(`${post}${header}Content-Length: 4\r\n\r\nbodyand more of it\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\ntaken$/s, begins);
    assert.equal(answer.split("HTTP/1.1").length, 2, "one answer");
  }
});

test("a body that cannot be read is not waited for", async (t) => {
  let end: string | undefined;
  const told = await serve(t, async (request, response) => {
    try {
      for await (const _ of request);
    } catch (error) {
      end = String(error);
    }
    response.end("read");
  });
  assert.equal(firstLine(await told(`${post}Transfer-Encoding: chunked\r\n\r\nzz\r\nxx\r\n`)), "HTTP/1.1 400 Bad Request");
  await sleep(50);
  assert.match(end ?? "", /aborted/);
});
