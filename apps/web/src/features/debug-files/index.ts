/** The organization's debug files: is my release covered? */
export { DebugFiles } from "./debug-files.tsx";
export { debugFileFilters, debugFilesInput } from "./filters.ts";
