"use client";
/** The crash page: what happened, and can I trust this stack? Updates itself while work goes on. */
import type { CrashDetail, Report } from "@salvage/contracts";
import { CircleAlert } from "lucide-react";
import { OtherThreads, StackPanel } from "#web/features/stack-view/index.ts";
import { CrashStateMark } from "#web/features/states/index.ts";
import { explain, paths, useOrg } from "#web/features/workspace/index.ts";
import { cn } from "#web/ui/cn.ts";
import { formatCount, plural } from "#web/ui/format.ts";
import { LoadFailed } from "#web/ui/load-failed.tsx";
import { Notice } from "#web/ui/page.tsx";
import { RowKeys } from "#web/ui/row-keys.tsx";
import { Attachments } from "./attachments.tsx";
import { CauseBox } from "./cause-box.tsx";
import { CrashActions } from "./crash-actions.tsx";
import { Breadcrumbs, Contexts } from "./event-data.tsx";
import { ExtraData, extraCount } from "./extra-data.tsx";
import { CrashFacts } from "./facts.tsx";
import { Feedback } from "./feedback.tsx";
import { ModulesTable } from "./modules-table.tsx";
import { PrivacyLine } from "./privacy-line.tsx";
import { RawJson } from "./raw-json.tsx";
import { ReportPending, ReportSkeleton } from "./report-inline.tsx";
import { Section } from "./section.tsx";
import { StateBanner } from "./state-banner.tsx";
import { Timeline } from "./timeline.tsx";
import { useLiveCrash } from "./use-live-crash.ts";
import { Warnings } from "./warnings.tsx";

/** Sections of so many rows at most are open from the start. */
const maxOpenRows = 12;

export function CrashPage({ crashId }: { crashId: string }) {
  const { orgSlug } = useOrg();
  const { crash, report, error } = useLiveCrash(crashId);
  if (crash === undefined) {
    return error === null ? <ReportSkeleton /> : <LoadFailed what="This crash" why={explain(error)} />;
  }
  return (
    <div className="space-y-3">
      <RowKeys />
      <CrashHeader crash={crash} />
      <StateBanner crash={crash} />
      <div className={cn("grid gap-3", crash.hasReport && "xl:grid-cols-[minmax(0,1fr)_19rem]")}>
        {crash.hasReport ? (
          <div className="min-w-0 space-y-3">
            {report === undefined ? <ReportPending crash={crash} error={error} /> : <CauseBox report={report} />}
            {report === undefined ? null : <StackPanel report={report} link={paths.crash(orgSlug, crash.projectSlug, crash.id)} />}
            {report !== undefined && report.crashing_thread === null ? (
              <Notice icon={CircleAlert} title="No crashing thread">
                The dump names no thread that crashed; all threads are below.
              </Notice>
            ) : null}
          </div>
        ) : null}
        <aside aria-label="Facts" className="h-fit min-w-0 rounded-lg border border-line bg-surface p-4">
          <CrashFacts crash={crash} report={report} orgSlug={orgSlug} />
        </aside>
      </div>
      {crash.feedback.length === 0 ? null : (
        <Section title="What the user wrote" count={formatCount(crash.feedback.length)} open>
          <Feedback crash={crash} />
        </Section>
      )}
      {report === undefined ? null : <ReportSections report={report} crash={crash} />}
      <Section title="Extra data" count={formatCount(extraCount(crash))} open={extraCount(crash) > 0 && extraCount(crash) <= maxOpenRows}>
        <ExtraData crash={crash} />
      </Section>
      {crash.attachments.length === 0 ? null : (
        <Section title="Attachments" count={formatCount(crash.attachments.length)} open={crash.attachments.length <= maxOpenRows}>
          <Attachments crash={crash} />
        </Section>
      )}
      {crash.breadcrumbs.length === 0 ? null : (
        <Section title="Breadcrumbs" count={formatCount(crash.breadcrumbs.length)} open={crash.breadcrumbs.length <= maxOpenRows}>
          <Breadcrumbs crash={crash} />
        </Section>
      )}
      {Object.keys(crash.contexts).length === 0 ? null : (
        <Section title="Contexts" count={formatCount(Object.keys(crash.contexts).length)}>
          <Contexts crash={crash} />
        </Section>
      )}
      <Section title="Timeline" count={plural(crash.revisions.length, "revision")} open>
        <Timeline crash={crash} />
      </Section>
      {report === undefined ? null : (
        <Section title="Raw report" count="JSON">
          <RawJson report={report} crashId={crash.id} />
        </Section>
      )}
      <PrivacyLine crash={crash} report={report} />
    </div>
  );
}

function CrashHeader({ crash }: { crash: CrashDetail }) {
  return (
    <header className="flex flex-wrap items-start justify-between gap-x-6 gap-y-2">
      <div className="min-w-0 flex-1 basis-96">
        <div className="mb-1 flex flex-wrap items-center gap-2">
          <CrashStateMark state={crash.state} boxed />
          {crash.crashReason === null ? null : <span className="text-sm text-ink-3">{crash.crashReason}</span>}
        </div>
        <h1 className="font-mono text-lg font-semibold [overflow-wrap:anywhere]">
          {crash.signature ?? (crash.state === "rejected" ? "No signature" : "No signature yet")}
        </h1>
      </div>
      <div className="flex flex-wrap items-center gap-2">
        <CrashActions crash={crash} />
      </div>
    </header>
  );
}

function ReportSections({ report, crash }: { report: Report; crash: CrashDetail }) {
  const others = report.threads.length - (report.crashing_thread === null ? 0 : 1);
  const missing = report.modules.filter((module) => module.own && module.needs !== null).length;
  return (
    <>
      <Section
        title={report.crashing_thread === null ? "Threads" : "Other threads"}
        count={formatCount(Math.max(0, others))}
        open={report.crashing_thread === null}
      >
        <OtherThreads report={report} />
      </Section>
      <Section
        title="Modules"
        count={`${formatCount(report.modules.length)}${missing === 0 ? "" : ` · ${formatCount(missing)} of yours without debug file`}`}
      >
        <ModulesTable report={report} crash={crash} />
      </Section>
      {report.warnings.length === 0 ? null : (
        <Section title="Not readable in this dump" count={formatCount(report.warnings.length)}>
          <Warnings warnings={report.warnings} />
        </Section>
      )}
    </>
  );
}
