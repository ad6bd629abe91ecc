/** Distinct crashes of the demo program: the same dump with a few bytes behind it that no stream points to. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { demoFiles, repositoryRoot } from "@salvage/launcher";
import type { Installation } from "./installation.ts";

const dump = await readFile(join(repositoryRoot, demoFiles.secondDump));

/** The second release's dump, made distinct by `number`. */
export function distinctDump(number: number): Buffer<ArrayBuffer> {
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(number, 0);
  return Buffer.concat([dump, tail]);
}

/** Posts as a crash reporter does; returns the crash id, null when the connection or the server failed. */
export async function post(to: Installation, number: number): Promise<string | null> {
  const form = new FormData();
  form.set("upload_file_minidump", new Blob([distinctDump(number)]), "driftwood.dmp");
  form.set("sentry[release]", "driftwood@1.1");
  form.set("run", String(number));
  try {
    const url = `${to.publicUrl}/api/${to.projectId}/minidump/?sentry_key=${to.publicKey}`;
    const response = await fetch(url, { method: "POST", body: form, signal: AbortSignal.timeout(30_000) });
    const text = await response.text();
    return response.status === 200 ? text : null;
  } catch {
    return null;
  }
}

/** Posts `count` crashes over `connections` connections, each again until it is accepted. @returns the ids in order */
export async function postMany(to: Installation, count: number, connections: number, first = 0): Promise<string[]> {
  const ids: string[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      for (let index = next++; index < count; index = next++) {
        let id: string | null = null;
        while (id === null) {
          id = await post(to, first + index);
          if (id === null) await new Promise((resolve) => setTimeout(resolve, 200));
        }
        ids[index] = id;
      }
    }),
  );
  return ids;
}

/** Uploads the second release's symbols with the command line tool, as the dashboard tells people to. @returns what it printed */
export async function uploadSymbols(to: Installation): Promise<string> {
  const args = ["upload", demoFiles.secondSymbols, "--url", to.publicUrl, "--org", to.orgSlug, "--token", to.token];
  const { stdout } = await promisify(execFile)(join(repositoryRoot, "salvage"), args, { cwd: repositoryRoot });
  return stdout;
}
