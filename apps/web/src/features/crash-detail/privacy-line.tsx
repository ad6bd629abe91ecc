/** One line: what was kept of the dump and until when. */
import type { CrashDetail, Report } from "@salvage/contracts";
import { ShieldCheck } from "lucide-react";
import { RelativeTime } from "#web/ui/relative-time.tsx";
import { dumpWords } from "./words.ts";

export function PrivacyLine({ crash, report }: { crash: CrashDetail; report: Report | undefined }) {
  const { headline, why } = dumpWords(crash.dump);
  return (
    <p className="flex items-start gap-2 text-sm text-ink-3">
      <ShieldCheck aria-hidden className="mt-px size-4 shrink-0" />
      <span>
        {headline}
        {why === null ? null : ` ${why}`}
        {crash.dump.state === "held" && crash.dump.deleteAfter !== null ? (
          <>
            {" and will be deleted "}
            <RelativeTime at={crash.dump.deleteAfter} className="font-medium text-ink-2" /> at the latest
          </>
        ) : null}
        {crash.dump.state === "deleted" && crash.dump.deletedAt !== null ? (
          <>
            {", "}
            <RelativeTime at={crash.dump.deletedAt} className="font-medium text-ink-2" />
          </>
        ) : null}
        .
        {crash.hasReport
          ? " The report holds no stack memory, no environment variables and no command line; user names in paths are masked."
          : ""}
        {report?.re_walked === false ? " This stack was not re-walked: names were added after the dump was gone." : ""}
      </span>
    </p>
  );
}
