/**
 * The one permission table: which role and which API token scope may do what.
 * Every tRPC procedure and every HTTP route names one of these permissions.
 */
import { z } from "zod";

export const role = z.enum(["owner", "admin", "member", "viewer"]);
export type Role = z.infer<typeof role>;

/** Permissions; those in `tokenScope` can be given to API tokens too. */
export const permission = z.enum([
  "crash:read",
  "crash:write",
  "crash:delete",
  "dump:download",
  "debug-file:read",
  "debug-file:write",
  "project:read",
  "project:write",
  "organization:read",
  "organization:admin",
  "organization:own",
]);
export type Permission = z.infer<typeof permission>;

export const tokenScope = z.enum([
  "crash:read",
  "crash:write",
  "crash:delete",
  "dump:download",
  "debug-file:read",
  "debug-file:write",
  "project:read",
  "project:write",
  "organization:admin",
]);
export type TokenScope = z.infer<typeof tokenScope>;

/** What a command line that a member signed in may do, as far as the member may. */
export const loginScopes: readonly TokenScope[] = ["crash:read", "crash:write", "debug-file:read", "debug-file:write", "project:read"];

/** What each scope lets its bearer do, as a sentence for the token form. */
export const scopeSentences: Readonly<Record<TokenScope, string>> = {
  "crash:read": "Read crashes, reports and missing files",
  "crash:write": "Process crashes again; resolve and ignore issues and missing files",
  "crash:delete": "Delete crashes",
  "dump:download": "Download minidumps while they are held",
  "debug-file:read": "List and download debug files",
  "debug-file:write": "Upload and delete debug files",
  "project:read": "Read projects and their settings",
  "project:write": "Create projects, change settings and client keys",
  "organization:admin": "Manage members, invitations and tokens",
};

const viewer: readonly Permission[] = ["crash:read", "debug-file:read", "project:read", "organization:read"];
const member: readonly Permission[] = [...viewer, "crash:write", "debug-file:write", "project:write"];
const admin: readonly Permission[] = [...member, "crash:delete", "dump:download", "organization:admin"];
const owner: readonly Permission[] = [...admin, "organization:own"];

export const rolePermissions: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  viewer: new Set(viewer),
  member: new Set(member),
  admin: new Set(admin),
  owner: new Set(owner),
};

/** True when `role` holds `permission`. */
export function roleMay(role: Role, permission: Permission): boolean {
  return rolePermissions[role].has(permission);
}
