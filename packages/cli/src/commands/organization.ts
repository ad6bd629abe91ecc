/** `salvage organization`: what an operator sets for one organization of the installation on this machine. */
import { storageQuota } from "@salvage/db/setup";
import { CliError } from "../cli-error.ts";
import { withSystemRole } from "../running-database.ts";

const units: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** Reads "500M", "20G", "1048576" as bytes and "none" as null. */
export function parseQuota(text: string): number | null {
  if (text === "none") return null;
  const match = /^(\d{1,12})([kmgt]?)b?$/i.exec(text.trim());
  const unit = units[(match?.[2] ?? "").toLowerCase()];
  const bytes = Number(match?.[1]) * (unit ?? Number.NaN);
  if (!Number.isSafeInteger(bytes)) throw new CliError(`"${text}" is no size: write for example 500M, 20G, or none.`, 2);
  return bytes;
}

/** Prints an organization's storage and quota, after setting the quota when a size is given. The database must be running. */
export async function quota(slug: string, size: string | undefined): Promise<void> {
  const bytes = size === undefined ? undefined : parseQuota(size);
  const storage = await withSystemRole((databases) => storageQuota(databases, slug, bytes));
  if (storage === null) throw new CliError(`there is no organization ${slug}.`);
  process.stdout.write(
    `${slug} stores ${storage.usedBytes} bytes; quota: ${storage.quotaBytes === null ? "none" : `${storage.quotaBytes} bytes`}\n`,
  );
}
