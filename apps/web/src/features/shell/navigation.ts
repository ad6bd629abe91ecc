/** Which project and page an address names, and the breadcrumb it makes. Pure. */

/** Pages directly under an organization: never the short name of a project. */
const orgPages: Readonly<Record<string, string>> = {
  "new-project": "New project",
  "debug-files": "Debug files",
  members: "Members",
  tokens: "API tokens",
  audit: "Audit log",
};

const projectPages: Readonly<Record<string, string>> = {
  issues: "Issues",
  crashes: "Crashes",
  "processing-issues": "Processing Issues",
  settings: "Settings",
  "first-steps": "First steps",
};

const settingsPages: Readonly<Record<string, string>> = {
  "client-keys": "Client keys",
  webhooks: "Webhooks",
  limits: "Limits",
  refusals: "Drop log",
};

export type Place = { projectSlug: string | null; page: string | null };

/** "/acme/game/crashes/1" → project "game", page "crashes". */
export function placeOf(pathname: string): Place {
  const [, second, third] = parts(pathname);
  if (second === undefined) return { projectSlug: null, page: null };
  if (second in orgPages) return { projectSlug: null, page: second };
  return { projectSlug: second, page: third ?? null };
}

export type Crumb = { label: string; href: string };

/** The way to a page below its organization; the last crumb is the page itself. */
export function crumbsOf(pathname: string, projectName: (slug: string) => string): Crumb[] {
  const [org, second, third, fourth] = parts(pathname);
  if (org === undefined) return [];
  const base = `/${encodeURIComponent(org)}`;
  if (second === undefined) return [{ label: "Projects", href: base }];
  const orgPage = orgPages[second];
  if (orgPage !== undefined) return [{ label: orgPage, href: `${base}/${second}` }];
  const project = `${base}/${encodeURIComponent(second)}`;
  const crumbs = [{ label: projectName(second), href: project }];
  if (third === undefined) return crumbs;
  crumbs.push({ label: projectPages[third] ?? third, href: `${project}/${third}` });
  if (fourth !== undefined) {
    const label = third === "settings" ? (settingsPages[fourth] ?? fourth) : fourth.slice(0, 8);
    crumbs.push({ label, href: `${project}/${third}/${encodeURIComponent(fourth)}` });
  }
  return crumbs;
}

function parts(pathname: string): string[] {
  return pathname
    .split("/")
    .filter((part) => part !== "")
    .map((part) => decodeURIComponent(part));
}
