"use client";
/** One missing file: what it is, who waits for it, what it would bring, and how to upload it. */
import type { MissingFileView } from "@salvage/contracts";
import { CircleCheck, CircleDashed, EyeOff, LoaderCircle } from "lucide-react";
import { useState } from "react";
import { OsName } from "#web/features/states/index.ts";
import { useOrg } from "#web/features/workspace/index.ts";
import { Badge } from "#web/ui/badge.tsx";
import { Button } from "#web/ui/button.tsx";
import { CodeBlock, CopyId } from "#web/ui/copy.tsx";
import { plural } from "#web/ui/format.ts";
import { Progress } from "#web/ui/progress.tsx";
import { RelativeTime } from "#web/ui/relative-time.tsx";
import { IgnoreMenu } from "./ignore-menu.tsx";
import { NearFiles } from "./near-files.tsx";
import { gainOf, remedyOf, type WantedFile } from "./remedy.ts";

export function MissingFileCard({ file, projectSlug, open: startsOpen }: { file: MissingFileView; projectSlug: string; open: boolean }) {
  const [open, setOpen] = useState(startsOpen);
  const arriving = file.arrival !== null && file.arrival.done < file.arrival.total;
  return (
    <article aria-label={file.name} data-file-key={file.fileKey} className="min-w-0 rounded-lg border border-line bg-surface">
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2 px-4 pt-3">
        <div className="min-w-0 flex-1 basis-72">
          <div className="flex flex-wrap items-center gap-2">
            <StateBadge file={file} arriving={arriving} />
            <h2 className="min-w-0 truncate font-mono text-base font-semibold" title={file.codeFile}>
              {file.name}
            </h2>
            {file.waitingCrashes > 0 ? (
              <span className="text-sm text-ink-2">
                <b className="font-semibold text-ink tabular-nums">{plural(file.waitingCrashes, "crash", "crashes")}</b>{" "}
                {file.waitingCrashes === 1 ? "waits" : "wait"} in {plural(file.issues, "issue")}
              </span>
            ) : null}
          </div>
          <p className="mt-1 text-sm text-ink-2">
            {file.state === "found" ? "Held now. The crashes that waited have their names." : gainOf(file)}
          </p>
        </div>
        <div className="flex items-center gap-1.5">
          {file.state === "found" ? null : (
            <>
              <Button size="sm" data-row-link aria-expanded={open} onClick={() => setOpen(!open)}>
                {open ? "Hide commands" : "How to get it"}
                <span className="sr-only">: {file.name}</span>
              </Button>
              <IgnoreMenu file={file} projectSlug={projectSlug} />
            </>
          )}
        </div>
      </div>
      <dl className="flex flex-wrap gap-x-6 gap-y-1 px-4 pt-2 pb-3 text-sm">
        {file.debugId === null ? null : <Fact label="Debug id" value={<CopyId text={file.debugId} what="debug id" />} />}
        {file.codeId === null ? null : (
          <Fact label="Code id" value={<CopyId text={file.codeId} what="code id" className="max-w-56 sm:max-w-80" />} />
        )}
        <Fact label="For" value={<OsName os={file.os} cpu={file.cpu} />} />
        {file.versions.length === 0 ? null : (
          <Fact
            label={file.versions.length === 1 ? "Version" : "Versions"}
            value={`${file.versions.slice(0, 5).join(", ")}${file.versions.length > 5 ? " …" : ""}`}
          />
        )}
        {file.sampleFrame === null || file.state === "found" ? null : (
          <Fact label="Looks like" value={<code className="text-xs text-ink-2">{file.sampleFrame}</code>} />
        )}
        <Fact label={file.foundAt === null ? "Last seen" : "Found"} value={<RelativeTime at={file.foundAt ?? file.lastSeenAt} />} />
      </dl>
      {file.arrival === null || file.arrival.total === 0 ? null : (
        <div className="border-t border-line px-4 py-2.5" role="status">
          <div className="mb-1 text-sm text-ink-2">
            Upgraded {file.arrival.done.toLocaleString("en-US")} of {plural(file.arrival.total, "crash", "crashes")}
          </div>
          <Progress
            label={`Crashes upgraded by ${file.name}`}
            done={file.arrival.done}
            total={file.arrival.total}
            tone={arriving ? "info" : "good"}
          />
        </div>
      )}
      {open && file.state !== "found" ? <RemedyBox file={file} /> : null}
    </article>
  );
}

function StateBadge({ file, arriving }: { file: MissingFileView; arriving: boolean }) {
  if (arriving)
    return (
      <Badge tone="info" icon={LoaderCircle} spin>
        Upgrading
      </Badge>
    );
  if (file.state === "found")
    return (
      <Badge tone="good" icon={CircleCheck}>
        Found
      </Badge>
    );
  if (file.state === "ignored") return <Badge icon={EyeOff}>Ignored</Badge>;
  return file.own ? (
    <Badge tone="warn" icon={CircleDashed}>
      Missing
    </Badge>
  ) : (
    <Badge icon={CircleDashed} title="Not your own module: listed, but nothing waits for it">
      Not yours
    </Badge>
  );
}

function Fact({ label, value }: { label: string; value: React.ReactNode }) {
  return (
    <div className="flex min-w-0 items-center gap-1.5">
      <dt className="shrink-0 text-ink-3">{label}</dt>
      <dd className="min-w-0">{value}</dd>
    </div>
  );
}

function RemedyBox({ file }: { file: MissingFileView }) {
  const { publicUrl, orgSlug } = useOrg();
  const [curl, setCurl] = useState(false);
  const { files, otherwise } = remedyOf(file, { publicUrl, orgSlug });
  return (
    <div className="space-y-3.5 border-t border-line px-4 py-3">
      {files.length > 1 ? (
        <p className="text-sm text-ink-2">Two files of the build have what is missing. Drop both on this page, or upload them:</p>
      ) : null}
      {files.map((wanted) => (
        <WantedFileBox key={wanted.name} wanted={wanted} curl={curl} />
      ))}
      {otherwise === null ? null : <p className="text-sm text-ink-2">{otherwise}</p>}
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm text-ink-3">
        <span>
          <code className="text-xs">SALVAGE_TOKEN</code> is an API token that may upload debug files.
        </span>
        <Button variant="ghost" size="sm" onClick={() => setCurl(!curl)}>
          {curl ? "Show our command line" : "Show it with curl"}
        </Button>
      </div>
      <div className="border-t border-line pt-3">
        <NearFiles missingFileId={file.id} wanted={file} />
      </div>
    </div>
  );
}

function WantedFileBox({ wanted, curl }: { wanted: WantedFile; curl: boolean }) {
  return (
    <section aria-label={`Upload ${wanted.name}`} className="space-y-1.5">
      <div className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-0.5 text-sm">
        <h3 className="min-w-0 truncate font-mono font-medium" title={wanted.name}>
          {wanted.name}
        </h3>
        <span className="text-ink-2">
          {wanted.what}: {wanted.brings}
        </span>
        {wanted.id === null ? null : (
          <span className="inline-flex max-w-full min-w-0 items-center gap-1.5 text-ink-3">
            <span className="shrink-0">{wanted.id.label}</span>{" "}
            <CopyId text={wanted.id.text} what={`${wanted.id.label.toLowerCase()} of ${wanted.name}`} />
          </span>
        )}
      </div>
      <p className="text-sm text-ink-2">{wanted.where}</p>
      <CodeBlock code={curl ? wanted.uploadWithCurl : wanted.upload} what={`command to upload ${wanted.name}`} />
    </section>
  );
}
