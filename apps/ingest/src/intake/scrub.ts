/**
 * What a sender adds to a crash is kept and shown, so secrets are taken out before it is stored: values under telling names, values
 * that look like credentials, environment variables and command lines, and the user's name in paths. Also makes every text storable:
 * PostgreSQL takes neither NUL nor half a surrogate pair.
 */

export const scrubbed = "[scrubbed]";

/** Parts of a name that make its value a secret; the name is compared in lower case without separators. */
const secretNameParts = [
  "password",
  "passwd",
  "passphrase",
  "secret",
  "token",
  "authorization",
  "cookie",
  "apikey",
  "accesskey",
  "privatekey",
  "credential",
  "sessionid",
  "bearer",
];
/** Whole names that are secrets, too short to be looked for inside others. */
const secretNames = new Set(["auth", "pwd", "pw", "pin", "session"]);
/** Never stored, whatever is in them. */
const droppedNames = new Set([
  "env",
  "environ",
  "environmentvariables",
  "processenvironment",
  "cmdline",
  "commandline",
  "argv",
  "processargs",
  "processarguments",
]);

const secretValues: readonly [RegExp, string][] = [
  [/\b(bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,}/gi, `$1 ${scrubbed}`],
  // A JSON web token; keys of well-known services; a PEM block.
  [/(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g, scrubbed],
  [/\b(AKIA|ASIA)[A-Z0-9]{16}\b/g, scrubbed],
  [/\b(ghp|gho|ghs|ghu|github_pat|glpat|xox[abp]|sk_live|sntrys)[_-][A-Za-z0-9_=+/-]{10,}/g, scrubbed],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, scrubbed],
  [/\b([a-z][a-z0-9+.-]{1,20}:\/\/)[^/?#\s"'@]{1,200}@/gi, `$1${scrubbed}@`],
  [/([?&;](?:password|token|secret|api_?key|access_?key|auth)=)[^&;#\s"']+/gi, `$1${scrubbed}`],
];
/** The folder of a user in a path. */
const homes = /((?:\/home\/|\/Users\/|[A-Za-z]:[\\/]Users[\\/]|[A-Za-z]:[\\/]Documents and Settings[\\/]))([^\\/\s"':;]+)/gi;
const sharedHomes = new Set(["public", "shared", "default", "all users", "runner", "build", "jenkins"]);

/** Depth of nesting that is kept. */
const maxDepth = 8;
/** Longest text that is kept. */
const maxTextLength = 32 * 1024;
const maxNameLength = 200;

/** True when a value under this name is never stored at all. */
export function isDroppedName(name: string): boolean {
  return droppedNames.has(plainName(name));
}

/** A text that can be stored and shown. */
export function scrubText(text: string): string {
  let clean = storable(text, maxTextLength);
  for (const [pattern, replacement] of secretValues) clean = clean.replace(pattern, replacement);
  return clean.replace(homes, (whole, root: string, user: string) => (sharedHomes.has(user.toLowerCase()) ? whole : `${root}<user>`));
}

/** A value of a sender's JSON that can be stored and shown. */
export function scrubValue(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return scrubText(value);
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "object" || value === null) return value ?? null;
  if (depth >= maxDepth) return "[nested too deeply]";
  if (Array.isArray(value)) return value.map((item) => scrubValue(item, depth + 1));
  const clean: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) scrubMember(clean, name, member, depth);
  return clean;
}

/** Puts one member into `into`, unless its name is one that is dropped. */
export function scrubMember(into: Record<string, unknown>, name: string, member: unknown, depth = 0): void {
  if (isDroppedName(name)) return;
  const key = storable(name, maxNameLength);
  const value = isSecretName(name) && isSomething(member) ? scrubbed : scrubValue(member, depth + 1);
  // Not an assignment: the name may be __proto__.
  Object.defineProperty(into, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Cut to length, NUL and halves of surrogate pairs replaced. */
export function storable(text: string, maxLength: number): string {
  return text.slice(0, maxLength).toWellFormed().replaceAll("\u0000", "\ufffd");
}

function isSecretName(name: string): boolean {
  const plain = plainName(name);
  return secretNames.has(plain) || secretNameParts.some((part) => plain.includes(part));
}

const isSomething = (value: unknown) => value !== null && value !== undefined && value !== "" && typeof value !== "boolean";
const plainName = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
