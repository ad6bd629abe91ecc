/** Who knocks: the address that sign-in attempts are counted by. */

/**
 * Web listens on the loopback interface only; every request comes through ingest, which appends the address of its own peer to
 * X-Forwarded-For. So the last entry is the one that a client cannot make up. Behind a reverse proxy that peer is the proxy, and what
 * the proxy appended stands before it.
 *
 * @param headers lower-case names
 * @param trustProxy a reverse proxy stands in front of ingest (TRUST_PROXY, the same as ingest's)
 * @returns an address, or null when there is none (throttling then counts by e-mail only)
 */
export function clientAddress(headers: Record<string, unknown>, trustProxy: boolean): string | null {
  const value = headers["x-forwarded-for"];
  if (typeof value !== "string") return null;
  const entries = value.split(",").map((entry) => entry.trim());
  const address = entries.at(trustProxy && entries.length > 1 ? -2 : -1) ?? "";
  return address === "" || address.length > 64 ? null : address;
}
