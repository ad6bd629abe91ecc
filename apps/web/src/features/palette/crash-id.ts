/** Recognises a crash id in what was typed or pasted. Pure. */

/** With or without hyphens, as SDKs print it. @returns the hyphenated lower-case form, or null */
export function crashIdIn(text: string): string | null {
  const match = /\b([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\b/i.exec(text);
  return match === null ? null : match.slice(1).join("-").toLowerCase();
}
