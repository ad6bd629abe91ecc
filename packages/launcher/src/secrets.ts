/**
 * The secrets of one installation: made once, kept in the home folder with access for its owner only.
 * Losing them makes every stored dump unreadable and every session invalid, so data without secrets is never given new ones.
 */
import { hkdfSync, randomBytes, randomInt } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { StartError } from "./errors.ts";
import { type Home, writeJson } from "./home.ts";

export const secretsFile = z.object({
  /** SALVAGE_SECRET: keys that wrap the dumps' keys are derived from it. */
  secret: z.string().min(32),
  /** Those before it, newest first: what was sealed under them opens still. */
  previousSecrets: z.array(z.string().min(32)).optional(),
  /** Password of the embedded PostgreSQL's superuser. */
  superuserPassword: z.string().min(16),
  ownerPassword: z.string().min(16),
  appPassword: z.string().min(16),
  systemPassword: z.string().min(16),
});
export type Secrets = z.infer<typeof secretsFile>;

/** @param hasData whether the installation holds data that the secrets belong to. */
export function openSecrets(home: Home, hasData: boolean): Secrets {
  const path = join(home.root, "secrets.json");
  if (existsSync(path)) {
    const parsed = secretsFile.safeParse(parseJson(path));
    if (!parsed.success)
      throw new StartError(`${path} is damaged: put back a copy of it from a backup; without it the stored minidumps cannot be read.`);
    return parsed.data;
  }
  if (hasData) {
    throw new StartError(
      `${path} is missing beside existing data in ${home.root}: put it back from a backup; without it the stored minidumps cannot be read (to begin anew, move ${home.root} away).`,
    );
  }
  const word = () => randomBytes(24).toString("base64url");
  const secrets: Secrets = {
    secret: newSecret(),
    superuserPassword: word(),
    ownerPassword: word(),
    appPassword: word(),
    systemPassword: word(),
  };
  writeJson(path, secrets, 0o600);
  return secrets;
}

/**
 * Puts a new secret in the place of the present one, which stays as a previous one. Apps that run know it once they are started again.
 * @throws StartError when there are no secrets, or damaged ones
 */
export function changeSecret(home: Home): void {
  const { secret, previousSecrets = [], ...others } = openSecrets(home, true);
  writeJson(join(home.root, "secrets.json"), { secret: newSecret(), previousSecrets: [secret, ...previousSecrets], ...others }, 0o600);
}

const newSecret = () => randomBytes(32).toString("base64url");

function parseJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return null;
  }
}

/** The dashboard's session secret: derived, so that the dashboard never holds SALVAGE_SECRET. */
export function webSessionSecret(secret: string): string {
  return Buffer.from(hkdfSync("sha256", secret, "salvage", "web-session", 32)).toString("base64url");
}

/** A password to be read and typed: five groups of four letters and digits that cannot be mistaken for each other, about 98 bits. */
export function makePassword(): string {
  const alphabet = "abcdefghjkmnpqrstuvwxyz23456789";
  const group = () => Array.from({ length: 4 }, () => alphabet[randomInt(alphabet.length)]).join("");
  return Array.from({ length: 5 }, group).join("-");
}
