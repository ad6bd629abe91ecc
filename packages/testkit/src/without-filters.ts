/**
 * A test build of the repositories without their own walls: every condition on the organization is made true before a statement of the role
 * salvage_app leaves the process, `organization_id = $2` as `(organization_id = $2 OR TRUE)`, and so in joins. What Prisma writes and what is
 * written in words are SQL by then, so nothing escapes it, and code of the product need not know. Row-level security has to hold alone.
 *
 * Other roles' statements (`application_name` tells them) stay as they are: row-level security never applied to them.
 */
import pg from "pg";

export type FiltersOff = {
  /** Statements that lost at least one condition so far. */
  rewritten(): number;
  restore(): void;
};

const column = String.raw`(?:"?\w+"?\.){0,2}"?organization_id"?`;
const condition = new RegExp(String.raw`(?<!\bset\s)(?<![\w."])${column}\s*=\s*(?:\$\d+(?:::uuid)?|${column})(?!\w)`, "gi");

/** @returns the statement with every comparison of an organization made true */
export function withoutFilters(statement: string): string {
  return statement.replace(condition, (found) => `(${found} OR TRUE)`);
}

/** For this process, until restore(). */
export function switchFiltersOff(): FiltersOff {
  let rewritten = 0;
  const client = pg.Client.prototype as unknown as { query(...input: unknown[]): unknown };
  const { query } = client;
  client.query = function (this: { connectionParameters?: { application_name?: string } }, ...input: unknown[]) {
    const [first, ...rest] = input;
    if (this.connectionParameters?.application_name !== "salvage-app") return query.apply(this, input);
    const text = typeof first === "string" ? first : (first as { text?: unknown } | null)?.text;
    if (typeof text !== "string") return query.apply(this, input);
    const without = withoutFilters(text);
    if (without === text) return query.apply(this, input);
    rewritten++;
    return query.call(this, typeof first === "string" ? without : { ...(first as object), text: without }, ...rest);
  };
  return {
    rewritten: () => rewritten,
    restore: () => {
      client.query = query;
    },
  };
}
