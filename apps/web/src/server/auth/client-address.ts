/** Who knocks: the address that sign-in attempts are counted by. */

/**
 * Web listens on the loopback interface only; every request comes through ingest, which appends the address of its own peer to
 * X-Forwarded-For. So the last entry is the one that a client cannot make up.
 *
 * @param headers lower-case names
 * @returns an address, or null when there is none (throttling then counts by e-mail only)
 */
export function clientAddress(headers: Record<string, unknown>): string | null {
  const value = headers["x-forwarded-for"];
  if (typeof value !== "string") return null;
  const last = value.split(",").at(-1)?.trim() ?? "";
  return last === "" || last.length > 64 ? null : last;
}
