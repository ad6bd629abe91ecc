/** The crashes of a project or of one issue, newest first. */
export { CrashList } from "./crash-list.tsx";
export { CrashTable } from "./crash-table.tsx";
export { crashFilters, crashListInput, nextPage } from "./filters.ts";
