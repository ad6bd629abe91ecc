/** Keyset pages: a cursor is the sort value and id of the last row, packed so that nobody takes it for an interface. */
import type { Page } from "@salvage/contracts";
import { asUuid } from "./text.ts";

export const defaultPageSize = 50;
const maxPageSize = 200;

export type Cursor = { value: string; id: string };

export function pageSize(limit: number | undefined): number {
  const wanted = limit === undefined || Number.isNaN(limit) ? defaultPageSize : Math.trunc(limit);
  return Math.max(1, Math.min(maxPageSize, wanted));
}

/** Null for no cursor and for one that was not made by `packCursor`. */
export function unpackCursor(cursor: string | null | undefined, kind: "time" | "number"): Cursor | null {
  if (cursor === null || cursor === undefined) return null;
  const text = Buffer.from(cursor, "base64url").toString("utf8");
  const at = text.lastIndexOf(" ");
  const value = text.slice(0, at);
  const id = asUuid(text.slice(at + 1));
  const valid =
    kind === "time" ? /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value) && !Number.isNaN(Date.parse(value)) : /^\d{1,15}$/.test(value);
  return at > 0 && id !== null && valid ? { value, id } : null;
}

function packCursor(value: Date | number, id: string): string {
  return Buffer.from(`${value instanceof Date ? value.toISOString() : value} ${id}`).toString("base64url");
}

/**
 * @param rows one more than `size` when there is a following page
 * @param position the row's sort value and id
 */
export function toPage<Row, Item>(
  rows: readonly Row[],
  size: number,
  position: (row: Row) => { value: Date | number; id: string },
  view: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, size);
  const last = rows.length > size ? shown.at(-1) : undefined;
  let next: string | null = null;
  if (last !== undefined) {
    const { value, id } = position(last);
    next = packCursor(value, id);
  }
  return { items: shown.map(view), next };
}
