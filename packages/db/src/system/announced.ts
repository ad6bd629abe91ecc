/** What was said of crashes apart from their dump, before it or after it (App Center sends both apart when it must). */
import type { SqlPool } from "../shared/sql.ts";
import { storableJson, storableTextOrNull } from "../shared/text.ts";
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
    addTo: (crashId, { release, environment, dist, user, tags, extra, contexts }) =>
      pool.transaction(async (sql) => {
        const labels = [release, environment, dist, user].map((text) => storableTextOrNull(text, 250));
        const [crash] = await sql.rows<{ issue_id: string | null; release: string | null }>(
          `UPDATE crashes c SET release = coalesce($2, release), environment = coalesce($3, environment), dist = coalesce($4, dist),
             user_label = coalesce($5, user_label), tags = tags || $6::jsonb, extra = extra || $7::jsonb,
             contexts = contexts || coalesce(
               (SELECT jsonb_object_agg(s.key, coalesce(c.contexts -> s.key, '{}') || s.value) FROM jsonb_each($8::jsonb) s), '{}')
           WHERE id = $1::uuid AND deleted_at IS NULL RETURNING issue_id, release`,
          [crashId, ...labels, storableJson(tags), storableJson(extra), storableJson(contexts)],
        );
        // A crash that is finished has told its issue the release that it had then.
        if (crash === undefined || crash.issue_id === null || crash.release === null) return;
        await sql.run(
          `UPDATE issues SET versions = versions || $2::text WHERE id = $1 AND NOT versions @> ARRAY[$2::text] AND cardinality(versions) < 50`,
          [crash.issue_id, crash.release],
        );
      }),
  };
}
