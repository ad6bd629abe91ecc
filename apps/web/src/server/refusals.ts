/**
 * Repositories answer a refusal with a word ("slug taken", "last owner"); null stands for "not found". This is the one table from
 * those words to tRPC codes and to the sentence that the person reads.
 */
import { TRPCError } from "@trpc/server";

type Code = TRPCError["code"];

const refusals = {
  "not found": { code: "NOT_FOUND", message: "Not found" },
  forbidden: { code: "FORBIDDEN", message: "Only an owner may do this" },
  "slug taken": { code: "CONFLICT", message: "This short name is taken; choose another" },
  "bad slug": {
    code: "BAD_REQUEST",
    message: "A short name has 2 to 40 lower-case letters, digits and hyphens, and is no address of Salvage itself",
  },
  "not confirmed": { code: "BAD_REQUEST", message: "The name you typed is not the project's short name" },
  "last owner": { code: "CONFLICT", message: "An organization keeps at least one owner; make someone else owner first" },
  "private address": {
    code: "BAD_REQUEST",
    message:
      "This is no address of the public internet. The operator of this server can allow such addresses with ALLOW_PRIVATE_WEBHOOKS=1",
  },
  "nothing to process": { code: "CONFLICT", message: "Neither the dump nor a report of this crash is left" },
  "no dump": { code: "CONFLICT", message: "The dump of this crash is not held any more" },
  "wrong password": { code: "BAD_REQUEST", message: "The current password is wrong" },
  "too weak": { code: "BAD_REQUEST", message: "Choose a longer password" },
  gone: { code: "NOT_FOUND", message: "This invitation was used, revoked, or has expired" },
  "code gone": { code: "NOT_FOUND", message: "This code was used, refused, mistyped, or is older than ten minutes" },
  "other email": { code: "FORBIDDEN", message: "This invitation is for another e-mail address" },
  "sign in first": { code: "UNAUTHORIZED", message: "This e-mail address has an account: sign in, then open the invitation again" },
} as const satisfies Record<string, { code: Code; message: string }>;

export type Refusal = keyof typeof refusals;

/** @returns what a repository answered, when it is no refusal; otherwise throws the TRPCError of the table. */
export function accepted<T>(answer: T): Exclude<T, Refusal | null> {
  if (answer === null) throw new TRPCError(refusals["not found"]);
  if (typeof answer === "string" && Object.hasOwn(refusals, answer)) throw new TRPCError(refusals[answer as Refusal]);
  return answer as Exclude<T, Refusal | null>;
}

/** @throws TOO_MANY_REQUESTS when a secret may not be tried now */
export function notThrottled<T>(answer: T): Exclude<T, { throttledUntil: Date }> {
  if (typeof answer === "object" && answer !== null && "throttledUntil" in answer && answer.throttledUntil instanceof Date) {
    const seconds = secondsUntil(answer.throttledUntil);
    throw new TRPCError({ code: "TOO_MANY_REQUESTS", message: `Too many wrong tries: try again in ${seconds} s` });
  }
  return answer as Exclude<T, { throttledUntil: Date }>;
}

/** Whole seconds from now, at least 1. */
export function secondsUntil(time: Date): number {
  return Math.max(1, Math.ceil((time.getTime() - Date.now()) / 1000));
}
