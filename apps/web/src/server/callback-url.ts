/** Where to go after signing in: only ever a path of this origin, so that a link to the sign-in page cannot lead elsewhere. */

/** Any origin that is not ours; a path that keeps it while resolving is a path of our own. */
const base = "http://salvage.invalid";

/**
 * @param value `callbackUrl` of the address, untrusted
 * @returns the path with its query and hash when it is one of this origin, else "/"
 */
export function safeCallbackUrl(value: string | null | undefined): string {
  // Browsers read "\" like "/" and drop tabs and line breaks, so that "/\evil" and "/<tab>/evil" name another host.
  if (value === null || value === undefined || !value.startsWith("/") || value.length > 2000) return "/";
  if ([...value].some((character) => character === "\\" || character <= " ")) return "/";
  if (!URL.canParse(value, base)) return "/";
  const url = new URL(value, base);
  // A second "//" at the front would be read as a host once more; the sign-in page itself would loop.
  if (url.origin !== base || url.pathname.startsWith("//") || url.pathname === "/sign-in") return "/";
  return `${url.pathname}${url.search}${url.hash}`;
}
