/** What users of the crashed program wrote. Kept under the event's id, since it may come before the crash. */
import { randomUUID } from "node:crypto";
import type { SqlPool } from "../shared/sql.ts";
import { storableTextOrNull } from "../shared/text.ts";
import type { SystemFeedback } from "./ports.ts";

/** More of one event are a mistake of the program. */
const maxPerEvent = 10;

export function createSystemFeedback(pool: SqlPool): SystemFeedback {
  return {
    async add(feedback) {
      const name = storableTextOrNull(feedback.name, 200);
      const email = storableTextOrNull(feedback.email, 254);
      const comments = storableTextOrNull(feedback.comments, 4096);
      const values = [feedback.organizationId, feedback.projectId, feedback.eventId, name, email, comments, feedback.receivedAt];
      const added = await pool.run(
        `INSERT INTO crash_feedback (id, organization_id, project_id, event_id, name, email, comments, received_at)
         SELECT $8::uuid, $1::uuid, $2::bigint, $3::uuid, $4::text, $5::text, $6::text, $7::timestamptz
         WHERE (SELECT count(*) FROM crash_feedback WHERE project_id = $2::bigint AND event_id = $3::uuid) < ${maxPerEvent}
           AND NOT EXISTS (SELECT 1 FROM crash_feedback WHERE project_id = $2::bigint AND event_id = $3::uuid
             AND (name, email, comments) IS NOT DISTINCT FROM ($4::text, $5::text, $6::text))`,
        [...values, randomUUID()],
      );
      return added > 0;
    },
  };
}
