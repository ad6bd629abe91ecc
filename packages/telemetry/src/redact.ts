/**
 * Cuts secrets out of what is logged: credentials in URLs and header lines, and values that stand under a telling name.
 * Client keys are public, but they open a project's intake, so they are cut as well.
 */

/** What stands in a log line where a secret was. */
export const cut = "[cut]";

/** Names (of headers, query parameters, object members) whose value is never logged. Compared without case, `-` and `_` alike. */
const secretNames = new Set([
  "authorization",
  "proxyauthorization",
  "cookie",
  "setcookie",
  "xsentryauth",
  "xapikey",
  "xapitoken",
  "authtoken",
  "appsecret",
  "apikey",
  "password",
  "passwd",
  "secret",
  "token",
  "ticket",
  "bearer",
  "sentrykey",
  "sentrysecret",
  "accesstoken",
  "refreshtoken",
  "publickey",
  "privatekey",
  "datakey",
  "wrappedkey",
  "databaseurl",
  "databasesystemurl",
  "databaseownerurl",
  "salvagesecret",
  "salvageprevioussecrets",
  "nextauthsecret",
]);

/** True when a value under this name must not be logged. */
export function isSecretName(name: string): boolean {
  return secretNames.has(name.replaceAll(/[-_]/g, "").toLowerCase());
}

/** `sentry_key=…` wherever it stands (query string, X-Sentry-Auth), and telling parameters of a query string. */
const pair = /(\bsentry_(?:key|secret)=|[?&](?:token|access_token|ticket|key|api_key|password|secret|code)=)[^&\s",;#]*/gi;
/** Credentials of a header line: `Bearer abc`, `Basic abc`. */
const scheme = /\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~-]{6,}/gi;
/** `scheme://user:password@host`. */
const userInfo = /\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^/?#\s"@]{1,300}@/gi;
/** API tokens of the sntrys_ form, wherever they stand (also as a path segment). */
const tokenForm = /\b(sntrys_)(?:[A-Za-z0-9+/=]+_[A-Za-z0-9+=_-]+|[A-Za-z0-9+=_-]+)/g;

/** An API token, a ticket, an invitation or a login's secret by its form, wherever it stands (`/invite/…`, `%22token%22%3A%22…`). */
const ownToken = /(?<=^|[^0-9A-Za-z]|%[0-9A-Fa-f]{2})[0-9A-Za-z]{43}(?![0-9A-Za-z])/g;

/** A token in the path of the symbol server or of symupload: longer than the organization or project that may stand there instead. */
const symbolPath = /(\/(?:symbols|symupload)\/+)[^/?#\s"]{41,}/g;

/** @returns the text with everything that looks like a credential replaced by `[cut]`. */
export function redactText(text: string): string {
  return text
    .replace(pair, `$1${cut}`)
    .replace(scheme, `$1 ${cut}`)
    .replace(userInfo, `$1${cut}@`)
    .replace(symbolPath, `$1${cut}`)
    .replace(ownToken, cut)
    .replace(tokenForm, `$1${cut}`);
}

/** How deep an object is walked; deeper members are logged as `[deep]`. */
const maxDepth = 6;

/**
 * A copy of what is to be logged, without secrets. Errors become {type, message, stack, code, cause}; bytes become their length;
 * members named like a secret become `[cut]`.
 */
export function redactValue(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return value.toISOString();
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (depth >= maxDepth) return "[deep]";
  if (value instanceof Error) return redactError(value, depth);
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth + 1));
  const copy: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    copy[name] = isSecretName(name) && member !== null && member !== undefined ? cut : redactValue(member, depth + 1);
  }
  return copy;
}

function redactError(error: Error, depth: number): Record<string, unknown> {
  const copy: Record<string, unknown> = { type: error.name, message: redactText(error.message) };
  if (error.stack !== undefined) copy.stack = redactText(error.stack);
  if ("code" in error && (typeof error.code === "string" || typeof error.code === "number")) copy.code = error.code;
  if (error.cause !== undefined) copy.cause = redactValue(error.cause, depth + 1);
  return copy;
}
