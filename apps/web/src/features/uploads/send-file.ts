/** Sends one file to the front door with a ticket. XMLHttpRequest, since fetch cannot tell how much has been sent. */
import { z } from "zod";

const accepted = z.object({ uploadId: z.string() });
const refused = z.object({ detail: z.string() });

export type SendInput = {
  file: File;
  ticket: string;
  orgSlug: string;
  projectSlug: string | null;
  onSent(bytes: number): void;
  signal: AbortSignal;
};

/** Address that takes the file's bytes as the request's body. */
export function uploadAddress(orgSlug: string, fileName: string, projectSlug: string | null): string {
  const query = new URLSearchParams({ name: fileName, ...(projectSlug === null ? {} : { project: projectSlug }) });
  return `/api/v1/organizations/${encodeURIComponent(orgSlug)}/debug-files?${query}`;
}

/** @returns the upload's id @throws Error with a sentence to show */
export function sendFile({ file, ticket, orgSlug, projectSlug, onSent, signal }: SendInput): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", uploadAddress(orgSlug, file.name, projectSlug));
    request.setRequestHeader("Authorization", `Bearer ${ticket}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => onSent(event.loaded);
    request.onload = () => {
      const body = parse(request.responseText);
      const success = accepted.safeParse(body);
      if (request.status >= 200 && request.status < 300 && success.success) resolve(success.data.uploadId);
      else reject(new Error(refused.safeParse(body).data?.detail ?? `The server answered ${request.status}.`));
    };
    request.onerror = () => reject(new Error("The connection broke. Try this file again."));
    request.onabort = () => reject(new Error("Stopped."));
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
