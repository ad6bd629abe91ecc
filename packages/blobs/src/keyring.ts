/**
 * Wraps the data keys of dumps with a key derived from SALVAGE_SECRET, and derives other keys from it, one per purpose.
 *
 * A wrapped key is 69 bytes: version (1), key id (8), nonce (12), the sealed data key (32), tag (16). The key id tells which secret
 * wrapped it: after a change of secret, the old one stays in the ring for unwrapping until every dump wrapped with it is gone (dumps
 * live days), and new dumps use the new one.
 */
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject, randomBytes } from "node:crypto";

const wrappedVersion = 1;
const keyIdBytes = 8;
const nonceBytes = 12;
const dataKeyBytes = 32;
const tagBytes = 16;
export const wrappedKeyBytes = 1 + keyIdBytes + nonceBytes + dataKeyBytes + tagBytes;
/** Shorter secrets can be guessed; `./salvage` makes one of 32 random bytes. */
const minSecretLength = 32;

export type Keyring = {
  /** Hex id of the secret that wraps now. */
  readonly keyId: string;
  /** Ids of all secrets of the ring. */
  readonly keyIds: readonly string[];
  /** @param context what the key belongs to; it unwraps only with the same text */
  wrap(dataKey: Uint8Array, context: string): { wrappedKey: Uint8Array; keyId: string };
  /** @throws KeyringError when no secret of the ring wrapped it, or it is damaged or of another context */
  unwrap(wrappedKey: Uint8Array, context: string): Uint8Array;
  /** A key for another purpose, always the same for the same secret and purpose. */
  derive(purpose: string, bytes: number): Uint8Array;
};

export class KeyringError extends Error {
  override name = "KeyringError";
}

/**
 * @param secret SALVAGE_SECRET
 * @param previousSecrets secrets that wrapped dumps which may still be held
 * @throws KeyringError for a secret that is too short
 */
export function createKeyring(secret: string, previousSecrets: readonly string[] = []): Keyring {
  const ring = new Map<string, KeyObject>();
  for (const each of [secret, ...previousSecrets]) {
    if (each.length < minSecretLength) throw new KeyringError(`SALVAGE_SECRET must have at least ${minSecretLength} characters`);
    const id = deriveKey(each, "key id", keyIdBytes).toString("hex");
    if (!ring.has(id)) ring.set(id, createSecretKey(deriveKey(each, "wrap data keys", 32)));
  }
  const [first] = ring;
  if (first === undefined) throw new KeyringError("SALVAGE_SECRET is missing");
  const [keyId, wrappingKey] = first;

  return {
    keyId,
    keyIds: [...ring.keys()],
    wrap(dataKey, context) {
      if (dataKey.length !== dataKeyBytes) throw new KeyringError(`a data key has ${dataKeyBytes} bytes, not ${dataKey.length}`);
      const head = Buffer.concat([Buffer.of(wrappedVersion), Buffer.from(keyId, "hex"), randomBytes(nonceBytes)]);
      const cipher = createCipheriv("aes-256-gcm", wrappingKey, head.subarray(1 + keyIdBytes));
      cipher.setAAD(associated(head, context));
      const body = cipher.update(dataKey);
      return { wrappedKey: Buffer.concat([head, body, cipher.final(), cipher.getAuthTag()]), keyId };
    },
    unwrap(wrappedKey, context) {
      const bytes = Buffer.from(wrappedKey);
      if (bytes.length !== wrappedKeyBytes || bytes[0] !== wrappedVersion) throw new KeyringError("not a wrapped key of a known version");
      const head = bytes.subarray(0, 1 + keyIdBytes + nonceBytes);
      const id = head.toString("hex", 1, 1 + keyIdBytes);
      const key = ring.get(id);
      if (key === undefined)
        throw new KeyringError(`wrapped with secret ${id}, which is not configured (SALVAGE_SECRET, SALVAGE_PREVIOUS_SECRETS)`);
      const decipher = createDecipheriv("aes-256-gcm", key, head.subarray(1 + keyIdBytes), { authTagLength: tagBytes });
      decipher.setAAD(associated(head, context));
      decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes));
      const dataKey = decipher.update(bytes.subarray(head.length, head.length + dataKeyBytes));
      try {
        decipher.final();
      } catch {
        throw new KeyringError("the wrapped key does not open: damaged, or of another crash");
      }
      return dataKey;
    },
    derive: (purpose, bytes) => deriveKey(secret, `purpose: ${purpose}`, bytes),
  };
}

/** The text that binds a wrapped key to its crash; the same for the wrap and the unwrap. */
export function wrapContext(organizationId: string, projectId: string, crashId: string): string {
  return `${organizationId}|${projectId}|${crashId}`;
}

const associated = (head: Buffer, context: string) => Buffer.concat([head.subarray(0, 1 + keyIdBytes), Buffer.from(context, "utf8")]);

function deriveKey(secret: string, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "salvage", purpose, bytes));
}
