/**
 * The real, unmodified programs that tests point at Salvage. The light ones come with the packages of this one; the others are on the
 * machine, or where `npm run clients:install` put them. One that is absent is a test skipped with its reason, never a test that passes.
 */
import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Programs by the name that tests use; what each is and where it comes from: docs/clients.md. */
export const clientNames = [
  "appcenter",
  "crashpad-handler",
  "curl",
  "debuginfod-find",
  "dump_syms",
  "gdb",
  "minidump-stackwalk",
  "minidump_upload",
  "mozilla-dump_syms",
  "sentry-cli-2",
  "sentry-cli-3",
  "sentry-node",
  "sym_upload",
] as const;
export type ClientName = (typeof clientNames)[number];

/** Where `npm run clients:install` puts a link per program, under the names above. */
const installed = join(dirname(fileURLToPath(import.meta.url)), "../../../.toolchain/clients/bin");

/** Programs that npm packages of this package carry. */
const carried: { readonly [name in ClientName]?: string } = {
  "sentry-cli-2": "sentry-cli-2/bin/sentry-cli",
  "sentry-cli-3": "sentry-cli-3/bin/sentry-cli",
};

/** Names that mean the same program wherever it is on PATH; the rest would be another make of it. */
const onPath: ReadonlySet<ClientName> = new Set(["appcenter", "curl", "debuginfod-find", "gdb", "minidump-stackwalk"]);

/** @returns path of the program (of the package's folder for `sentry-node`), null when this machine has none */
export function findClient(name: ClientName): string | null {
  const places = [join(installed, name), ...carriedPlaces(name)];
  if (onPath.has(name)) places.push(...(process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name)));
  return places.find(isThere) ?? null;
}

/** The reason for a skip. */
export const missingClient = (name: ClientName) => `no ${name} on this machine: npm run clients:install gets it`;

/** The options of a test that needs clients: `test("…", needs("sym_upload"), async () => …)`. */
export function needs(...names: readonly ClientName[]): { skip: string | false } {
  const missing = names.find((name) => findClient(name) === null);
  return { skip: missing === undefined ? false : missingClient(missing) };
}

/** The path of a client that `needs` has found. */
export function client(name: ClientName): string {
  const path = findClient(name);
  if (path === null) throw new Error(missingClient(name));
  return path;
}

function carriedPlaces(name: ClientName): string[] {
  const file = carried[name];
  if (file === undefined) return [];
  try {
    return [createRequire(import.meta.url).resolve(file)];
  } catch {
    return []; // Not packaged for this platform.
  }
}

function isThere(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
