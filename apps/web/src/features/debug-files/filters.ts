/** The search of the list as it stands in the address, for server and client alike. */
import { parseAsString } from "nuqs/server";

export const debugFileFilters = { q: parseAsString.withDefault("") };

export function debugFilesInput(orgSlug: string, q: string) {
  const search = q.trim();
  return { orgSlug, ...(search === "" ? {} : { search }) };
}
