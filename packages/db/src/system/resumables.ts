/** Files that come before the crash they belong to. Bytes received count as stored; the sweep forgets what nobody goes on with. */
import { only, type Sql, type SqlPool } from "../shared/sql.ts";
import { asUuid, storableTextOrNull } from "../shared/text.ts";
import type { ResumableUpload, SystemResumables } from "./ports.ts";
import { countBytes } from "./uploads.ts";

/** An upload that nobody went on with for so long is given up. */
const abandonedAfter = "1 day";

type Row = {
  id: string;
  organization_id: string;
  project_id: string;
  client_key_id: string;
  size_bytes: number;
  received_bytes: number;
  part_blob_keys: string[];
  wrapped_key: Uint8Array;
  key_id: string;
  event_id: string | null;
  file_name: string | null;
  content_type: string | null;
};

const columns = `id, organization_id, project_id::text, client_key_id, size_bytes::float8 AS size_bytes, received_bytes::float8 AS received_bytes,
  part_blob_keys, wrapped_key, key_id, event_id, file_name, content_type`;

export function createSystemResumables(pool: SqlPool): SystemResumables {
  return {
    create: (upload, { maxUploads, maxBytes }) =>
      pool.transaction(async (sql) => {
        // Two at once must not pass the limit together.
        await sql.rows("SELECT id FROM projects WHERE id = $1::bigint FOR UPDATE", [upload.projectId]);
        const open = only(
          await sql.rows<{ uploads: number; bytes: number }>(
            "SELECT count(*)::int AS uploads, coalesce(sum(size_bytes), 0)::float8 AS bytes FROM resumable_uploads WHERE project_id = $1::bigint",
            [upload.projectId],
          ),
        );
        if (open.uploads >= maxUploads || open.bytes + upload.sizeBytes > maxBytes) return { created: false, open };
        await sql.run(
          `INSERT INTO resumable_uploads
             (id, organization_id, project_id, client_key_id, size_bytes, wrapped_key, key_id, event_id, file_name, content_type)
           VALUES ($1, $2, $3::bigint, $4, $5, $6, $7, $8::uuid, $9, $10)`,
          [
            upload.id,
            upload.organizationId,
            upload.projectId,
            upload.clientKeyId,
            upload.sizeBytes,
            Buffer.from(upload.wrappedKey),
            upload.keyId,
            upload.waitsFor?.eventId ?? null,
            storableTextOrNull(upload.waitsFor?.fileName ?? null, 500),
            storableTextOrNull(upload.waitsFor?.contentType ?? null, 200),
          ],
        );
        return { created: true, open };
      }),
    async find({ uploadId, projectId, clientKeyId }) {
      const [row] = await pool.rows<Row>(
        `SELECT ${columns} FROM resumable_uploads WHERE id = $1::uuid AND project_id = $2::bigint AND client_key_id = $3::uuid`,
        [asUuid(uploadId), projectId, clientKeyId],
      );
      return row === undefined ? null : uploadOf(row);
    },
    async waitingFor(projectId, eventId) {
      const rows = await pool.rows<Row>(
        `SELECT ${columns} FROM resumable_uploads
         WHERE project_id = $1::bigint AND event_id = $2::uuid AND received_bytes = size_bytes ORDER BY created_at, id`,
        [projectId, asUuid(eventId)],
      );
      return rows.map(uploadOf);
    },
    append: (uploadId, part) =>
      pool.transaction(async (sql) => {
        const [row] = await sql.rows<{ organization_id: string }>(
          `UPDATE resumable_uploads SET received_bytes = received_bytes + $3::bigint, part_blob_keys = part_blob_keys || $4::text, updated_at = now()
           WHERE id = $1::uuid AND received_bytes = $2::bigint AND received_bytes + $3::bigint <= size_bytes RETURNING organization_id`,
          [uploadId, part.offset, part.sizeBytes, part.blobKey],
        );
        if (row === undefined) return false;
        await countBytes(sql, row.organization_id, part.sizeBytes);
        return true;
      }),
    remove: (uploadId) => pool.transaction((sql) => removeWhere(sql, "id = $1::uuid", [uploadId])),
  };
}

/** Forgets uploads; for the sweep. @returns their blobs; the collection of orphans finds them as well */
export const removeAbandonedResumables = (sql: Sql) => removeWhere(sql, `updated_at < now() - interval '${abandonedAfter}'`, []);

export const removeResumablesOfProject = (sql: Sql, projectId: bigint) => removeWhere(sql, "project_id = $1::bigint", [projectId]);

/** @param condition SQL, never a value */
async function removeWhere(sql: Sql, condition: string, values: readonly unknown[]): Promise<string[]> {
  const gone = await sql.rows<{ organization_id: string; received_bytes: number; part_blob_keys: string[] }>(
    `DELETE FROM resumable_uploads WHERE ${condition} RETURNING organization_id, received_bytes::float8 AS received_bytes, part_blob_keys`,
    values,
  );
  for (const { organization_id, received_bytes } of gone) await countBytes(sql, organization_id, -received_bytes);
  return gone.flatMap((row) => row.part_blob_keys);
}

const uploadOf = (row: Row): ResumableUpload => ({
  id: row.id,
  organizationId: row.organization_id,
  projectId: row.project_id,
  clientKeyId: row.client_key_id,
  sizeBytes: row.size_bytes,
  receivedBytes: row.received_bytes,
  partBlobKeys: row.part_blob_keys,
  wrappedKey: row.wrapped_key,
  keyId: row.key_id,
  waitsFor: row.event_id === null ? null : { eventId: row.event_id, fileName: row.file_name, contentType: row.content_type },
});
