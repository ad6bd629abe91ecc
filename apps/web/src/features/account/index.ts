/** Signing in, accepting an invitation, and one's own account. */
export { AcceptInvitation } from "./accept-invitation.tsx";
export { ChangePassword } from "./change-password.tsx";
export { FirstOrganization } from "./first-organization.tsx";
export { Sessions } from "./sessions.tsx";
export { SignInForm } from "./sign-in-form.tsx";
