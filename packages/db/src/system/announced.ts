/** Crashes that were announced before their dump came (App Center sends both apart when it must). */
import type { SqlPool } from "../shared/sql.ts";
import { storableJson } from "../shared/text.ts";
import type { SystemAnnounced } from "./ports.ts";

export function createSystemAnnounced(pool: SqlPool): SystemAnnounced {
  return {
    async add({ organizationId, projectId, eventId, event, announcedAt }) {
      await pool.run(
        `INSERT INTO announced_crashes (project_id, event_id, organization_id, event, announced_at) VALUES ($1::bigint, $2::uuid, $3::uuid, $4::jsonb, $5)
         ON CONFLICT (project_id, event_id) DO NOTHING`,
        [projectId, eventId, organizationId, storableJson(event), announcedAt],
      );
    },
    async find(projectId, eventId) {
      const [row] = await pool.rows<{ event: unknown }>(
        "SELECT event FROM announced_crashes WHERE project_id = $1::bigint AND event_id = $2::uuid",
        [projectId, eventId],
      );
      return row?.event ?? null;
    },
  };
}
