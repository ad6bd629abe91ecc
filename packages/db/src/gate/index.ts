/** The gate: sign-in, sessions, invitations, and the only ways to get an OrgDb. */
import { roleMay, role as roleSchema, type TokenScope, tokenScope } from "@salvage/contracts";
import { createOrgDb } from "../org/index.ts";
import { openAppDatabase, type Tx } from "../scope.ts";
import { hashToken, secretOfBearer } from "../shared/secrets.ts";
import { asUuid, storableText } from "../shared/text.ts";
import { createGateDeviceCodes } from "./device-codes.ts";
import { createGateInvitations, createGateOrganizations } from "./organizations.ts";
import type { OrgGate } from "./ports.ts";
import { createGateSessions, createGateUsers } from "./users.ts";

/**
 * Opens the gate. Connections are made when needed.
 * @param options.databaseUrl connection of the role salvage_app
 * @param options.maxConnections at most so many at once; default 8
 */
export function createOrgGate(options: { databaseUrl: string; maxConnections?: number }): OrgGate {
  const database = openAppDatabase(options.databaseUrl, options.maxConnections ?? 8);
  return {
    users: createGateUsers(database),
    sessions: createGateSessions(database),
    organizations: createGateOrganizations(database),
    invitations: createGateInvitations(database),
    deviceCodes: createGateDeviceCodes(database),

    async authorizeOrganization(userId, orgSlug, permission) {
      const id = asUuid(userId);
      if (id === null) return null;
      const membership = await database.transaction({ userId: id }, ({ models }) =>
        models.membership.findFirst({
          where: { userId: id, organization: { slug: storableText(orgSlug, 100) } },
          include: { organization: true, user: true },
        }),
      );
      if (membership === null) return null;
      const role = roleSchema.parse(membership.role);
      if (!roleMay(role, permission)) return "forbidden";
      const { organization, user } = membership;
      const actor = { kind: "member", userId: id, name: user.name, role } as const;
      return createOrgDb(database, { organization, actor, label: `${user.name} (${user.email})` });
    },

    async authorizeToken(bearer, scope) {
      const found = await database.transaction({}, (tx) => findToken(tx, bearer));
      if (found === null || found.token.kind === "dump_ticket") return null;
      const { token, scopes, organization } = found;
      if (!scopes.includes(scope)) return "forbidden";
      const db = createOrgDb(database, { organization, actor: actorOf(token, scopes), label: labelOf(token) });
      return {
        db,
        token: {
          tokenId: token.id,
          name: labelOf(token),
          scopes,
          organizationId: organization.id,
          organizationSlug: organization.slug,
          projectId: token.projectId?.toString() ?? null,
        },
      };
    },

    async endLogin(bearer) {
      return database.transaction({}, async (tx) => {
        const found = await findToken(tx, bearer);
        if (found === null || found.token.kind !== "login") return false;
        await tx.models.apiToken.updateMany({ where: { id: found.token.id }, data: { revokedAt: new Date() } });
        return true;
      });
    },

    async redeemDumpTicket(ticket, crashId) {
      const id = asUuid(crashId);
      if (id === null) return null;
      return database.transaction({}, async (tx) => {
        const found = await findToken(tx, ticket);
        if (found === null || found.token.kind !== "dump_ticket" || found.token.crashId !== id) return null;
        // Only one of two at once changes the row.
        const used = await tx.models.apiToken.updateMany({ where: { id: found.token.id, usedAt: null }, data: { usedAt: new Date() } });
        if (used.count === 0) return null;
        const { token, scopes, organization } = found;
        return { db: createOrgDb(database, { organization, actor: actorOf(token, scopes), label: labelOf(token) }) };
      });
    },

    ping: () => database.ping(),
    close: () => database.close(),
  };
}

/** A token or ticket that is neither expired nor revoked; the transaction is its organization's afterwards. */
async function findToken(tx: Tx, bearer: string) {
  const secret = secretOfBearer(bearer);
  if (secret === null) return null;
  const tokenHash = hashToken(secret);
  await tx.use({ tokenHash });
  const token = await tx.models.apiToken.findUnique({ where: { tokenHash } });
  const now = new Date();
  if (token === null || token.revokedAt !== null || (token.expiresAt !== null && token.expiresAt <= now)) return null;
  await tx.use({ organizationId: token.organizationId });
  const minuteAgo = new Date(now.getTime() - 60_000);
  if (token.lastUsedAt === null || token.lastUsedAt < minuteAgo) {
    await tx.models.apiToken.updateMany({
      where: { id: token.id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lt: minuteAgo } }] },
      data: { lastUsedAt: now },
    });
  }
  const organization = await tx.models.organization.findUniqueOrThrow({ where: { id: token.organizationId } });
  const scopes = tokenScope.array().parse(token.scopes);
  return { token, scopes: token.kind === "login" ? await scopesOfLogin(tx, token, scopes) : scopes, organization };
}

/** A login may what its member may now: nothing once the membership is over. */
async function scopesOfLogin(
  { models }: Tx,
  { organizationId, createdByUserId }: { organizationId: string; createdByUserId: string | null },
  scopes: readonly TokenScope[],
): Promise<TokenScope[]> {
  const member = await models.membership.findFirst({ where: { organizationId, userId: createdByUserId ?? organizationId } });
  return member === null ? [] : scopes.filter((scope) => roleMay(roleSchema.parse(member.role), scope));
}

type FoundToken = { id: string; kind: string; name: string; createdBy: string };

function actorOf(token: FoundToken, scopes: readonly TokenScope[]) {
  return { kind: "token", tokenId: token.id, name: labelOf(token), scopes } as const;
}

/** A ticket or a login stands for the member who made it. */
function labelOf(token: FoundToken): string {
  return token.kind === "token" ? `token ${token.name}` : token.createdBy;
}
