/** The tab of the page as it stands in the address, for server and client alike. */
import { type MissingFilesFilter, missingFilesFilter } from "@salvage/contracts";
import { parseAsStringLiteral } from "nuqs/server";

export const missingFilters = { tab: parseAsStringLiteral(missingFilesFilter.options).withDefault("blocking") };

export function missingListInput(orgSlug: string, projectSlug: string, filter: MissingFilesFilter) {
  return { orgSlug, projectSlug, filter };
}
