/** The organization a page is in: who looks, what they may do, and where things are. */

export { explain } from "./explain.ts";
export { newest } from "./newest.ts";
export { OrgProvider, useDisabledReason, useMay, useOrg, type Workspace } from "./org-context.tsx";
export { paths } from "./paths.ts";
export { formatFileNeed, formatRole } from "./words.ts";
