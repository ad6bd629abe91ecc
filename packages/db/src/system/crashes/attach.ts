/** Files that are added to a crash after it was accepted. They follow the dump: once it is gone, nothing is added. */
import type { Sql, SqlPool } from "../../shared/sql.ts";
import { asUuid, storableText, storableTextOrNull } from "../../shared/text.ts";
import type { AddedFiles, CrashByEvent, ReceivedAttachment } from "../ports.ts";
import { countBytes } from "../uploads.ts";

/** The crash that a sender means by an id: its own event id, or the id that it was answered. */
export async function findByEvent(sql: Sql, projectId: string, eventId: string): Promise<CrashByEvent | null> {
  const id = asUuid(eventId);
  if (id === null) return null;
  const [row] = await sql.rows<CrashByEvent>(
    `SELECT c.id AS "crashId", c.dump_state = 'held' AS "dumpHeld", count(a.id)::int AS attachments, coalesce(sum(a.size_bytes), 0)::float8 AS "attachmentsBytes"
     FROM crashes c LEFT JOIN crash_attachments a ON a.crash_id = c.id
     WHERE c.project_id = $1::bigint AND (c.event_id = $2::text OR c.id = $3::uuid) AND c.deleted_at IS NULL
     GROUP BY c.id ORDER BY c.event_id = $2::text DESC NULLS LAST LIMIT 1`,
    [projectId, id, id],
  );
  return row ?? null;
}

export function addAttachments(
  pool: SqlPool,
  crashId: string,
  attachments: readonly ReceivedAttachment[],
  limits: { maxAttachments: number; maxBytes: number },
): Promise<AddedFiles> {
  return pool.transaction(async (sql) => {
    const [crash] = await sql.rows<{ organization_id: string; held: boolean }>(
      "SELECT organization_id, dump_state = 'held' AS held FROM crashes WHERE id = $1 AND deleted_at IS NULL FOR UPDATE",
      [crashId],
    );
    if (crash === undefined || !crash.held) return "no dump";
    const [there] = await sql.rows<{ count: number; bytes: number }>(
      "SELECT count(*)::int AS count, coalesce(sum(size_bytes), 0)::float8 AS bytes FROM crash_attachments WHERE crash_id = $1",
      [crashId],
    );
    const bytes = attachments.reduce((sum, attachment) => sum + attachment.sizeBytes, 0);
    if ((there?.count ?? 0) + attachments.length > limits.maxAttachments || (there?.bytes ?? 0) + bytes > limits.maxBytes)
      return "too many";
    for (const { id, fileName, contentType, sizeBytes, blobKey, wrappedKey, keyId } of attachments) {
      await sql.run(
        `INSERT INTO crash_attachments (id, organization_id, crash_id, file_name, content_type, size_bytes, blob_key, wrapped_key, key_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [
          id,
          crash.organization_id,
          crashId,
          storableText(fileName, 500),
          storableTextOrNull(contentType, 200),
          sizeBytes,
          blobKey,
          Buffer.from(wrappedKey),
          keyId,
        ],
      );
    }
    await countBytes(sql, crash.organization_id, bytes);
    return "added";
  });
}
