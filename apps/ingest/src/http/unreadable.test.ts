/** Connections whose request cannot be read, each with what it is told. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { test } from "node:test";
import { tellUnreadable } from "./unreadable.ts";

test("silence is answered by silence; half a request, too long a header and nonsense by their status", async (t) => {
  const server = createServer({ headersTimeout: 300, connectionsCheckingInterval: 50, keepAliveTimeout: 60_000, maxHeaderSize: 8_192 });
  server.on("request", (_request, response) => response.end("read"));
  server.on("clientError", tellUnreadable);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const told = async (sent: string): Promise<string> => {
    const socket = connect(port, "127.0.0.1");
    if (sent !== "") socket.write(sent);
    const pieces = await Array.fromAsync(socket as AsyncIterable<Buffer>);
    return Buffer.concat(pieces).toString().split("\r\n")[0] ?? "";
  };
  assert.equal(await told(""), "", "a connection opened ahead of need");
  assert.equal(await told("GET / HTTP/1.1\r\nHost: h\r\n"), "HTTP/1.1 408 Request Timeout");
  assert.equal(await told(`GET / HTTP/1.1\r\nHost: h\r\nX: ${"x".repeat(20_000)}\r\n\r\n`), "HTTP/1.1 431 Request Header Fields Too Large");
  assert.equal(await told("nonsense\r\n\r\n"), "HTTP/1.1 400 Bad Request");
});
