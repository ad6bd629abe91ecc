/** Small bars of a count per day, drawn by hand: no chart library for a picture of 14 numbers. */
import { formatCount } from "./format.ts";

/** @param values oldest first @param label what is counted, for screen readers */
export function Sparkline({
  values,
  label,
  width = 84,
  height = 20,
}: {
  values: number[];
  label: string;
  width?: number;
  height?: number;
}) {
  const max = Math.max(1, ...values);
  const step = width / Math.max(1, values.length);
  const total = values.reduce((sum, value) => sum + value, 0);
  return (
    <svg
      role="img"
      aria-label={`${label}: ${formatCount(total)} in ${values.length} days, ${formatCount(values.at(-1) ?? 0)} today`}
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      className="block shrink-0"
    >
      {values.map((value, index) => {
        const tall = value === 0 ? 1 : Math.max(2, (value / max) * (height - 1));
        return (
          <rect
            key={index}
            x={index * step + 0.5}
            y={height - tall}
            width={Math.max(1, step - 1.5)}
            height={tall}
            rx={value === 0 ? 0 : 1}
            className={value === 0 ? "fill-line-strong" : "fill-accent"}
          />
        );
      })}
    </svg>
  );
}

/** A wide form of the same with a scale and day labels. `labels` names the first and the last day. */
export function BarChart({
  values,
  label,
  labels,
  height = 96,
}: {
  values: number[];
  label: string;
  labels: [string, string];
  height?: number;
}) {
  const max = Math.max(1, ...values);
  const total = values.reduce((sum, value) => sum + value, 0);
  return (
    <figure className="min-w-0" aria-label={`${label}: ${formatCount(total)} in ${values.length} days`}>
      <div className="flex items-stretch gap-2">
        <div className="flex flex-col justify-between text-right text-xs text-ink-3 tabular-nums" style={{ height }} aria-hidden>
          <span className="-mt-1">{formatCount(max)}</span>
          <span className="-mb-1">0</span>
        </div>
        <div className="flex min-w-0 flex-1 items-end gap-[3px] border-b border-line-strong" style={{ height }}>
          {values.map((value, index) => (
            <div
              key={index}
              title={formatCount(value)}
              className={value === 0 ? "min-w-0 flex-1" : "min-w-0 flex-1 rounded-t-sm bg-accent"}
              style={{ height: value === 0 ? 0 : Math.max(3, (value / max) * height) }}
            />
          ))}
        </div>
      </div>
      <figcaption className="mt-1 flex justify-between pl-6 text-xs text-ink-3" suppressHydrationWarning>
        <span suppressHydrationWarning>{labels[0]}</span>
        <span suppressHydrationWarning>{labels[1]}</span>
      </figcaption>
    </figure>
  );
}
