/** What a connection is told whose request cannot be read. */
import type { Duplex } from "node:stream";

const answers: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
};

/**
 * Listener of a server's "clientError". Browsers open connections ahead of need: one that has said nothing by the end of its time is closed
 * without a word, or the browser would take the answer for that of the request that it sends at the same moment. A closed connection, and
 * a 408 on one that was idle, it tries again by itself.
 */
export function tellUnreadable(error: Error & { code?: string }, socket: Duplex): void {
  if ("bytesRead" in socket && socket.bytesRead === 0) socket.destroy();
  else if (socket.writable)
    socket.end(`HTTP/1.1 ${answers[error.code ?? ""] ?? "400 Bad Request"}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
