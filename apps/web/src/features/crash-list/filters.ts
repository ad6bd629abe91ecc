/** The filters of the crash list as they stand in the address, for server and client alike. */
import { type CrashState, crashState } from "@salvage/contracts";
import { parseAsString, parseAsStringLiteral } from "nuqs/server";

export const crashFilters = {
  q: parseAsString.withDefault(""),
  state: parseAsStringLiteral(crashState.options),
};

/** The procedure's input of a set of filters; unset ones are left out, so that the cache key is the same everywhere. */
export function crashListInput(orgSlug: string, projectSlug: string, filters: { q: string; state: CrashState | null }) {
  const search = filters.q.trim();
  return { orgSlug, projectSlug, ...(search === "" ? {} : { search }), ...(filters.state === null ? {} : { state: filters.state }) };
}

/** Paging of every list: the cursor of the next page, or null. */
export const nextPage = { getNextPageParam: (page: { next: string | null }) => page.next };
