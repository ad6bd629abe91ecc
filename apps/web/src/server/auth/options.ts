/**
 * next-auth's settings. Signing in with e-mail and password makes a session row, whose id travels in the cookie; signing out revokes
 * it. There is no sign-up: accounts come from invitations and from the operator.
 */

import { signInInput } from "@salvage/contracts";
import type { AuthOptions } from "next-auth";
import type { CredentialsConfig } from "next-auth/providers/credentials";
import { checkSession } from "../context.ts";
import { secondsUntil } from "../refusals.ts";
import type { Services } from "../services.ts";
import { clientAddress } from "./client-address.ts";
import { cookiesOf, readSessionId, sessionMaxAgeSeconds, usesSecureCookies } from "./session-cookie.ts";

declare module "next-auth" {
  interface User {
    sessionId?: string;
  }
}
declare module "next-auth/jwt" {
  interface JWT {
    sessionId?: string;
  }
}

type Needs = Pick<Services, "gate" | "logger" | "publicUrl" | "cookieSecret" | "trustProxy">;

/** One per process; next-auth keeps nothing between requests. */
export function authOptions(services: Needs): AuthOptions {
  return {
    providers: [credentials(services)],
    secret: services.cookieSecret,
    session: { strategy: "jwt", maxAge: sessionMaxAgeSeconds },
    useSecureCookies: usesSecureCookies(services.publicUrl),
    // Our own pages for all of next-auth's; errors come back to the sign-in page as ?error=
    pages: { signIn: "/sign-in", signOut: "/sign-in", error: "/sign-in", verifyRequest: "/sign-in", newUser: "/" },
    callbacks: {
      /** At sign-in notes the session's row; afterwards (next-auth's own session endpoint) refuses one that was revoked. */
      async jwt({ token, user }) {
        if (user?.sessionId !== undefined) return { sub: user.id, sessionId: user.sessionId };
        const session = await checkSession(services, token.sessionId ?? null);
        if (session === null) throw new Error("the session was revoked");
        return token;
      },
      /** Pages learn who is signed in from the router; this endpoint says only that someone is. */
      session({ session }) {
        return { expires: session.expires, user: {} };
      },
      /** Only ever to our own origin. */
      redirect({ url, baseUrl }) {
        if (url.startsWith("/") && !url.startsWith("//") && !url.startsWith("/\\")) return `${baseUrl}${url}`;
        return URL.canParse(url) && new URL(url).origin === new URL(baseUrl).origin ? url : baseUrl;
      },
    },
    events: {
      async signOut({ token }) {
        if (token?.sessionId !== undefined) await services.gate.sessions.revoke(token.sessionId);
      },
    },
    logger: {
      error: (code, metadata) => services.logger.warn({ code, error: errorOf(metadata) }, "next-auth"),
      warn: (code) => services.logger.debug({ code }, "next-auth"),
      debug: () => undefined,
    },
  };
}

/**
 * E-mail and password. A wrong pair says "CredentialsSignin" whatever was wrong; while throttled (per e-mail and per address, in the
 * database, so that it holds for all processes) the answer is "Throttled:<seconds>" and the password is not looked at.
 */
function credentials(needs: Needs): CredentialsConfig {
  const { gate, logger, trustProxy } = needs;
  return {
    id: "credentials",
    name: "E-mail and password",
    type: "credentials",
    credentials: { email: {}, password: {} },
    async authorize(given, request) {
      const input = signInInput.safeParse(given);
      if (!input.success) return null;
      const headers = request.headers ?? {};
      const address = clientAddress(headers, trustProxy);
      const verdict = await gate.users.verifyPassword(input.data.email, input.data.password, address);
      if (verdict === null) {
        logger.info({ address }, "sign-in refused");
        return null;
      }
      if ("throttledUntil" in verdict) throw new Error(`Throttled:${secondsUntil(verdict.throttledUntil)}`);
      // The session that this browser had, its owner's or one put there by somebody else, ends with the new one.
      const before = await readSessionId(cookiesOf(String(headers.cookie ?? "")), needs);
      if (before !== null) await gate.sessions.revoke(before);
      const userAgent: unknown = headers["user-agent"];
      const { sessionId } = await gate.sessions.create(verdict.userId, typeof userAgent === "string" ? userAgent.slice(0, 300) : null);
      return { id: verdict.userId, sessionId };
    },
  };
}

function errorOf(metadata: unknown): unknown {
  if (metadata instanceof Error) return metadata;
  return typeof metadata === "object" && metadata !== null && "error" in metadata ? metadata.error : metadata;
}
