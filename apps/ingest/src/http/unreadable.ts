/** What a connection is told whose request cannot be read. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

const answers: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
};

type Exchange = { request: IncomingMessage; response: ServerResponse; last: boolean };

/**
 * Answers for a server what none of its handlers gets to see, and ends the connection. The server handles "checkContinue" as it does "request".
 *
 * Browsers open connections ahead of need: one that has said nothing by the end of its time is closed without a word, or the browser would take
 * the answer for that of the request that it sends at the same moment. A closed connection, and a 408 on one that was idle, it tries again by
 * itself. What follows a whole request waits for that one's answer, which is the last: a sender whose crash is taken is not told otherwise.
 */
export function answerUnreadable(server: Server): void {
  const latest = new WeakMap<Duplex, Exchange>();
  const note = (request: IncomingMessage, response: ServerResponse) => latest.set(request.socket, { request, response, last: false });
  server.on("request", note);
  server.on("checkContinue", note);
  server.on("clientError", (error: Error & { code?: string }, socket) => {
    const exchange = latest.get(socket);
    if ("bytesRead" in socket && socket.bytesRead === 0) socket.destroy();
    else if (exchange?.request.complete && !exchange.response.writableFinished) endAfter(exchange, socket);
    else if (socket.writable)
      socket.end(`HTTP/1.1 ${answers[error.code ?? ""] ?? "400 Bad Request"}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });
}

/** Each piece of what follows comes here. */
function endAfter(exchange: Exchange, socket: Duplex): void {
  if (exchange.last) return;
  exchange.last = true;
  if (exchange.response.headersSent) exchange.response.once("finish", () => socket.end());
  else exchange.response.setHeader("Connection", "close");
}
