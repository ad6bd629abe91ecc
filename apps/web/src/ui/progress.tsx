/** A bar for work with a known end; says its numbers to screen readers. */
import { cn } from "./cn.ts";

export function Progress({
  done,
  total,
  label,
  tone = "info",
  className,
}: {
  done: number;
  total: number;
  label: string;
  tone?: "info" | "good" | "bad";
  className?: string;
}) {
  const share = total <= 0 ? 0 : Math.min(1, done / total);
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={Math.max(total, 1)}
      aria-valuenow={Math.min(done, Math.max(total, 1))}
      className={cn("h-1.5 w-full overflow-hidden rounded-full bg-line", className)}
    >
      <div
        className={cn(
          "h-full rounded-full transition-[width] duration-300",
          tone === "good" ? "bg-good" : tone === "bad" ? "bg-bad" : "bg-info",
        )}
        style={{ width: `${share * 100}%` }}
      />
    </div>
  );
}
