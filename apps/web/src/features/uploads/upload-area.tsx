"use client";
/** The drop zone of a page and, under it, a line per file with its verdict and what it brought. */
import { X } from "lucide-react";
import { useDisabledReason } from "#web/features/workspace/index.ts";
import { Button } from "#web/ui/button.tsx";
import { DropZone } from "#web/ui/drop-zone.tsx";
import { formatCount, plural } from "#web/ui/format.ts";
import { isSettled, stageOf, uploadWords } from "./progress-words.ts";
import { RecentUploads } from "./recent-uploads.tsx";
import { type Stage, UploadRow } from "./upload-row.tsx";
import { type UploadItem, useUploads } from "./use-uploads.ts";

/** @param recent lists the organization's last uploads below */
export function UploadArea({
  projectSlug,
  label = "Drop debug files anywhere on this page",
  recent = false,
}: {
  projectSlug: string | null;
  label?: string;
  recent?: boolean;
}) {
  const { items, add, clear } = useUploads(projectSlug);
  const mayUpload = useDisabledReason("debug-file:write");
  const settled = items.filter((item) => item.failure !== null || (item.upload !== null && isSettled(item.upload))).length;
  return (
    <div className="space-y-2">
      <section aria-label="Upload debug files" className="space-y-2">
        <DropZone
          onFiles={add}
          label={label}
          hint="exe, dll, PDB, ELF, .debug, Mach-O, dSYM, Breakpad .sym, or an archive or folder of them. Recognised by content, not by name."
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
                <UploadRow
                  key={item.key}
                  name={item.file.name}
                  sizeBytes={item.file.size}
                  stage={stageOfItem(item)}
                  words={wordsOf(item)}
                  sentBytes={item.failure === null && item.uploadId === null ? item.sentBytes : undefined}
                  upload={item.upload}
                />
              ))}
            </ul>
          </div>
        )}
      </section>
      {recent ? <RecentUploads without={new Set(items.map((item) => item.uploadId ?? ""))} /> : null}
    </div>
  );
}

function wordsOf(item: UploadItem): string {
  if (item.failure !== null) return item.failure;
  if (item.upload !== null) return uploadWords(item.upload);
  if (item.uploadId !== null) return "Received, waiting to be checked";
  if (item.sentBytes === 0) return "Waiting";
  return `Sending, ${Math.floor((item.sentBytes / Math.max(1, item.file.size)) * 100)} %`;
}

function stageOfItem(item: UploadItem): Stage {
  if (item.failure !== null) return "rejected";
  if (item.upload !== null) return stageOf(item.upload);
  if (item.uploadId !== null) return "checking";
  return item.sentBytes === 0 ? "waiting" : "sending";
}
