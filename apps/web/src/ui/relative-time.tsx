"use client";
/** A time as "3 min ago", kept fresh, with the exact time on hover. */
import { useSyncExternalStore } from "react";
import { formatExact, formatRelative } from "./format.ts";

const tickMs = 10_000;
const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, tickMs);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0 || timer === undefined) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function currentNow(): number {
  // A page that sat in the background shows the right time as soon as it renders again.
  if (Date.now() - now > tickMs) now = Date.now();
  return now;
}

/** The present in milliseconds, refreshed every 10 s; all users of it move together. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, currentNow, () => Date.now());
}

export function RelativeTime({ at, className }: { at: string; className?: string }) {
  const present = useNow();
  return (
    <time dateTime={at} title={formatExact(at)} suppressHydrationWarning className={className}>
      {formatRelative(at, Math.max(present, Math.min(Date.parse(at), present + tickMs)))}
    </time>
  );
}
