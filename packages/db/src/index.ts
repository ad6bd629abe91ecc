/** The gate and, behind it, one organization's repositories. The client and every unscoped way to rows stay inside this package. */
export { createOrgGate } from "./gate/index.ts";
export type * from "./gate/ports.ts";
export type * from "./org/ports.ts";
