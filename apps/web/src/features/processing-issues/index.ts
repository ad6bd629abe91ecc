/** Processing Issues: which debug files are missing, how to get them, and what one gains. */
export { BlockingBadge } from "./blocking-badge.tsx";
export { missingFilters, missingListInput } from "./filters.ts";
export { NearFiles } from "./near-files.tsx";
export { ProcessingIssues } from "./processing-issues.tsx";
export { waitingOf } from "./why-not.ts";
