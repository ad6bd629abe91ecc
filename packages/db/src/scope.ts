/**
 * Transactions of the app role. Every one starts by saying for whom it is (settings that row-level security compares with), so
 * that a query outside a scope sees nothing. The client itself never leaves this file.
 */
import { PrismaPg } from "@prisma/adapter-pg";
import pg from "pg";
import { Prisma, PrismaClient } from "./generated/client.ts";
import type { Sql } from "./shared/sql.ts";

/** For whom a transaction is; what is left out is empty. */
export type ScopeSettings = { organizationId?: string; userId?: string; email?: string; tokenHash?: string; sessionId?: string };

/** A transaction's client (models) and the same transaction for SQL in words. */
export type Tx = { models: ScopedModels; sql: Sql; use(settings: ScopeSettings): Promise<void> };
type ScopedModels = Omit<Prisma.TransactionClient, `$${string}`>;

export interface AppDatabase {
  transaction<T>(settings: ScopeSettings, work: (tx: Tx) => Promise<T>): Promise<T>;
  ping(): Promise<boolean>;
  close(): Promise<void>;
}

const maxRetries = 5;
/** Secrets are selected only where they are delivered or compared. */
const omit = {
  user: { passwordHash: true },
  apiToken: { tokenHash: true },
  invitation: { tokenHash: true },
  webhook: { secret: true },
  crash: { dumpWrappedKey: true },
  crashAttachment: { wrappedKey: true },
} as const;

export function openAppDatabase(databaseUrl: string, maxConnections: number): AppDatabase {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: maxConnections,
    application_name: "salvage-app",
    connectionTimeoutMillis: 10_000,
  });
  // A server that goes away closes idle connections; the next transaction opens new ones or reports the error.
  pool.on("error", () => undefined);
  // Made when first needed: its model of the schema is a fifth of the heap of a process that only takes crashes in.
  let client: PrismaClient | undefined;
  const open = () => {
    client ??= new PrismaClient({ adapter: new PrismaPg(pool), omit, transactionOptions: { maxWait: 10_000, timeout: 30_000 } });
    return client;
  };
  return {
    async transaction(settings, work) {
      for (let attempt = 0; ; attempt++) {
        try {
          return await open().$transaction(async (transaction) => {
            const sql = overTransaction(transaction);
            const use = (next: ScopeSettings) => announce(sql, next);
            await use(settings);
            return work({ models: transaction as unknown as ScopedModels, sql, use });
          });
        } catch (error) {
          if (attempt < maxRetries && isDeadlock(error)) continue;
          throw error;
        }
      }
    },
    async ping() {
      try {
        await pool.query("SELECT 1");
        return true;
      } catch {
        return false;
      }
    },
    async close() {
      await client?.$disconnect();
      await pool.end();
    },
  };
}

async function announce(sql: Sql, settings: ScopeSettings): Promise<void> {
  await sql.rows(
    `SELECT set_config('salvage.organization_id', $1, true), set_config('salvage.user_id', $2, true), set_config('salvage.email', $3, true),
       set_config('salvage.token_hash', $4, true), set_config('salvage.session_id', $5, true)`,
    [settings.organizationId ?? "", settings.userId ?? "", settings.email ?? "", settings.tokenHash ?? "", settings.sessionId ?? ""],
  );
}

function overTransaction(transaction: Prisma.TransactionClient): Sql {
  return {
    rows: <Row>(text: string, values: readonly unknown[] = []) => transaction.$queryRawUnsafe<Row[]>(text, ...values),
    run: (text, values = []) => transaction.$executeRawUnsafe(text, ...values),
  };
}

/** A unique constraint refused a row. */
export function isUniqueViolation(error: unknown): boolean {
  return codeOf(error) === "P2002" || /\b23505\b/.test(rawCode(error));
}

function isDeadlock(error: unknown): boolean {
  return codeOf(error) === "P2034" || /\b40(P01|001)\b/.test(rawCode(error));
}

function codeOf(error: unknown): string {
  return error instanceof Prisma.PrismaClientKnownRequestError ? error.code : "";
}

/** A raw query's error carries the server's code in its text. */
function rawCode(error: unknown): string {
  return codeOf(error) === "P2010" && error instanceof Error ? error.message : "";
}
