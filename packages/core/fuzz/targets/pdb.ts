/** What is asked of a PDB. */
export { askDebugFile as fuzz } from "../allow.ts";
