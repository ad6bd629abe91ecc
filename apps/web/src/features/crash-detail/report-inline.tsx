"use client";
/** The heart of a crash's report, for the issue page: banner, cause, crashing stack. */
import type { CrashDetail } from "@salvage/contracts";
import { StackPanel } from "#web/features/stack-view/index.ts";
import { explain, paths, useOrg } from "#web/features/workspace/index.ts";
import { ButtonLink } from "#web/ui/button.tsx";
import { LoadFailed } from "#web/ui/load-failed.tsx";
import { Skeleton } from "#web/ui/page.tsx";
import { CauseBox } from "./cause-box.tsx";
import { StateBanner } from "./state-banner.tsx";
import { useLiveCrash } from "./use-live-crash.ts";

export function CrashReportInline({ crashId }: { crashId: string }) {
  const { orgSlug } = useOrg();
  const { crash, report, error } = useLiveCrash(crashId);
  if (crash === undefined) {
    return error === null ? <ReportSkeleton /> : <LoadFailed what="The newest crash" why={explain(error)} />;
  }
  const link = paths.crash(orgSlug, crash.projectSlug, crash.id);
  return (
    <div className="space-y-3">
      <StateBanner crash={crash} />
      {report === undefined ? (
        <ReportPending crash={crash} error={error} />
      ) : (
        <>
          <CauseBox report={report} />
          <StackPanel
            key={crash.id}
            report={report}
            link={link}
            actions={
              <ButtonLink href={link} size="sm">
                Open crash
              </ButtonLink>
            }
          />
        </>
      )}
    </div>
  );
}

/** What stands in the place of a report that is not there: nothing, its shape while it loads, or why it cannot be read. */
export function ReportPending({ crash, error }: { crash: CrashDetail; error: unknown }) {
  if (!crash.hasReport) return null;
  return error === null ? <ReportSkeleton /> : <LoadFailed what="The report" why={explain(error)} />;
}

/** The shape of a report while it loads. */
export function ReportSkeleton() {
  return (
    <div role="status" aria-label="Loading the report" className="space-y-3">
      <div className="space-y-2 rounded-lg border border-line bg-surface p-4">
        <Skeleton className="h-5 w-2/3" />
        <Skeleton className="w-1/3" />
      </div>
      <div className="rounded-lg border border-line bg-surface">
        {Array.from({ length: 8 }, (_, row) => (
          <div key={row} className="flex h-8 items-center gap-4 border-b border-line px-4 last:border-b-0">
            <Skeleton className="w-6" />
            <Skeleton className="flex-1" />
            <Skeleton className="hidden w-32 md:block" />
          </div>
        ))}
      </div>
    </div>
  );
}
