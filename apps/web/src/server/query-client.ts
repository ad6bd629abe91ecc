/** Settings of the query cache, the same on the server (one per request) and in the browser (one per tab). */
import { defaultShouldDehydrateQuery, QueryClient } from "@tanstack/react-query";
import { TRPCClientError } from "@trpc/client";
import superjson from "superjson";

/** Data that a server component has just read is not read again at once by the client component that shows it. */
const staleAfterMs = 15_000;

export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: staleAfterMs,
        // A refusal stays a refusal; only what may pass by itself is tried again, and by the browser alone: a page that is made on the server
        // would be held up, one that is not there as long as one that failed.
        retry: (failures, error) => typeof window !== "undefined" && failures < 2 && !isRefusal(error),
      },
      dehydrate: {
        serializeData: superjson.serialize,
        // Pending queries travel too, so that a page may stream.
        shouldDehydrateQuery: (query) => defaultShouldDehydrateQuery(query) || query.state.status === "pending",
      },
      hydrate: { deserializeData: superjson.deserialize },
    },
  });
}

function isRefusal(error: unknown): boolean {
  if (!(error instanceof TRPCClientError)) return false;
  const status: unknown = error.data?.httpStatus;
  return typeof status === "number" && status >= 400 && status < 500;
}
