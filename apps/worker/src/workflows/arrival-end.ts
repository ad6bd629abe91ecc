/** When an arrival has nothing left to do. Pure; the workflow decides by it, and the activity shows it as the end of the progress. */

/** What a page says of itself; see UpgradePage in activities/upgrade.ts. */
export type PageCounts = { upgraded: number; busy: number; waiting: number | null; next: string | null; cut: boolean };

/** Nobody waits any more; or everybody who waits was seen in one whole scan and can do nothing with the file. */
export function isLastPage(input: { cursor: string | null }, page: PageCounts): boolean {
  if (page.waiting === 0) return true;
  return input.cursor === null && page.next === null && !page.cut && page.busy === 0 && page.upgraded === 0;
}
