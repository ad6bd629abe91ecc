/** Gives a report query one cache entry per revision: a report never changes, and a new revision is a new report. */
import type { QueryKey } from "@tanstack/react-query";

/** The revision goes beside the input in the key's last part: the query's function reads path and input out of the key. */
export function withRevision<Key extends QueryKey, Options extends { queryKey: Key }>(options: Options, revision: number): Options {
  const [path, rest] = options.queryKey as QueryKey;
  return { ...options, queryKey: [path, { ...(rest as object), revision }] as unknown as Key, staleTime: Number.POSITIVE_INFINITY };
}
