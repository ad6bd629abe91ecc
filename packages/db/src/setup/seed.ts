/** First rows: an owner account, an organization, a project with a client key, an API token; and setting a forgotten password. */
import { randomUUID } from "node:crypto";
import type { TokenScope } from "@salvage/contracts";
import { hashPassword, isTooWeak } from "../gate/password.ts";
import { throttleKey } from "../gate/throttle.ts";
import { normalEmail } from "../gate/users.ts";
import { hashToken, newPublicKey, newToken } from "../shared/secrets.ts";
import { openSqlPool } from "../shared/sql.ts";
import type { RoleUrls } from "./roles.ts";

/** What the printed commands need and no more: the token stands in a terminal's history. */
const seedTokenScopes: readonly TokenScope[] = ["crash:read", "debug-file:read", "debug-file:write", "project:read"];

export type SeedInput = {
  owner: { email: string; name: string; password: string };
  organization: { name: string; slug: string };
  project: { name: string; slug: string };
};

export type Seeded = { userId: string; organizationId: string; projectId: string; publicKey: string; token: string };

/**
 * Makes the first rows, all or none.
 * @returns what was made, with the token's only showing; null when the database has users already, and then nothing changes
 */
export async function seed(databases: Pick<RoleUrls, "databaseSystemUrl">, input: SeedInput): Promise<Seeded | null> {
  const passwordHash = await hashPassword(input.owner.password);
  const pool = openSqlPool(databases.databaseSystemUrl, { maxConnections: 1, applicationName: "salvage-setup" });
  try {
    return await pool.transaction(async (sql) => {
      await sql.rows("SELECT pg_advisory_xact_lock(hashtext('salvage.seed'))");
      if ((await sql.rows("SELECT 1 FROM users LIMIT 1")).length > 0) return null;
      const [userId, organizationId] = [randomUUID(), randomUUID()];
      const { owner, organization, project } = input;
      await sql.run("INSERT INTO users (id, email, name, password_hash) VALUES ($1, $2, $3, $4)", [
        userId,
        normalEmail(owner.email),
        owner.name,
        passwordHash,
      ]);
      await sql.run("INSERT INTO organizations (id, slug, name) VALUES ($1, $2, $3)", [
        organizationId,
        organization.slug,
        organization.name,
      ]);
      await sql.run("INSERT INTO storage_usage (organization_id) VALUES ($1)", [organizationId]);
      await sql.run("INSERT INTO memberships (organization_id, user_id, role) VALUES ($1, $2, 'owner')", [organizationId, userId]);
      const [row] = await sql.rows<{ id: string }>(
        "INSERT INTO projects (organization_id, slug, name) VALUES ($1, $2, $3) RETURNING id::text",
        [organizationId, project.slug, project.name],
      );
      const projectId = row?.id ?? "";
      const publicKey = newPublicKey();
      await sql.run("INSERT INTO client_keys (id, organization_id, project_id, name, public_key) VALUES ($1, $2, $3, 'Default', $4)", [
        randomUUID(),
        organizationId,
        projectId,
        publicKey,
      ]);
      const token = newToken();
      await sql.run(
        `INSERT INTO api_tokens (id, organization_id, kind, name, token_hash, hint, scopes, created_by, created_by_user_id)
         VALUES ($1, $2, 'token', 'First start', $3, $4, $5, $6, $7)`,
        [randomUUID(), organizationId, hashToken(token), token.slice(-4), seedTokenScopes, owner.name, userId],
      );
      return { userId, organizationId, projectId, publicKey, token };
    });
  } finally {
    await pool.close();
  }
}

/**
 * Sets a user's password without the old one, ends all sessions and logins, and lifts the throttle of the e-mail.
 * @returns false when there is no such user
 * @throws Error when the password is too short or too long
 */
export async function resetPassword(databases: Pick<RoleUrls, "databaseSystemUrl">, email: string, password: string): Promise<boolean> {
  if (isTooWeak(password)) throw new Error("A password has 10 to 200 characters.");
  const passwordHash = await hashPassword(password);
  const pool = openSqlPool(databases.databaseSystemUrl, { maxConnections: 1, applicationName: "salvage-setup" });
  try {
    return await pool.transaction(async (sql) => {
      const [user] = await sql.rows<{ id: string }>("UPDATE users SET password_hash = $2 WHERE email = $1 RETURNING id", [
        normalEmail(email),
        passwordHash,
      ]);
      if (user === undefined) return false;
      await sql.run("UPDATE sessions SET revoked_at = now() WHERE user_id = $1 AND revoked_at IS NULL", [user.id]);
      await sql.run("UPDATE api_tokens SET revoked_at = now() WHERE created_by_user_id = $1 AND kind = 'login' AND revoked_at IS NULL", [
        user.id,
      ]);
      await sql.run("DELETE FROM sign_in_throttles WHERE key = $1", [throttleKey("email", normalEmail(email))]);
      return true;
    });
  } finally {
    await pool.close();
  }
}

/** An organization's storage, as the operator sets and sees it. */
export type StorageQuota = { usedBytes: number; quotaBytes: number | null };

/**
 * Reads an organization's storage quota, after setting it when `quotaBytes` is given (null = none). Counted are dumps, attachments, uploads, debug
 * files and lookup files. Null: there is no such organization.
 */
export async function storageQuota(
  databases: Pick<RoleUrls, "databaseSystemUrl">,
  orgSlug: string,
  quotaBytes?: number | null,
): Promise<StorageQuota | null> {
  const pool = openSqlPool(databases.databaseSystemUrl, { maxConnections: 1, applicationName: "salvage-setup" });
  try {
    if (quotaBytes !== undefined)
      await pool.run("UPDATE organizations SET storage_quota_bytes = $2::bigint WHERE slug = $1", [orgSlug, quotaBytes]);
    const [row] = await pool.rows<StorageQuota>(
      `SELECT coalesce(u.used_bytes, 0) AS "usedBytes", o.storage_quota_bytes AS "quotaBytes" FROM organizations o
       LEFT JOIN storage_usage u ON u.organization_id = o.id WHERE o.slug = $1`,
      [orgSlug],
    );
    return row ?? null;
  } finally {
    await pool.close();
  }
}
