/** Numbers, sizes and times as people read them. Pure; the locale is fixed so that server and browser print the same. */

const counts = new Intl.NumberFormat("en-US");
const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

/** 12345 → "12,345". */
export function formatCount(value: number): string {
  return counts.format(value);
}

/** As formatCount; "10,000+" for a number that was counted up to `most` and no further. */
export function formatCountUpTo(value: number, most: number): string {
  return value < most ? formatCount(value) : `${formatCount(most)}+`;
}

/** "1 crash", "1,204 crashes". `many` defaults to `one` + "s". */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${formatCount(value)} ${value === 1 ? one : many}`;
}

/** Bytes → "512 B", "1.4 KiB", "200 MiB". */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** "0x0000000000000048" → "0x48". */
export function shortHex(hex: string): string {
  return hex.replace(/^0x0+(?=.)/i, "0x");
}

/** Seconds → "42 s", "3 min", "5 h 12 min", "2 d 4 h". */
export function formatDuration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

/** A time as seen from `nowMs`: "just now", "3 min ago", "in 6 d". Past 30 days: the date. */
export function formatRelative(iso: string, nowMs: number): string {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return iso;
  const seconds = Math.round((nowMs - at) / 1000);
  const size = Math.abs(seconds);
  if (size < 10) return "just now";
  const text = shortSpan(size);
  if (text === null)
    return day.format(at) + (new Date(at).getUTCFullYear() === new Date(nowMs).getUTCFullYear() ? "" : ` ${new Date(at).getUTCFullYear()}`);
  return seconds >= 0 ? `${text} ago` : `in ${text}`;
}

function shortSpan(seconds: number): string | null {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  if (seconds < 30 * 86_400) return `${Math.floor(seconds / 86_400)} d`;
  return null;
}

/** The exact time in the reader's zone, with the zone named. */
export function formatExact(iso: string): string {
  const at = Date.parse(iso);
  return Number.isNaN(at) ? iso : exact.format(at);
}

/** "22 Nov" of a day counted back from `nowMs`, for chart labels. */
export function formatDayBefore(nowMs: number, daysBack: number): string {
  return day.format(nowMs - daysBack * 86_400_000);
}
