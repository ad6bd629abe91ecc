/** Runs a real client against an installation. */
import { execFile } from "node:child_process";
import type { Installation } from "./installation.ts";

export type ClientRun = { code: number; output: string };

/** @param env beside PATH and HOME: clients read files of their user's home */
export function runClient(path: string, args: readonly string[], env: Record<string, string>): Promise<ClientRun> {
  return new Promise((resolve) => {
    execFile(path, [...args], { env: { PATH: process.env.PATH ?? "", ...env }, timeout: 120_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr }),
    );
  });
}

export const sentryEnvironment = (salvage: Installation, home: string): Record<string, string> => ({
  SENTRY_URL: salvage.publicUrl,
  SENTRY_AUTH_TOKEN: salvage.token,
  SENTRY_ORG: salvage.orgSlug,
  SENTRY_PROJECT: salvage.projectSlug,
  SENTRY_DISABLE_UPDATE_CHECK: "1",
  HOME: home,
});

export type StoredFile = {
  name: string;
  kind: string;
  debug_id: string | null;
  sha256: string;
  features: string[];
  actor: string;
  project_id: string;
};

/** The ready debug files of an upload by its file name. */
export function filesOf(salvage: Installation, fileName: string): Promise<StoredFile[]> {
  return salvage.query<StoredFile>(
    `SELECT f.name, f.kind, f.debug_id, f.sha256, f.features, u.actor, u.project_id::text FROM debug_files f JOIN debug_file_uploads u ON u.id = f.upload_id
     WHERE u.file_name = $1 AND f.deleted_at IS NULL ORDER BY f.kind`,
    [fileName],
  );
}
