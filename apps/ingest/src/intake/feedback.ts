/**
 * What a user of the crashed program wrote, in the two forms that SDKs send: the item `user_report` (older) and an event with
 * `contexts.feedback`. Scrubbed and bounded; kept under the crash's event id.
 */
import type { ReceivedFeedback } from "@salvage/db/system";
import { normalizeEventId } from "./event.ts";
import { asObject, type Json } from "./json.ts";
import { scrubText, storable } from "./scrub.ts";

export type Feedback = Pick<ReceivedFeedback, "eventId" | "name" | "email" | "comments">;

/** @returns null when it names no crash or says nothing */
export function feedbackOf(payload: Json, envelopeEventId: string | null): Feedback | null {
  const given = asObject(asObject(payload.contexts)?.feedback);
  const feedback =
    given === null
      ? { eventId: payload.event_id, name: payload.name, email: payload.email, comments: payload.comments }
      : { eventId: given.associated_event_id, name: given.name, email: given.contact_email, comments: given.message };
  const eventId = normalizeEventId(feedback.eventId) ?? (given === null ? envelopeEventId : null);
  const comments = text(feedback.comments, 4096, true);
  const name = text(feedback.name, 200, false);
  const email = text(feedback.email, 254, false);
  return eventId === null || (comments ?? name ?? email) === null ? null : { eventId, name, email, comments };
}

function text(value: unknown, maxLength: number, scrub: boolean): string | null {
  if (typeof value !== "string") return null;
  const cut = storable(value, maxLength).trim();
  return cut === "" ? null : scrub ? scrubText(cut) : cut;
}
