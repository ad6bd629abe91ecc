/** Template arguments spelled from entries, where names leave them out. */
import type { Unit } from "./units.ts";

export function templateArguments(_unit: Unit, _entry: number, _name: Uint8Array): string {
  return "";
}
