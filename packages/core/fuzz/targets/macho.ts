/** What is asked of a Mach-O file, thin or fat. */
export { askDebugFile as fuzz } from "../allow.ts";
