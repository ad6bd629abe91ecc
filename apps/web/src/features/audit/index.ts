/** Who did what in the organization. */
export { AuditLog } from "./audit-log.tsx";
