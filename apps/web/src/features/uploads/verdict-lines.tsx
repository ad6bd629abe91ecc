"use client";
/** What was found in an upload, a line per file: what it is, has and lacks, or why it was refused. Of a long archive a summary, and the rest on demand. */
import type { UploadSummary, UploadVerdict } from "@salvage/contracts";
import { useQuery } from "@tanstack/react-query";
import { CircleCheck, CircleX } from "lucide-react";
import { useState } from "react";
import { OsName } from "#web/features/states/index.ts";
import { explain, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Chip } from "#web/ui/badge.tsx";
import { Button } from "#web/ui/button.tsx";
import { CopyId } from "#web/ui/copy.tsx";
import { formatCount, plural } from "#web/ui/format.ts";
import { ShowMore } from "#web/ui/list.tsx";
import { LoadFailed } from "#web/ui/load-failed.tsx";
import { Skeleton } from "#web/ui/page.tsx";
import { featureNames, kindNames } from "./file-words.ts";
import { countsWords, filesOf, isSettled, verdictWords } from "./progress-words.ts";

type State = UploadVerdict["state"];

/** Lines drawn at a time; an archive may have ten thousand. */
const linesAtOnce = 100;
const refreshMs = 2000;

export function Verdicts({ upload }: { upload: UploadSummary }) {
  const [open, setOpen] = useState(false);
  const files = filesOf(upload.counts);
  if (files === 0) return null;
  if (files === upload.verdicts.length) return <Lines verdicts={upload.verdicts} alone={files === 1} />;
  return (
    <div className="mt-1">
      <div className="flex flex-wrap items-center gap-x-3 text-sm text-ink-2">
        <span>
          {plural(files, "file")} inside: {countsWords(upload.counts)}
        </span>
        <Button variant="ghost" size="sm" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Hide" : "Show"} the files<span className="sr-only"> of {upload.fileName}</span>
        </Button>
      </div>
      {open ? <AllVerdicts upload={upload} /> : null}
    </div>
  );
}

function AllVerdicts({ upload }: { upload: UploadSummary }) {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const [only, setOnly] = useState<State | null>(upload.counts.rejected > 0 ? "rejected" : null);
  const [shown, setShown] = useState(linesAtOnce);
  const whole = useQuery(
    trpc.uploads.byId.queryOptions({ orgSlug, uploadId: upload.id }, { refetchInterval: isSettled(upload) ? false : refreshMs }),
  );
  if (whole.data === undefined) {
    return whole.isError ? (
      <LoadFailed what="The files" why={explain(whole.error)} onRetry={() => void whole.refetch()} />
    ) : (
      <Skeleton className="mt-2 w-64" />
    );
  }
  const verdicts = whole.data.verdicts.filter((verdict) => only === null || verdict.state === only);
  const choices: [State | null, string][] = [
    [null, `All ${formatCount(whole.data.verdicts.length)}`],
    ...(["rejected", "ready", "duplicate"] as const)
      .filter((state) => upload.counts[state] > 0)
      .map((state): [State, string] => [state, `${formatCount(upload.counts[state])} ${verdictWords[state]}`]),
  ];
  return (
    <div className="mt-1">
      <fieldset aria-label="Which files are shown" className="flex flex-wrap gap-1">
        {choices.map(([state, word]) => (
          <Button
            key={word}
            size="sm"
            variant={state === only ? "secondary" : "ghost"}
            aria-pressed={state === only}
            onClick={() => {
              setOnly(state);
              setShown(linesAtOnce);
            }}
          >
            {word}
          </Button>
        ))}
      </fieldset>
      <Lines verdicts={verdicts.slice(0, shown)} alone={false} />
      <ShowMore hasMore={verdicts.length > shown} loading={false} onMore={() => setShown(shown + linesAtOnce)} />
    </div>
  );
}

function Lines({ verdicts, alone }: { verdicts: readonly UploadVerdict[]; alone: boolean }) {
  return (
    <ul className="mt-1.5 space-y-1.5">
      {verdicts.map((verdict, index) => (
        // Two images of one universal binary share a name, and a name may come twice.
        <VerdictLine key={index} verdict={verdict} alone={alone} />
      ))}
    </ul>
  );
}

/** @param alone the file is the upload, whose name and state stand above */
function VerdictLine({ verdict, alone }: { verdict: UploadVerdict; alone: boolean }) {
  const { state, kind, reason, offset } = verdict;
  const lacks = state === "rejected" ? [] : verdict.lacks;
  return (
    <li className="min-w-0 text-sm">
      <div className="flex min-w-0 flex-wrap items-center gap-x-2.5 gap-y-1">
        {alone ? null : (
          <>
            {state === "rejected" ? (
              <CircleX aria-label="Refused" className="size-3.5 shrink-0 text-bad" />
            ) : (
              <CircleCheck aria-label={state === "duplicate" ? "Held already" : "Ready"} className="size-3.5 shrink-0 text-good" />
            )}
            <span className="min-w-0 truncate" title={verdict.name}>
              {verdict.name}
            </span>
          </>
        )}
        {kind === null ? null : (
          <span className="whitespace-nowrap text-ink-3">
            {kindNames[kind]} {verdict.cpu === null ? null : <OsName os={null} cpu={verdict.cpu} />}
          </span>
        )}
        {verdict.debugId === null ? null : <CopyId text={verdict.debugId} what={`debug id of ${verdict.name}`} />}
        {verdict.codeId === null || sameId(verdict) ? null : <CopyId text={verdict.codeId} what={`code id of ${verdict.name}`} />}
        {kind === null
          ? null
          : featureNames.map(([feature, word]) => (
              <Chip key={feature} on={verdict.features.includes(feature)}>
                {word}
              </Chip>
            ))}
        {state === "ready" && verdict.waitingCrashes > 0 && !alone ? (
          <span className="text-ink-3">{plural(verdict.waitingCrashes, "crash", "crashes")} waited</span>
        ) : null}
      </div>
      {lacks.length === 0 ? null : <p className="text-ink-3">Lacks {lacks.join("; ")}.</p>}
      {reason === null ? null : (
        <p className={state === "rejected" ? "text-bad" : "text-ink-3"}>
          {reason}
          {offset === null ? "" : ` (at offset 0x${offset.toString(16)})`}
        </p>
      )}
    </li>
  );
}

/** A Mach-O file's code id is its debug id in other letters. */
function sameId({ debugId, codeId }: UploadVerdict): boolean {
  return debugId?.slice(0, 32).toLowerCase() === codeId?.toLowerCase();
}
