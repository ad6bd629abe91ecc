/**
 * A whole ingest on a port of its own for tests: real HTTP, real blob folder, lanes that only note what they were asked. The database
 * is given: the real one, or memory-db.ts where a test is about HTTP alone or about a database that fails.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { type BlobStore, createBlobStore, createKeyring, SealedFile, wrapContext } from "@salvage/blobs";
import type { OrgGate } from "@salvage/db";
import type { ReceivedCrash, SealedBlobRef, SystemDb } from "@salvage/db/system";
import { createLogger } from "@salvage/telemetry";
import type { OperatorLimits } from "../src/limits.ts";
import { createIngest, type Ingest } from "../src/server.ts";

export type Harness = {
  url: string;
  port: number;
  blobDir: string;
  blobs: BlobStore;
  ingest: Ingest;
  /** Projects whose lane was poked, uploads whose import was started. */
  pokes: string[];
  imports: string[];
  /** Log lines. */
  lines: string[];
  /** Files of the blob folder, temporary ones included. */
  files(): Promise<string[]>;
  /** Plain bytes of a stored file. */
  unseal(ref: SealedBlobRef, crash: Pick<ReceivedCrash, "id" | "organizationId" | "projectId">, part?: string): Buffer;
};

export { raw } from "@salvage/testkit/raw-http";

export const testSecret = "test-secret-test-secret-test-secret";

const usualLimits: OperatorLimits = {
  maxDumpBytes: 8 * 1024 * 1024,
  maxRequestBytes: 10 * 1024 * 1024,
  maxDebugFileBytes: 4 * 1024 * 1024,
  maxAttachmentBytes: 20 * 1024 * 1024,
  maxAttachments: 20,
  minFreeDiskBytes: 0,
  defaultRateLimitPerMinute: 1_000_000,
  projectRateLimitPerMinute: 0,
  organizationRateLimitPerMinute: 0,
  organizationStorageBytes: 0,
};

export async function startIngest(
  t: TestContext,
  parts: {
    db: SystemDb;
    gate: OrgGate;
    webUrl?: string;
    publicUrl?: string;
    limits?: Partial<OperatorLimits>;
    blobs?: (store: BlobStore) => BlobStore;
    /** Instead of `testSecret`; those after the first are previous ones. */
    secrets?: readonly [string, ...string[]];
  },
): Promise<Harness> {
  const blobDir = await mkdtemp(join(tmpdir(), "salvage-ingest-"));
  const store = createBlobStore(blobDir);
  const blobs = parts.blobs === undefined ? store : parts.blobs(store);
  const [secret, ...previous] = parts.secrets ?? [testSecret];
  const keyring = createKeyring(secret, previous);
  const pokes: string[] = [];
  const imports: string[] = [];
  const lines: string[] = [];
  const ingest = createIngest(
    {
      db: parts.db,
      gate: parts.gate,
      blobs,
      keyring,
      lanes: { pokeIntake: (projectId) => void pokes.push(projectId), startImport: async (uploadId) => void imports.push(uploadId) },
      logger: createLogger({ app: "ingest", destination: { write: (line: string) => void lines.push(line) } }),
    },
    {
      limits: { ...usualLimits, ...parts.limits },
      proxy: { webUrl: parts.webUrl ?? "http://127.0.0.1:1", publicUrl: parts.publicUrl ?? "http://localhost:4680", trustProxy: false },
    },
  );
  const port = await ingest.listen(0, "127.0.0.1");
  t.after(async () => {
    ingest.server.closeAllConnections();
    await ingest.close();
    await rm(blobDir, { recursive: true, force: true });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    blobDir,
    blobs,
    ingest,
    pokes,
    imports,
    lines,
    async files() {
      const entries = await readdir(blobDir, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(blobDir.length + 1))
        .sort();
    },
    unseal(ref, crash, part = "dump") {
      const { organizationId, projectId, id: crashId } = crash;
      const dataKey = keyring.unwrap(ref.wrappedKey, wrapContext(organizationId, projectId, crashId));
      const file = SealedFile.open(join(blobDir, ref.blobKey), dataKey, { organizationId, projectId, crashId, part });
      const bytes = Buffer.from(file.read(0, file.size));
      file.close();
      return bytes;
    },
  };
}

/** Runs the real curl. @returns status and body */
export async function curl(...args: string[]): Promise<{ status: number; body: string; type: string; errorCode: number }> {
  return await new Promise((resolve, reject) => {
    const child = spawn("curl", ["-sS", "--max-time", "60", "-w", "\n%{http_code} %{content_type}", ...args], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const out: Buffer[] = [];
    child.stdout.on("data", (bytes: Buffer) => out.push(bytes));
    child.on("error", reject);
    child.on("close", (errorCode) => {
      const text = Buffer.concat(out).toString("utf8");
      const end = text.lastIndexOf("\n");
      const [status, type] = text.slice(end + 1).split(" ");
      resolve({ status: Number(status), body: text.slice(0, end), type: type ?? "", errorCode: errorCode ?? -1 });
    });
  });
}

/** A body that begins like a minidump. */
export function dumpOf(bytes: number, seed = 1): Buffer {
  const dump = Buffer.alloc(bytes);
  for (let i = 0, state = seed; i < bytes; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    dump[i] = state >>> 24;
  }
  Buffer.from("MDMP").copy(dump);
  return dump;
}

export async function waitFor(what: string, met: () => boolean | Promise<boolean>, withinMs = 15_000): Promise<void> {
  for (const until = Date.now() + withinMs; Date.now() < until; await new Promise((resolve) => setTimeout(resolve, 20))) {
    if (await met()) return;
  }
  throw new Error(`did not happen within ${withinMs} ms: ${what}`);
}
