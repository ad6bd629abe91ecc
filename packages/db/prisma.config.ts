/** Where Prisma's tools find the schema and the migrations; the address is only needed by `prisma migrate`. */
import { defineConfig } from "prisma/config";

export default defineConfig({
  schema: "prisma/schema.prisma",
  migrations: { path: "prisma/migrations" },
  datasource: { url: process.env["DATABASE_OWNER_URL"] ?? "" },
});
