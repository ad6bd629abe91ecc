/** Posts minidumps as many clients at once do: connections that are kept, bodies made beforehand, each dump distinct. */
import { Agent, request } from "node:http";
import { distinctDump } from "./crashes.ts";
import type { Installation } from "./installation.ts";

export type Answer = { status: number; text: string; milliseconds: number };

const boundary = "---------------------------salvage0123456789";

/** A sender over at most `connections` connections. Numbers make dumps distinct. */
export function createSender(to: Pick<Installation, "publicUrl">, connections: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    post(key: { projectId: string; publicKey: string }, number: number): Promise<Answer> {
      const head = `--${boundary}\r\nContent-Disposition: form-data; name="sentry[release]"\r\n\r\ndriftwood@1.1\r\n--${boundary}\r\nContent-Disposition: form-data; name="upload_file_minidump"; filename="x.dmp"\r\nContent-Type: application/octet-stream\r\n\r\n`;
      const body = Buffer.concat([Buffer.from(head), distinctDump(number), Buffer.from(`\r\n--${boundary}--\r\n`)]);
      const headers = { "Content-Type": `multipart/form-data; boundary=${boundary}`, "Content-Length": body.length };
      const since = performance.now();
      return new Promise((resolve, reject) => {
        const url = `${to.publicUrl}/api/${key.projectId}/minidump/?sentry_key=${key.publicKey}`;
        const sent = request(url, { method: "POST", agent, headers }, (response) => {
          let text = "";
          response.setEncoding("utf8");
          response.on("data", (piece) => {
            text += piece;
          });
          response.on("end", () => resolve({ status: response.statusCode ?? 0, text, milliseconds: performance.now() - since }));
        });
        sent.on("error", reject);
        sent.end(body);
      });
    },
    close: () => agent.destroy(),
  };
}

/** The least of the values that `share` of them do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
