/** Issues: crashes grouped by where they happen. */
export { issueFilters, issueListInput } from "./filters.ts";
export { IssueList } from "./issue-list.tsx";
export { IssuePage } from "./issue-page.tsx";
