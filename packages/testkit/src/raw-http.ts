/** Requests byte for byte, for senders that no HTTP client would be. */
import { connect } from "node:net";

/** Sends bytes as they are and reads until the server closes or `until` is seen. */
export async function raw(port: number, pieces: readonly (string | Buffer)[], until: RegExp = /\r\n\r\n[\s\S]*$/): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.setTimeout(10_000, () => socket.destroy(new Error(`no answer; so far ${JSON.stringify(text)}`)));
    socket.on("data", (bytes) => {
      text += bytes.toString("latin1");
      const length = /content-length: (\d+)/i.exec(text)?.[1];
      const body = text.split("\r\n\r\n")[1];
      if (until.test(text) && length !== undefined && body !== undefined && body.length >= Number(length)) socket.end();
    });
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
    for (const piece of pieces) socket.write(piece);
  });
}
