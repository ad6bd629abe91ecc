/**
 * What Prisma's own schema engine (its WebAssembly form: no download) makes of prisma/schema.prisma. Development only: the
 * schema test compares it with the migrated database, and `pnpm --filter @salvage/db db:diff` prints the next migration's SQL.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";

type Engine = {
  diff(params: unknown): Promise<{ stdout: string | null }>;
};
type Exports = Record<string, () => void>;
type EngineModule = {
  __wbg_set_wasm(exports: Exports): void;
  SchemaEngine: { new: (options: unknown, log: (line: string) => void, adapter: unknown) => Promise<Engine> };
};

/** The types for Node alone do not declare it. */
const webAssembly = (
  globalThis as unknown as { WebAssembly: { instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: Exports } }> } }
).WebAssembly;
const schemaFile = fileURLToPath(new URL("../../prisma/schema.prisma", import.meta.url));

/** The SQL that makes an empty database what schema.prisma says (without what Prisma's language cannot say). */
export function schemaSql(databaseUrl: string): Promise<string> {
  return diff(databaseUrl, null);
}

/**
 * @param databaseUrl any reachable database: the engine wants a connection even to compare two files
 * @param oldSchema text of an earlier schema.prisma; null = nothing
 * @returns the SQL that leads from it to the present schema.prisma
 */
export async function diff(databaseUrl: string, oldSchema: string | null): Promise<string> {
  const require = createRequire(import.meta.url);
  const enginePath = require.resolve("@prisma/schema-engine-wasm/schema_engine_bg");
  const module = (await import(enginePath)) as EngineModule;
  const bytes = await readFile(enginePath.replace(/\.js$/, ".wasm"));
  const { instance } = await webAssembly.instantiate(bytes, { "./schema_engine_bg.js": module });
  module.__wbg_set_wasm(instance.exports);
  instance.exports["__wbindgen_start"]?.();
  const { bindMigrationAwareSqlAdapterFactory } = createRequire(require.resolve("@prisma/adapter-pg"))("@prisma/driver-adapter-utils") as {
    bindMigrationAwareSqlAdapterFactory(factory: unknown): unknown;
  };
  const content = await readFile(schemaFile, "utf8");
  const files = [{ path: schemaFile, content }];
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  try {
    const engine = await module.SchemaEngine.new(
      { datamodels: [[schemaFile, content]] },
      () => undefined,
      bindMigrationAwareSqlAdapterFactory(new PrismaPg(pool)),
    );
    const { stdout } = await engine.diff({
      from: oldSchema === null ? { tag: "empty" } : { tag: "schemaDatamodel", files: [{ path: schemaFile, content: oldSchema }] },
      to: { tag: "schemaDatamodel", files },
      script: true,
      exitCode: null,
      shadowDatabaseUrl: null,
      filters: { externalTables: [], externalEnums: [] },
    });
    return stdout ?? "";
  } finally {
    await pool.end();
  }
}
