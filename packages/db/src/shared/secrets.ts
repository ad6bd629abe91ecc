/** Tokens: 254 random bits in base62 (neither + nor -), stored as SHA-256. They are random, so a fast hash is enough. */
import { createHash, randomBytes } from "node:crypto";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** Characters of base64 that 32 bytes need. */
const tokenLength = 43;
/** Those of base64 whose last two bits are 0. */
const lastDigits = "AEIMQUYcgkosw048";

/** A token reads as base64 of 32 bytes, too: sentry-cli believes only such a secret. */
export function newToken(): string {
  let value = BigInt(`0x${randomBytes(32).toString("hex")}`);
  let token = "";
  for (let digit = 0; digit < tokenLength - 1; digit++) {
    token += alphabet[Number(value % 62n)];
    value /= 62n;
  }
  return `${token}${lastDigits[Number(value % 16n)]}`;
}

/** Lower-case hex of the SHA-256 that the database keeps. */
export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/**
 * The secret within what a client sent as bearer: the whole of it, or the last part of `sntrys_<payload>_<secret>`, the form
 * that sentry-cli reads an organization and an address from.
 */
export function secretOfBearer(bearer: string): string | null {
  const secret = bearer.startsWith("sntrys_") ? bearer.slice(bearer.lastIndexOf("_") + 1) : bearer;
  return secret.length === tokenLength && /^[0-9A-Za-z]+$/.test(secret) ? secret : null;
}

/** 32 hex digits, as SDKs expect a client key to look. */
export function newPublicKey(): string {
  return randomBytes(16).toString("hex");
}
