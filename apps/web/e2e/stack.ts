/** The whole system for one test file: its own folder, its own ports, one owner. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seed } from "@salvage/db/setup";
import { startSystem } from "@salvage/launcher";

export type Stack = {
  publicUrl: string;
  email: string;
  password: string;
  orgSlug: string;
  /** A project with a client key and nothing else. */
  project: { slug: string; id: string; publicKey: string };
  stop(): Promise<void>;
};

const owner = { email: "owner@example.com", name: "Olive Owner", password: "correct-horse-battery" };

export async function startStack(): Promise<Stack> {
  const home = await mkdtemp(join(tmpdir(), "salvage-e2e-"));
  const publicPort = await freePort();
  const publicUrl = `http://localhost:${publicPort}`;
  const system = await startSystem({
    home,
    publicPort,
    publicUrl,
    minimumFreeBytes: 100 * 1024 * 1024,
    database: null,
    temporalAddress: null,
  });
  const stop = async () => {
    await system.stop();
    await rm(home, { recursive: true, force: true });
  };
  try {
    const made = await seed(system.databases, {
      owner,
      organization: { name: "Acme Games", slug: "acme" },
      project: { name: "Driftwood", slug: "driftwood" },
    });
    if (made === null) throw new Error("a new database already has rows");
    const project = { slug: "driftwood", id: made.projectId, publicKey: made.publicKey };
    return { publicUrl, email: owner.email, password: owner.password, orgSlug: "acme", project, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A port nobody listens on now. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port"))));
    });
  });
}

/** A file of the demo crash: real minidumps and symbols of our own program, which crashed twice. */
export function demoFile(
  name: "driftwood-1.0.dmp" | "driftwood-1.0.sym" | "driftwood-1.1.dmp" | "driftwood-1.1.sym",
): Promise<Buffer<ArrayBuffer>> {
  return readFile(new URL(`../../../fixtures/demo-crash/${name}`, import.meta.url)) as Promise<Buffer<ArrayBuffer>>;
}

/** Posts an envelope as Sentry's SDKs do: its header, then items, each with what it carries. @returns the event id */
export async function postEnvelope(url: string, header: object, ...items: [object, Buffer<ArrayBuffer> | object][]): Promise<string> {
  const line = Buffer.from("\n");
  const parts = items.flatMap(([about, payload]) => {
    const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload));
    return [Buffer.from(JSON.stringify({ ...about, length: bytes.length })), line, bytes, line];
  });
  const answer = await fetch(url, { method: "POST", body: Buffer.concat([Buffer.from(JSON.stringify(header)), line, ...parts]) });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`posting an envelope was answered ${answer.status}: ${text}`);
  return (JSON.parse(text) as { id: string }).id;
}

/** Posts a minidump as a crash reporter does. @returns the crash id */
export async function postCrash(
  minidumpUrl: string,
  dump: Buffer<ArrayBuffer>,
  fields: Record<string, string | File> = {},
): Promise<string> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value as string);
  form.set("upload_file_minidump", new Blob([dump]), "crash.dmp");
  const answer = await fetch(minidumpUrl, { method: "POST", body: form });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`posting a crash was answered ${answer.status}: ${text}`);
  return text.trim();
}
