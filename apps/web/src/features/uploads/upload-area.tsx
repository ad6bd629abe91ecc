"use client";
/** The drop zone of a page and, under it, a line per file with its verdict and what it brought. */
import type { UploadVerdict } from "@salvage/contracts";
import { CircleAlert, CircleCheck, CircleX, Clock, LoaderCircle, X } from "lucide-react";
import { useState } from "react";
import { useDisabledReason } from "#web/features/workspace/index.ts";
import { Chip, StateText } from "#web/ui/badge.tsx";
import { Button } from "#web/ui/button.tsx";
import { CopyId } from "#web/ui/copy.tsx";
import { DropZone } from "#web/ui/drop-zone.tsx";
import { formatBytes, formatCount, plural } from "#web/ui/format.ts";
import { Progress } from "#web/ui/progress.tsx";
import { isSettled, uploadWords } from "./progress-words.ts";
import { type UploadItem, useUploads } from "./use-uploads.ts";

export function UploadArea({
  projectSlug,
  label = "Drop debug files anywhere on this page",
}: {
  projectSlug: string | null;
  label?: string;
}) {
  const { items, add, clear } = useUploads(projectSlug);
  const mayUpload = useDisabledReason("debug-file:write");
  const settled = items.filter((item) => item.failure !== null || (item.view !== null && isSettled(item.view))).length;
  return (
    <section aria-label="Upload debug files" className="space-y-2">
      <DropZone
        onFiles={add}
        label={label}
        hint="Breakpad .sym files, or a zip or a folder of them. Files are recognised by content, not by name."
        disabledReason={mayUpload}
      />
      {items.length === 0 ? null : (
        <div className="overflow-hidden rounded-lg border border-line bg-surface">
          <div className="flex min-h-9 items-center justify-between gap-3 border-b border-line bg-sunken px-3">
            <p className="text-sm font-medium" role="status">
              {settled === items.length
                ? `${plural(items.length, "file")} done`
                : `${formatCount(settled)} of ${plural(items.length, "file")} done`}
            </p>
            {settled > 0 ? (
              <Button variant="ghost" size="sm" onClick={clear}>
                <X aria-hidden /> Clear finished
              </Button>
            ) : null}
          </div>
          <ul>
            {items.map((item) => (
              <UploadRow key={item.key} item={item} />
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}

function UploadRow({ item }: { item: UploadItem }) {
  const [all, setAll] = useState(false);
  const verdicts = item.view?.verdicts ?? [];
  const shown = all ? verdicts : verdicts.slice(0, 6);
  return (
    <li className="border-b border-line px-3 py-2 last:border-b-0" data-upload={item.file.name}>
      <div className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1">
        <RowMark item={item} />
        <span className="min-w-0 truncate font-medium">{item.file.name}</span>
        <span className="text-sm text-ink-3">{formatBytes(item.file.size)}</span>
        <span className="ml-auto text-sm text-ink-2">{rowWords(item)}</span>
      </div>
      <RowBar item={item} />
      {shown.length === 0 ? null : (
        <ul className="mt-1.5 space-y-1">
          {shown.map((verdict) => (
            <VerdictLine key={`${verdict.name}/${verdict.debugId}`} verdict={verdict} alone={verdicts.length === 1} />
          ))}
        </ul>
      )}
      {verdicts.length > shown.length ? (
        <Button variant="ghost" size="sm" onClick={() => setAll(true)} className="mt-1">
          Show all {formatCount(verdicts.length)} files inside
        </Button>
      ) : null}
    </li>
  );
}

function rowWords(item: UploadItem): string {
  if (item.failure !== null) return item.failure;
  if (item.view !== null) return uploadWords(item.view);
  if (item.uploadId !== null) return "Received, waiting to be checked";
  if (item.sentBytes === 0) return "Waiting";
  return `Sending, ${Math.floor((item.sentBytes / Math.max(1, item.file.size)) * 100)} %`;
}

function RowMark({ item }: { item: UploadItem }) {
  if (item.failure !== null || item.view?.state === "rejected") {
    return (
      <StateText tone="bad" icon={CircleX}>
        Rejected
      </StateText>
    );
  }
  if (item.view !== null && isSettled(item.view)) {
    const usable = item.view.verdicts.some((verdict) => verdict.state !== "rejected");
    return usable ? (
      <StateText tone="good" icon={CircleCheck}>
        Done
      </StateText>
    ) : (
      <StateText tone="warn" icon={CircleAlert}>
        Not usable
      </StateText>
    );
  }
  if (item.view === null && item.sentBytes === 0) {
    return <StateText icon={Clock}>Waiting</StateText>;
  }
  return (
    <StateText tone="info" icon={LoaderCircle} spin>
      {item.uploadId === null ? "Sending" : item.view?.state === "ready" ? "Upgrading" : "Checking"}
    </StateText>
  );
}

function RowBar({ item }: { item: UploadItem }) {
  if (item.failure !== null) return null;
  if (item.uploadId === null)
    return <Progress className="mt-1.5" label={`Sending ${item.file.name}`} done={item.sentBytes} total={item.file.size} />;
  const upgraded = item.view?.upgraded;
  if (upgraded === undefined || upgraded.total === 0) return null;
  return (
    <Progress
      className="mt-1.5"
      label={`Crashes upgraded by ${item.file.name}`}
      done={upgraded.done}
      total={upgraded.total}
      tone={upgraded.done >= upgraded.total ? "good" : "info"}
    />
  );
}

function VerdictLine({ verdict, alone }: { verdict: UploadVerdict; alone: boolean }) {
  return (
    <li className="flex min-w-0 flex-wrap items-center gap-x-2.5 gap-y-1 text-sm">
      {alone ? null : (
        <>
          {verdict.state === "rejected" ? (
            <CircleX aria-label="Rejected" className="size-3.5 shrink-0 text-bad" />
          ) : (
            <CircleCheck aria-label={verdict.state === "duplicate" ? "Held already" : "Ready"} className="size-3.5 shrink-0 text-good" />
          )}
          <span className="min-w-0 truncate">{verdict.name}</span>
        </>
      )}
      {verdict.debugId === null ? null : <CopyId text={verdict.debugId} what="debug id" />}
      {verdict.features.map((feature) => (
        <Chip key={feature}>{feature === "symbols" ? "names" : feature}</Chip>
      ))}
      {verdict.reason === null ? null : (
        <span className={verdict.state === "rejected" ? "text-bad" : "text-ink-3"}>
          {verdict.reason}
          {verdict.offset === null ? "" : ` (at 0x${verdict.offset.toString(16)})`}
        </span>
      )}
      {verdict.state === "ready" && verdict.waitingCrashes > 0 && !alone ? (
        <span className="text-ink-3">{plural(verdict.waitingCrashes, "crash", "crashes")} waited</span>
      ) : null}
    </li>
  );
}
