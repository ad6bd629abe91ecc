/** A user's organizations, making one, and joining one by invitation. */
import { randomUUID } from "node:crypto";
import { type OrganizationView, type Role, rolePermissions, role as roleSchema } from "@salvage/contracts";
import { type AppDatabase, isUniqueViolation, type Tx } from "../scope.ts";
import { hashToken } from "../shared/secrets.ts";
import { isOrganizationSlug } from "../shared/slugs.ts";
import { asUuid, storableText } from "../shared/text.ts";
import { hashPassword, isTooWeak } from "./password.ts";
import type { GateInvitations, GateOrganizations } from "./ports.ts";
import { countAttempt } from "./throttle.ts";
import { normalEmail } from "./users.ts";

export function createGateOrganizations(database: AppDatabase): GateOrganizations {
  return {
    async ofUser(userId) {
      const id = asUuid(userId);
      if (id === null) return [];
      const memberships = await database.transaction({ userId: id }, ({ models }) =>
        models.membership.findMany({ where: { userId: id }, include: { organization: true }, orderBy: { organization: { name: "asc" } } }),
      );
      return memberships.map((membership) => organizationView(membership.organization, roleSchema.parse(membership.role)));
    },
    async create(userId, { name, slug }) {
      const owner = asUuid(userId);
      if (!isOrganizationSlug(slug)) return "bad slug";
      if (owner === null) throw new Error("organizations.create: not a user id");
      const id = randomUUID();
      try {
        return await database.transaction({ organizationId: id, userId: owner }, async ({ models }) => {
          const organization = await models.organization.create({ data: { id, slug, name: storableText(name, 80) } });
          await models.storageUsage.create({ data: { organizationId: id } });
          await models.membership.create({ data: { organizationId: id, userId: owner, role: "owner" } });
          const user = await models.user.findUniqueOrThrow({ where: { id: owner } });
          await audit(models, id, `${user.name} (${user.email})`, "organization.create", slug);
          return organizationView(organization, "owner");
        });
      } catch (error) {
        if (isUniqueViolation(error)) return "slug taken";
        throw error;
      }
    },
  };
}

export function createGateInvitations(database: AppDatabase): GateInvitations {
  return {
    async byToken(token) {
      const tokenHash = hashToken(token);
      return database.transaction({ tokenHash }, async (tx) => {
        const invitation = await findOpen(tx, tokenHash);
        if (invitation === null) return null;
        await tx.use({ organizationId: invitation.organizationId });
        const organization = await tx.models.organization.findUniqueOrThrow({ where: { id: invitation.organizationId } });
        return {
          organizationName: organization.name,
          organizationSlug: organization.slug,
          role: roleSchema.parse(invitation.role),
          email: invitation.email,
          expiresAt: invitation.expiresAt.toISOString(),
        };
      });
    },
    async accept(token, who) {
      const tokenHash = hashToken(token);
      if ("password" in who) {
        if (isTooWeak(who.password)) return "too weak";
        // Hashing costs: nobody has it done without an open invitation, nor for one address after the other.
        if ((await this.byToken(token)) === null) return "gone";
        const throttledUntil = await countAttempt(database, [{ kind: "invitation", value: tokenHash }]);
        if (throttledUntil !== null) return { throttledUntil };
      }
      // Before the transaction: hashing takes long.
      const passwordHash = "password" in who ? await hashPassword(who.password) : null;
      const userId = "userId" in who ? asUuid(who.userId) : randomUUID();
      if (userId === null) return "gone";
      try {
        return await database.transaction({ tokenHash }, async (tx) => {
          const invitation = await findOpen(tx, tokenHash);
          if (invitation === null) return "gone";
          const { organizationId } = invitation;
          const email = "email" in who ? normalEmail(who.email) : null;
          await tx.use({ organizationId, userId, ...(email === null ? {} : { email }) });
          const user = "userId" in who ? await tx.models.user.findUnique({ where: { id: userId } }) : null;
          if ("userId" in who && user === null) return "gone";
          if (invitation.email !== null && invitation.email !== (email ?? user?.email)) return "other email";
          // Single use, also for two at once: only one of them changes the row.
          const used = await tx.models.invitation.updateMany({
            where: { id: invitation.id, acceptedAt: null, revokedAt: null },
            data: { acceptedAt: new Date() },
          });
          if (used.count === 0) return "gone";
          let name = user?.name ?? "";
          if (!("userId" in who)) {
            name = storableText(who.name, 80);
            await tx.models.user.create({ data: { id: userId, email: email ?? "", name, passwordHash } });
          }
          const member = { organizationId, userId };
          await tx.models.membership.upsert({
            where: { organizationId_userId: member },
            create: { ...member, role: invitation.role },
            update: {},
          });
          const organization = await tx.models.organization.findUniqueOrThrow({ where: { id: organizationId } });
          await audit(tx.models, organizationId, `${name} (${email ?? user?.email})`, "invitation.accept", invitation.role);
          return { userId, organizationSlug: organization.slug };
        });
      } catch (error) {
        // The address has an account: joining it takes signing in, never just a link.
        if (isUniqueViolation(error)) return "sign in first";
        throw error;
      }
    },
  };
}

function findOpen({ models }: Tx, tokenHash: string) {
  return models.invitation.findFirst({ where: { tokenHash, acceptedAt: null, revokedAt: null, expiresAt: { gt: new Date() } } });
}

async function audit(models: Tx["models"], organizationId: string, actor: string, action: string, subject: string): Promise<void> {
  await models.auditEntry.create({ data: { organizationId, actor, action, subject } });
}

function organizationView(organization: { id: string; slug: string; name: string }, role: Role): OrganizationView {
  return { id: organization.id, slug: organization.slug, name: organization.name, role, permissions: [...rolePermissions[role]] };
}
