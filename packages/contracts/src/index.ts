/** What ingest, web, worker and the CLI agree on. Knows nothing but zod. */
export * from "./file-key.ts";
export * from "./inputs.ts";
export * from "./machine.ts";
export * from "./organization-token.ts";
export * from "./permissions.ts";
export * from "./report.ts";
export * from "./results.ts";
export * from "./states.ts";
export * from "./views.ts";
export * from "./workflows.ts";
