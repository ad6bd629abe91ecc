/** Reads what a page shows into the request's query cache; `HydrateClient` hands it to the client components inside. */
import type { FetchInfiniteQueryOptions, FetchQueryOptions, QueryKey } from "@tanstack/react-query";
import { getQueryClient, pageData } from "#web/server/caller.ts";

/**
 * @param path of the page, to come back to after signing in
 * @returns the data; ends in the not-found page or the sign-in page where that is the answer
 */
export function read<Data, Failure, Key extends QueryKey>(
  path: string,
  options: FetchQueryOptions<Data, Failure, Data, Key>,
): Promise<Data> {
  return pageData(() => getQueryClient().fetchQuery(options), path);
}

/** The same for the first page of a paged list. */
export function readList<Data, Failure, Key extends QueryKey, Cursor>(
  path: string,
  options: FetchInfiniteQueryOptions<Data, Failure, Data, Key, Cursor>,
): Promise<unknown> {
  return pageData(() => getQueryClient().fetchInfiniteQuery(options), path);
}
