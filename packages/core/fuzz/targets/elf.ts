/** What is asked of an ELF file. */
export { askDebugFile as fuzz } from "../allow.ts";
