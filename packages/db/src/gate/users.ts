/** Users and their sessions. An e-mail is compared in lower case, ASCII's alone: no other letter may become one of them. */
import type { AppDatabase } from "../scope.ts";
import { asUuid, storableText, storableTextOrNull } from "../shared/text.ts";
import { hashPassword, isTooWeak, passwordMatches } from "./password.ts";
import type { GateSessions, GateUser, GateUsers } from "./ports.ts";
import { countAttempt, forgiveAttempt, type Subject } from "./throttle.ts";

const sessionDays = 30;

export function normalEmail(email: string): string {
  return storableText(
    email.trim().replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
    254,
  );
}

export function createGateUsers(database: AppDatabase): GateUsers {
  /** Throttled check of a password; null = wrong. */
  const check = async (
    email: string,
    password: string,
    address: string | null,
  ): Promise<{ userId: string } | { throttledUntil: Date } | null> => {
    const subjects: Subject[] = [{ kind: "email", value: email }];
    if (address !== null) subjects.push({ kind: "address", value: address });
    const throttledUntil = await countAttempt(database, subjects);
    if (throttledUntil !== null) return { throttledUntil };
    const user = await database.transaction({ email }, ({ models }) =>
      models.user.findUnique({ where: { email }, select: { id: true, passwordHash: true } }),
    );
    const matches = await passwordMatches(password, user?.passwordHash ?? null);
    if (!matches || user === null) return null;
    await forgiveAttempt(database, subjects);
    return { userId: user.id };
  };

  return {
    async byEmail(email) {
      const wanted = normalEmail(email);
      return gateUser(await database.transaction({ email: wanted }, ({ models }) => models.user.findUnique({ where: { email: wanted } })));
    },
    async byId(userId) {
      const id = asUuid(userId);
      if (id === null) return null;
      return gateUser(await database.transaction({ userId: id }, ({ models }) => models.user.findUnique({ where: { id } })));
    },
    verifyPassword: (email, password, address) => check(normalEmail(email), password, address),
    async changePassword(userId, currentPassword, newPassword, keepSessionId) {
      const id = asUuid(userId);
      if (id === null) return "wrong password";
      if (isTooWeak(newPassword)) return "too weak";
      const user = await database.transaction({ userId: id }, ({ models }) =>
        models.user.findUnique({ where: { id }, select: { email: true } }),
      );
      if (user === null) return "wrong password";
      const verdict = await check(user.email, currentPassword, null);
      if (verdict === null) return "wrong password";
      if ("throttledUntil" in verdict) return verdict;
      const passwordHash = await hashPassword(newPassword);
      const keep = keepSessionId === undefined ? null : asUuid(keepSessionId);
      await database.transaction({ userId: id }, async ({ models, use }) => {
        await models.user.update({ where: { id }, data: { passwordHash } });
        await models.session.updateMany({
          where: { userId: id, revokedAt: null, ...(keep === null ? {} : { id: { not: keep } }) },
          data: { revokedAt: new Date() },
        });
        for (const { organizationId } of await models.membership.findMany({ where: { userId: id } })) {
          await use({ userId: id, organizationId });
          await models.apiToken.updateMany({
            where: { organizationId, createdByUserId: id, kind: "login", revokedAt: null },
            data: { revokedAt: new Date() },
          });
        }
      });
      return "done";
    },
  };
}

export function createGateSessions(database: AppDatabase): GateSessions {
  return {
    async create(userId, userAgent) {
      const expiresAt = new Date(Date.now() + sessionDays * 86_400_000);
      const session = await database.transaction({ userId }, ({ models }) =>
        models.session.create({ data: { userId, userAgent: storableTextOrNull(userAgent, 300), expiresAt } }),
      );
      return { sessionId: session.id, expiresAt };
    },
    async check(sessionId) {
      const id = asUuid(sessionId);
      if (id === null) return null;
      return database.transaction({ sessionId: id }, async ({ models, use }) => {
        const session = await models.session.findFirst({ where: { id, revokedAt: null, expiresAt: { gt: new Date() } } });
        if (session === null) return null;
        await use({ sessionId: id, userId: session.userId });
        const user = await models.user.findUnique({ where: { id: session.userId } });
        const minuteAgo = new Date(Date.now() - 60_000);
        if (session.lastSeenAt < minuteAgo) {
          await models.session.updateMany({ where: { id, lastSeenAt: { lt: minuteAgo } }, data: { lastSeenAt: new Date() } });
        }
        return gateUser(user);
      });
    },
    async revoke(sessionId) {
      const id = asUuid(sessionId);
      if (id === null) return;
      await database.transaction({ sessionId: id }, async ({ models, use }) => {
        const session = await models.session.findUnique({ where: { id } });
        if (session === null) return;
        await use({ userId: session.userId });
        await models.session.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: new Date() } });
      });
    },
    async revokeAll(userId) {
      const id = asUuid(userId);
      if (id === null) return;
      await database.transaction({ userId: id }, ({ models }) =>
        models.session.updateMany({ where: { userId: id, revokedAt: null }, data: { revokedAt: new Date() } }),
      );
    },
    async ofUser(userId) {
      const id = asUuid(userId);
      if (id === null) return [];
      const sessions = await database.transaction({ userId: id }, ({ models }) =>
        models.session.findMany({
          where: { userId: id, revokedAt: null, expiresAt: { gt: new Date() } },
          orderBy: [{ lastSeenAt: "desc" }, { id: "asc" }],
        }),
      );
      return sessions.map((session) => ({
        id: session.id,
        userAgent: session.userAgent,
        createdAt: session.createdAt.toISOString(),
        lastSeenAt: session.lastSeenAt.toISOString(),
        expiresAt: session.expiresAt.toISOString(),
      }));
    },
  };
}

function gateUser(user: { id: string; email: string; name: string } | null): GateUser | null {
  return user === null ? null : { userId: user.id, email: user.email, name: user.name };
}
