/**
 * Looks client keys up and remembers the answer for a few seconds, so that a burst of crashes is one query and a disabled key
 * stops working soon. Unknown project, wrong key and key of another project come back alike after the same one query.
 */
import type { ClientKeyAnswer, FoundClientKey, SystemDb } from "@salvage/db/system";
import { AppError } from "../http/app-error.ts";
import { limits } from "../limits.ts";
import { asked } from "./asked.ts";

export type ClientKeys = {
  /** @throws AppError 403, or 503 when the database does not answer */
  authenticate(projectId: string, publicKey: string): Promise<FoundClientKey>;
  /**
   * The project of a key, for senders that know no project.
   * @throws AppError 403 for an unknown key, 503 when the database does not answer
   */
  projectOf(publicKey: string): Promise<string>;
  /** Notes the use of a key; written together by flush. */
  used(keyId: string): void;
  /** Adds to what a cached key's organization has stored, so that a burst cannot run past its quota. */
  stored(key: FoundClientKey, bytes: number): void;
  flush(): Promise<void>;
};

type Entry = { answer: Promise<ClientKeyAnswer>; until: number };

/** How often the last use of one key is written. */
const touchIntervalMs = 60_000;

export function createClientKeys(db: Pick<SystemDb, "keys">, now: () => number = Date.now): ClientKeys {
  const cache = new Map<string, Entry>();
  const usedNow = new Set<string>();
  const touchedAt = new Map<string, number>();

  function find(projectId: string, publicKey: string): Promise<ClientKeyAnswer> {
    const id = `${projectId}/${publicKey}`;
    const known = cache.get(id);
    if (known !== undefined && known.until > now()) return known.answer;
    const answer = db.keys.find(projectId, publicKey);
    cache.delete(id);
    // Oldest out: a Map keeps the order of insertion.
    if (cache.size >= limits.maxCachedKeys) for (const oldest of cache.keys()) if (cache.delete(oldest)) break;
    cache.set(id, { answer, until: now() + limits.keyCacheMs });
    answer.catch(() => cache.delete(id));
    return answer;
  }

  return {
    async authenticate(projectId, publicKey) {
      const answer = await asked(find(projectId, publicKey));
      if (answer.found !== "key") throw wrongKey();
      if (answer.key.disabled) throw new AppError(403, "disabled_key", "the client key is disabled");
      return answer.key;
    },
    async projectOf(publicKey) {
      const projectId = await asked(db.keys.projectOf(publicKey));
      if (projectId === null) throw wrongKey();
      return projectId;
    },
    used(keyId) {
      const last = touchedAt.get(keyId);
      if (last !== undefined && now() - last < touchIntervalMs) return;
      if (touchedAt.size >= limits.maxCachedKeys) touchedAt.clear();
      touchedAt.set(keyId, now());
      usedNow.add(keyId);
    },
    stored(key, bytes) {
      key.storageUsedBytes += bytes;
    },
    async flush() {
      const keyIds = [...usedNow];
      usedNow.clear();
      if (keyIds.length > 0) await db.keys.touch(keyIds);
    },
  };
}

/** The same for a project that is not there, so that nobody learns which ones are. */
const wrongKey = () => new AppError(403, "wrong_key", "the client key is not a key of this project");
