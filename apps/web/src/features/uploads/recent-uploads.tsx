"use client";
/** The last uploads of the organization, by whomever, with what each resolved; live while one is being worked on. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { explain, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Button } from "#web/ui/button.tsx";
import { LoadFailed } from "#web/ui/load-failed.tsx";
import { RelativeTime } from "#web/ui/relative-time.tsx";
import { isSettled, stageOf, uploadWords } from "./progress-words.ts";
import { UploadRow } from "./upload-row.tsx";

const shownAtFirst = 3;
const [liveMs, restMs] = [1500, 15_000];

/** @param without ids of uploads that the page shows already */
export function RecentUploads({ without }: { without: ReadonlySet<string> }) {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const [all, setAll] = useState(false);
  const recent = useQuery(
    trpc.uploads.recent.queryOptions(
      { orgSlug },
      { refetchInterval: (query) => (query.state.data?.some((upload) => !isSettled(upload)) ? liveMs : restMs) },
    ),
  );
  if (recent.isError && recent.data === undefined) {
    return <LoadFailed what="The recent uploads" why={explain(recent.error)} onRetry={() => void recent.refetch()} />;
  }
  const uploads = (recent.data ?? []).filter((upload) => !without.has(upload.id));
  if (uploads.length === 0) return null;
  return (
    <section aria-labelledby="recent-uploads" className="overflow-hidden rounded-lg border border-line bg-surface">
      <div className="flex min-h-9 items-center justify-between gap-3 border-b border-line bg-sunken px-3">
        <h2 id="recent-uploads" className="text-sm font-medium">
          Recent uploads
        </h2>
        {uploads.length > shownAtFirst ? (
          <Button variant="ghost" size="sm" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? "Show fewer" : `Show all ${uploads.length}`}
          </Button>
        ) : null}
      </div>
      <ul>
        {(all ? uploads : uploads.slice(0, shownAtFirst)).map((upload) => (
          <UploadRow
            key={upload.id}
            name={upload.fileName}
            sizeBytes={upload.sizeBytes}
            about={
              <>
                {" "}
                · {upload.uploadedBy} · <RelativeTime at={upload.createdAt} />
              </>
            }
            stage={stageOf(upload)}
            words={uploadWords(upload)}
            upload={upload}
          />
        ))}
      </ul>
    </section>
  );
}
