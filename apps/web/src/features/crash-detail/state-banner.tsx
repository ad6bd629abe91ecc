"use client";
/** What state the crash is in and what that means for the reader. Silent when all is well. */
import type { CrashDetail } from "@salvage/contracts";
import { CircleDashed, CircleX, LoaderCircle } from "lucide-react";
import { paths, useOrg } from "#web/features/workspace/index.ts";
import { ButtonLink } from "#web/ui/button.tsx";
import { Notice } from "#web/ui/page.tsx";
import { nameList } from "./words.ts";

export function StateBanner({ crash }: { crash: CrashDetail }) {
  const { orgSlug } = useOrg();
  if (crash.state === "received" || crash.state === "processing") {
    return (
      <Notice
        tone="info"
        icon={LoaderCircle}
        spin
        live
        title={crash.revision === 0 ? "This crash is being processed" : "A newer report is being made"}
      >
        {crash.revision === 0
          ? "The report appears here by itself, usually within seconds."
          : "What you see is the report so far. The new one takes its place by itself."}
      </Notice>
    );
  }
  if (crash.givenUp !== null) return <GivenUp crash={crash} reason={crash.givenUp.reason} />;
  if (crash.state === "rejected") {
    const offset = crash.rejection?.offset ?? null;
    return (
      <Notice tone="bad" icon={CircleX} title="The dump could not be read">
        <p>
          {crash.rejection?.reason ?? "No reason was recorded"}
          {offset === null ? null : (
            <>
              , at offset <code>0x{offset.toString(16)}</code>
            </>
          )}
        </p>
        {offset === null ? null : <p>Check that the sender posts the whole file, in binary.</p>}
      </Notice>
    );
  }
  if (crash.state !== "provisional") return null;
  const names = crash.missing.filter((file) => file.own && file.state === "open").map((file) => file.name);
  const gone = crash.dump.state === "deleted" && crash.missing.some((file) => file.own && file.state === "open" && file.needs !== "names");
  return (
    <Notice
      tone="warn"
      icon={CircleDashed}
      live
      title={
        names.length === 0 ? "Provisional" : `Provisional: ${nameList(names)} ${names.length === 1 ? "has" : "have"} no debug file yet`
      }
      actions={
        <ButtonLink href={paths.processingIssues(orgSlug, crash.projectSlug)} variant="primary" size="sm">
          Upload what is missing
        </ButtonLink>
      }
    >
      {gone
        ? "The dump is gone, so the stack cannot be walked again. Names are still added by themselves when the file arrives."
        : "The stack updates itself when it arrives."}
    </Notice>
  );
}

/** The fault may be Salvage's own, so that there is something to hope for. */
function GivenUp({ crash, reason }: { crash: CrashDetail; reason: string | null }) {
  return (
    <Notice
      tone={crash.hasReport ? "warn" : "bad"}
      icon={CircleX}
      title={crash.hasReport ? "A newer report could not be made" : "No report could be made"}
    >
      <p>The process that worked on it failed three times in a row{reason === null ? "." : `: ${reason}`}</p>
      <p>{whatIsLeft(crash)}</p>
    </Notice>
  );
}

function whatIsLeft(crash: CrashDetail): string {
  if (crash.dump.state === "held")
    return "The dump is kept as long as others wait for debug files. After an update of Salvage: Process again.";
  if (crash.hasReport) return "It is left as it is until somebody has it processed again.";
  return "The dump is gone, so that nothing more can be made of it.";
}
