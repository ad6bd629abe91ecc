/** The settings of an ingest process of its own over a test's database; Temporal and the dashboard are away. */
import { appCommand, repositoryRoot } from "@salvage/launcher";
import type { TestDatabase } from "@salvage/testkit/postgres";

/** What `node` runs, and where, as an installation does. */
export const ingestCommand = appCommand(repositoryRoot, "ingest", { host: "", port: 0 });

/** @param home folder of its blobs */
export const ingestEnv = (database: TestDatabase, home: string) => ({
  ...ingestCommand.env,
  PATH: process.env.PATH,
  SALVAGE_HOME: home,
  PUBLIC_URL: "http://localhost:4680",
  PORT: "0",
  HOST: "127.0.0.1",
  WEB_URL: "http://127.0.0.1:1",
  DATABASE_URL: database.databaseUrl,
  DATABASE_SYSTEM_URL: database.databaseSystemUrl,
  TEMPORAL_ADDRESS: "127.0.0.1:1",
  SALVAGE_SECRET: "s".repeat(40),
  MIN_FREE_DISK_BYTES: "0",
});
