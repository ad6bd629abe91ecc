/** Limits as people type them: counts as they are, bytes in MiB. Pure. */

export type LimitUnit = "count" | "MiB";

const bytesOf: Record<LimitUnit, number> = { count: 1, MiB: 1024 * 1024 };

/** @returns the limit; null for an empty text (the default); undefined for what is no limit */
export function limitOf(text: string, unit: LimitUnit): number | null | undefined {
  if (text.trim() === "") return null;
  const value = Math.round(Number(text.trim().replaceAll(",", "")) * bytesOf[unit]);
  return Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

/** The other way round; exact for what limitOf made. */
export function limitText(limit: number | null, unit: LimitUnit): string {
  return limit === null ? "" : String(limit / bytesOf[unit]);
}
