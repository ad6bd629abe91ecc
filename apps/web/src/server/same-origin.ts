/**
 * Cross-site request forgery: a change is only taken from a page of our own origin. Cookies are SameSite=Lax already; this is the
 * second wall, and it also covers sibling hosts of the same site.
 */

/**
 * @param headers of the request as ingest passed them on
 * @param publicUrl the public origin
 * @returns false when a browser says that the request was made by a page elsewhere. A caller that is no browser sends neither header
 *   and carries no one's cookies unasked, so a request without both is only taken when it is not from a form (JSON body).
 */
export function isSameOrigin(headers: Headers, publicUrl: string): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin") return false;
  const origin = headers.get("origin");
  if (origin !== null) {
    if (origin === publicUrl) return true;
    const host = headers.get("x-forwarded-host") ?? headers.get("host");
    if (host === null || !URL.canParse(origin)) return false;
    // Our own name without TLS: anybody on the way may have written that page.
    if (new URL(origin).host === new URL(publicUrl).host) return false;
    return new URL(origin).host === host;
  }
  return site === "same-origin" || (headers.get("content-type") ?? "").startsWith("application/json");
}
