/** The frame of a page: its title and actions, panels, notices, empty states, placeholders while loading. */
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import type { Tone } from "./badge.tsx";
import { cn } from "./cn.ts";

export function PageHeader({ title, description, actions }: { title: ReactNode; description?: ReactNode; actions?: ReactNode }) {
  return (
    <header className="mb-4 flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
      <div className="min-w-0">
        <h1 className="text-xl font-semibold tracking-tight">{title}</h1>
        {description === undefined ? null : <p className="mt-0.5 max-w-3xl text-ink-2">{description}</p>}
      </div>
      {actions === undefined ? null : <div className="flex flex-wrap items-center gap-2">{actions}</div>}
    </header>
  );
}

/** A bordered box with an optional heading row. */
export function Panel({
  title,
  description,
  actions,
  className,
  bodyClass,
  children,
}: {
  title?: ReactNode;
  description?: ReactNode;
  actions?: ReactNode;
  className?: string;
  bodyClass?: string;
  children?: ReactNode;
}) {
  return (
    <section className={cn("min-w-0 rounded-lg border border-line bg-surface", className)}>
      {title === undefined ? null : (
        <div className="flex min-h-10 flex-wrap items-center justify-between gap-x-3 gap-y-1 border-b border-line px-4 py-1.5">
          <div className="min-w-0">
            <h2 className="font-semibold">{title}</h2>
            {description === undefined ? null : <p className="text-sm text-ink-3">{description}</p>}
          </div>
          {actions === undefined ? null : <div className="flex flex-wrap items-center gap-2">{actions}</div>}
        </div>
      )}
      <div className={cn("p-4", bodyClass)}>{children}</div>
    </section>
  );
}

const noticeTones: Record<Tone, string> = {
  neutral: "border-line bg-sunken",
  accent: "border-accent-line bg-accent-soft",
  bad: "border-bad-line bg-bad-soft",
  warn: "border-warn-line bg-warn-soft",
  good: "border-good-line bg-good-soft",
  info: "border-info-line bg-info-soft",
};
const noticeInk: Record<Tone, string> = {
  neutral: "text-ink-2",
  accent: "text-accent",
  bad: "text-bad",
  warn: "text-warn",
  good: "text-good",
  info: "text-info",
};

/** A message in the page. `live` tells screen readers when it changes. */
export function Notice({
  tone = "neutral",
  icon: Icon,
  spin = false,
  title,
  actions,
  live = false,
  className,
  children,
}: {
  tone?: Tone;
  icon?: LucideIcon;
  spin?: boolean;
  title?: ReactNode;
  actions?: ReactNode;
  live?: boolean;
  className?: string;
  children?: ReactNode;
}) {
  return (
    <div
      {...(live ? { role: "status" } : {})}
      className={cn("flex flex-wrap items-center gap-x-4 gap-y-2 rounded-lg border px-3.5 py-2.5", noticeTones[tone], className)}
    >
      <div className="flex min-w-0 flex-1 basis-60 items-start gap-2.5">
        {Icon ? <Icon aria-hidden className={cn("mt-0.5 size-4 shrink-0", noticeInk[tone], spin && "animate-spin")} /> : null}
        <div className="min-w-0">
          {title === undefined ? null : <div className={cn("font-semibold", noticeInk[tone])}>{title}</div>}
          {children === undefined ? null : <div className="text-ink-2">{children}</div>}
        </div>
      </div>
      {actions === undefined ? null : <div className="flex flex-wrap items-center gap-2">{actions}</div>}
    </div>
  );
}

/** Why there is nothing here, and what to do next. */
export function EmptyState({
  icon: Icon,
  title,
  children,
  actions,
  tone = "neutral",
}: {
  icon: LucideIcon;
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
  tone?: "neutral" | "good";
}) {
  return (
    <div className="flex flex-col items-center rounded-lg border border-dashed border-line-strong bg-surface px-6 py-12 text-center">
      <div
        className={cn(
          "mb-3 flex size-10 items-center justify-center rounded-full",
          tone === "good" ? "bg-good-soft text-good" : "bg-sunken text-ink-3",
        )}
      >
        <Icon aria-hidden className="size-5" />
      </div>
      <h2 className="text-lg font-semibold">{title}</h2>
      {children === undefined ? null : <div className="mt-1 max-w-lg text-ink-2">{children}</div>}
      {actions === undefined ? null : (
        <div className="mt-4 flex w-full max-w-2xl flex-wrap items-center justify-center gap-2">{actions}</div>
      )}
    </div>
  );
}

/** A grey bar in the place of what is still loading. */
export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={cn("h-4 animate-pulse rounded-sm bg-line", className)} />;
}

/** A table's shape while its rows load. */
export function TableSkeleton({ rows = 8 }: { rows?: number }) {
  return (
    <div className="overflow-hidden rounded-lg border border-line bg-surface" role="status" aria-label="Loading">
      <div className="h-8 border-b border-line bg-sunken" />
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="flex h-8 items-center gap-6 border-b border-line px-3 last:border-b-0">
          <Skeleton className="w-24" />
          <Skeleton className="flex-1" />
          <Skeleton className="hidden w-20 sm:block" />
          <Skeleton className="hidden w-16 md:block" />
        </div>
      ))}
    </div>
  );
}

/** Name and value pairs in columns. */
export function Facts({ items, className }: { items: { label: string; value: ReactNode }[]; className?: string }) {
  return (
    <dl className={cn("grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1", className)}>
      {items.map((item) => (
        <div key={item.label} className="col-span-2 grid grid-cols-subgrid">
          <dt className="text-ink-3">{item.label}</dt>
          <dd className="min-w-0 break-words">{item.value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Kbd({ children }: { children: ReactNode }) {
  return (
    <kbd className="inline-flex h-5 min-w-5 items-center justify-center rounded-sm border border-line-strong bg-surface px-1 font-sans text-xs text-ink-2">
      {children}
    </kbd>
  );
}
