/** Accepting a crash: the row that makes "accepted means kept" true, and noticing the same crash sent twice. */
import { createHash } from "node:crypto";
import type { Sql, SqlPool } from "../../shared/sql.ts";
import { storableJson, storableText, storableTextOrNull } from "../../shared/text.ts";
import type { ReceivedCrash } from "../ports.ts";

/** Without an id of the sender: same bytes and same fields within this time are the same crash. */
const sameCrashWindow = "10 minutes";

export async function insertReceived(pool: SqlPool, crash: ReceivedCrash): Promise<{ crashId: string; duplicate: boolean }> {
  const eventId = storableTextOrNull(crash.eventId, 200);
  // With an event id the unique constraint decides. Without one two senders at once must wait for each other.
  if (eventId !== null) return insert(pool, crash, eventId);
  return pool.transaction(async (sql) => {
    await sql.rows("SELECT pg_advisory_xact_lock($1)", [lockOf(crash)]);
    return insert(sql, crash, null);
  });
}

async function insert(sql: Sql, crash: ReceivedCrash, eventId: string | null): Promise<{ crashId: string; duplicate: boolean }> {
  const attachments = crash.attachments.map((attachment) => ({
    id: attachment.id,
    file_name: storableText(attachment.fileName, 500),
    content_type: storableTextOrNull(attachment.contentType, 200),
    size_bytes: attachment.sizeBytes,
    blob_key: attachment.blobKey,
    wrapped_key: Buffer.from(attachment.wrappedKey).toString("hex"),
    key_id: attachment.keyId,
  }));
  const storedBytes = crash.attachments.reduce((sum, attachment) => sum + attachment.sizeBytes, crash.dump.sizeBytes);
  const inserted = await sql.rows<{ id: string }>(
    `WITH inserted AS (
       INSERT INTO crashes (id, organization_id, project_id, client_key_id, received_at, event_id, sha256, fields_sha256, release, environment,
         user_label, tags, extra, dump_blob_key, dump_wrapped_key, dump_key_id, dump_size_bytes, dist, contexts, breadcrumbs,
         intake_notes, queued_at)
       SELECT $1::uuid, $2::uuid, $3::bigint, $4::uuid, $5::timestamptz, $6::text, $7::text, $8::text, $9, $10, $11, $12::jsonb, $13::jsonb, $14, $15::bytea, $16,
         $17::bigint, $20, $21::jsonb, $22::jsonb, $23::text[], now()
       WHERE $6::text IS NOT NULL OR NOT EXISTS (
         SELECT 1 FROM crashes WHERE project_id = $3::bigint AND sha256 = $7 AND fields_sha256 = $8 AND received_at > now() - interval '${sameCrashWindow}')
       ON CONFLICT (project_id, event_id) DO NOTHING
       RETURNING id, organization_id
     ), kept AS (
       INSERT INTO crash_attachments (id, organization_id, crash_id, file_name, content_type, size_bytes, blob_key, wrapped_key, key_id)
       SELECT a.id, i.organization_id, i.id, a.file_name, a.content_type, a.size_bytes, a.blob_key, decode(a.wrapped_key, 'hex'), a.key_id
       FROM inserted i, jsonb_to_recordset($18::jsonb) AS a(id uuid, file_name text, content_type text, size_bytes bigint, blob_key text, wrapped_key text, key_id text)
     ), counted AS (
       UPDATE storage_usage u SET used_bytes = used_bytes + $19::bigint FROM inserted i WHERE u.organization_id = i.organization_id
     )
     SELECT id FROM inserted`,
    [
      crash.id,
      crash.organizationId,
      crash.projectId,
      crash.clientKeyId,
      crash.receivedAt,
      eventId,
      crash.sha256,
      crash.fieldsSha256,
      storableTextOrNull(crash.release, 250),
      storableTextOrNull(crash.environment, 250),
      storableTextOrNull(crash.user, 250),
      storableJson(crash.tags),
      storableJson(crash.extra),
      crash.dump.blobKey,
      Buffer.from(crash.dump.wrappedKey),
      crash.dump.keyId,
      crash.dump.sizeBytes,
      JSON.stringify(attachments),
      storedBytes,
      storableTextOrNull(crash.dist, 250),
      storableJson(crash.contexts),
      storableJson(crash.breadcrumbs),
      crash.intakeNotes.map((note) => storableText(note, 500)),
    ],
  );
  if (inserted[0] !== undefined) return { crashId: inserted[0].id, duplicate: false };
  const [first] = await sql.rows<{ id: string }>(
    eventId !== null
      ? "SELECT id FROM crashes WHERE project_id = $1 AND event_id = $2"
      : `SELECT id FROM crashes WHERE project_id = $1 AND sha256 = $2 AND fields_sha256 = $3 AND received_at > now() - interval '${sameCrashWindow}'
         ORDER BY received_at LIMIT 1`,
    eventId !== null ? [crash.projectId, eventId] : [crash.projectId, crash.sha256, crash.fieldsSha256],
  );
  if (first === undefined) throw new Error(`crash ${crash.id}: the same crash was there and is gone`);
  return { crashId: first.id, duplicate: true };
}

function lockOf(crash: ReceivedCrash): bigint {
  return createHash("sha256").update(`${crash.projectId} ${crash.sha256} ${crash.fieldsSha256}`).digest().readBigInt64BE(0);
}
