/**
 * The first rows of an installation: an owner's account, an organization, a project with a client key, an API token. And the way back
 * in for an owner who lost the password. Both work on the database's own side, with the system role: nobody is signed in yet.
 */
import { randomUUID } from "node:crypto";
import { tokenScope } from "@salvage/contracts";
import pg from "pg";
import { hashPassword } from "../gate/password.ts";
import { hashToken, newPublicKey, newToken } from "../shared/secrets.ts";
import type { RoleUrls } from "./roles.ts";

export type SeedInput = {
  owner: { email: string; name: string; password: string };
  organization: { name: string; slug: string };
  project: { name: string; slug: string };
};
/** `token`: an API token with every scope but organization:admin, shown once. */
export type Seeded = { projectId: string; publicKey: string; token: string };

/** Makes the first rows. @returns null, having changed nothing, when the installation has an account already */
export async function seed(databases: RoleUrls, input: SeedInput): Promise<Seeded | null> {
  const passwordHash = await hashPassword(input.owner.password);
  return await transaction(databases, async (client) => {
    // Two first starts at once: the second waits and then finds the account.
    await client.query("SELECT pg_advisory_xact_lock(hashtext('salvage.seed'))");
    if ((await client.query("SELECT 1 FROM users LIMIT 1")).rowCount !== 0) return null;
    const userId = randomUUID();
    const organizationId = randomUUID();
    const email = input.owner.email.toLowerCase();
    const actor = `${input.owner.name} (${email})`;
    await client.query("INSERT INTO users (id, email, name, password_hash) VALUES ($1, $2, $3, $4)", [
      userId,
      email,
      input.owner.name,
      passwordHash,
    ]);
    await client.query("INSERT INTO organizations (id, slug, name) VALUES ($1, $2, $3)", [
      organizationId,
      input.organization.slug,
      input.organization.name,
    ]);
    await client.query("INSERT INTO storage_usage (organization_id) VALUES ($1)", [organizationId]);
    await client.query("INSERT INTO memberships (organization_id, user_id, role) VALUES ($1, $2, 'owner')", [organizationId, userId]);
    const project = await client.query<{ id: string }>(
      "INSERT INTO projects (organization_id, slug, name) VALUES ($1, $2, $3) RETURNING id",
      [organizationId, input.project.slug, input.project.name],
    );
    const projectId = String(project.rows[0]?.id);
    const publicKey = newPublicKey();
    await client.query("INSERT INTO client_keys (id, organization_id, project_id, name, public_key) VALUES ($1, $2, $3, 'Default', $4)", [
      randomUUID(),
      organizationId,
      projectId,
      publicKey,
    ]);
    const token = newToken();
    await client.query(
      `INSERT INTO api_tokens (id, organization_id, kind, name, token_hash, hint, scopes, created_by, created_by_user_id)
       VALUES ($1, $2, 'token', 'First start', $3, $4, $5, $6, $7)`,
      [
        randomUUID(),
        organizationId,
        hashToken(token),
        token.slice(-4),
        tokenScope.options.filter((scope) => scope !== "organization:admin"),
        actor,
        userId,
      ],
    );
    return { projectId, publicKey, token };
  });
}

/**
 * Sets a new password and ends all sessions of the account.
 * @returns false when there is no such account
 */
export async function resetPassword(databases: Pick<RoleUrls, "databaseSystemUrl">, email: string, password: string): Promise<boolean> {
  const passwordHash = await hashPassword(password);
  return await transaction(databases, async (client) => {
    const changed = await client.query<{ id: string }>("UPDATE users SET password_hash = $2 WHERE email = $1 RETURNING id", [
      email.trim().toLowerCase(),
      passwordHash,
    ]);
    const userId = changed.rows[0]?.id;
    if (userId === undefined) return false;
    await client.query("UPDATE sessions SET revoked_at = now() WHERE user_id = $1 AND revoked_at IS NULL", [userId]);
    return true;
  });
}

async function transaction<T>(databases: Pick<RoleUrls, "databaseSystemUrl">, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: databases.databaseSystemUrl });
  await client.connect();
  try {
    await client.query("BEGIN");
    const result = await work(client);
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  } finally {
    await client.end();
  }
}
