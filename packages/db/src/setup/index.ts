/** Roles, migrations and first rows: for the launcher, the CLI and tests. Not for apps at run time. */
export { type BlobHold, holdBlobDeletions } from "./blob-hold.ts";
export { type DatabaseFacts, databaseFacts } from "./facts.ts";
export { type Migration, migrate, readMigrations } from "./migrate.ts";
export { createRoles, printDatabaseSql, printRolesSql, type RolePasswords, type RoleUrls, roleNames, roleUrls } from "./roles.ts";
export { resetPassword, type Seeded, type SeedInput, type StorageQuota, seed, storageQuota } from "./seed.ts";
export {
  type DatabaseSnapshot,
  loadSnapshot,
  SnapshotError,
  type SnapshotTable,
  snapshotProblem,
  takeSnapshot,
} from "./snapshot.ts";
