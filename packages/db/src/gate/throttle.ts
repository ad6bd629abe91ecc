/**
 * Throttling of what can be guessed: passwords, per e-mail and per network address; codes of machines that wait to be signed in, per member; and
 * which addresses have an account, per invitation.
 * An attempt is counted before the secret is looked at, so that many at once gain nothing; success takes the count back. After the free attempts
 * each further one doubles the pause.
 */
import { createHash } from "node:crypto";
import type { AppDatabase } from "../scope.ts";

const maxPauseSeconds = 900;
/** Failures older than this are forgotten. */
const memory = "1 hour";
const freeAttempts = { email: 5, address: 30, codes: 10, invitation: 5 } as const;

type Kind = keyof typeof freeAttempts;

/** Who tries: each is counted by itself. */
export type Subject = { kind: Kind; value: string };

/** @returns null when the attempt may go on, else until when it may not */
export async function countAttempt(database: AppDatabase, subjects: readonly Subject[]): Promise<Date | null> {
  return database.transaction({}, async ({ sql }) => {
    let until: Date | null = null;
    for (const { kind, value } of subjects) {
      const key = throttleKey(kind, value);
      const counted = await sql.rows(
        `INSERT INTO sign_in_throttles AS t (key, failures, last_failure_at, blocked_until) VALUES ($1, 1, now(), NULL)
         ON CONFLICT (key) DO UPDATE SET last_failure_at = now(),
           failures = CASE WHEN t.last_failure_at < now() - interval '${memory}' THEN 1 ELSE t.failures + 1 END,
           blocked_until = CASE WHEN t.last_failure_at < now() - interval '${memory}' OR t.failures + 1 < $2::int THEN NULL
             ELSE now() + least(${maxPauseSeconds}, power(2, least(t.failures + 1 - $2::int, 20))) * interval '1 second' END
         WHERE t.blocked_until IS NULL OR t.blocked_until <= now()
         RETURNING key`,
        [key, freeAttempts[kind]],
      );
      if (counted.length > 0) continue;
      const [row] = await sql.rows<{ blocked_until: Date | null }>("SELECT blocked_until FROM sign_in_throttles WHERE key = $1", [key]);
      if (row?.blocked_until && (until === null || row.blocked_until > until)) until = row.blocked_until;
    }
    return until;
  });
}

/** The secret was right: an e-mail starts afresh, the others have one failure less, since they may try many secrets. */
export async function forgiveAttempt(database: AppDatabase, subjects: readonly Subject[]): Promise<void> {
  await database.transaction({}, async ({ sql }) => {
    for (const { kind, value } of subjects) {
      const key = throttleKey(kind, value);
      if (kind === "email") await sql.run("DELETE FROM sign_in_throttles WHERE key = $1", [key]);
      else await sql.run("UPDATE sign_in_throttles SET failures = greatest(0, failures - 1), blocked_until = NULL WHERE key = $1", [key]);
    }
  });
}

/** The row of a subject; hashed, so that the table lists nobody. */
export function throttleKey(kind: Kind, value: string): string {
  return createHash("sha256").update(`${kind} ${value}`).digest("hex");
}
