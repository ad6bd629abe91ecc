/** What a procedure is given: the process's services, and who is asking. One context per request; a batch of calls shares it. */
import { randomUUID } from "node:crypto";
import type { Logger } from "@salvage/telemetry";
import type { Services } from "./services.ts";

/** The signed-in user, with the session row that proves it. */
export type SessionUser = { sessionId: string; userId: string; email: string; name: string };

export type Context = {
  services: Services;
  logger: Logger;
  requestId: string;
  /** Who asks, checked against the session's row at the first call and remembered for this request only; null = not signed in. */
  user(): Promise<SessionUser | null>;
};

export type RequestFacts = {
  /** Session row's id out of the cookie, not yet checked. */
  sessionId: string | null;
  /** X-Request-Id as ingest passed it on; one is made when it is absent or odd. */
  requestId?: string | null;
};

export function createContext(services: Services, request: RequestFacts): Context {
  const given = request.requestId ?? null;
  const requestId = given !== null && /^[\w-]{1,64}$/.test(given) ? given : randomUUID();
  let user: Promise<SessionUser | null> | undefined;
  return {
    services,
    requestId,
    logger: services.logger.child({ requestId }),
    user() {
      user ??= checkSession(services, request.sessionId);
      return user;
    },
  };
}

/** Reads the session's row: a session that was revoked, or whose user is gone, is none. */
export async function checkSession(services: Pick<Services, "gate">, sessionId: string | null): Promise<SessionUser | null> {
  if (sessionId === null) return null;
  const session = await services.gate.sessions.check(sessionId);
  return session === null ? null : { sessionId, userId: session.userId, email: session.email, name: session.name };
}
