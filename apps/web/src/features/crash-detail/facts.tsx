/** The column beside the cause: where and on what it crashed. */
import type { CrashDetail, Report } from "@salvage/contracts";
import Link from "next/link";
import { OsName } from "#web/features/states/index.ts";
import { paths } from "#web/features/workspace/index.ts";
import { CopyId } from "#web/ui/copy.tsx";
import { formatDuration } from "#web/ui/format.ts";
import { Facts } from "#web/ui/page.tsx";
import { RelativeTime } from "#web/ui/relative-time.tsx";

export function CrashFacts({ crash, report, orgSlug }: { crash: CrashDetail; report: Report | undefined; orgSlug: string }) {
  const up = report?.crash_time != null && report.process_create_time != null ? report.crash_time - report.process_create_time : null;
  const system = report?.system_info;
  return (
    <Facts
      className="text-sm"
      items={[
        { label: "Version", value: crash.release ?? <span className="text-ink-3">not sent</span> },
        ...(crash.environment === null ? [] : [{ label: "Environment", value: crash.environment }]),
        {
          label: "System",
          value: (
            <>
              <OsName os={crash.os} cpu={crash.cpu} />
              {system?.os_ver == null ? null : <span className="block text-xs text-ink-3 [overflow-wrap:anywhere]">{system.os_ver}</span>}
            </>
          ),
        },
        ...(system?.cpu_info == null
          ? []
          : [{ label: "CPU", value: `${system.cpu_count > 1 ? `${system.cpu_count} × ` : ""}${system.cpu_info}` }]),
        { label: "Received", value: <RelativeTime at={crash.receivedAt} /> },
        ...(report?.crash_time == null
          ? []
          : [{ label: "Crashed", value: <RelativeTime at={new Date(report.crash_time * 1000).toISOString()} /> }]),
        ...(up === null || up < 0 ? [] : [{ label: "Up for", value: formatDuration(up) }]),
        ...(crash.user === null ? [] : [{ label: "User", value: <CopyId text={crash.user} what="user id" /> }]),
        ...(crash.issueId === null
          ? []
          : [
              {
                label: "Issue",
                value: (
                  <Link
                    href={paths.issue(orgSlug, crash.projectSlug, crash.issueId)}
                    className="text-accent underline-offset-2 hover:underline"
                  >
                    All crashes like this
                  </Link>
                ),
              },
            ]),
        { label: "Crash id", value: <CopyId text={crash.id} what="crash id" /> },
      ]}
    />
  );
}
