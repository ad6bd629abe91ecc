/** The filters of the issue list as they stand in the address, for server and client alike. */
import { type IssueSort, type IssueState, issueSort, issueState } from "@salvage/contracts";
import { parseAsString, parseAsStringLiteral } from "nuqs/server";

export const issueFilters = {
  q: parseAsString.withDefault(""),
  state: parseAsStringLiteral(issueState.options),
  sort: parseAsStringLiteral(issueSort.options).withDefault("lastSeen"),
};

export type IssueFilters = { q: string; state: IssueState | null; sort: IssueSort };

export function issueListInput(orgSlug: string, projectSlug: string, filters: IssueFilters) {
  const search = filters.q.trim();
  return {
    orgSlug,
    projectSlug,
    sort: filters.sort,
    ...(search === "" ? {} : { search }),
    ...(filters.state === null ? {} : { state: filters.state }),
  };
}
