"use client";
/** The number of files that block something, in the rail and on the page's first tab. Follows along while files arrive. */
import { useQuery } from "@tanstack/react-query";
import { useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { formatCount } from "#web/ui/format.ts";
import { useHydrated } from "#web/ui/use-hydrated.ts";

const refreshMs = 5000;

export function BlockingBadge({ projectSlug }: { projectSlug: string }) {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const count = useQuery(trpc.missingFiles.count.queryOptions({ orgSlug, projectSlug }, { refetchInterval: refreshMs }));
  const hydrated = useHydrated();
  const blocking = count.data?.blocking ?? 0;
  if (!hydrated || blocking === 0) return null;
  return (
    <span className="inline-flex h-5 min-w-5 items-center justify-center rounded-full border border-warn-line bg-warn-soft px-1.5 text-xs font-semibold text-warn tabular-nums">
      {blocking > 999 ? "999+" : formatCount(blocking)}
      <span className="sr-only"> missing files block crashes</span>
    </span>
  );
}
