/** What tests of several packages share. The heavier parts have entries of their own (./temporal, ./browser, ./synth-dump). */
export { startTestDatabase, type TestDatabase } from "./postgres.ts";
export { type PostgresCluster, startPostgresCluster } from "./postgres-cluster.ts";
