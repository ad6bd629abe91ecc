/** Words for roles and needs, the same on every page. */
import type { FileNeed, Role } from "@salvage/contracts";

export function formatRole(role: Role): string {
  return role.charAt(0).toUpperCase() + role.slice(1);
}

/** What a missing file would bring, as the end of "this file brings …". */
export function formatFileNeed(needs: FileNeed): string {
  if (needs === "names") return "names";
  if (needs === "unwind") return "unwind rules";
  return "names and unwind rules";
}
