/** An issue's state as a mark, and the amber mark of a grouping that may still change. */
import type { IssueState } from "@salvage/contracts";
import { CircleCheck, CircleDashed, CircleDot, EyeOff, type LucideIcon, RotateCcw, Sparkles } from "lucide-react";
import { Badge, StateText, type Tone } from "#web/ui/badge.tsx";

const marks: Record<IssueState, { word: string; tone: Tone; icon: LucideIcon; title: string }> = {
  new: { word: "New", tone: "bad", icon: Sparkles, title: "First seen within the last days" },
  ongoing: { word: "Ongoing", tone: "neutral", icon: CircleDot, title: "Known and not resolved" },
  regressed: { word: "Regressed", tone: "bad", icon: RotateCcw, title: "Was resolved, then came back" },
  resolved: { word: "Resolved", tone: "good", icon: CircleCheck, title: "Comes back as regressed when it crashes again" },
  ignored: { word: "Ignored", tone: "neutral", icon: EyeOff, title: "Counted, but out of the way" },
};

export function issueStateWord(state: IssueState): string {
  return marks[state].word;
}

export function IssueStateMark({ state, boxed = false }: { state: IssueState; boxed?: boolean }) {
  const { word, ...mark } = marks[state];
  return boxed ? <Badge {...mark}>{word}</Badge> : <StateText {...mark}>{word}</StateText>;
}

/** Names are missing where the grouping looks: the signature will become better. */
export function ProvisionalMark() {
  return (
    <Badge
      tone="warn"
      icon={CircleDashed}
      title="Names are missing in the frames that group this issue. It keeps its id and link when they arrive."
    >
      Provisional
    </Badge>
  );
}
