/**
 * The form fields beside a dump as one source of event data, in the order of the parts:
 *
 *   sentry                JSON object, merged at the top
 *   sentry___<anything>   each a complete JSON object (Electron: sentry___initialScope)
 *   sentry__<N>           pieces of one JSON text, joined by number when all parts are read (values are limited to 20 KB there)
 *   sentry[a][b]          a text at a.b
 *   extra                 all annotations as one JSON object (Socorro's newer form); a text otherwise
 *   anything else         extra.<name> (Crashpad annotations; Electron's _productName, _version, ver, guid, …)
 *
 * What comes first wins (json.ts). JSON that cannot be read is dropped and the crash is still accepted.
 */
import { normalizeEventId } from "./event.ts";
import { emptyObject, type Json, merge, parseObject } from "./json.ts";

export type FormField = { name: string; value: string };

const maxBracketDepth = 7;

/** @param fields in the order in which they were sent. @returns a source for mergeEvent */
export function formEvent(fields: readonly FormField[]): Json {
  const event = emptyObject();
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
    else merge(event, nested(["extra"], (name === "extra" ? parseObject(value) : null) ?? nested([name], value)));
  }
  event.event_id = eventIdOf(fields);
  return event;
}

/** The event id is taken from the JSON of `sentry`, else from `sentry[event_id]`; pieces and scopes are not asked. */
function eventIdOf(fields: readonly FormField[]): string | null {
  for (const field of fields) {
    if (field.name !== "sentry") continue;
    const id = normalizeEventId(parseObject(field.value)?.event_id);
    if (id !== null) return id;
  }
  const bracket = fields.find((field) => field.name === "sentry[event_id]");
  return normalizeEventId(bracket?.value);
}

/** `sentry[a][b]` as ["a", "b"]; null for other names, for malformed paths and for too deep ones. */
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
