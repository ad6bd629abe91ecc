/** A short name for addresses, made from a name as the server makes it. Pure. */

/** "My Game: Ultra!" → "my-game-ultra"; at most 40 characters, "" when fewer than 2 usable ones are left. */
export function slugOf(name: string): string {
  const short = name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 40)
    .replace(/-+$/, "");
  return short.length < 2 ? "" : short;
}
