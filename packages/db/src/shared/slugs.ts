/** Slugs: what names an organization or a project in addresses. */

const slugForm = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const maxSlugLength = 40;

/** First parts of addresses that are not an organization's. */
const takenByRoutes: ReadonlySet<string> = new Set([
  "account",
  "activate",
  "api",
  "health",
  "invite",
  "logs",
  "metrics",
  "ready",
  "sign-in",
  "symbol-uploads",
  "symbolicate",
  "symbols",
  "symfiles",
  "symupload",
  "upload",
]);

/** A slug that an organization may have: its pages lie right below the root of all addresses. */
export const isOrganizationSlug = (text: string) => isSlug(text) && !takenByRoutes.has(text);

export function isSlug(text: string): boolean {
  return text.length >= 2 && text.length <= maxSlugLength && slugForm.test(text);
}

/** A slug made from a name; null when nothing usable is in it. */
export function slugOfName(name: string): string | null {
  const slug = name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, maxSlugLength)
    .replace(/^-+|-+$/g, "");
  return isSlug(slug) ? slug : null;
}
