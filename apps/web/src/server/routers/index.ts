/** The application's router: one folder per resource, one file per procedure. */
import { router } from "../trpc.ts";
import { changePassword as accountChangePassword } from "./account/change-password.ts";
import { me as accountMe } from "./account/me.ts";
import { revokeSession as accountRevokeSession } from "./account/revoke-session.ts";
import { sessions as accountSessions } from "./account/sessions.ts";
import { list as auditList } from "./audit/list.ts";
import { create as clientKeysCreate } from "./client-keys/create.ts";
import { remove as clientKeysRemove } from "./client-keys/delete.ts";
import { list as clientKeysList } from "./client-keys/list.ts";
import { update as clientKeysUpdate } from "./client-keys/update.ts";
import { byId as crashesById } from "./crashes/by-id.ts";
import { remove as crashesRemove } from "./crashes/delete.ts";
import { dumpTicket as crashesDumpTicket } from "./crashes/dump-ticket.ts";
import { list as crashesList } from "./crashes/list.ts";
import { processAgain as crashesProcessAgain } from "./crashes/process-again.ts";
import { report as crashesReport } from "./crashes/report.ts";
import { status as crashesStatus } from "./crashes/status.ts";
import { remove as debugFilesRemove } from "./debug-files/delete.ts";
import { list as debugFilesList } from "./debug-files/list.ts";
import { approve as deviceCodesApprove } from "./device-codes/approve.ts";
import { deny as deviceCodesDeny } from "./device-codes/deny.ts";
import { find as deviceCodesFind } from "./device-codes/find.ts";
import { remove as ignoreRulesRemove } from "./ignore-rules/delete.ts";
import { list as ignoreRulesList } from "./ignore-rules/list.ts";
import { accept as invitationsAccept } from "./invitations/accept.ts";
import { create as invitationsCreate } from "./invitations/create.ts";
import { list as invitationsList } from "./invitations/list.ts";
import { preview as invitationsPreview } from "./invitations/preview.ts";
import { revoke as invitationsRevoke } from "./invitations/revoke.ts";
import { byId as issuesById } from "./issues/by-id.ts";
import { list as issuesList } from "./issues/list.ts";
import { setState as issuesSetState } from "./issues/set-state.ts";
import { ofProject as limitsOfProject } from "./limits/of-project.ts";
import { setOrganization as limitsSetOrganization } from "./limits/set-organization.ts";
import { setProject as limitsSetProject } from "./limits/set-project.ts";
import { leave as membersLeave } from "./members/leave.ts";
import { list as membersList } from "./members/list.ts";
import { remove as membersRemove } from "./members/remove.ts";
import { setRole as membersSetRole } from "./members/set-role.ts";
import { count as missingFilesCount } from "./missing-files/count.ts";
import { ignore as missingFilesIgnore } from "./missing-files/ignore.ts";
import { list as missingFilesList } from "./missing-files/list.ts";
import { near as missingFilesNear } from "./missing-files/near.ts";
import { unignore as missingFilesUnignore } from "./missing-files/unignore.ts";
import { create as organizationsCreate } from "./organizations/create.ts";
import { mine as organizationsMine } from "./organizations/mine.ts";
import { bySlug as projectsBySlug } from "./projects/by-slug.ts";
import { create as projectsCreate } from "./projects/create.ts";
import { remove as projectsRemove } from "./projects/delete.ts";
import { list as projectsList } from "./projects/list.ts";
import { names as projectsNames } from "./projects/names.ts";
import { update as projectsUpdate } from "./projects/update.ts";
import { list as refusalsList } from "./refusals/list.ts";
import { create as tokensCreate } from "./tokens/create.ts";
import { list as tokensList } from "./tokens/list.ts";
import { revoke as tokensRevoke } from "./tokens/revoke.ts";
import { byId as uploadsById } from "./uploads/by-id.ts";
import { byIds as uploadsByIds } from "./uploads/by-ids.ts";
import { recent as uploadsRecent } from "./uploads/recent.ts";
import { ticket as uploadsTicket } from "./uploads/ticket.ts";
import { create as webhooksCreate } from "./webhooks/create.ts";
import { remove as webhooksRemove } from "./webhooks/delete.ts";
import { list as webhooksList } from "./webhooks/list.ts";
import { redeliver as webhooksRedeliver } from "./webhooks/redeliver.ts";
import { update as webhooksUpdate } from "./webhooks/update.ts";

export const appRouter = router({
  account: router({
    changePassword: accountChangePassword,
    me: accountMe,
    revokeSession: accountRevokeSession,
    sessions: accountSessions,
  }),
  audit: router({
    list: auditList,
  }),
  clientKeys: router({
    create: clientKeysCreate,
    delete: clientKeysRemove,
    list: clientKeysList,
    update: clientKeysUpdate,
  }),
  crashes: router({
    byId: crashesById,
    delete: crashesRemove,
    dumpTicket: crashesDumpTicket,
    list: crashesList,
    processAgain: crashesProcessAgain,
    report: crashesReport,
    status: crashesStatus,
  }),
  debugFiles: router({
    delete: debugFilesRemove,
    list: debugFilesList,
  }),
  deviceCodes: router({
    approve: deviceCodesApprove,
    deny: deviceCodesDeny,
    find: deviceCodesFind,
  }),
  ignoreRules: router({
    delete: ignoreRulesRemove,
    list: ignoreRulesList,
  }),
  invitations: router({
    accept: invitationsAccept,
    create: invitationsCreate,
    list: invitationsList,
    preview: invitationsPreview,
    revoke: invitationsRevoke,
  }),
  issues: router({
    byId: issuesById,
    list: issuesList,
    setState: issuesSetState,
  }),
  limits: router({
    ofProject: limitsOfProject,
    setOrganization: limitsSetOrganization,
    setProject: limitsSetProject,
  }),
  members: router({
    leave: membersLeave,
    list: membersList,
    remove: membersRemove,
    setRole: membersSetRole,
  }),
  missingFiles: router({
    count: missingFilesCount,
    ignore: missingFilesIgnore,
    list: missingFilesList,
    near: missingFilesNear,
    unignore: missingFilesUnignore,
  }),
  organizations: router({
    create: organizationsCreate,
    mine: organizationsMine,
  }),
  projects: router({
    bySlug: projectsBySlug,
    create: projectsCreate,
    delete: projectsRemove,
    list: projectsList,
    names: projectsNames,
    update: projectsUpdate,
  }),
  refusals: router({
    list: refusalsList,
  }),
  tokens: router({
    create: tokensCreate,
    list: tokensList,
    revoke: tokensRevoke,
  }),
  uploads: router({
    byId: uploadsById,
    byIds: uploadsByIds,
    recent: uploadsRecent,
    ticket: uploadsTicket,
  }),
  webhooks: router({
    create: webhooksCreate,
    delete: webhooksRemove,
    list: webhooksList,
    redeliver: webhooksRedeliver,
    update: webhooksUpdate,
  }),
});

export type AppRouter = typeof appRouter;
