/** Members, invitations and API tokens: who may act in the organization. The last owner stays. */
import { type ApiTokenView, type InvitationView, roleMay, role as roleSchema, tokenScope } from "@salvage/contracts";
import type { Tx } from "../scope.ts";
import { hashToken, newToken } from "../shared/secrets.ts";
import { asUuid, storableText } from "../shared/text.ts";
import type { OrgInvitations, OrgMembers, OrgTokens } from "./ports.ts";
import type { OrgScope } from "./scope.ts";

const invitationDays = 7;

/** Owners are changed by owners only; tokens are never owners. */
function actsAsOwner(scope: OrgScope): boolean {
  return scope.actor.kind === "member" && roleMay(scope.actor.role, "organization:own");
}

/** Locks all owners, so that two who leave at once cannot both find the other. */
async function isLastOwner(scope: OrgScope, tx: Tx, userId: string): Promise<boolean> {
  const owners = await tx.sql.rows<{ user_id: string }>(
    "SELECT user_id FROM memberships WHERE organization_id = $1::uuid AND role = 'owner' ORDER BY user_id FOR UPDATE",
    [scope.organizationId],
  );
  return owners.length === 1 && owners[0]?.user_id === userId;
}

/** Ends the membership and the tickets and logins that it made; sessions lose access with the row. */
async function endMembership(scope: OrgScope, tx: Tx, userId: string): Promise<void> {
  const { organizationId } = scope;
  await tx.models.membership.deleteMany({ where: { organizationId, userId } });
  await tx.models.apiToken.updateMany({
    where: { organizationId, createdByUserId: userId, kind: { not: "token" }, revokedAt: null },
    data: { revokedAt: new Date() },
  });
}

export function createOrgMembers(scope: OrgScope): OrgMembers {
  const { organizationId, actor } = scope;
  return {
    async list() {
      const members = await scope.run(({ models }) =>
        models.membership.findMany({
          where: { organizationId },
          include: { user: true },
          orderBy: [{ createdAt: "asc" }, { userId: "asc" }],
        }),
      );
      return members.map((member) => ({
        userId: member.userId,
        name: member.user.name,
        email: member.user.email,
        role: roleSchema.parse(member.role),
        joinedAt: member.createdAt.toISOString(),
        you: actor.kind === "member" && actor.userId === member.userId,
      }));
    },

    async setRole({ userId, role }) {
      const id = asUuid(userId);
      if (id === null) return "not found";
      return scope.run(async (tx) => {
        const last = await isLastOwner(scope, tx, id);
        const member = await tx.models.membership.findUnique({
          where: { organizationId_userId: { organizationId, userId: id } },
          include: { user: true },
        });
        if (member === null) return "not found";
        if ((member.role === "owner" || role === "owner") && !actsAsOwner(scope)) return "forbidden";
        if (last && role !== "owner") return "last owner";
        await tx.models.membership.update({ where: { organizationId_userId: { organizationId, userId: id } }, data: { role } });
        await scope.audit(tx, "member.set_role", member.user.email, { from: member.role, to: role });
        return "done";
      });
    },

    async remove({ userId }) {
      const id = asUuid(userId);
      if (id === null) return "not found";
      return scope.run(async (tx) => {
        const last = await isLastOwner(scope, tx, id);
        const member = await tx.models.membership.findUnique({
          where: { organizationId_userId: { organizationId, userId: id } },
          include: { user: true },
        });
        if (member === null) return "not found";
        if (member.role === "owner" && !actsAsOwner(scope)) return "forbidden";
        if (last) return "last owner";
        await endMembership(scope, tx, id);
        await scope.audit(tx, "member.remove", member.user.email);
        return "done";
      });
    },

    async leave() {
      if (actor.kind !== "member") return "not found";
      return scope.run(async (tx) => {
        if (await isLastOwner(scope, tx, actor.userId)) return "last owner";
        const member = await tx.models.membership.findUnique({
          where: { organizationId_userId: { organizationId, userId: actor.userId } },
        });
        if (member === null) return "not found";
        await endMembership(scope, tx, actor.userId);
        await scope.audit(tx, "member.leave", scope.label);
        return "done";
      });
    },
  };
}

export function createOrgInvitations(scope: OrgScope): OrgInvitations {
  const { organizationId } = scope;
  return {
    async list() {
      const invitations = await scope.run(({ models }) =>
        models.invitation.findMany({
          where: { organizationId, acceptedAt: null, revokedAt: null, expiresAt: { gt: new Date() } },
          orderBy: [{ createdAt: "desc" }, { id: "asc" }],
        }),
      );
      return invitations.map(invitationView);
    },
    async create({ email, role }) {
      if (role === "owner" && !actsAsOwner(scope)) return "forbidden";
      const token = newToken();
      return scope.run(async (tx) => {
        const invitation = await tx.models.invitation.create({
          data: {
            organizationId,
            email: email === undefined ? null : storableText(email.trim().toLowerCase(), 254),
            role,
            tokenHash: hashToken(token),
            createdBy: scope.actor.name,
            expiresAt: new Date(Date.now() + invitationDays * 86_400_000),
          },
        });
        await scope.audit(tx, "invitation.create", invitation.email ?? "by link", { role });
        return { token, view: invitationView(invitation) };
      });
    },
    async revoke({ invitationId }) {
      const id = asUuid(invitationId);
      if (id === null) return "not found";
      return scope.run(async (tx) => {
        const revoked = await tx.models.invitation.updateMany({
          where: { id, organizationId, acceptedAt: null, revokedAt: null },
          data: { revokedAt: new Date() },
        });
        if (revoked.count === 0) return "not found";
        await scope.audit(tx, "invitation.revoke", id);
        return "done";
      });
    },
  };
}

/** Tickets last minutes and are nobody's to look after. */
const listedKinds = ["token", "login"];

export function createOrgTokens(scope: OrgScope): OrgTokens {
  const { organizationId } = scope;
  return {
    async list() {
      const tokens = await scope.run(({ models }) =>
        models.apiToken.findMany({
          where: { organizationId, kind: { in: listedKinds }, revokedAt: null, OR: [{ kind: "token" }, { expiresAt: { gt: new Date() } }] },
          orderBy: [{ createdAt: "desc" }, { id: "asc" }],
        }),
      );
      return tokens.map(tokenView);
    },
    async create({ name, scopes, expiresInDays }) {
      const token = newToken();
      return scope.run(async (tx) => {
        const row = await tx.models.apiToken.create({
          data: {
            organizationId,
            kind: "token",
            name: storableText(name, 80),
            tokenHash: hashToken(token),
            hint: token.slice(-4),
            scopes: [...new Set(scopes)],
            createdBy: scope.actor.name,
            createdByUserId: scope.actor.kind === "member" ? scope.actor.userId : null,
            expiresAt: expiresInDays === undefined ? null : new Date(Date.now() + expiresInDays * 86_400_000),
          },
        });
        await scope.audit(tx, "token.create", row.name, { scopes: row.scopes });
        return { token, view: tokenView(row) };
      });
    },
    async revoke({ tokenId }) {
      const id = asUuid(tokenId);
      if (id === null) return "not found";
      return scope.run(async (tx) => {
        const revoked = await tx.models.apiToken.updateMany({
          where: { id, organizationId, kind: { in: listedKinds }, revokedAt: null },
          data: { revokedAt: new Date() },
        });
        if (revoked.count === 0) return "not found";
        await scope.audit(tx, "token.revoke", id);
        return "done";
      });
    },
  };
}

function invitationView(invitation: {
  id: string;
  email: string | null;
  role: string;
  createdBy: string;
  createdAt: Date;
  expiresAt: Date;
}): InvitationView {
  return {
    id: invitation.id,
    email: invitation.email,
    role: roleSchema.parse(invitation.role),
    createdBy: invitation.createdBy,
    createdAt: invitation.createdAt.toISOString(),
    expiresAt: invitation.expiresAt.toISOString(),
  };
}

function tokenView(token: {
  id: string;
  name: string;
  hint: string;
  scopes: string[];
  createdBy: string;
  createdAt: Date;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
}): ApiTokenView {
  return {
    id: token.id,
    name: token.name,
    hint: token.hint,
    scopes: tokenScope.array().parse(token.scopes),
    createdBy: token.createdBy,
    createdAt: token.createdAt.toISOString(),
    expiresAt: token.expiresAt?.toISOString() ?? null,
    lastUsedAt: token.lastUsedAt?.toISOString() ?? null,
  };
}
