/** The filters of the issue list as they stand in the address, for server and client alike. */
import { type IssueSort, issueSort, issueStateFilter } from "@salvage/contracts";
import { parseAsString, parseAsStringLiteral } from "nuqs/server";

/** "all" is the address's word for no filter on the state; what is open is what people come for. */
export const issueStateChoices = [...issueStateFilter.options, "all"] as const;
export type IssueStateChoice = (typeof issueStateChoices)[number];

export const issueFilters = {
  q: parseAsString.withDefault(""),
  state: parseAsStringLiteral(issueStateChoices).withDefault("open"),
  sort: parseAsStringLiteral(issueSort.options).withDefault("lastSeen"),
};

export type IssueFilters = { q: string; state: IssueStateChoice; sort: IssueSort };

export function issueListInput(orgSlug: string, projectSlug: string, filters: IssueFilters) {
  const search = filters.q.trim();
  return {
    orgSlug,
    projectSlug,
    sort: filters.sort,
    ...(search === "" ? {} : { search }),
    ...(filters.state === "all" ? {} : { state: filters.state }),
  };
}
