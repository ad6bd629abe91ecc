/** How a frame was found, as a mark with a word; how far to believe it, on hover. */
import type { ReportFrame } from "@salvage/contracts";
import { CircleDashed, CircleDot, CircleSlash, CornerDownRight } from "lucide-react";
import { cn } from "#web/ui/cn.ts";

type Mark = { word: string; title: string; icon: typeof CircleDot; doubtful: boolean };

const marks: Record<ReportFrame["trust"], Mark> = {
  context: { word: "context", title: "Certain: the registers at the moment of the crash", icon: CircleDot, doubtful: false },
  prewalked: { word: "prewalked", title: "Taken from the sender's own stack walk", icon: CircleDot, doubtful: false },
  cfi: { word: "cfi", title: "Reliable: found by the unwind rules of the debug file", icon: CircleDot, doubtful: false },
  cfi_scan: { word: "cfi scan", title: "Doubtful: unwind rules applied to a scanned frame", icon: CircleDashed, doubtful: true },
  frame_pointer: { word: "frame ptr", title: "Mostly right: followed the chain of frame pointers", icon: CircleDot, doubtful: false },
  scan: {
    word: "scan",
    title: "Doubtful: a stack word that looks like a return address. Never used for grouping",
    icon: CircleDashed,
    doubtful: true,
  },
  none: { word: "unknown", title: "It is not known how this frame was found", icon: CircleSlash, doubtful: true },
};

const inlineMark: Mark = {
  word: "inline",
  title: "Inlined into the frame below; exists in debug information only",
  icon: CornerDownRight,
  doubtful: false,
};

export function trustTitle(trust: ReportFrame["trust"]): string {
  return marks[trust].title;
}

export function TrustMark({ trust, inline = false }: { trust: ReportFrame["trust"]; inline?: boolean }) {
  const mark = inline ? inlineMark : marks[trust];
  const Icon = mark.icon;
  return (
    <span
      title={mark.title}
      className={cn("inline-flex items-center gap-1.5 text-xs whitespace-nowrap", mark.doubtful ? "text-warn" : "text-ink-3")}
    >
      <Icon aria-hidden className="size-3 shrink-0" />
      {mark.word}
    </span>
  );
}
