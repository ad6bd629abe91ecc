/**
 * Which server, which token, which organization: options before environment before the login that was kept. A token of the form
 * `sntrys_<payload>_<secret>` says its server and organization itself, so that CI needs one variable only.
 */
import { CliError } from "../cli-error.ts";
import { readLogin, type SavedLogin } from "./config.ts";

export type ServerOptions = { url?: string; org?: string; token?: string };

export type Target = {
  /** Without a slash at the end. */
  url: string;
  token: string;
  /** Null: the token's own, to be asked for. */
  organization: string | null;
};

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws CliError (2) when no server or no token is known. */
export function findTarget(options: ServerOptions, env: Environment = process.env, saved: SavedLogin | null = readLogin()): Target {
  const given = options.token || env.SALVAGE_TOKEN || null;
  const payload = given === null ? null : tokenPayload(given);
  const wanted = options.url || env.SALVAGE_URL || payload?.url || null;
  const url = wanted === null ? (saved?.url ?? null) : serverUrl(wanted);
  if (url === null) throw new CliError('no server is known: run "salvage login", or give --url (or set SALVAGE_URL).', 2);
  // A token that was kept for one server is not shown to another.
  const kept = saved !== null && saved.url === url ? saved : null;
  const token = given ?? kept?.token ?? null;
  if (token === null) throw new CliError(`no token for ${url} is known: run "salvage login", or give --token (or set SALVAGE_TOKEN).`, 2);
  const own = given === null ? kept?.organization : payload?.organization;
  return { url, token, organization: options.org || env.SALVAGE_ORG || own || null };
}

/** The address as an origin with an optional path, no slash at the end. Throws CliError (2). */
export function serverUrl(text: string): string {
  const url = text.replace(/\/+$/, "");
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) throw new CliError(`--url must be an http or https address, not "${text}".`, 2);
  return url;
}

/** What a `sntrys_` token says of itself; null for every other form. Source: sentry-cli's documentation of organization tokens. */
export function tokenPayload(token: string): { url: string | null; organization: string | null } | null {
  const encoded = /^sntrys_([A-Za-z0-9+/=]+)_/.exec(token)?.[1];
  if (encoded === undefined) return null;
  try {
    const { url, org } = JSON.parse(Buffer.from(encoded, "base64").toString("utf8")) as { url?: unknown; org?: unknown };
    return { url: typeof url === "string" && url !== "" ? url : null, organization: typeof org === "string" && org !== "" ? org : null };
  } catch {
    return null;
  }
}
