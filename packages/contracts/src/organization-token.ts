/**
 * API tokens as people copy them: `sntrys_<base64 of JSON>_<secret>`. sentry-cli, and ours, read address and organization from the JSON, so
 * that a CI job needs one variable. The secret alone is the same token, for places where only URL-safe characters can stand.
 */

const prefix = "sntrys_";

/** @param about.url public address of the server; neither part may hold an underscore, and base64 does not */
export function organizationToken(secret: string, about: { url: string; organizationSlug: string; issuedAt: Date }): string {
  const claims = { iat: about.issuedAt.getTime() / 1000, url: about.url, region_url: about.url, org: about.organizationSlug };
  return `${prefix}${btoa(JSON.stringify(claims))}_${secret}`;
}

/** @returns what a token says of itself, null when it says nothing: it may be a bare secret */
export function readOrganizationToken(token: string): { url: string; organizationSlug: string } | null {
  const [, claims] = /^sntrys_([A-Za-z0-9+/=]+)_[^_]+$/.exec(token) ?? [];
  if (claims === undefined) return null;
  try {
    const { url, org } = JSON.parse(atob(claims)) as { url?: unknown; org?: unknown };
    return typeof url === "string" && typeof org === "string" ? { url, organizationSlug: org } : null;
  } catch {
    return null;
  }
}
