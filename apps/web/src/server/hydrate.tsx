/** Hands queries that a server component has read (or begun to read) to the client components inside. */
import { dehydrate, type FetchQueryOptions, HydrationBoundary, type QueryKey } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { getQueryClient } from "./caller.ts";

export function HydrateClient({ children }: { children: ReactNode }) {
  return <HydrationBoundary state={dehydrate(getQueryClient())}>{children}</HydrationBoundary>;
}

/** Begins a read whose result streams to the client: `prefetch(trpc.crashes.status.queryOptions({ … }))`. */
export function prefetch<Data, Failure, Key extends QueryKey>(options: FetchQueryOptions<Data, Failure, Data, Key>): void {
  void getQueryClient().prefetchQuery(options);
}
