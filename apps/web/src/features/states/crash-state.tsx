/** A crash's state as a mark. */
import type { CrashState } from "@salvage/contracts";
import { CircleCheck, CircleDashed, CircleX, Inbox, LoaderCircle, type LucideIcon } from "lucide-react";
import { Badge, StateText, type Tone } from "#web/ui/badge.tsx";

const marks: Record<CrashState, { word: string; tone: Tone; icon: LucideIcon; spin: boolean; title: string }> = {
  received: { word: "Received", tone: "info", icon: Inbox, spin: false, title: "Stored; processing starts in a moment" },
  processing: { word: "Processing", tone: "info", icon: LoaderCircle, spin: true, title: "The stacks are being walked" },
  provisional: {
    word: "Provisional",
    tone: "warn",
    icon: CircleDashed,
    spin: false,
    title: "Debug files of your own are missing; upgraded when they arrive",
  },
  complete: { word: "Complete", tone: "good", icon: CircleCheck, spin: false, title: "Nothing of your own is missing" },
  rejected: { word: "Rejected", tone: "bad", icon: CircleX, spin: false, title: "No report could be made of its dump" },
};

export function crashStateWord(state: CrashState): string {
  return marks[state].word;
}

export function CrashStateMark({ state, boxed = false }: { state: CrashState; boxed?: boolean }) {
  const { word, ...mark } = marks[state];
  return boxed ? <Badge {...mark}>{word}</Badge> : <StateText {...mark}>{word}</StateText>;
}
