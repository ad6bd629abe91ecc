/** Dense tables: 32 px rows, a quiet head, a focus mark on the row whose link has the focus. */
import type { ComponentProps, ReactNode } from "react";
import { cn } from "./cn.ts";

/** @param label says what the table lists, for screen readers */
export function Table({ label, children, className }: { label: string; children: ReactNode; className?: string }) {
  return (
    <section
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that may scroll sideways must be reachable by keyboard
      tabIndex={0}
      aria-label={label}
      // Words for screen readers are positioned: without this they would stick out of the page.
      className={cn("relative overflow-x-auto rounded-lg border border-line bg-surface", className)}
    >
      <table className="w-full border-collapse text-left">
        <caption className="sr-only">{label}</caption>
        {children}
      </table>
    </section>
  );
}

export function Thead({ children }: { children: ReactNode }) {
  return (
    <thead className="border-b border-line bg-sunken text-xs text-ink-3">
      <tr>{children}</tr>
    </thead>
  );
}

export function Th({ className, num = false, ...rest }: ComponentProps<"th"> & { num?: boolean }) {
  return <th scope="col" {...rest} className={cn("h-8 px-3 font-medium whitespace-nowrap", num && "text-right", className)} />;
}

export function Tr({ className, ...rest }: ComponentProps<"tr">) {
  return (
    <tr
      {...rest}
      className={cn(
        "border-b border-line last:border-b-0 hover:bg-sunken has-[[data-row-link]:focus-visible]:bg-accent-soft has-[[data-row-select]:checked]:bg-accent-soft",
        className,
      )}
    />
  );
}

export function Td({ className, num = false, ...rest }: ComponentProps<"td"> & { num?: boolean }) {
  return <td {...rest} className={cn("h-8 px-3 py-1 align-middle", num && "text-right tabular-nums", className)} />;
}
