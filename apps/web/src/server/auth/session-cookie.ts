/**
 * The session cookie: next-auth's encrypted token, which for us carries one thing, the id of a session's row. Reading it proves only
 * that we made it; whether the session still stands is asked of the row (context.ts) on every request.
 */
import { getToken } from "next-auth/jwt";

/** The sender's browser keeps it this long; the row may end it any time before. */
export const sessionMaxAgeSeconds = 30 * 24 * 60 * 60;

export type CookieSettings = { publicUrl: string; cookieSecret: string };

/** With https the cookie is marked Secure and carries the name prefix that browsers enforce it by. */
export function usesSecureCookies(publicUrl: string): boolean {
  return publicUrl.startsWith("https:");
}

/** @returns the session row's id out of the request's cookies; null when there is none, or it was not made by us, or is too old */
export async function readSessionId(cookies: Record<string, string>, settings: CookieSettings): Promise<string | null> {
  const req = { cookies, headers: {} } as unknown as Parameters<typeof getToken>[0]["req"];
  const secureCookie = usesSecureCookies(settings.publicUrl);
  const token = await getToken({ req, secret: settings.cookieSecret, secureCookie }).catch(() => null);
  return typeof token?.sessionId === "string" ? token.sessionId : null;
}

/** The cookies of a request's header, by name. */
export function cookiesOf(header: string): Record<string, string> {
  const cookies: Record<string, string> = {};
  for (const part of header.split(";")) {
    const equals = part.indexOf("=");
    if (equals > 0) cookies[part.slice(0, equals).trim()] = part.slice(equals + 1).trim();
  }
  return cookies;
}
