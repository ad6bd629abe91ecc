/** Gives a report query one cache entry per revision: a report never changes, and a new revision is a new report. */
import type { QueryKey } from "@tanstack/react-query";

export function withRevision<Key extends QueryKey, Options extends { queryKey: Key }>(options: Options, revision: number): Options {
  return { ...options, queryKey: [...options.queryKey, { revision }] as unknown as Key, staleTime: Number.POSITIVE_INFINITY };
}
