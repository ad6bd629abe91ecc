/** What is asked of a .sym file. */
export { askDebugFile as fuzz } from "../allow.ts";
