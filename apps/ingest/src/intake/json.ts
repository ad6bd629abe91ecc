/**
 * JSON objects from senders: read with a bound on their depth, merged so that what is there is never overwritten. Objects made here
 * have no prototype: `__proto__` is a name like any other.
 */

export type Json = { [name: string]: unknown };

/** Deepest JSON that is looked at, so that no recursion of ours runs out of stack. */
const maxDepth = 64;

export const asObject = (value: unknown): Json | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : null;

export const emptyObject = (): Json => Object.create(null) as Json;

/** Sets a member of any name. */
export function define(into: object, name: string, value: unknown): void {
  Object.defineProperty(into, name, { value, enumerable: true, configurable: true, writable: true });
}

/** @returns the value when it is an object that is not nested too deeply */
export function boundedObject(value: unknown): Json | null {
  const object = asObject(value);
  return object !== null && depthWithin(object, maxDepth) ? object : null;
}

/** @returns the object that the text is; null for anything else */
export function parseObject(text: string): Json | null {
  try {
    return boundedObject(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Fills what is absent or null in `into`; merges objects; never overwrites. */
export function merge(into: Json, from: Json): void {
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

function depthWithin(value: unknown, left: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return left > 0 && Object.values(value).every((member) => depthWithin(member, left - 1));
}
