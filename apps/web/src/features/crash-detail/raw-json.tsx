"use client";
/** The report as stored, to read, copy or save. */
import type { Report } from "@salvage/contracts";
import { Download } from "lucide-react";
import { useMemo } from "react";
import { Button } from "#web/ui/button.tsx";
import { CopyTextButton } from "#web/ui/copy.tsx";

export function RawJson({ report, crashId }: { report: Report; crashId: string }) {
  const json = useMemo(() => JSON.stringify(report, null, 2), [report]);
  function save() {
    const url = URL.createObjectURL(new Blob([json], { type: "application/json" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = `crash-${crashId}.json`;
    link.click();
    URL.revokeObjectURL(url);
  }
  return (
    <div>
      <div className="flex items-center gap-2 border-b border-line px-4 py-2">
        <CopyTextButton text={json}>Copy JSON</CopyTextButton>
        <Button size="sm" onClick={save}>
          <Download aria-hidden /> Save
        </Button>
        <span className="text-sm text-ink-3">Field names are those of minidump-stackwalk.</span>
      </div>
      <section
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        tabIndex={0}
        aria-label="Report as JSON"
        className="max-h-[32rem] overflow-auto px-4 py-3 text-xs leading-[18px]"
      >
        <pre className="text-xs">{json}</pre>
      </section>
    </div>
  );
}
