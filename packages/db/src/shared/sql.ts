/**
 * Raw SQL over one pool of connections, for the parts where each round trip counts. Never exported from the package.
 */
import { createHash } from "node:crypto";
import pg from "pg";

/** Runs statements, on a pool or inside a transaction. */
export interface Sql {
  /** Rows of a statement. bigint comes back as number (sizes and counts stay far below 2^53), timestamps as Date. */
  rows<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Number of rows that a statement changed. */
  run(text: string, values?: readonly unknown[]): Promise<number>;
}

export interface SqlPool extends Sql {
  /** READ COMMITTED; tried again after a deadlock, so the work must not have effects outside the database. */
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const bigintType = 20;
const deadlockDetected = "40P01";
const maxDeadlockRetries = 5;

const types = {
  getTypeParser(oid: number, format?: "text" | "binary") {
    if (oid === bigintType && format !== "binary") return Number;
    return pg.types.getTypeParser(oid, format as "text");
  },
} as pg.CustomTypesConfig;

/** @param options.maxConnections upper bound of connections that this process holds */
export function openSqlPool(databaseUrl: string, options: { maxConnections: number; applicationName: string }): SqlPool {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: options.maxConnections,
    application_name: options.applicationName,
    types,
    connectionTimeoutMillis: 10_000,
  });
  // A server that goes away closes idle connections; the next query opens new ones or reports the error.
  pool.on("error", () => undefined);
  return {
    ...overQueryable(pool),
    async transaction(work) {
      for (let attempt = 0; ; attempt++) {
        const client = await pool.connect();
        let broken: Error | undefined;
        // A lost connection is told by the next query; without a listener it would end the process.
        const onError = (error: Error) => {
          broken = error;
        };
        client.on("error", onError);
        try {
          await client.query("BEGIN");
          const result = await work(overQueryable(client));
          await client.query("COMMIT");
          return result;
        } catch (error) {
          await client.query("ROLLBACK").catch((rollbackError: Error) => {
            broken = rollbackError;
          });
          if (attempt < maxDeadlockRetries && error instanceof pg.DatabaseError && error.code === deadlockDetected) continue;
          throw error;
        } finally {
          client.off("error", onError);
          client.release(broken);
        }
      }
    },
    close: () => pool.end(),
  };
}

/**
 * Named statements: each connection parses and plans a text once. All texts are constants of this package, so there are few;
 * planning the larger ones costs several times their execution.
 */
function prepared(text: string, values: readonly unknown[] = []): pg.QueryConfig {
  let name = names.get(text);
  if (name === undefined) {
    name = createHash("sha256").update(text).digest("hex").slice(0, 32);
    names.set(text, name);
  }
  return { name, text, values: [...values] };
}

const names = new Map<string, string>();

function overQueryable(queryable: pg.Pool | pg.PoolClient): Sql {
  return {
    async rows<Row>(text: string, values?: readonly unknown[]) {
      const result = await queryable.query(prepared(text, values));
      return result.rows as Row[];
    },
    async run(text, values) {
      const result = await queryable.query(prepared(text, values));
      return result.rowCount ?? 0;
    },
  };
}

/** The only row of a statement that returns exactly one. */
export function only<Row>(rows: readonly Row[]): Row {
  const row = rows[0];
  if (row === undefined || rows.length !== 1) throw new Error(`expected one row, got ${rows.length}`);
  return row;
}
