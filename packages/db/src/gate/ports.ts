/**
 * The interface of the gate: what may be asked before an organization is chosen. Narrow on purpose: sign-in, sessions,
 * invitations, and the only ways to get an OrgDb. It runs with the app role under row-level security; nothing here hands
 * out a client.
 */
import type { OrganizationView, Permission, Role, TokenScope } from "@salvage/contracts";
import type { OrgDb } from "../org/ports.ts";

export type GateUser = { userId: string; email: string; name: string };

export interface GateUsers {
  byEmail(email: string): Promise<GateUser | null>;
  byId(userId: string): Promise<GateUser | null>;
  /**
   * Checks a password. Same time for unknown e-mails. Failures are throttled per e-mail and per address with growing
   * pauses; while throttled the password is not looked at. Null = wrong.
   * @param address the client's network address, or null when unknown
   */
  verifyPassword(email: string, password: string, address: string | null): Promise<{ userId: string } | { throttledUntil: Date } | null>;
  /** Sets a new password and ends all the user's sessions (except `keepSessionId`) and logins. */
  changePassword(
    userId: string,
    currentPassword: string,
    newPassword: string,
    keepSessionId?: string,
  ): Promise<"done" | "wrong password" | "too weak" | { throttledUntil: Date }>;
}

export type SessionView = { id: string; userAgent: string | null; createdAt: string; lastSeenAt: string; expiresAt: string };

export interface GateSessions {
  create(userId: string, userAgent: string | null): Promise<{ sessionId: string; expiresAt: Date }>;
  /** The session's user, or null when it ended. Notes the visit at most once a minute. */
  check(sessionId: string): Promise<GateUser | null>;
  revoke(sessionId: string): Promise<void>;
  revokeAll(userId: string): Promise<void>;
  ofUser(userId: string): Promise<SessionView[]>;
}

export interface GateOrganizations {
  ofUser(userId: string): Promise<OrganizationView[]>;
  /** The creator becomes its owner. Slugs: 2 to 40 of a-z, 0-9 and "-", not "-" at either end. */
  create(userId: string, input: { name: string; slug: string }): Promise<OrganizationView | "slug taken" | "bad slug">;
}

export type InvitationOffer = {
  organizationName: string;
  organizationSlug: string;
  role: Role;
  /** Set when the invitation is for this address only. */
  email: string | null;
  expiresAt: string;
};

export interface GateInvitations {
  /** Null when unknown, used, revoked or expired. */
  byToken(token: string): Promise<InvitationOffer | null>;
  /**
   * Accepts once: for a signed-in user, or with a new account. A known e-mail must sign in first ("sign in first"), which tells that it is known:
   * so tries with a new account are throttled per invitation.
   */
  accept(
    token: string,
    who: { userId: string } | { email: string; name: string; password: string },
  ): Promise<
    { userId: string; organizationSlug: string } | "gone" | "other email" | "sign in first" | "too weak" | { throttledUntil: Date }
  >;
}

/** The machine that asks, as it calls itself. */
export type DeviceRequest = { clientName: string; createdAt: string };

/**
 * Machines that are signed in through a browser. A code that is unknown, used, denied or older than ten minutes is "code gone"; guesses are
 * throttled per user.
 */
export interface GateDeviceCodes {
  /** The secret is for the machine alone, the code for whoever sits before it. */
  create(input: { clientName: string }): Promise<{ secret: string; userCode: string; expiresAt: Date }>;
  /** For the holder of the secret. "approved": it is an API token now. "expired" also when there never was one. */
  state(secret: string): Promise<"pending" | "approved" | "denied" | "expired">;
  find(userId: string, userCode: string): Promise<DeviceRequest | "code gone" | { throttledUntil: Date }>;
  /**
   * Makes the secret a token of that organization, for 90 days, with as much of `loginScopes` as the user's role holds; it ends with the
   * membership. "not found": no such organization, or not a member.
   */
  approve(
    userId: string,
    userCode: string,
    orgSlug: string,
  ): Promise<{ organizationSlug: string } | "code gone" | "not found" | { throttledUntil: Date }>;
  deny(userId: string, userCode: string): Promise<"done" | "code gone" | { throttledUntil: Date }>;
}

export type AuthorizedToken = {
  tokenId: string;
  /** As people read it: "token ci", or the member whom a ticket or a login stands for. */
  name: string;
  scopes: readonly TokenScope[];
  organizationId: string;
  organizationSlug: string;
  /** Set on upload tickets made for one project. */
  projectId: string | null;
};

/** Made by `createOrgGate({ databaseUrl })`; the only way to an OrgDb. */
export interface OrgGate {
  readonly users: GateUsers;
  readonly sessions: GateSessions;
  readonly organizations: GateOrganizations;
  readonly invitations: GateInvitations;
  readonly deviceCodes: GateDeviceCodes;
  /** Null: no such organization, or not a member (they answer alike). "forbidden": a member without the permission. */
  authorizeOrganization(userId: string, orgSlug: string, permission: Permission): Promise<OrgDb | "forbidden" | null>;
  /**
   * Null: unknown, expired or revoked. "forbidden": known without this scope. Accepts the plain form, `sntrys_<payload>_<secret>`
   * and upload tickets; notes the use at most once a minute. The OrgDb is as strong as the scopes say: check again per scope.
   */
  authorizeToken(bearer: string, scope: TokenScope): Promise<{ db: OrgDb; token: AuthorizedToken } | "forbidden" | null>;
  /** Ends a login by itself. False when the bearer is none: API tokens are revoked in the dashboard. */
  endLogin(bearer: string): Promise<boolean>;
  /** Uses up a dump ticket (single use, 60 s). Null unless it was made for exactly this crash and is fresh. */
  redeemDumpTicket(ticket: string, crashId: string): Promise<{ db: OrgDb } | null>;
  /** True when the database answers; for /ready. */
  ping(): Promise<boolean>;
  close(): Promise<void>;
}
