/** Passwords: scrypt, its parameters stated in the stored text so that they can grow: `scrypt$32768$8$1$<salt>$<hash>`. */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";

const cost = 32768;
const blockSize = 8;
const parallelization = 1;
const hashBytes = 32;
const minPasswordLength = 10;
const maxPasswordLength = 200;
/** scrypt needs 128 * cost * blockSize bytes (32 MiB here); stored parameters above this are not ours. */
const maxScryptBytes = 128 * 1024 * 1024;

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, hashBytes, { N: cost, r: blockSize, p: parallelization });
  return `scrypt$${cost}$${blockSize}$${parallelization}$${salt.toString("base64url")}$${hash.toString("base64url")}`;
}

/** @param stored null: no such account or one without password; takes as long as a real check and answers false */
export async function passwordMatches(password: string, stored: string | null): Promise<boolean> {
  const [scheme, n, r, p, salt, hash] = (stored ?? "").split("$");
  if (scheme !== "scrypt" || salt === undefined || hash === undefined) {
    await derive(password, randomBytes(16), hashBytes, { N: cost, r: blockSize, p: parallelization });
    return false;
  }
  const expected = Buffer.from(hash, "base64url");
  const actual = await derive(password, Buffer.from(salt, "base64url"), expected.length, { N: Number(n), r: Number(r), p: Number(p) });
  return timingSafeEqual(actual, expected);
}

/** Length decides; the upper end bounds the cost of hashing. */
export function isTooWeak(password: string): boolean {
  return password.length < minPasswordLength || password.length > maxPasswordLength;
}

function derive(password: string, salt: Buffer, length: number, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize("NFKC").slice(0, 1000), salt, length, { ...options, maxmem: maxScryptBytes }, (error, hash) => {
      if (error === null) resolve(hash);
      else reject(error);
    });
  });
}
