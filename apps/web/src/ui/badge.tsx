/** Small marks: a word with a colour and, for states, an icon. Colour never stands alone. */
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { cn } from "./cn.ts";

const tones = {
  neutral: "bg-sunken text-ink-2 border-line",
  accent: "bg-accent-soft text-accent border-accent-line",
  bad: "bg-bad-soft text-bad border-bad-line",
  warn: "bg-warn-soft text-warn border-warn-line",
  good: "bg-good-soft text-good border-good-line",
  info: "bg-info-soft text-info border-info-line",
} as const;

const inkTones = {
  neutral: "text-ink-2",
  accent: "text-accent",
  bad: "text-bad",
  warn: "text-warn",
  good: "text-good",
  info: "text-info",
} as const;

export type Tone = keyof typeof tones;

export type BadgeProps = {
  tone?: Tone;
  icon?: LucideIcon | undefined;
  /** The icon turns: work in progress. */
  spin?: boolean;
  title?: string | undefined;
  className?: string;
  children: ReactNode;
};

export function Badge({ tone = "neutral", icon: Icon, spin = false, title, className, children }: BadgeProps) {
  return (
    <span
      title={title}
      className={cn(
        "inline-flex h-5 max-w-full items-center gap-1 rounded-sm border px-1.5 text-xs font-medium whitespace-nowrap",
        tones[tone],
        className,
      )}
    >
      {Icon ? <Icon aria-hidden className={cn("size-3 shrink-0", spin && "animate-spin")} /> : null}
      <span className="truncate">{children}</span>
    </span>
  );
}

/** A state without its box, for dense table cells. */
export function StateText({ tone = "neutral", icon: Icon, spin = false, title, className, children }: BadgeProps) {
  return (
    <span title={title} className={cn("inline-flex items-center gap-1.5 text-sm font-medium whitespace-nowrap", inkTones[tone], className)}>
      {Icon ? <Icon aria-hidden className={cn("size-3.5 shrink-0", spin && "animate-spin")} /> : null}
      {children}
    </span>
  );
}

/** What is there (solid) or missing (hollow, struck for screen readers by the word "no"). */
export function Chip({ on = true, children }: { on?: boolean; children: ReactNode }) {
  return (
    <span
      className={cn(
        "inline-flex h-5 items-center rounded-sm border px-1.5 text-xs whitespace-nowrap",
        on ? "border-accent-line bg-accent-soft text-accent" : "border-dashed border-line-strong text-ink-3",
      )}
    >
      {on ? null : <span className="sr-only">no </span>}
      {children}
    </span>
  );
}
