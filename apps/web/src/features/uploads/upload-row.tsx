"use client";
/** One upload in a list: its state, name and words, how many crashes it upgraded, and what was found in it. */
import type { UploadSummary } from "@salvage/contracts";
import { CircleAlert, CircleCheck, CircleX, Clock, LoaderCircle, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { StateText, type Tone } from "#web/ui/badge.tsx";
import { formatBytes } from "#web/ui/format.ts";
import { Progress } from "#web/ui/progress.tsx";
import type { UploadStage } from "./progress-words.ts";
import { Verdicts } from "./verdict-lines.tsx";

export type Stage = UploadStage | "waiting" | "sending";

const marks: Readonly<Record<Stage, { word: string; tone: Tone; icon: LucideIcon; spin?: boolean }>> = {
  waiting: { word: "Waiting", tone: "neutral", icon: Clock },
  sending: { word: "Sending", tone: "info", icon: LoaderCircle, spin: true },
  checking: { word: "Checking", tone: "info", icon: LoaderCircle, spin: true },
  upgrading: { word: "Upgrading", tone: "info", icon: LoaderCircle, spin: true },
  done: { word: "Done", tone: "good", icon: CircleCheck },
  unusable: { word: "Not usable", tone: "warn", icon: CircleAlert },
  rejected: { word: "Rejected", tone: "bad", icon: CircleX },
};

export function UploadRow({
  name,
  sizeBytes,
  about,
  stage,
  words,
  sentBytes,
  upload,
}: {
  name: string;
  sizeBytes: number;
  about?: ReactNode;
  stage: Stage;
  words: string;
  /** While it is on its way to the server. */
  sentBytes?: number | undefined;
  upload: UploadSummary | null;
}) {
  const { word, ...mark } = marks[stage];
  return (
    <li className="border-b border-line px-3 py-2 last:border-b-0" data-upload={name}>
      <div className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1">
        <StateText {...mark}>{word}</StateText>
        <span className="min-w-0 truncate font-medium" title={name}>
          {name}
        </span>
        <span className="text-sm text-ink-3">
          {formatBytes(sizeBytes)}
          {about}
        </span>
        <span className="ml-auto text-sm text-ink-2">{words}</span>
      </div>
      {sentBytes === undefined ? null : <Progress className="mt-1.5" label={`Sending ${name}`} done={sentBytes} total={sizeBytes} />}
      {upload === null ? null : (
        <>
          {stage === "upgrading" ? (
            <Progress
              className="mt-1.5"
              label={`Crashes upgraded by ${name}`}
              done={upload.upgraded.done}
              total={upload.upgraded.total}
              tone="info"
            />
          ) : null}
          <Verdicts upload={upload} />
        </>
      )}
    </li>
  );
}
