/**
 * What a sender says about a crash, from all the places where it says it (an event, files that its SDK wrote before the crash, form
 * fields), as one event: sources are merged in their order, nothing that is there is overwritten. The event is then taken apart into
 * what Salvage has columns for; everything is scrubbed and bounded.
 *
 * Member names are those of Sentry's event payload.
 */
import { asObject, boundedObject, define, emptyObject, type Json, merge } from "./json.ts";
import { isDroppedName, scrubbed, scrubMember, scrubText, storable } from "./scrub.ts";

export type Breadcrumb = {
  /** ISO 8601; null when the sender gave none that can be read. */
  at: string | null;
  type: string | null;
  category: string | null;
  level: string | null;
  message: string | null;
  data: Record<string, unknown>;
};

export type EventData = {
  /** The sender's own id of the crash: a UUID with dashes, lower case. */
  eventId: string | null;
  release: string | null;
  environment: string | null;
  dist: string | null;
  /** One word for the user: e-mail, name, id or address. All that was said of the user stands in contexts.user. */
  user: string | null;
  tags: Record<string, string>;
  /** By name: device, os, app, gpu, … */
  contexts: Record<string, Record<string, unknown>>;
  /** Oldest first; the newest 100. */
  breadcrumbs: Breadcrumb[];
  /** Everything else: annotations, and members of the event that have no place of their own. */
  extra: Record<string, unknown>;
};

const maxLabelLength = 250;
const maxTags = 200;
const maxTagLength = 1000;
const maxBreadcrumbs = 100;
const maxMessageLength = 2_000;
/** Bytes of JSON kept of each. */
const maxExtraBytes = 512 * 1024;
const maxContextsBytes = 256 * 1024;
const maxBreadcrumbDataBytes = 4 * 1024;

/** Members with a column of their own, and those that the report of the dump says better. */
const taken = new Set(
  [
    ["event_id", "release", "environment", "dist", "user", "tags", "contexts", "breadcrumbs", "extra"],
    ["exception", "threads", "stacktrace", "debug_meta", "spans", "measurements", "type", "version"],
  ].flat(),
);

/** @param sources objects, the most important first; what is no object, or nested more than 64 deep, is passed over */
export function mergeEvent(sources: readonly unknown[]): EventData {
  const event = emptyObject();
  let eventId: string | null = null;
  for (const source of sources) {
    const object = boundedObject(source);
    if (object === null) continue;
    eventId ??= normalizeEventId(object.event_id);
    merge(event, object);
  }
  const extra = asObject(event.extra) ?? {};
  const contexts = contextsOf(event);
  return {
    eventId,
    release: label(event.release) ?? releaseOf(extra),
    environment: label(event.environment),
    dist: label(event.dist),
    user: userLabel(event.user),
    tags: tagsOf(event.tags),
    contexts,
    breadcrumbs: breadcrumbsOf(event.breadcrumbs),
    extra: extraOf(event, extra),
  };
}

/** 32 hex digits with or without dashes, not all zero. */
export function normalizeEventId(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const hex = value.trim().replaceAll("-", "").toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(hex) || /^0+$/.test(hex)) return null;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
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

function contextsOf(event: Json): Record<string, Record<string, unknown>> {
  const given = emptyObject();
  for (const [name, value] of Object.entries(asObject(event.contexts) ?? {})) if (asObject(value) !== null) given[name] = value;
  const user = asObject(event.user);
  if (user !== null && Object.keys(user).length > 1) given.user ??= user;
  const contexts = boundedMembers(Object.entries(given), maxContextsBytes);
  return Object.fromEntries(
    Object.entries(contexts).map(([name, value]) => [name, (asObject(value) ?? { value }) as Record<string, unknown>]),
  );
}

/** A list, or an object that has one as `values`. */
function breadcrumbsOf(given: unknown): Breadcrumb[] {
  const list = Array.isArray(given) ? given : asObject(given)?.values;
  if (!Array.isArray(list)) return [];
  return list
    .slice(-maxBreadcrumbs)
    .map(asObject)
    .filter((crumb) => crumb !== null)
    .map((crumb) => ({
      at: timeOf(crumb.timestamp),
      type: label(crumb.type),
      category: label(crumb.category),
      level: label(crumb.level),
      message: typeof crumb.message === "string" ? scrubText(crumb.message.slice(0, maxMessageLength)) : null,
      data: boundedMembers(Object.entries(asObject(crumb.data) ?? {}), maxBreadcrumbDataBytes),
    }));
}

/** ISO 8601, or seconds since 1970. @returns ISO 8601; null for anything else */
export function timeOf(value: unknown): string | null {
  const time = typeof value === "number" ? value * 1000 : typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isFinite(time) && Math.abs(time) < 8e15 ? new Date(time).toISOString() : null;
}

/** Annotations first: where the name of a member of the event meets one, the annotation is kept. */
function extraOf(event: Json, annotations: Json): Record<string, unknown> {
  const members = Object.entries(event).filter(([name]) => !taken.has(name) && !Object.hasOwn(annotations, name));
  return boundedMembers([...Object.entries(annotations), ...members], maxExtraBytes);
}

/** The members, scrubbed, until their JSON is `maxBytes` long; the others are named under "left_out". */
function boundedMembers(members: readonly [string, unknown][], maxBytes: number): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  const leftOut: string[] = [];
  let bytes = 0;
  for (const [name, value] of members) {
    const one: Record<string, unknown> = {};
    scrubMember(one, name, value);
    const size = Buffer.byteLength(JSON.stringify(one));
    if (bytes + size > maxBytes) leftOut.push(storable(name, 60));
    else {
      bytes += size;
      for (const [key, clean] of Object.entries(one)) define(kept, key, clean);
    }
  }
  if (leftOut.length > 0) kept.left_out = `${leftOut.length} more than ${maxBytes} bytes hold: ${leftOut.slice(0, 20).join(", ")}`;
  return kept;
}

function label(value: unknown): string | null {
  if (typeof value !== "string" && typeof value !== "number") return null;
  const text = scrubText(storable(String(value), maxLabelLength)).trim();
  return text === "" ? null : text;
}
