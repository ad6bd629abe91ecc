/** What happened to this crash since it arrived: each report revision, the dump's end, and what the report could not read. */
import type { CrashDetail } from "@salvage/contracts";
import { Footprints, Inbox, type LucideIcon, RefreshCw, Tag, Trash2 } from "lucide-react";
import type { ReactNode } from "react";
import { RelativeTime } from "#web/ui/relative-time.tsx";
import { dumpWords, revisionWord } from "./words.ts";

const icons: Record<CrashDetail["revisions"][number]["kind"], LucideIcon> = {
  first: Footprints,
  names_only: Tag,
  re_walk: Footprints,
  again: RefreshCw,
};

export function Timeline({ crash }: { crash: CrashDetail }) {
  const revisions = [...crash.revisions].sort((a, b) => a.revision - b.revision);
  return (
    <ol className="space-y-3 px-4 py-3">
      <Entry icon={Inbox} title="Received" at={crash.receivedAt}>
        Stored, then answered with the crash id.
      </Entry>
      {revisions.map((revision) => {
        const words = revisionWord(revision.kind);
        return (
          <Entry
            key={revision.revision}
            icon={icons[revision.kind]}
            title={`${words.title} · revision ${revision.revision}`}
            at={revision.at}
          >
            {words.text}
          </Entry>
        );
      })}
      {crash.dump.deletedAt === null ? null : (
        <Entry icon={Trash2} title="Minidump deleted" at={crash.dump.deletedAt}>
          {dumpWords(crash.dump).why ?? "The report stays."}
        </Entry>
      )}
    </ol>
  );
}

function Entry({ icon: Icon, title, at, children }: { icon: LucideIcon; title: string; at: string; children: ReactNode }) {
  return (
    <li className="flex gap-3">
      <span className="mt-0.5 flex size-6 shrink-0 items-center justify-center rounded-full bg-sunken text-ink-3">
        <Icon aria-hidden className="size-3.5" />
      </span>
      <div className="min-w-0">
        <div className="font-medium">
          {title} <RelativeTime at={at} className="ml-1 text-sm font-normal text-ink-3" />
        </div>
        <div className="text-sm text-ink-2 first-letter:uppercase">{children}</div>
      </div>
    </li>
  );
}
