/**
 * What a sender says beside the dump: form fields, in the order of the parts, merged into one event, and the few things of it that
 * Salvage has columns for.
 *
 *   sentry                JSON object, merged at the top
 *   sentry___<anything>   each a complete JSON object (Electron: sentry___initialScope)
 *   sentry__<N>           pieces of one JSON text, joined by number when all parts are read (values are limited to 20 KB there)
 *   sentry[a][b]          a text at a.b
 *   anything else         extra.<name> (Crashpad annotations; Electron's _productName, _version, ver, guid, …)
 *
 * Merging never overwrites: objects merge, null and absent are filled, so what comes first wins. JSON that cannot be read is dropped
 * and the crash is still accepted.
 */
import { createHash } from "node:crypto";
import { isDroppedName, scrubbed, scrubMember, scrubText, storable } from "./scrub.ts";

export type FormField = { name: string; value: string };

export type SenderFacts = {
  /** The sender's own id of the crash: a UUID with dashes, lower case. */
  eventId: string | null;
  release: string | null;
  environment: string | null;
  user: string | null;
  tags: Record<string, string>;
  /** Everything else, scrubbed. */
  extra: Record<string, unknown>;
};

type Json = { [name: string]: unknown };

const maxBracketDepth = 7;
const maxLabelLength = 250;
const maxTags = 200;
const maxTagLength = 1000;

/** @param fields in the order in which they were sent */
export function readFormFields(fields: readonly FormField[]): SenderFacts {
  const event: Json = emptyObject();
  const pieces = new Map<bigint, string>();
  // The pieces of sentry__N are one source, at the place of their first; they are merged after what came before them.
  const later: { name: string; value: string }[] = [];
  for (const field of fields) {
    const number = /^sentry__(\d{1,9})$/.exec(field.name)?.[1];
    if (number !== undefined) {
      if (pieces.size === 0) later.push({ name: "sentry__", value: "" });
      pieces.set(BigInt(number), field.value);
    } else later.push(field);
  }
  const joined = [...pieces].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  for (const { name, value } of later) {
    const path = bracketPath(name);
    if (name === "sentry__") mergeJson(event, joined.join(""));
    else if (name === "sentry" || /^sentry___/.test(name)) mergeJson(event, value);
    else if (path !== null) merge(event, nested(path, value));
    else merge(event, nested(["extra", name], value));
  }
  return factsOf(event, eventIdOf(fields));
}

/** The event id is taken from the JSON of `sentry`, else from `sentry[event_id]`; pieces are not asked. */
function eventIdOf(fields: readonly FormField[]): string | null {
  for (const field of fields) {
    if (field.name !== "sentry") continue;
    const parsed = parseObject(field.value);
    const id = normalizeEventId(parsed?.event_id);
    if (id !== null) return id;
  }
  const bracket = fields.find((field) => field.name === "sentry[event_id]");
  return normalizeEventId(bracket?.value);
}

/** 32 hex digits with or without dashes, not all zero. */
export function normalizeEventId(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const hex = value.trim().replaceAll("-", "").toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(hex) || /^0+$/.test(hex)) return null;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function factsOf(event: Json, eventId: string | null): SenderFacts {
  const given = asObject(event.extra) ?? {};
  const facts: SenderFacts = {
    eventId,
    release: label(event.release) ?? releaseOf(given),
    environment: label(event.environment),
    user: userLabel(event.user),
    tags: tagsOf(event.tags),
    extra: {},
  };
  const taken = new Set(["event_id", "release", "environment", "user", "tags", "extra"]);
  for (const [name, value] of Object.entries(given)) scrubMember(facts.extra, name, value);
  // Members of the event that have no column stand beside the annotations, which win where names meet.
  for (const [name, value] of Object.entries(event)) {
    if (!taken.has(name) && !Object.hasOwn(facts.extra, name)) scrubMember(facts.extra, name, value);
  }
  return facts;
}

/** Product and version as uploaders annotate them, as `product@version`. Electron's own prod and ver are asked last. */
function releaseOf(extra: Json): string | null {
  const pairs = [
    ["_productName", "_version"],
    ["ProductName", "Version"],
    ["product", "version"],
    ["prod", "ver"],
  ] as const;
  for (const [product, version] of pairs) {
    const name = label(extra[product]);
    const number = label(extra[version]);
    if (number !== null) return name === null ? number : `${name}@${number}`.slice(0, maxLabelLength);
  }
  return null;
}

function userLabel(user: unknown): string | null {
  const members = asObject(user);
  if (members === null) return label(user);
  return label(members.email) ?? label(members.username) ?? label(members.id) ?? label(members.ip_address);
}

/** An object, or a list of pairs. */
function tagsOf(tags: unknown): Record<string, string> {
  const entries = Array.isArray(tags)
    ? tags.filter((pair): pair is [unknown, unknown] => Array.isArray(pair) && pair.length === 2)
    : Object.entries(asObject(tags) ?? {});
  const out: Record<string, unknown> = {};
  for (const [name, value] of entries.slice(0, maxTags)) {
    if (typeof name !== "string" || name === "" || value === null || typeof value === "object" || isDroppedName(name)) continue;
    scrubMember(out, name, String(value).slice(0, maxTagLength));
  }
  return Object.fromEntries(Object.entries(out).map(([name, value]) => [name, typeof value === "string" ? value : scrubbed]));
}

function label(value: unknown): string | null {
  if (typeof value !== "string" && typeof value !== "number") return null;
  const text = scrubText(storable(String(value), maxLabelLength)).trim();
  return text === "" ? null : text;
}

/** `sentry[a][b]` → ["a", "b"]; null for other names, malformed ones and those that go too deep. */
function bracketPath(name: string): string[] | null {
  if (!/^sentry(\[[^[\]]*\])+$/.test(name)) return null;
  const path = [...name.matchAll(/\[([^[\]]*)\]/g)].map((match) => match[1] ?? "");
  return path.length > maxBracketDepth || path.includes("") ? null : path;
}

function nested(path: readonly string[], value: unknown): Json {
  let inner: unknown = value;
  for (const name of [...path].reverse()) {
    const object = emptyObject();
    object[name] = inner;
    inner = object;
  }
  return inner as Json;
}

function mergeJson(into: Json, text: string): void {
  const parsed = parseObject(text);
  if (parsed !== null) merge(into, parsed);
}

/** Fills what is absent or null in `into`; merges objects; never overwrites. */
function merge(into: Json, from: Json): void {
  for (const [name, value] of Object.entries(from)) {
    const present = Object.hasOwn(into, name) ? into[name] : undefined;
    const presentObject = asObject(present);
    const valueObject = asObject(value);
    if (present === undefined || present === null) {
      if (valueObject === null) define(into, name, value);
      else {
        const copy = emptyObject();
        merge(copy, valueObject);
        define(into, name, copy);
      }
    } else if (presentObject !== null && valueObject !== null) merge(presentObject, valueObject);
  }
}

/** Deepest JSON that is looked at; deeper texts are dropped as unreadable, so that no recursion of ours runs out of stack. */
const maxJsonDepth = 64;

function parseObject(text: string): Json | null {
  try {
    const value: unknown = JSON.parse(text);
    return depthWithin(value, maxJsonDepth) ? asObject(value) : null;
  } catch {
    return null;
  }
}

function depthWithin(value: unknown, left: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return left > 0 && Object.values(value).every((member) => depthWithin(member, left - 1));
}

const asObject = (value: unknown): Json | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : null;
/** No prototype: `__proto__` is a name like any other. */
const emptyObject = (): Json => Object.create(null) as Json;
const define = (into: Json, name: string, value: unknown) =>
  Object.defineProperty(into, name, { value, enumerable: true, configurable: true, writable: true });

/**
 * Digest over everything beside the dump, for telling a repeated post from a new crash. The order of the parts does not matter.
 * @param files name and SHA-256 of each other file
 */
export function fieldsDigest(fields: readonly FormField[], files: readonly { name: string; sha256: string }[]): string {
  const entries = [...fields.map(({ name, value }) => ["field", name, value]), ...files.map(({ name, sha256 }) => ["file", name, sha256])];
  const lines = entries.map((entry) => JSON.stringify(entry)).sort();
  return createHash("sha256").update(lines.join("\n")).digest("hex");
}
