/**
 * Signing a machine in through a browser. The machine holds a secret and shows a short code; a signed-in member types the code, sees which
 * machine asks, and approves it for one organization: from then on the secret is an API token that acts as that member. Neither is stored, only
 * their hashes. Shape of the exchange: RFC 8628, device authorization grant.
 */
import { randomInt } from "node:crypto";
import { loginScopes, roleMay, role as roleSchema } from "@salvage/contracts";
import { type AppDatabase, isUniqueViolation, type Tx } from "../scope.ts";
import { hashToken, newToken } from "../shared/secrets.ts";
import { asUuid, storableText } from "../shared/text.ts";
import type { GateDeviceCodes } from "./ports.ts";
import { countAttempt, forgiveAttempt, type Subject } from "./throttle.ts";

const codeMinutes = 10;
const loginDays = 90;
/** Consonants without likenesses, so that no word comes out: 20^8 codes, each good for ten minutes. */
const alphabet = "BCDFGHJKLMNPQRSTVWXZ";
const codeLength = 8;
const maxTries = 5;

export function createGateDeviceCodes(database: AppDatabase): GateDeviceCodes {
  /** Looks a typed code up and works on it; every code that is none counts as a guess. */
  const withCode = async <T>(
    userId: string,
    userCode: string,
    work: (tx: Tx, row: { tokenHash: string; clientName: string; createdAt: Date }) => Promise<T>,
  ): Promise<T | "code gone" | { throttledUntil: Date }> => {
    const subjects: Subject[] = [{ kind: "codes", value: userId }];
    const throttledUntil = await countAttempt(database, subjects);
    if (throttledUntil !== null) return { throttledUntil };
    const userCodeHash = hashUserCode(userCode);
    const answer = await database.transaction({ userId, tokenHash: userCodeHash }, async (tx) => {
      const row = await tx.models.deviceCode.findFirst({ where: { userCodeHash, deniedAt: null, expiresAt: { gt: new Date() } } });
      return row === null ? "code gone" : await work(tx, row);
    });
    if (answer !== "code gone") await forgiveAttempt(database, subjects);
    return answer;
  };

  return {
    async create({ clientName }) {
      for (let tries = 1; ; tries++) {
        const secret = newToken();
        const userCode = Array.from({ length: codeLength }, () => alphabet[randomInt(alphabet.length)]).join("");
        const tokenHash = hashToken(secret);
        const expiresAt = new Date(Date.now() + codeMinutes * 60_000);
        try {
          await database.transaction({ tokenHash }, ({ models }) =>
            models.deviceCode.create({
              data: { tokenHash, userCodeHash: hashUserCode(userCode), clientName: storableText(clientName, 100), expiresAt },
            }),
          );
          return { secret, userCode: `${userCode.slice(0, 4)}-${userCode.slice(4)}`, expiresAt };
        } catch (error) {
          if (!isUniqueViolation(error) || tries === maxTries) throw error;
        }
      }
    },

    async state(secret) {
      const tokenHash = hashToken(secret);
      return database.transaction({ tokenHash }, async ({ models }) => {
        const login = await models.apiToken.findFirst({ where: { tokenHash, kind: "login", revokedAt: null } });
        if (login !== null) return "approved";
        const row = await models.deviceCode.findUnique({ where: { tokenHash } });
        if (row === null || row.expiresAt <= new Date()) return "expired";
        return row.deniedAt === null ? "pending" : "denied";
      });
    },

    async find(userId, userCode) {
      const id = asUuid(userId);
      if (id === null) return "code gone";
      return withCode(id, userCode, async (_tx, { clientName, createdAt }) => ({ clientName, createdAt: createdAt.toISOString() }));
    },

    async approve(userId, userCode, orgSlug) {
      const id = asUuid(userId);
      if (id === null) return "code gone";
      return withCode(id, userCode, async (tx, { tokenHash, clientName }) => {
        const membership = await tx.models.membership.findFirst({
          where: { userId: id, organization: { slug: storableText(orgSlug, 100) } },
          include: { organization: true, user: true },
        });
        if (membership === null) return "not found";
        const { organizationId, organization, user } = membership;
        const scopes = loginScopes.filter((scope) => roleMay(roleSchema.parse(membership.role), scope));
        // Single use, also for two at once: only one of them deletes the row.
        const used = await tx.models.deviceCode.deleteMany({ where: { tokenHash, deniedAt: null } });
        if (used.count === 0) return "code gone";
        await tx.use({ userId: id, organizationId });
        await tx.models.apiToken.create({
          data: {
            organizationId,
            kind: "login",
            name: `login on ${clientName}`,
            tokenHash,
            hint: "",
            scopes,
            createdBy: user.name,
            createdByUserId: id,
            expiresAt: new Date(Date.now() + loginDays * 86_400_000),
          },
        });
        await tx.models.auditEntry.create({
          data: { organizationId, actor: `${user.name} (${user.email})`, action: "login.approve", subject: clientName, detail: { scopes } },
        });
        return { organizationSlug: organization.slug };
      });
    },

    async deny(userId, userCode) {
      const id = asUuid(userId);
      if (id === null) return "code gone";
      return withCode(id, userCode, async ({ models }, { tokenHash }) => {
        await models.deviceCode.updateMany({ where: { tokenHash }, data: { deniedAt: new Date() } });
        return "done" as const;
      });
    },
  };
}

/** However it was typed: without case, blanks and hyphens. The word in front keeps it apart from tokens. */
function hashUserCode(userCode: string): string {
  return hashToken(`user code ${userCode.toUpperCase().replaceAll(/[^A-Z]/g, "")}`);
}
