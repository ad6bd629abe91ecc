/** What is asked of a PE file. */
export { askDebugFile as fuzz } from "../allow.ts";
