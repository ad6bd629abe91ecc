/** Client keys and refusals, as ingest meets them. */
import type { Sql } from "../shared/sql.ts";
import { asProjectId, asUuid, storableText, storableTextOrNull } from "../shared/text.ts";
import type { ClientKeyAnswer, SystemKeys, SystemRefusals } from "./ports.ts";

type KeyRow = {
  organization_id: string;
  key_id: string | null;
  disabled: boolean | null;
  rate_limit_per_minute: number | null;
  used_bytes: number | null;
  storage_quota_bytes: number | null;
  project_rate: number | null;
  organization_rate: number | null;
  max_dump_bytes: number | null;
  max_attachment_bytes: number | null;
  max_attachments: number | null;
};

export function createSystemKeys(sql: Sql): SystemKeys {
  return {
    async find(projectId, publicKey): Promise<ClientKeyAnswer> {
      const id = asProjectId(projectId);
      if (id === null) return { found: "nothing" };
      const [row] = await sql.rows<KeyRow>(
        `SELECT p.organization_id, k.id AS key_id, k.disabled, k.rate_limit_per_minute, u.used_bytes, o.storage_quota_bytes,
           p.rate_limit_per_minute AS project_rate, o.rate_limit_per_minute AS organization_rate, p.max_dump_bytes, p.max_attachment_bytes, p.max_attachments
         FROM projects p JOIN organizations o ON o.id = p.organization_id
         LEFT JOIN storage_usage u ON u.organization_id = p.organization_id
         LEFT JOIN client_keys k ON k.project_id = p.id AND k.public_key = $2
         WHERE p.id = $1 AND p.deleted_at IS NULL`,
        [id, storableText(publicKey, 200)],
      );
      if (row === undefined) return { found: "nothing" };
      const project = { organizationId: row.organization_id, projectId: id.toString() };
      if (row.key_id === null) return { found: "project", ...project };
      return {
        found: "key",
        key: {
          ...project,
          keyId: row.key_id,
          disabled: row.disabled === true,
          rateLimitPerMinute: row.rate_limit_per_minute,
          projectRateLimitPerMinute: row.project_rate,
          organizationRateLimitPerMinute: row.organization_rate,
          maxDumpBytes: row.max_dump_bytes,
          maxAttachmentBytes: row.max_attachment_bytes,
          maxAttachments: row.max_attachments,
          storageUsedBytes: row.used_bytes ?? 0,
          storageQuotaBytes: row.storage_quota_bytes,
        },
      };
    },
    async projectOf(publicKey) {
      const [row] = await sql.rows<{ id: string }>("SELECT project_id::text AS id FROM client_keys WHERE public_key = $1", [
        storableText(publicKey, 200),
      ]);
      return row?.id ?? null;
    },
    async touch(keyIds) {
      const ids = keyIds.map(asUuid).filter((id) => id !== null);
      if (ids.length > 0) await sql.run("UPDATE client_keys SET last_used_at = now() WHERE id = ANY ($1::uuid[])", [ids]);
    },
  };
}

type RefusalRow = {
  project_id: string;
  day: string;
  reason: string;
  count: number;
  example: string | null;
  at: string;
  limit_value: number | null;
  seen_value: number | null;
  knob: string | null;
};

const wholeOrNull = (value: number | undefined): number | null =>
  value === undefined || !Number.isFinite(value) ? null : Math.min(Math.round(value), Number.MAX_SAFE_INTEGER);

export function createSystemRefusals(sql: Sql): SystemRefusals {
  return {
    async count(refusals) {
      // One row per key: a statement may not touch the same row twice.
      const merged = new Map<string, RefusalRow>();
      for (const refusal of refusals) {
        const projectId = asProjectId(refusal.projectId);
        if (projectId === null) continue;
        const day = refusal.at.toISOString().slice(0, 10);
        const key = `${projectId} ${day} ${refusal.reason}`;
        merged.set(key, {
          project_id: projectId.toString(),
          day,
          reason: refusal.reason,
          count: (merged.get(key)?.count ?? 0) + refusal.count,
          example: storableTextOrNull(refusal.example, 500),
          at: refusal.at.toISOString(),
          limit_value: wholeOrNull(refusal.met?.limit),
          seen_value: wholeOrNull(refusal.met?.seen),
          knob: refusal.met?.knob ?? null,
        });
      }
      if (merged.size === 0) return;
      await sql.run(
        `INSERT INTO refusal_counts (project_id, day, reason, organization_id, count, last_at, example, limit_value, seen_value, knob)
         SELECT p.id, r.day, r.reason, p.organization_id, r.count, r.at, r.example, r.limit_value, r.seen_value, r.knob
         FROM jsonb_to_recordset($1::jsonb) AS r(project_id bigint, day date, reason text, count int, at timestamptz, example text,
           limit_value bigint, seen_value bigint, knob text)
         JOIN projects p ON p.id = r.project_id
         ORDER BY p.id, r.day, r.reason
         ON CONFLICT (project_id, day, reason) DO UPDATE SET count = refusal_counts.count + EXCLUDED.count,
           last_at = greatest(refusal_counts.last_at, EXCLUDED.last_at), example = coalesce(EXCLUDED.example, refusal_counts.example),
           limit_value = EXCLUDED.limit_value, seen_value = EXCLUDED.seen_value, knob = EXCLUDED.knob`,
        [JSON.stringify([...merged.values()])],
      );
    },
  };
}
