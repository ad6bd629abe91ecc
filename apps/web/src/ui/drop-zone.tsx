"use client";
/** Takes files by choosing them, or by dropping them anywhere on the page. Knows nothing of where they go. */
import { FileUp } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { buttonClass } from "./button.tsx";
import { cn } from "./cn.ts";
import { filesOfDrop } from "./dropped-files.ts";

export function DropZone({
  onFiles,
  label,
  hint,
  disabledReason,
  compact = false,
}: {
  onFiles(files: File[]): void;
  label: string;
  hint: ReactNode;
  disabledReason?: string | null;
  compact?: boolean;
}) {
  const id = useId();
  const [over, setOver] = useState(false);
  const [listening, setListening] = useState(false);
  const receive = useRef(onFiles);
  receive.current = onFiles;
  const blocked = typeof disabledReason === "string";

  useEffect(() => {
    if (blocked) return;
    let depth = 0;
    const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    function onEnter(event: DragEvent) {
      if (!carriesFiles(event)) return;
      depth++;
      setOver(true);
    }
    function onLeave(event: DragEvent) {
      if (!carriesFiles(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) setOver(false);
    }
    function onOver(event: DragEvent) {
      if (carriesFiles(event)) event.preventDefault();
    }
    function onDrop(event: DragEvent) {
      if (!carriesFiles(event) || event.dataTransfer === null) return;
      event.preventDefault();
      depth = 0;
      setOver(false);
      void filesOfDrop(event.dataTransfer).then((files) => {
        if (files.length > 0) receive.current(files);
      });
    }
    window.addEventListener("dragenter", onEnter);
    window.addEventListener("dragleave", onLeave);
    window.addEventListener("dragover", onOver);
    window.addEventListener("drop", onDrop);
    setListening(true);
    return () => {
      window.removeEventListener("dragenter", onEnter);
      window.removeEventListener("dragleave", onLeave);
      window.removeEventListener("dragover", onOver);
      window.removeEventListener("drop", onDrop);
    };
  }, [blocked]);

  return (
    <div
      data-over={over || undefined}
      data-listening={listening || undefined}
      className={cn(
        "flex flex-wrap items-center justify-between gap-x-4 gap-y-2 rounded-lg border border-dashed border-line-strong bg-surface px-4 transition-colors data-over:border-accent data-over:bg-accent-soft",
        compact ? "py-2" : "py-4",
      )}
    >
      <div className="flex min-w-0 flex-1 basis-64 items-center gap-3">
        <div
          className={cn(
            "flex size-9 shrink-0 items-center justify-center rounded-full",
            over ? "bg-accent text-on-accent" : "bg-accent-soft text-accent",
          )}
        >
          <FileUp aria-hidden className="size-4.5" />
        </div>
        <div className="min-w-0">
          <div className="font-medium">{over ? "Let go to upload" : label}</div>
          <div className="text-sm text-ink-3">{blocked ? disabledReason : hint}</div>
        </div>
      </div>
      <div className="relative">
        <input
          id={id}
          type="file"
          multiple
          disabled={blocked}
          className="peer sr-only"
          onChange={(event) => {
            const files = [...(event.target.files ?? [])];
            event.target.value = "";
            if (files.length > 0) onFiles(files);
          }}
        />
        <label
          htmlFor={id}
          className={buttonClass(
            "secondary",
            "md",
            cn(
              "peer-focus-visible:outline-2 peer-focus-visible:outline-accent",
              blocked ? "cursor-not-allowed opacity-55" : "cursor-pointer",
            ),
          )}
        >
          Choose files
        </label>
      </div>
    </div>
  );
}
