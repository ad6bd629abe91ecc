/** Every address of the dashboard, in one place. */
const e = encodeURIComponent;

export const paths = {
  signIn: () => "/sign-in",
  account: () => "/account",
  org: (org: string) => `/${e(org)}`,
  newProject: (org: string) => `/${e(org)}/new-project`,
  debugFiles: (org: string) => `/${e(org)}/debug-files`,
  members: (org: string) => `/${e(org)}/members`,
  tokens: (org: string) => `/${e(org)}/tokens`,
  audit: (org: string) => `/${e(org)}/audit`,
  project: (org: string, project: string) => `/${e(org)}/${e(project)}`,
  firstSteps: (org: string, project: string) => `/${e(org)}/${e(project)}/first-steps`,
  issues: (org: string, project: string) => `/${e(org)}/${e(project)}/issues`,
  issue: (org: string, project: string, id: string) => `/${e(org)}/${e(project)}/issues/${e(id)}`,
  crashes: (org: string, project: string) => `/${e(org)}/${e(project)}/crashes`,
  crash: (org: string, project: string, id: string) => `/${e(org)}/${e(project)}/crashes/${e(id)}`,
  processingIssues: (org: string, project: string) => `/${e(org)}/${e(project)}/processing-issues`,
  settings: (org: string, project: string, tab?: "client-keys" | "webhooks" | "limits" | "refusals") =>
    `/${e(org)}/${e(project)}/settings${tab === undefined ? "" : `/${tab}`}`,
} as const;
