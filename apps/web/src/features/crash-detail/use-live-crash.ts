"use client";
/** A crash and its newest report, kept current while work on it goes on. Never goes back to an older revision. */
import type { CrashDetail, CrashState, Report } from "@salvage/contracts";
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { newest, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { withRevision } from "./with-revision.ts";

/** Pauses between two looks, by state, in milliseconds. A complete crash is looked at now and then: it can be processed again. */
const pauseMs: Record<CrashState, number> = { received: 700, processing: 700, provisional: 1500, complete: 15_000, rejected: 15_000 };

export function useLiveCrash(crashId: string): { crash: CrashDetail | undefined; report: Report | undefined; error: unknown } {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const queryClient = useQueryClient();
  const detail = useQuery(
    trpc.crashes.byId.queryOptions(
      { orgSlug, crashId },
      {
        refetchInterval: (query) => pauseMs[query.state.data?.state ?? "processing"],
        structuralSharing: newest<CrashDetail>((crash) => crash.revision),
      },
    ),
  );
  const crash = detail.data;
  // What the rail and the lists count changes with the crash's state.
  const state = useRef(crash?.state);
  useEffect(() => {
    if (state.current !== undefined && crash?.state !== state.current) {
      void queryClient.invalidateQueries(trpc.missingFiles.pathFilter());
      void queryClient.invalidateQueries(trpc.issues.pathFilter());
    }
    state.current = crash?.state;
  }, [crash?.state, queryClient, trpc]);
  const options = trpc.crashes.report.queryOptions(
    { orgSlug, crashId },
    { enabled: crash?.hasReport === true, placeholderData: keepPreviousData },
  );
  const report = useQuery(withRevision(options, crash?.revision ?? 0));
  return { crash, report: report.data, error: detail.error ?? report.error };
}
