/**
 * Prints the SQL of the next migration: from schema.prisma as it was at a commit to schema.prisma as it is.
 * Usage: DATABASE_OWNER_URL=… pnpm --filter @salvage/db db:diff [commit, default HEAD]
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { diff } from "../src/setup/schema-diff.ts";

const databaseUrl = process.env["DATABASE_OWNER_URL"];
if (databaseUrl === undefined)
  throw new Error("Set DATABASE_OWNER_URL to any database that can be reached: the engine wants a connection.");
const commit = process.argv[2] ?? "HEAD";
const old = execFileSync("git", ["show", `${commit}:./prisma/schema.prisma`], {
  cwd: fileURLToPath(new URL("..", import.meta.url)),
  encoding: "utf8",
});
process.stdout.write(await diff(databaseUrl, old));
