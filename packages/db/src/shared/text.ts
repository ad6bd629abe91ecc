/** Values from outside, made safe for PostgreSQL: it stores neither NUL characters nor halves of surrogate pairs. */

const uuidForm = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const maxBigint = 9223372036854775807n;

/** The text without NUL and lone surrogates, cut to `maxLength` characters. */
export function storableText(text: string, maxLength = 10_000): string {
  const cut = text.length > maxLength ? text.slice(0, maxLength) : text;
  return cut.toWellFormed().replaceAll("\0", "\uFFFD");
}

export function storableTextOrNull(text: string | null, maxLength?: number): string | null {
  return text === null ? null : storableText(text, maxLength);
}

/** JSON text for a jsonb parameter; texts and keys at any depth are made storable. */
export function storableJson(value: unknown): string {
  return JSON.stringify(storable(value));
}

function storable(value: unknown): unknown {
  if (typeof value === "string") return storableText(value, 1_000_000);
  if (Array.isArray(value)) return value.map(storable);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [storableText(key), storable(inner)]));
  }
  return value;
}

/** The UUID with dashes in lower case, or null when it is none: ids come from URLs. */
export function asUuid(text: string): string | null {
  if (!uuidForm.test(text)) return null;
  const hex = text.replaceAll("-", "").toLowerCase();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** A project's number, or null when the text is none. */
export function asProjectId(text: string): bigint | null {
  if (!/^[1-9][0-9]{0,18}$/.test(text)) return null;
  const id = BigInt(text);
  return id > maxBigint ? null : id;
}

/** Base name of a path of any system. */
export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

/** SQL for LIKE: a pattern of ours (* and ?, no case) as LIKE pattern over lower-case text. `expression` is SQL, never a value. */
export function likeOfPattern(expression: string): string {
  return `replace(replace(replace(replace(replace(lower(${expression}), '\\', '\\\\'), '%', '\\%'), '_', '\\_'), '*', '%'), '?', '_')`;
}

/** A search text as LIKE pattern "contains"; give it to ILIKE. */
export function containsPattern(search: string): string {
  return `%${storableText(search, 200).replace(/[\\%_]/g, (character) => `\\${character}`)}%`;
}
